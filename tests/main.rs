//! The backend in one process.
mod conformance;
mod house;
mod pki;
mod support;
