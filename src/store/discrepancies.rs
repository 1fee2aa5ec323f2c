//! What the portal disagrees about with its CAs and devices.

use certporter_model::Timestamp;
use certporter_model::ids::{CaId, CertificateId, CopyId, DeviceId, DiscrepancyId, ReconciliationId};
use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use certporter_model::serial::SerialNumber;

use super::{Bookkeeping, Conn, Page, Result, Sql, WriteTx, by_id, sql, table_row};

table_row! {
    /// A discrepancy.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Discrepancy in "discrepancies" {
        /// Its id.
        pub id: DiscrepancyId,
        /// What it is about.
        pub kind: DiscrepancyKind,
        /// Names what it is about: the same for the same discrepancy.
        pub subject: String,
        /// The CA, if it is with one.
        pub ca_id: Option<CaId>,
        /// The certificate's serial number.
        pub serial: Option<SerialNumber>,
        /// The certificate, if it is known here.
        pub certificate_id: Option<CertificateId>,
        /// The device, if it is with one.
        pub device_id: Option<DeviceId>,
        /// The copy on the device.
        pub copy_id: Option<CopyId>,
        /// What was found, in a sentence.
        pub detail: String,
        /// What was done about it.
        pub mending: Mending,
        /// The comparison that saw it last; none where a device said it.
        pub reconciliation_id: Option<ReconciliationId>,
        /// Found then.
        pub found_at: Timestamp,
        /// Seen last then.
        pub seen_at: Timestamp,
        /// Gone since then.
        pub resolved_at: Option<Timestamp>,
        /// Put away then by somebody; it comes back when it changes.
        pub dismissed_at: Option<Timestamp>,
        /// By whom.
        pub dismissed_by: Option<String>,
        /// Why.
        pub dismissed_because: Option<String>,
    }
}

/// Which of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiscrepancyFilter {
    /// Only of this kind.
    pub kind: Option<DiscrepancyKind>,
    /// Only with this CA.
    pub ca: Option<CaId>,
    /// Only those that are open, or that are resolved.
    pub resolved: Option<bool>,
    /// Only those that are listed, or that were dismissed.
    pub dismissed: Option<bool>,
}

