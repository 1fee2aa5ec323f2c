//! What devices may ask, and what the portal answers: the door behind the device listener.
//!
//! - [`contact`]: who connects, looked up at every request, and what it may do
//! - [`enrolment`], [`renewal`]: management certificates
//! - [`commands`]: the list of what is to be done, by long poll
//! - [`report`], [`retirement`]: what the device says
//! - [`confirmation`]: its person says on it that another device is theirs
//! - `consequences`: what follows, by the plan
//! - [`wakes`]: wakes the polls
pub mod commands;
pub mod confirmation;
mod consequences;
pub mod contact;
pub mod enrolment;
pub mod error;
pub mod renewal;
pub mod report;
pub mod retirement;
pub mod wakes;

pub use contact::{Contact, Standing};
pub use error::ProtocolError;
pub use wakes::Wakes;

use std::sync::Arc;
use std::time::Duration;

use certporter_model::access::{Caller, Permission, Permit, Scope};

use crate::ca::device_ca::DeviceCa;
use crate::clock::Clock;
use crate::random::Random;
use crate::store::Db;

/// How long a device may still renew its management certificate once it is expired.
pub const GRACE: Duration = Duration::from_secs(30 * 86_400);

/// The device protocol's service. Cheap to clone.
#[derive(Clone)]
pub struct DeviceProtocol {
    db: Db,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ca: DeviceCa,
    wakes: Wakes,
}

impl DeviceProtocol {
    /// On a database, with the CA of management certificates.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, random: Arc<dyn Random>, ca: DeviceCa, wakes: Wakes) -> Self {
        Self { db, clock, random, ca, wakes }
    }

    /// What wakes the polls: whoever follows the outbox tells it of every event about a device.
    #[must_use]
    pub fn wakes(&self) -> &Wakes {
        &self.wakes
    }

    /// The gate, for a device's own business.
    fn permit(caller: &Caller) -> Result<Permit, ProtocolError> {
        Ok(caller.permitted(Permission::DeviceProtocol, &Scope::Own)?)
    }
}
