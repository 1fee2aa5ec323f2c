//! What a connector and the portal say to each other, whether in one process or over the network.
//!
//! A connector asks for orders, works on each under its lease, states the intent before a CSR leaves, and brings the
//! CA's answer. It never sees a key that it did not generate, and it seals that one to the key recovery agent's
//! transport key before anything else happens with it.
mod answer;
mod order;
mod preflight;

pub use answer::{Answer, Intent, IntentAnswer, RevokeAnswer};
pub use order::{Asked, IssueOrder, Lease, Order, RevokeOrder, Task};
pub use preflight::{PreflightOrder, PreflightReport, PreflightStage, PreflightStep, TestCertificate};

/// The version of these messages. A portal and a connector of the same version understand each other fully.
pub const VERSION: u16 = 1;

/// The DER form of a CSR.
pub type CsrOctets = super::octets::Octets<16_384>;

/// A private key, sealed to the key recovery agent's transport key.
pub type SealedKeyOctets = super::octets::Octets<16_384>;
