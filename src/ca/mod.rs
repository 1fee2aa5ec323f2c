//! Issuing CAs behind one trait.
//!
//! - [`contract`]: what any CA does, what may be repeated, and what a caller may assume
//! - [`builtin`]: the built-in root and issuing CA, their ledger, CRLs and publishing
//! - [`device_ca`]: the internal CA of management certificates and of the device listener
pub mod builtin;
pub mod contract;
pub mod device_ca;

mod generation;

pub use builtin::{BuiltinCa, BuiltinSettings};
pub use contract::{
    CaError, Capabilities, Health, Issued, IssuingCa, RevocationOrder, SignOutcome, SignRequest, Standing,
};
pub use device_ca::DeviceCa;
