//! certporter's backend. It knows nothing of pages.
//!
//! From the ground up; a module uses those below it and the vocabulary of `certporter-model`:
//!
//! - [`clock`], [`random`]: the only homes of the present time and of randomness
//! - [`wire`]: the versioned messages that devices and connectors exchange with the portal
pub mod clock;
pub mod random;
pub mod wire;
