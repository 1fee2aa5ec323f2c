//! How a copy reaches its device.
//!
//! - [`channel`]: the ways to a device, and what each can do
//! - [`envelope`]: what is sealed for a device: the PFX and its password
//! - [`apple`]: configuration profiles; [`windows`]: SyncML for another device management
//! - [`on_disk`]: what the agent's files are called; [`linux`]: snippets for what uses them
//! - [`plist`], [`xml`]: how these are written
pub mod apple;
pub mod channel;
pub mod envelope;
pub mod linux;
pub mod on_disk;
pub mod plist;
pub mod windows;
pub mod xml;
