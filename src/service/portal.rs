//! What every operation works with.

use std::sync::Arc;

use certporter_model::Timestamp;

use crate::clock::Clock;
use crate::config::PublicAddresses;
use crate::random::{Random, octets};
use crate::store::Db;

/// The parts that the portal is put together from.
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The present time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Where the portal is reached from outside.
    pub addresses: PublicAddresses,
}

/// The portal as operations see it. Cheap to clone.
#[derive(Clone)]
pub struct Portal(Arc<Parts>);

impl Portal {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clock, for what goes on by itself.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Randomness.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        self.0.random.as_ref()
    }

    /// Random octets, for a new id or secret.
    #[must_use]
    pub fn octets<const N: usize>(&self) -> [u8; N] {
        octets(self.random())
    }

    /// Where the portal is reached from outside.
    #[must_use]
    pub fn addresses(&self) -> &PublicAddresses {
        &self.0.addresses
    }
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portal").field("addresses", &self.0.addresses).finish_non_exhaustive()
    }
}
