//! What several tests need.
pub(crate) mod database;
pub(crate) mod on_device;
pub(crate) mod sample;
