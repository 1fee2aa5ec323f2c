//! Reissues that are under way.

use crate::store::{Conn, Result, sql};

/// Requests in the place of certificates whose profile or attributes have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacing {
    /// On their way.
    pub in_flight: usize,
    /// Failed, and neither tried again nor given up.
    pub failed: usize,
}

/// How many there are, each up to `most`.
///
/// # Errors
/// When the database refuses.
pub async fn replacing(conn: &mut Conn, most: u32) -> Result<Replacing> {
    let in_flight: i64 = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM requests
             WHERE state IN ('requested', 'claimed', 'key_generated', 'submitted', 'pending', 'issued', 'escrowed')
               AND trigger_kind IN ('profile_edited', 'attribute_changed') LIMIT $1) AS counted",
        most
    )
    .scalar(conn)
    .await?;
    let failed: i64 = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM requests
             WHERE state = 'failed' AND trigger_kind IN ('profile_edited', 'attribute_changed') LIMIT $1) AS counted",
        most
    )
    .scalar(conn)
    .await?;
    let number = |count: i64| usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Replacing { in_flight: number(in_flight), failed: number(failed) })
}
