//! What every operation works with.

use std::sync::Arc;

use certporter_model::Timestamp;
use certporter_model::thumbprint::ContentDigest;

use super::hand_outs::HandOutDesk;
use super::live::Live;
use super::looks::Looks;
use super::overview::Kept;
use crate::ca::ExternalCas;
use crate::clock::Clock;
use crate::config::PublicAddresses;
use crate::mail::PasswordSafe;
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
pub struct Portal {
    parts: Arc<Parts>,
    db: Db,
    live: Live,
    counts: Kept,
    looks: Looks,
    intent: Intent,
    external: Option<ExternalCas>,
    hand_outs: Option<HandOutDesk>,
    mail: Option<PasswordSafe>,
}

/// What an operation is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Intent {
    /// To be done.
    #[default]
    Do,
    /// To be done if what follows from it is still what was shown.
    DoIf(ContentDigest),
    /// To find out what would follow; nothing is done.
    Rehearse,
}

impl Portal {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let db = parts.db.clone();
        Self {
            parts: Arc::new(parts),
            db,
            live: Live::default(),
            counts: Kept::default(),
            looks: Looks::default(),
            intent: Intent::Do,
            external: None,
            hand_outs: None,
            mail: None,
        }
    }

    /// With leave to open and seal the credentials of CAs that people add.
    #[must_use]
    pub fn with_external(self, external: ExternalCas) -> Self {
        Self { external: Some(external), ..self }
    }

    /// With leave to open keys in escrow into files that are handed out.
    #[must_use]
    pub fn with_hand_outs(self, desk: HandOutDesk) -> Self {
        Self { hand_outs: Some(desk), ..self }
    }

    /// What makes files that are handed out; none in a process without the master key.
    #[must_use]
    pub fn hand_outs(&self) -> Option<&HandOutDesk> {
        self.hand_outs.as_ref()
    }

    /// With leave to seal the mail server's password.
    #[must_use]
    pub fn with_mail(self, safe: PasswordSafe) -> Self {
        Self { mail: Some(safe), ..self }
    }

    /// What seals the mail server's password; none in a process without the master key.
    #[must_use]
    pub fn mail(&self) -> Option<&PasswordSafe> {
        self.mail.as_ref()
    }

    /// The CAs that people add; none in a process without the master key.
    #[must_use]
    pub fn external(&self) -> Option<&ExternalCas> {
        self.external.as_ref()
    }

    /// The same portal, whose operations are asked for with this intent.
    #[must_use]
    pub fn with_intent(&self, intent: Intent) -> Self {
        let db = if intent == Intent::Rehearse { self.parts.db.rehearsing() } else { self.parts.db.clone() };
        Self { db, intent, ..self.clone() }
    }

    /// What operations are asked for.
    #[must_use]
    pub fn intent(&self) -> Intent {
        self.intent
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The clock, for what goes on by itself.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// Randomness.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        self.parts.random.as_ref()
    }

    /// Random octets, for a new id or secret.
    #[must_use]
    pub fn octets<const N: usize>(&self) -> [u8; N] {
        octets(self.random())
    }

    /// What changes, as it changes.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// What was counted for the overview.
    #[must_use]
    pub fn counts(&self) -> &Kept {
        &self.counts
    }

    /// What is being looked at because many are concerned.
    #[must_use]
    pub fn looks(&self) -> &Looks {
        &self.looks
    }

    /// Where the portal is reached from outside.
    #[must_use]
    pub fn addresses(&self) -> &PublicAddresses {
        &self.parts.addresses
    }
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portal").field("addresses", &self.parts.addresses).finish_non_exhaustive()
    }
}
