//! Preflights: test certificates through a connector, its CA and a template.

use certporter_model::Timestamp;
use certporter_model::ids::{CaGenerationId, PreflightId};
use certporter_model::serial::SerialNumber;
use certporter_model::text::Name;

use super::{Bookkeeping, Conn, Result, Sql, WriteTx, by_id, dialect, insert as insert_row, sql, table_row};

table_row! {
    /// A preflight.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Preflight in "preflights" {
        /// Its id.
        pub id: PreflightId,
        /// The pool of connectors that it is for.
        pub pool: Name,
        /// The issuing CA's name.
        pub ca: Name,
        /// The CA's template; empty for its default.
        pub template: String,
        /// "waiting", "running", "publishing", "passed" or "failed".
        pub state: String,
        /// The steps so far.
        pub steps: serde_json::Value,
        /// The connector that has it.
        pub connector: Option<String>,
        /// The generation that signed the test certificate.
        pub ca_generation_id: Option<CaGenerationId>,
        /// The test certificate's serial number.
        pub serial: Option<SerialNumber>,
        /// Who asked for it.
        pub requested_by: String,
        /// When.
        pub created_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
        /// Ended then.
        pub finished_at: Option<Timestamp>,
    }
}

/// A new preflight.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, preflight: &Preflight) -> Result<()> {
    insert_row(tx, preflight).await
}

/// Saves how far it is.
///
/// # Errors
/// When the database refuses.
pub async fn update(tx: &mut WriteTx, it: &Preflight) -> Result<()> {
    sql!(
        "UPDATE preflights SET state = $2, steps = $3, connector = $4, ca_generation_id = $5, serial = $6,
         updated_at = $7, finished_at = $8 WHERE id = $1",
        it.id,
        it.state,
        it.steps,
        it.connector,
        it.ca_generation_id,
        it.serial,
        it.updated_at,
        it.finished_at
    )
    .change(tx, "preflight")
    .await
}

/// The preflight of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: PreflightId) -> Result<Preflight> {
    by_id(conn, &id, "preflight").await
}

/// The same, locked until the transaction ends.
///
/// # Errors
/// When there is none.
pub async fn lock(tx: &mut WriteTx, id: PreflightId) -> Result<Preflight> {
    let mut query = Sql::select::<Preflight>();
    query.push(" WHERE id = ").bind(&id).push(dialect::for_update(tx.engine()));
    query.one(tx, "preflight").await
}

/// The last ones, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn latest(conn: &mut Conn, most: u32) -> Result<Vec<Preflight>> {
    let mut query = Sql::select::<Preflight>();
    query.push(" ORDER BY created_at DESC LIMIT ").bind(&most);
    query.all(conn).await
}

/// Clears away what ended before then.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(books: &mut Bookkeeping, before: Timestamp) -> Result<u64> {
    sql!("DELETE FROM preflights WHERE created_at < $1 AND finished_at IS NOT NULL", before)
        .execute(books)
        .await
}
