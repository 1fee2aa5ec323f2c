//! Reissues in waves: what an edit or a changed attribute replaces for very many comes wave by wave, and stops when it
//! fails. So a mistake in a profile costs one wave, and the CA and the devices are never flooded.

use std::time::Duration;

use crate::plan::Limits;
use crate::store::planning::replacing;
use crate::store::{Conn, StoreError};

/// Why reissues are put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOff {
    /// A wave is under way.
    UnderWay,
    /// More than a tenth of a wave has failed: somebody has to see to those first.
    Failing,
}

impl PutOff {
    /// When to look again. Many jobs look, each for its own part: one of them soon finds that the wave is over.
    pub(super) const fn pause(self) -> Duration {
        match self {
            Self::UnderWay => Duration::from_secs(30),
            Self::Failing => Duration::from_secs(120),
        }
    }

    /// As the audit trail says it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::UnderWay => "a wave of reissues is under way",
            Self::Failing => "too many reissues have failed",
        }
    }
}

/// Whether another wave has to wait, and for what.
pub(super) async fn put_off(conn: &mut Conn, limits: Limits) -> Result<Option<PutOff>, StoreError> {
    let most = u32::try_from(limits.wave).unwrap_or(u32::MAX);
    let now = replacing(conn, most).await?;
    Ok(if now.failed > limits.wave / 10 {
        Some(PutOff::Failing)
    } else if now.in_flight >= limits.wave {
        Some(PutOff::UnderWay)
    } else {
        None
    })
}
