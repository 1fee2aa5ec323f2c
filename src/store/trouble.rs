//! Requests that failed or wait for a value, by why; and how many requests there are at each step.

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::ids::RequestId;
use certporter_model::request::RequestState;

use super::visibility::Seen;
use super::{Conn, Result, Sql, sql, table_row};

table_row! {
    /// Requests in trouble for the same reason.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Trouble in "requests" {
        /// Whether they failed or wait.
        pub state: RequestState,
        /// Why.
        pub cause: Option<String>,
        /// What to do about it.
        pub remedy: Option<String>,
        /// How many there are.
        pub amount: i64,
        /// Since when the first of them is so.
        pub since: Timestamp,
        /// When the last of them became so.
        pub latest: Timestamp,
    }
}

/// How many of those at that step the caller may see, counted up to `most`.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, visibility: &Visibility, state: RequestState, most: u32) -> Result<u32> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new("SELECT count(*) FROM (SELECT 1 FROM requests WHERE state = ");
    query.bind(&state);
    seen.push(&mut query, Some("requests.user_id"), Some("requests.device_id"));
    query.push(" LIMIT ").bind(&most).push(") counted");
    let count: i64 = query.scalar(conn).await?;
    Ok(u32::try_from(count).unwrap_or(most))
}

/// Those that the caller may see, by why: the most frequent first. At most `considered` requests are looked at.
///
/// # Errors
/// When the database refuses.
pub async fn by_cause(
    conn: &mut Conn,
    visibility: &Visibility,
    considered: u32,
    groups: u32,
) -> Result<Vec<Trouble>> {
    let seen = Seen::by(conn, visibility).await?;
    // The states are written out, so that the index on just these is used.
    let mut query = Sql::new(
        "SELECT state, cause, remedy, count(*) AS amount, min(updated_at) AS since, max(updated_at) AS latest
         FROM (SELECT state, cause, remedy, updated_at FROM requests WHERE state IN ('failed', 'waiting')",
    );
    seen.push(&mut query, Some("requests.user_id"), Some("requests.device_id"));
    query.push(" LIMIT ").bind(&considered);
    query.push(") considered GROUP BY state, cause, remedy ORDER BY count(*) DESC, cause, state LIMIT ");
    query.bind(&groups);
    query.all(conn).await
}

/// Those in trouble for that reason whose last change was before `before`, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn of_cause(conn: &mut Conn, cause: &str, before: Timestamp, limit: u32) -> Result<Vec<RequestId>> {
    sql!(
        "SELECT id FROM requests WHERE state IN ('failed', 'waiting') AND cause = $1 AND updated_at <= $2
         ORDER BY id LIMIT $3",
        cause,
        before,
        limit
    )
    .scalars(conn)
    .await
}

/// How many are in trouble for that reason and have not changed since that moment, counted up to `most`.
///
/// # Errors
/// When the database refuses.
pub async fn unchanged(conn: &mut Conn, cause: &str, since: Timestamp, most: u64) -> Result<u64> {
    sql!(
        "SELECT count(*) FROM (SELECT 1 FROM requests WHERE state IN ('failed', 'waiting') AND cause = $1
         AND updated_at <= $2 LIMIT $3) AS counted",
        cause,
        since,
        most
    )
    .scalar(conn)
    .await
}

/// How many came into trouble for that reason after that moment, counted up to `most`.
///
/// # Errors
/// When the database refuses.
pub async fn changed(conn: &mut Conn, cause: &str, since: Timestamp, most: u64) -> Result<u64> {
    sql!(
        "SELECT count(*) FROM (SELECT 1 FROM requests WHERE state IN ('failed', 'waiting') AND cause = $1
         AND updated_at > $2 LIMIT $3) AS counted",
        cause,
        since,
        most
    )
    .scalar(conn)
    .await
}
