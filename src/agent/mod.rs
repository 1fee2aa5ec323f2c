//! The device's side, on Linux: enrols, fetches, opens, checks and installs copies, reports, and takes away again.
//!
//! Everything lives in one folder (see [`folder`]). Nothing is lost by a crash: what was not reported is reported
//! at the next sync, and doing a command twice is harmless.
//!
//! - [`client`]: HTTP to the portal's device listener, trusting one CA only
//! - [`trust`]: finding that CA by the enrolment code
//! - [`identity`]: the management key and certificate
//! - [`folder`], [`state`]: what is on disk
//! - [`opening`]: opens an envelope and its PFX and checks that all fits together
//! - [`copies`]: installs, checks and removes copies
//! - [`enrolment`], [`sync`], [`renewal`], [`retirement`], [`status`]: what the commands do
//! - [`confirmation`]: the person says here that another device of theirs is theirs
//! - [`simulated`]: a device in memory, for measurements and tests
//! - [`facts`]: what the device says of itself
pub mod client;
pub mod confirmation;
pub mod copies;
pub mod enrolment;
pub mod error;
pub mod facts;
pub mod folder;
pub mod identity;
pub mod opening;
pub mod renewal;
pub mod retirement;
pub mod simulated;
pub mod state;
pub mod status;
pub mod sync;
pub mod trust;

pub use error::AgentError;

use std::sync::Arc;

use crate::clock::Clock;
use crate::random::Random;

/// What the agent takes from its surroundings.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, to spread retries.
    pub random: Arc<dyn Random>,
}
