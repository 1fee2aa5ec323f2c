//! The backend in one process.
mod house;
mod pki;
mod conformance;
mod support;
