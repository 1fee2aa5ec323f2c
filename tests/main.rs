//! The backend in one process.
mod conformance;
mod house;
mod pipeline;
mod pki;
mod support;
