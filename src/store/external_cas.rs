//! Issuing CAs that somebody has added: their settings, and how they were when last looked at.

use certporter_model::Timestamp;
use certporter_model::ids::{CaGenerationId, CaId};
use certporter_model::thumbprint::Thumbprint;

use super::{
    Bookkeeping, Conn, Result, Sql, WriteTx, insert as insert_row, save as save_row, sql, table_row,
};

table_row! {
    /// What is set for a CA that somebody has added.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ExternalRow in "external_cas" {
        /// The CA.
        pub id: CaId,
        /// Where it is, as its kind writes it.
        pub settings: serde_json::Value,
        /// The CRL's address that its certificates have to name, if that is wanted.
        pub crl_url: Option<String>,
        /// The OCSP responder's address that its certificates have to name, if that is wanted.
        pub ocsp_url: Option<String>,
        /// Whether certificates are asked of it.
        pub enabled: bool,
        /// Counts the changes.
        pub version: i64,
        /// When it was changed last.
        pub updated_at: Timestamp,
        /// Whether it worked when it was last looked at.
        pub well: Option<bool>,
        /// When that was.
        pub checked_at: Option<Timestamp>,
        /// What was found then: a list of sentences.
        pub findings: serde_json::Value,
        /// When the credential ends with which it is asked.
        pub credential_ends_at: Option<Timestamp>,
    }
}

/// A new one.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, row: &ExternalRow) -> Result<()> {
    insert_row(tx, row).await
}

/// Saves what was changed.
///
/// # Errors
/// [`StoreError::Stale`](super::StoreError::Stale) when it has another version by now.
pub async fn save(tx: &mut WriteTx, row: &ExternalRow) -> Result<()> {
    save_row(tx, row, "issuing CA").await
}

/// What is set for that CA; nothing for one that nobody has added.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, id: CaId) -> Result<Option<ExternalRow>> {
    let mut query = Sql::select::<ExternalRow>();
    query.push(" WHERE id = ").bind(&id);
    query.optional(conn).await
}

/// All of them.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Conn) -> Result<Vec<ExternalRow>> {
    let mut query = Sql::select::<ExternalRow>();
    query.push(" ORDER BY id");
    query.all(conn).await
}

table_row! {
    /// Whether a CA works.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CaStanding in "cas" {
        /// What profiles call it.
        pub name: String,
        /// Whether it did when it was last looked at.
        pub well: bool,
    }
}

/// Whether those that are switched on and were looked at work, by name.
///
/// # Errors
/// When the database refuses.
pub async fn standing(conn: &mut Conn) -> Result<Vec<CaStanding>> {
    sql!(
        "SELECT cas.name AS name, external_cas.well AS well
         FROM external_cas JOIN cas ON cas.id = external_cas.id
         WHERE cas.deleted_at IS NULL AND external_cas.enabled AND external_cas.well IS NOT NULL ORDER BY cas.name"
    )
    .all(conn)
    .await
}

/// Keeps another credential, sealed.
///
/// # Errors
/// When there is no such CA.
pub async fn set_credential(tx: &mut WriteTx, id: CaId, sealed: Vec<u8>, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE cas SET sealed_config = $2, updated_at = $3, version = version + 1 WHERE id = $1",
        id,
        sealed,
        now
    )
    .change(tx, "issuing CA")
    .await
}

/// Notes how it was found.
///
/// # Errors
/// When the database refuses.
pub async fn note(
    books: &mut Bookkeeping,
    id: CaId,
    (well, findings, ends): (bool, &serde_json::Value, Option<Timestamp>),
    now: Timestamp,
) -> Result<()> {
    sql!(
        "UPDATE external_cas SET well = $2, findings = $3, credential_ends_at = $4, checked_at = $5 WHERE id = $1",
        id,
        well,
        findings.clone(),
        ends,
        now
    )
    .execute(books)
    .await?;
    Ok(())
}

/// Which generation has that certificate, and of which CA it is.
///
/// # Errors
/// When the database refuses.
pub async fn generation_of(
    conn: &mut Conn,
    thumbprint: Thumbprint,
) -> Result<Option<(CaGenerationId, CaId)>> {
    let mut query = Sql::select::<super::ca_generations::CaGeneration>();
    query.push(" WHERE thumbprint = ").bind(&thumbprint);
    let row: Option<super::ca_generations::CaGeneration> = query.optional(conn).await?;
    Ok(row.map(|row| (row.id, row.ca_id)))
}
