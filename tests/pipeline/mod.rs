//! The queue and the steps of a request, on both engines.
mod bulk;
mod fixture;
mod flow;
mod interrupted;
mod kept_key;
mod pending;
mod preflight;
mod queue;
mod retry;
mod scripted;
mod set_back;
mod standings;
mod urgency;
