//! The queue and the steps of a request, on both engines.
mod queue;
