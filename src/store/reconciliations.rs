//! Comparisons of the portal with its CAs and devices, how far they are, and what is compared.

use certporter_model::certificate::CertificateStatus;
use certporter_model::ids::{CaGenerationId, CertificateId, PreflightId, ReconciliationId, RequestId};
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::PublicKeyHash;
use certporter_model::{DeviceId, Timestamp, UserId};

use super::{Bookkeeping, Conn, Result, Sql, WriteTx, by_id, insert as insert_row, sql, table_row};

table_row! {
    /// A comparison.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Reconciliation in "reconciliations" {
        /// Its id.
        pub id: ReconciliationId,
        /// Whether it still goes on: one does at a time.
        pub running: bool,
        /// Who asked for it, or the portal itself.
        pub requested_by: String,
        /// Whether more revocations are taken over than the portal does by itself.
        pub take_over_all: bool,
        /// How far it is.
        pub place: serde_json::Value,
        /// Certificates compared so far.
        pub compared: u64,
        /// CAs that could not be asked, and why.
        pub unreachable: serde_json::Value,
        /// Certificates of CAs that are unknown here and were too many to be looked at one by one.
        pub not_looked_at: u64,
        /// Begun then.
        pub started_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
        /// Ended then.
        pub finished_at: Option<Timestamp>,
    }
}

/// A new one.
///
/// # Errors
/// A conflict with `reconciliations__running` when one goes on already.
pub async fn insert(tx: &mut WriteTx, it: &Reconciliation) -> Result<()> {
    insert_row(tx, it).await
}

/// Saves how far it is.
///
/// # Errors
/// When the database refuses.
pub async fn update(tx: &mut WriteTx, it: &Reconciliation) -> Result<()> {
    sql!(
        "UPDATE reconciliations SET running = $2, place = $3, compared = $4, unreachable = $5, not_looked_at = $6,
                updated_at = $7, finished_at = $8
         WHERE id = $1",
        it.id,
        it.running,
        it.place,
        it.compared,
        it.unreachable,
        it.not_looked_at,
        it.updated_at,
        it.finished_at
    )
    .change(tx, "reconciliation")
    .await
}

/// However many revocations were made at a CA, they are taken over: whoever compares looks at it when it comes to that.
///
/// # Errors
/// When there is none.
pub async fn take_over_all(tx: &mut WriteTx, id: ReconciliationId, now: Timestamp) -> Result<()> {
    sql!("UPDATE reconciliations SET take_over_all = $2, updated_at = $3 WHERE id = $1", id, true, now)
        .change(tx, "reconciliation")
        .await
}

/// The one that goes on.
///
/// # Errors
/// When the database refuses.
pub async fn running(conn: &mut Conn) -> Result<Option<Reconciliation>> {
    let mut query = Sql::select::<Reconciliation>();
    query.push(" WHERE running");
    query.optional(conn).await
}

/// The comparison of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: ReconciliationId) -> Result<Reconciliation> {
    by_id(conn, &id, "reconciliation").await
}

/// The last ones, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn latest(conn: &mut Conn, most: u32) -> Result<Vec<Reconciliation>> {
    let mut query = Sql::select::<Reconciliation>();
    query.push(" ORDER BY started_at DESC, id DESC LIMIT ").bind(&most);
    query.all(conn).await
}

/// Clears away what ended before then.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(books: &mut Bookkeeping, before: Timestamp) -> Result<u64> {
    sql!("DELETE FROM reconciliations WHERE started_at < $1 AND finished_at IS NOT NULL", before)
        .execute(books)
        .await
}

table_row! {
    /// A certificate as it stands here, to be held against its CA.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Held in "certificates" {
        /// Its id.
        pub id: CertificateId,
        /// Its serial number.
        pub serial: SerialNumber,
        /// Good, held or revoked.
        pub status: CertificateStatus,
        /// Why it is held or revoked.
        pub reason: Option<Reason>,
        /// The last moment of its validity.
        pub not_after: Timestamp,
        /// When it was recorded.
        pub created_at: Timestamp,
        /// Whose it is.
        pub user_id: Option<UserId>,
        /// Whose it is.
        pub device_id: Option<DeviceId>,
    }
}

