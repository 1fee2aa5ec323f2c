//! Issuing CAs behind one trait.
//!
//! - [`contract`]: what any CA does, what may be repeated, and what a caller may assume
//! - [`builtin`]: the built-in root and issuing CA, their ledger, CRLs and publishing
//! - [`openbao`]: OpenBao's PKI engine; [`external`]: those CAs that somebody has added, with their credentials
//! - [`device_ca`]: the internal CA of management certificates and of the device listener
pub mod builtin;
pub mod contract;
pub mod device_ca;
pub mod external;
pub mod openbao;

mod generation;

pub use builtin::{BuiltinCa, BuiltinSettings};
pub use contract::{
    CaError, Capabilities, Health, Issued, IssuingCa, Listed, Listing, LookedUp, RevocationOrder,
    SignOutcome, SignRequest, Standing,
};
pub use device_ca::DeviceCa;
pub use external::ExternalCas;
