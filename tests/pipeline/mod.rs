//! The queue and the steps of a request, on both engines.
mod fixture;
mod flow;
mod interrupted;
mod queue;
mod scripted;
