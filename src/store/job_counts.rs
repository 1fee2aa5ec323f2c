//! How much work there is.

use certporter_model::Timestamp;
use certporter_model::job::{JobKind, JobState};

use super::{Conn, Result, sql, table_row};

/// How many jobs of a kind that were asked for at that moment are still to be done.
///
/// # Errors
/// When the database refuses.
pub async fn open_since(conn: &mut Conn, kind: JobKind, asked_at: Timestamp) -> Result<u32> {
    sql!(
        "SELECT count(*) FROM jobs WHERE state IN ('ready', 'leased') AND kind = $1 AND created_at = $2",
        kind,
        asked_at
    )
    .scalar(conn)
    .await
}

/// How many jobs are in that state.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, state: JobState) -> Result<u64> {
    sql!("SELECT count(*) FROM jobs WHERE state = $1", state).scalar(conn).await
}

table_row! {
    /// Jobs of a pool in a state.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Waiting in "jobs" {
        /// Who does them.
        pub pool: String,
        /// Where they are.
        pub state: JobState,
        /// How many.
        pub jobs: u64,
        /// Since when the oldest could have been done.
        pub since: Timestamp,
    }
}

/// How many jobs wait for their time or a worker, are being worked on, or were given up, by pool.
///
/// # Errors
/// When the database refuses.
pub async fn waiting(conn: &mut Conn) -> Result<Vec<Waiting>> {
    sql!(
        "SELECT pool, state, count(*) AS jobs, min(not_before) AS since FROM jobs
         WHERE state IN ('ready', 'leased', 'dead') GROUP BY pool, state ORDER BY pool, state"
    )
    .all(conn)
    .await
}

/// How many jobs are not finished: waiting, whatever for, or leased.
///
/// # Errors
/// When the database refuses.
pub async fn count_open(conn: &mut Conn) -> Result<u64> {
    sql!("SELECT count(*) FROM jobs WHERE state IN ('ready', 'leased')").scalar(conn).await
}

/// Whether work of that kind and key waits or is being done.
///
/// # Errors
/// When the database refuses.
pub async fn is_open(conn: &mut Conn, kind: JobKind, dedup_key: &str) -> Result<bool> {
    let count: i64 = sql!(
        "SELECT (SELECT count(*) FROM jobs WHERE kind = $1 AND dedup_key = $2 AND state = 'ready')
              + (SELECT count(*) FROM jobs WHERE kind = $1 AND dedup_key = $2 AND state = 'leased')",
        kind,
        dedup_key
    )
    .scalar(conn)
    .await?;
    Ok(count > 0)
}
