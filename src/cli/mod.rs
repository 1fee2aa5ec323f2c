//! The command line.
//!
//! - [`agent`]: the device's side
pub mod agent;
