//! Certificates counted: by status, and by day. Counting takes longer the more there are, so what was counted is kept
//! for a while that grows with how long it took, and is counted anew beside the page that shows it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::certificate::CertificateStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Stopwatch;
use crate::service::{Portal, ServiceError, counting};
use crate::store::{Db, overview};

/// Days that are shown, today included.
pub const DAYS: usize = 30;
const DAY_MS: i64 = 86_400_000;

/// What happened on a day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayCount {
    /// Its beginning.
    pub day: Timestamp,
    /// Certificates issued.
    pub issued: u64,
    /// Certificates revoked for good.
    pub revoked: u64,
}

/// Certificates counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateCounts {
    /// How many by status, expired ones included.
    #[schema(value_type = Object)]
    pub by_status: BTreeMap<CertificateStatus, u64>,
    /// The last days, the oldest first.
    pub days: Vec<DayCount>,
    /// When they were counted.
    pub counted_at: Timestamp,
}

impl CertificateCounts {
    fn total(&self) -> u64 {
        self.by_status.values().sum()
    }
}

/// What was counted last.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    last: Option<(CertificateCounts, Duration)>,
    counting: bool,
}

impl Kept {
    /// The counts: fresh ones while counting is quick, else those of a while ago.
    pub(super) async fn counts(&self, portal: &Portal) -> Result<CertificateCounts, ServiceError> {
        let now = portal.now();
        let (last, begin) = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let known = state.last.clone().filter(|(counts, took)| counting::is_kept(counts.total(), *took));
            let age = |counts: &CertificateCounts| now.since(counts.counted_at);
            let stale = known.as_ref().is_some_and(|(counts, took)| counting::is_stale(age(counts), *took));
            let begin = stale && !state.counting;
            state.counting |= begin;
            (known, begin)
        };
        let Some((counts, _)) = last else {
            return self.count(portal.db(), now).await;
        };
        if begin {
            let (kept, db) = (self.clone(), portal.db().clone());
            tokio::spawn(async move {
                if let Err(error) = kept.count(&db, now).await {
                    tracing::warn!(%error, "certificates can't be counted");
                }
                kept.0.lock().unwrap_or_else(PoisonError::into_inner).counting = false;
            });
        }
        Ok(counts)
    }

    async fn count(&self, db: &Db, now: Timestamp) -> Result<CertificateCounts, ServiceError> {
        let watch = Stopwatch::start();
        let today = now.as_millis().div_euclid(DAY_MS);
        let from = today - i64::try_from(DAYS).unwrap_or(i64::MAX) + 1;
        let mut conn = db.read().await?;
        let by_status = overview::by_status(&mut conn).await?;
        let issued = overview::issued_by_day(&mut conn, from).await?;
        let revoked = overview::revoked_by_day(&mut conn, from).await?;
        drop(conn);
        let of = |counted: &BTreeMap<i64, u64>, day| counted.get(&day).copied().unwrap_or(0);
        let days = (from..=today)
            .map(|day| DayCount {
                day: Timestamp::from_millis(day * DAY_MS),
                issued: of(&issued, day),
                revoked: of(&revoked, day),
            })
            .collect();
        let counts = CertificateCounts { by_status, days, counted_at: now };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.last = Some((counts.clone(), watch.elapsed()));
        Ok(counts)
    }
}
