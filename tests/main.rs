//! The backend in one process.
mod ca;
mod conformance;
mod house;
mod kra;
mod pipeline;
mod pki;
mod support;
mod third_party;