/// Notes one. The same one is noted once, and seen again; what was done about it is not forgotten. One that was dismissed
/// stays so for as long as it says the same.
///
/// # Errors
/// When the database refuses.
pub async fn note(tx: &mut WriteTx, it: &Discrepancy) -> Result<()> {
    sql!(
        "INSERT INTO discrepancies (id, kind, subject, ca_id, serial, certificate_id, device_id, copy_id, detail, mending,
                                    reconciliation_id, found_at, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
         ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO UPDATE SET
             detail = excluded.detail, seen_at = excluded.seen_at, reconciliation_id = excluded.reconciliation_id,
             mending = CASE WHEN excluded.mending = 'none' THEN discrepancies.mending ELSE excluded.mending END,
             dismissed_at = CASE WHEN excluded.detail = discrepancies.detail
                                  AND excluded.mending IN ('none', discrepancies.mending)
                            THEN discrepancies.dismissed_at END",
        it.id,
        it.kind,
        it.subject,
        it.ca_id,
        it.serial,
        it.certificate_id,
        it.device_id,
        it.copy_id,
        it.detail,
        it.mending,
        it.reconciliation_id,
        it.seen_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes what was done about one, and which certificate that made known.
///
/// # Errors
/// When there is none.
pub async fn mend(
    tx: &mut WriteTx,
    id: DiscrepancyId,
    mending: Mending,
    certificate: Option<CertificateId>,
) -> Result<()> {
    sql!(
        "UPDATE discrepancies SET mending = $2, certificate_id = COALESCE($3, certificate_id),
                dismissed_at = CASE WHEN mending = $2 THEN dismissed_at END WHERE id = $1",
        id,
        mending,
        certificate
    )
    .change(tx, "discrepancy")
    .await
}

/// Puts an open one away.
///
/// # Errors
/// When there is none that is open and listed.
pub async fn dismiss(
    tx: &mut WriteTx,
    id: DiscrepancyId,
    (by, because): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    sql!(
        "UPDATE discrepancies SET dismissed_at = $2, dismissed_by = $3, dismissed_because = $4
         WHERE id = $1 AND resolved_at IS NULL AND dismissed_at IS NULL",
        id,
        now,
        by,
        because
    )
    .change(tx, "open discrepancy")
    .await
}

/// Lists one again that was put away.
///
/// # Errors
/// When there is none that is open and was put away.
pub async fn restore(tx: &mut WriteTx, id: DiscrepancyId) -> Result<()> {
    sql!(
        "UPDATE discrepancies SET dismissed_at = NULL
         WHERE id = $1 AND resolved_at IS NULL AND dismissed_at IS NOT NULL",
        id
    )
    .change(tx, "dismissed discrepancy")
    .await
}

/// It is gone.
///
/// # Errors
/// When the database refuses.
pub async fn resolve(tx: &mut WriteTx, id: DiscrepancyId, now: Timestamp) -> Result<()> {
    sql!("UPDATE discrepancies SET resolved_at = $2 WHERE id = $1 AND resolved_at IS NULL", id, now)
        .execute(tx)
        .await?;
    Ok(())
}

/// Those with a CA that a comparison of the whole CA did not see again are gone.
///
/// # Errors
/// When the database refuses.
pub async fn resolve_unseen(
    tx: &mut WriteTx,
    ca: CaId,
    comparison: ReconciliationId,
    now: Timestamp,
) -> Result<u64> {
    sql!(
        "UPDATE discrepancies SET resolved_at = $3
         WHERE resolved_at IS NULL AND ca_id = $1 AND (reconciliation_id IS NULL OR reconciliation_id <> $2)",
        ca,
        comparison,
        now
    )
    .execute(tx)
    .await
}

/// Open ones about a copy.
///
/// # Errors
/// When the database refuses.
pub async fn open_of_copy(conn: &mut Conn, copy: CopyId) -> Result<Vec<Discrepancy>> {
    let mut query = Sql::select::<Discrepancy>();
    query.push(" WHERE copy_id = ").bind(&copy).push(" AND resolved_at IS NULL ORDER BY id");
    query.all(conn).await
}

/// Open ones of a kind with these subjects.
///
/// # Errors
/// When the database refuses.
pub async fn open_among(
    conn: &mut Conn,
    kind: DiscrepancyKind,
    subjects: &[String],
) -> Result<Vec<Discrepancy>> {
    let mut found = Vec::new();
    for chunk in subjects.chunks(super::IN_A_LIST) {
        let mut query = Sql::select::<Discrepancy>();
        query.push(" WHERE kind = ").bind(&kind).push(" AND resolved_at IS NULL AND subject IN (");
        query.bind_list(chunk).push(")");
        found.extend(query.all(conn).await?);
    }
    Ok(found)
}

/// Open ones about which nothing was done and that a comparison saw, in order, after an id.
///
/// # Errors
/// When the database refuses.
pub async fn to_mend(
    conn: &mut Conn,
    comparison: ReconciliationId,
    after: Option<DiscrepancyId>,
    most: u32,
) -> Result<Vec<Discrepancy>> {
    let mut query = Sql::select::<Discrepancy>();
    query.push(" WHERE resolved_at IS NULL AND reconciliation_id = ").bind(&comparison);
    if let Some(after) = &after {
        query.push(" AND id > ").bind(after);
    }
    query.push(" ORDER BY id LIMIT ").bind(&most);
    query.all(conn).await
}

/// How many of a kind a comparison saw.
///
/// # Errors
/// When the database refuses.
pub async fn seen_by(conn: &mut Conn, comparison: ReconciliationId, kind: DiscrepancyKind) -> Result<u64> {
    sql!(
        "SELECT count(*) FROM discrepancies WHERE resolved_at IS NULL AND reconciliation_id = $1 AND kind = $2",
        comparison,
        kind
    )
    .scalar(conn)
    .await
}

table_row! {
    /// An open one with a device, and where its copy is by now.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct OfDevice in "discrepancies" {
        /// Its id.
        pub id: DiscrepancyId,
        /// What it is about.
        pub kind: DiscrepancyKind,
        /// Where the copy is; none when there is no such copy any more.
        pub state: Option<certporter_model::copy::CopyState>,
        /// Whether the device was deleted.
        pub deleted: bool,
    }
}

/// Open ones with devices, after an id.
///
/// # Errors
/// When the database refuses.
pub async fn of_devices(conn: &mut Conn, after: Option<DiscrepancyId>, most: u32) -> Result<Vec<OfDevice>> {
    let mut query = Sql::new(
        "SELECT d.id AS id, d.kind AS kind, c.state AS state,
                CASE WHEN v.deleted_at IS NULL THEN ",
    );
    query.bind(&false).push(" ELSE ").bind(&true).push(
        " END AS deleted
         FROM discrepancies d LEFT JOIN copies c ON c.id = d.copy_id LEFT JOIN devices v ON v.id = d.device_id
         WHERE d.resolved_at IS NULL AND d.copy_id IS NOT NULL",
    );
    if let Some(after) = &after {
        query.push(" AND d.id > ").bind(after);
    }
    query.push(" ORDER BY d.id LIMIT ").bind(&most);
    query.all(conn).await
}

/// One of them.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: DiscrepancyId) -> Result<Discrepancy> {
    by_id(conn, &id, "discrepancy").await
}

/// A page of them.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Conn,
    filter: &DiscrepancyFilter,
    page: Page<DiscrepancyId>,
) -> Result<Vec<Discrepancy>> {
    let mut query = Sql::select::<Discrepancy>();
    query.push(match filter.resolved {
        Some(true) => " WHERE resolved_at IS NOT NULL",
        Some(false) => " WHERE resolved_at IS NULL",
        None => " WHERE 1 = 1",
    });
    query.push(match filter.dismissed {
        Some(true) => " AND dismissed_at IS NOT NULL",
        Some(false) => " AND dismissed_at IS NULL",
        None => "",
    });
    if let Some(kind) = &filter.kind {
        query.push(" AND kind = ").bind(kind);
    }
    if let Some(ca) = &filter.ca {
        query.push(" AND ca_id = ").bind(ca);
    }
    page.push_cursor(&mut query, "discrepancies.id");
    page.push_order(&mut query, "discrepancies.id");
    query.all(conn).await
}

/// How many are open and listed, up to a bound: in all, and of those, about which the portal does nothing by itself.
///
/// # Errors
/// When the database refuses.
pub async fn open(conn: &mut Conn, bound: u32) -> Result<(u64, u64)> {
    let all = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM discrepancies WHERE resolved_at IS NULL AND dismissed_at IS NULL LIMIT $1)
             AS bounded",
        bound
    );
    let all: u64 = all.scalar(conn).await?;
    let undone = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM discrepancies WHERE resolved_at IS NULL AND dismissed_at IS NULL
             AND mending = 'none' LIMIT $1) AS bounded",
        bound
    );
    Ok((all, undone.scalar(conn).await?))
}

/// Clears away what is gone since before then.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(books: &mut Bookkeeping, before: Timestamp) -> Result<u64> {
    sql!("DELETE FROM discrepancies WHERE resolved_at < $1", before).execute(books).await
}
