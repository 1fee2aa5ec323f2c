//! The backend in one process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can not go on fails where it stands"
)]
mod ca;
mod conformance;
mod devices;
mod house;
mod kra;
mod openbao;
mod permissions;
mod pipeline;
mod pki;
mod plan;
mod planner;
mod rest;
mod support;
mod third_party;
