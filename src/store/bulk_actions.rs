//! What somebody does to many certificates at once: which, and how far it is.

use certporter_model::Timestamp;
use certporter_model::access::Actor;
use certporter_model::certificate::{BulkKind, CertificateStatus, Standing};
use certporter_model::ids::{BulkActionId, CertificateId, DeviceId, ProfileId, UserId};
use certporter_model::revocation::Reason;

use super::row::{FromRow, Load, Row};
use super::{Conn, Result, Sql, WriteTx, by_id, dialect, sql, table_row};

table_row! {
    /// A bulk action.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct BulkAction in "bulk_actions" {
        /// Its id.
        pub id: BulkActionId,
        /// What is done.
        pub kind: BulkKind,
        /// For what reason certificates are revoked.
        pub reason: Option<Reason>,
        /// Why, in somebody's own words.
        pub explanation: Option<String>,
        /// Who asked for it.
        pub actor: Actor,
        /// How many certificates.
        pub total: i64,
        /// Asked for then.
        pub created_at: Timestamp,
        /// Done then.
        pub finished_at: Option<Timestamp>,
    }
}

table_row! {
    /// A certificate, as far as it matters to a bulk action.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Candidate in "certificates" {
        /// The certificate.
        pub id: CertificateId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// The user whose it is, if any.
        pub user_id: Option<UserId>,
        /// The device that it is for, in device scope.
        pub device_id: Option<DeviceId>,
        /// Good, held or revoked.
        pub status: CertificateStatus,
        /// Its place among those of the same holder and profile.
        pub standing: Standing,
        /// Why it is held or revoked.
        pub reason: Option<Reason>,
    }
}

/// How many certificates of an action have had their turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Done.
    pub done: u64,
    /// Failed, each with its cause.
    pub failed: u64,
}

/// A certificate for which it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The certificate.
    pub certificate: CertificateId,
    /// Its subject.
    pub subject: String,
    /// Why.
    pub cause: String,
}

/// A certificate whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its place in the action.
    pub place: i64,
    /// The certificate.
    pub certificate: CertificateId,
}

impl FromRow for Failure {
    const TABLE: &'static str = "bulk_targets";
    fn columns() -> &'static str {
        "bulk_targets.certificate_id, certificates.subject, COALESCE(bulk_targets.cause, '') AS cause"
    }
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let wrong = |column| move |error: super::row::BadValue| error.in_column("bulk_targets", column);
        Ok(Self {
            certificate: CertificateId::load(row, "certificate_id").map_err(wrong("certificate_id"))?,
            subject: String::load(row, "subject").map_err(wrong("subject"))?,
            cause: String::load(row, "cause").map_err(wrong("cause"))?,
        })
    }
}

impl FromRow for Target {
    const TABLE: &'static str = "bulk_targets";
    fn columns() -> &'static str {
        "bulk_targets.place, bulk_targets.certificate_id"
    }
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let wrong = |column| move |error: super::row::BadValue| error.in_column("bulk_targets", column);
        Ok(Self {
            place: i64::load(row, "place").map_err(wrong("place"))?,
            certificate: CertificateId::load(row, "certificate_id").map_err(wrong("certificate_id"))?,
        })
    }
}

/// A new action, on these certificates in this order.
///
/// # Errors
/// When there is no such certificate.
pub async fn insert(tx: &mut WriteTx, action: &BulkAction, certificates: &[CertificateId]) -> Result<()> {
    super::insert(tx, action).await?;
    let mut place: i64 = 0;
    for chunk in certificates.chunks(500) {
        let mut query = Sql::new("INSERT INTO bulk_targets (action_id, place, certificate_id) VALUES ");
        for (index, certificate) in chunk.iter().enumerate() {
            place += 1;
            query.push(if index == 0 { "(" } else { ", (" }).bind(&action.id).push(", ").bind(&place);
            query.push(", ").bind(certificate).push(")");
        }
        query.execute(tx).await?;
    }
    Ok(())
}

/// The action of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: BulkActionId) -> Result<BulkAction> {
    by_id(conn, &id, "bulk action").await
}

/// What matters of these certificates; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn candidates(conn: &mut Conn, ids: &[CertificateId]) -> Result<Vec<Candidate>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        let mut query = Sql::select::<Candidate>();
        query.push(" WHERE id IN (").bind_list(chunk).push(") ORDER BY id DESC");
        found.extend(query.all::<Candidate>(conn).await?);
    }
    Ok(found)
}

/// How far it is.
///
/// # Errors
/// When the database refuses.
pub async fn progress(conn: &mut Conn, id: BulkActionId) -> Result<Progress> {
    let of = "SELECT count(*) FROM bulk_targets WHERE action_id = $1 AND outcome = $2";
    Ok(Progress {
        done: sql!(of, id, "done").scalar(conn).await?,
        failed: sql!(of, id, "failed").scalar(conn).await?,
    })
}

/// The first certificates for which it failed.
///
/// # Errors
/// When the database refuses.
pub async fn failures(conn: &mut Conn, id: BulkActionId, limit: u32) -> Result<Vec<Failure>> {
    let mut query = Sql::select::<Failure>();
    query.push(" JOIN certificates ON certificates.id = bulk_targets.certificate_id");
    query.push(" WHERE bulk_targets.outcome = 'failed' AND bulk_targets.action_id = ").bind(&id);
    query.push(" ORDER BY bulk_targets.place LIMIT ").bind(&limit);
    query.all(conn).await
}

/// The next certificate whose turn it is, locked until the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn next(tx: &mut WriteTx, id: BulkActionId, after: i64) -> Result<Option<Target>> {
    let mut query = Sql::select::<Target>();
    query.push(" WHERE outcome IS NULL AND action_id = ").bind(&id).push(" AND place > ").bind(&after);
    query.push(" ORDER BY place LIMIT 1").push(dialect::for_update(tx.engine()));
    query.optional(tx).await
}

/// What became of one: a cause if it failed.
///
/// # Errors
/// When the database refuses.
pub async fn settle(tx: &mut WriteTx, id: BulkActionId, place: i64, cause: Option<&str>) -> Result<()> {
    let outcome = if cause.is_some() { "failed" } else { "done" };
    sql!(
        "UPDATE bulk_targets SET outcome = $3, cause = $4 WHERE action_id = $1 AND place = $2",
        id,
        place,
        outcome,
        cause.map(str::to_owned)
    )
    .change(tx, "certificate of a bulk action")
    .await
}

/// All have had their turn.
///
/// # Errors
/// When there is no such action.
pub async fn finish(tx: &mut WriteTx, id: BulkActionId, now: Timestamp) -> Result<()> {
    sql!("UPDATE bulk_actions SET finished_at = $2 WHERE id = $1", id, now).change(tx, "bulk action").await
}
