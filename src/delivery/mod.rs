//! How a copy reaches its device.
//!
//! - [`envelope`]: what is sealed for a device: the PFX and its password
pub mod envelope;
