//! The backend in one process.
mod ca;
mod conformance;
mod devices;
mod house;
mod kra;
mod pipeline;
mod pki;
mod plan;
mod planner;
mod support;
mod third_party;
