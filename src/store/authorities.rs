//! Issuing CAs and connectors as people look at them: how they are, without keys or lists.

use certporter_model::Timestamp;
use certporter_model::ids::{CaGenerationId, ConnectorId};
use certporter_model::text::Name;

use super::{Conn, FromRow, Result, Row, Sql, sql, table_row};
use crate::store::row::Load;

table_row! {
    /// A connector.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Connector in "connectors" {
        /// Its id.
        pub id: ConnectorId,
        /// Its name.
        pub name: Name,
        /// The pool that it serves.
        pub pool: Name,
        /// Whether it may work: "active".
        pub state: String,
        /// The version of its program.
        pub software_version: Option<String>,
        /// When it was last heard of.
        pub last_contact_at: Option<Timestamp>,
    }
}

/// What waits for a pool of connectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The pool, as jobs name it.
    pub pool: String,
    /// How many jobs are due.
    pub count: u64,
    /// Since when the oldest is.
    pub since: Timestamp,
}

impl FromRow for Waiting {
    const TABLE: &'static str = "jobs";
    fn columns() -> &'static str {
        ""
    }
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let wrong = |column| move |error: crate::store::row::BadValue| error.in_column("jobs", column);
        Ok(Self {
            pool: String::load(row, "pool").map_err(wrong("pool"))?,
            count: u64::load(row, "count").map_err(wrong("count"))?,
            since: Timestamp::load(row, "since").map_err(wrong("since"))?,
        })
    }
}

/// The most waiting jobs that are counted.
pub const BOUND: u32 = 10_000;

/// Every connector that is not deleted, by name.
///
/// # Errors
/// When the database refuses.
pub async fn connectors(conn: &mut Conn) -> Result<Vec<Connector>> {
    let mut query = Sql::select::<Connector>();
    query.push(" WHERE deleted_at IS NULL ORDER BY name LIMIT 200");
    query.all(conn).await
}

/// What is due and waits for connectors, by pool.
///
/// # Errors
/// When the database refuses.
pub async fn waiting(conn: &mut Conn, now: Timestamp) -> Result<Vec<Waiting>> {
    sql!(
        "SELECT pool AS pool, count(*) AS count, min(not_before) AS since FROM
         (SELECT pool, not_before FROM jobs WHERE state = 'ready' AND pool LIKE 'connector:%'
          AND not_before <= $1 LIMIT $2) AS due GROUP BY pool",
        now,
        BOUND
    )
    .all(conn)
    .await
}

/// How many certificates of a generation are good or on hold, counted up to `most`.
///
/// # Errors
/// When the database refuses.
pub async fn alive_of(conn: &mut Conn, generation: CaGenerationId, now: Timestamp, most: u64) -> Result<u64> {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    sql!(
        "SELECT count(*) FROM (SELECT 1 FROM certificates WHERE ca_generation_id = $1 AND status <> 'revoked'
             AND not_after > $2 LIMIT $3) AS counted",
        generation,
        now,
        most
    )
    .scalar(conn)
    .await
}
