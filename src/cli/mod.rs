//! The command line.
//!
//! - [`agent`]: the device's side
//! - [`simulate`]: many devices at once
pub mod agent;
pub mod simulate;
