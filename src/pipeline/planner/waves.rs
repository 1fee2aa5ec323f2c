//! Reissues in waves: what an edit or a changed attribute replaces for very many comes wave by wave, and stops when it
//! fails. So a mistake in a profile costs one wave, and the CA and the devices are never flooded.

use std::collections::BTreeSet;
use std::time::Duration;

use certporter_model::ProfileId;

use crate::plan::Limits;
use crate::store::planning::replacing;
use crate::store::{Conn, StoreError};

/// Why a part of a plan is put off. The greatest is looked at again soonest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PutOff {
    /// More than a tenth of a wave has failed for the profile: somebody has to see to those first.
    Failing,
    /// A wave is under way.
    UnderWay,
    /// Very much is taken away: CRL and OCSP have it before anything else is done about it.
    RelyingPartiesFirst,
}

impl PutOff {
    /// When to look again. Many jobs look, each for its own part: one of them soon finds that the wave is over.
    pub(super) const fn pause(self) -> Duration {
        match self {
            Self::UnderWay => Duration::from_secs(30),
            Self::Failing => Duration::from_secs(120),
            // Until the CRL is out, that is usually long enough; nothing depends on it.
            Self::RelyingPartiesFirst => Duration::from_secs(3),
        }
    }

    /// As the audit trail says it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::UnderWay => "a wave of reissues is under way",
            Self::Failing => "too many reissues have failed",
            Self::RelyingPartiesFirst => "relying parties come first",
        }
    }
}

/// What has to wait now.
#[derive(Debug)]
pub(super) struct Turn {
    under_way: bool,
    failing: BTreeSet<ProfileId>,
}

impl Turn {
    /// Looks at what is under way.
    pub(super) async fn read(conn: &mut Conn, limits: Limits) -> Result<Self, StoreError> {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let now = replacing(conn, count(limits.wave), count(limits.wave / 10)).await?;
        Ok(Self { under_way: now.in_flight >= limits.wave, failing: now.failing })
    }

    /// Whether reissues for this profile have to wait, and for what.
    pub(super) fn put_off(&self, profile: ProfileId) -> Option<PutOff> {
        if self.failing.contains(&profile) {
            Some(PutOff::Failing)
        } else {
            self.under_way.then_some(PutOff::UnderWay)
        }
    }
}
