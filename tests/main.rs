//! The backend in one process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can not go on fails where it stands"
)]
mod ca;
mod conformance;
mod devices;
mod hand_outs;
mod house;
mod kra;
mod notices;
mod openbao;
mod permissions;
mod pipeline;
mod pki;
mod plan;
mod planner;
mod reconciliation;
mod reports;
mod rest;
mod self_service;
mod support;
mod third_party;
