//! The whole product from outside, as processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can not go on fails where it stands"
)]
mod kills;
mod outside;
mod relying;
