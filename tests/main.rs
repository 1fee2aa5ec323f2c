//! The backend in one process.
mod ca;
mod conformance;
mod house;
mod pipeline;
mod pki;
mod support;
