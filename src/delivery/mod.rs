//! How a copy reaches its device.
//!
//! - [`channel`]: the ways to a device, and what each can do
//! - [`envelope`]: what is sealed for a device: the PFX and its password
pub mod channel;
pub mod envelope;
