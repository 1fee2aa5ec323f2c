//! Reissues that are under way.

use std::collections::BTreeSet;

use certporter_model::{ProfileId, Timestamp};

use crate::store::{Conn, Result, sql};

/// Requests in the place of certificates whose profile or attributes have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacing {
    /// How many are on their way, counted up to the limit.
    pub in_flight: usize,
    /// Profiles of which too many have failed, and were neither tried again nor given up.
    pub failing: BTreeSet<ProfileId>,
}

/// How many there are, up to `most`, and which profiles have more than `tolerated` failed ones.
///
/// # Errors
/// When the database refuses.
pub async fn replacing(conn: &mut Conn, most: u32, tolerated: u32) -> Result<Replacing> {
    let in_flight: i64 = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM requests
             WHERE state IN ('requested', 'claimed', 'key_generated', 'submitted', 'pending', 'issued', 'escrowed')
               AND trigger_kind IN ('profile_edited', 'attribute_changed') LIMIT $1) AS counted",
        most
    )
    .scalar(conn)
    .await?;
    let failing: Vec<ProfileId> = sql!(
        "SELECT profile_id FROM requests
             WHERE state = 'failed' AND trigger_kind IN ('profile_edited', 'attribute_changed')
             GROUP BY profile_id HAVING count(*) > $1",
        tolerated
    )
    .scalars(conn)
    .await?;
    let in_flight = usize::try_from(in_flight).unwrap_or(usize::MAX);
    Ok(Replacing { in_flight, failing: failing.into_iter().collect() })
}

/// Whether plans wait for a later time: for their wave.
///
/// # Errors
/// When the database refuses.
pub async fn replans_wait(conn: &mut Conn, now: Timestamp) -> Result<bool> {
    let waiting: i64 = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM jobs
             WHERE kind = 'replan' AND state = 'ready' AND not_before > $1 LIMIT 1) AS counted",
        now
    )
    .scalar(conn)
    .await?;
    Ok(waiting > 0)
}
