//! The backend in one process.
mod ca;
mod conformance;
mod devices;
mod house;
mod kra;
mod permissions;
mod pipeline;
mod pki;
mod plan;
mod planner;
mod rest;
mod support;
mod third_party;