/// Certificates of a CA's generations in a stretch of serial numbers, in the order of their octets: beyond `after`, up to
/// and with `to`; without it to the end.
///
/// # Errors
/// When the database refuses.
pub async fn held(
    conn: &mut Conn,
    generation: CaGenerationId,
    (after, to): (Option<&SerialNumber>, Option<&SerialNumber>),
    most: u32,
) -> Result<Vec<Held>> {
    let mut query = Sql::select::<Held>();
    query.push(" WHERE ca_generation_id = ").bind(&generation);
    if let Some(after) = after {
        query.push(" AND serial > ").bind(after);
    }
    if let Some(to) = to {
        query.push(" AND serial <= ").bind(to);
    }
    query.push(" ORDER BY serial LIMIT ").bind(&most);
    query.all(conn).await
}

/// Which of these certificates have a revocation, hold or release on its way that the CA does not have yet.
///
/// # Errors
/// When the database refuses.
pub async fn under_way(conn: &mut Conn, certificates: &[CertificateId]) -> Result<Vec<CertificateId>> {
    let mut found = Vec::new();
    for chunk in certificates.chunks(super::IN_A_LIST) {
        let mut query = Sql::new(
            "SELECT DISTINCT certificate_id FROM revocations WHERE at_ca_at IS NULL AND certificate_id IN (",
        );
        query.bind_list(chunk).push(")");
        found.extend(query.scalars::<CertificateId>(conn).await?);
    }
    Ok(found)
}

table_row! {
    /// A request whose key a certificate is for.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct OfKey in "requests" {
        /// The request.
        pub id: RequestId,
        /// How far it is.
        pub state: certporter_model::request::RequestState,
    }
}

/// The newest request for a public key.
///
/// # Errors
/// When the database refuses.
pub async fn request_of_key(conn: &mut Conn, key: PublicKeyHash) -> Result<Option<OfKey>> {
    let mut query = Sql::select::<OfKey>();
    query.push(" WHERE public_key_hash = ").bind(&key).push(" ORDER BY id DESC LIMIT 1");
    let found: Option<OfKey> = query.optional(conn).await?;
    if found.is_some() {
        return Ok(found);
    }
    // A request that failed has forgotten its key; whatever was made for it is found by the key that was kept.
    sql!(
        "SELECT requests.id AS id, requests.state AS state FROM escrowed_keys
         JOIN requests ON requests.id = escrowed_keys.request_id
         WHERE escrowed_keys.public_key_hash = $1 ORDER BY requests.id DESC LIMIT 1",
        key
    )
    .optional(conn)
    .await
}

/// The test certificate of a preflight that has not ended.
///
/// # Errors
/// When the database refuses.
pub async fn is_of_preflight(
    conn: &mut Conn,
    generation: CaGenerationId,
    serial: &SerialNumber,
) -> Result<bool> {
    let found: Option<PreflightId> = sql!(
        "SELECT id FROM preflights WHERE ca_generation_id = $1 AND serial = $2 AND finished_at IS NULL LIMIT 1",
        generation,
        *serial
    )
    .optional_scalar(conn)
    .await?;
    Ok(found.is_some())
}

/// Opens the latest revocation, hold or release of a certificate again: the CA is to be told once more. Answers whether
/// there is one that the CA was told.
///
/// # Errors
/// When the database refuses.
pub async fn order_again(tx: &mut WriteTx, certificate: CertificateId) -> Result<bool> {
    let reopened = sql!(
        "UPDATE revocations SET at_ca_at = NULL, in_crl_at = NULL, crl_number = NULL, crl_until = NULL,
                ocsp_until = NULL, finished_at = NULL
         WHERE id = (SELECT id FROM revocations WHERE certificate_id = $1 ORDER BY id DESC LIMIT 1)
           AND at_ca_at IS NOT NULL",
        certificate
    );
    Ok(reopened.execute(tx).await? > 0)
}

/// Says of a certificate's revocations and holds that a device still has a copy: they are not finished.
///
/// # Errors
/// When the database refuses.
pub async fn not_removed(tx: &mut WriteTx, certificate: CertificateId) -> Result<()> {
    sql!(
        "UPDATE revocations SET removed_at = NULL, finished_at = NULL
         WHERE id = (SELECT id FROM revocations WHERE certificate_id = $1 ORDER BY id DESC LIMIT 1)
           AND kind <> 'release'",
        certificate
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// When a device was last in contact.
///
/// # Errors
/// When there is no such device.
pub async fn last_contact(conn: &mut Conn, device: DeviceId) -> Result<Option<Timestamp>> {
    sql!("SELECT last_contact_at FROM devices WHERE id = $1", device).scalar(conn).await
}
