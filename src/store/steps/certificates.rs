//! Certificates as the pipeline works on them.

use std::collections::BTreeMap;

use certporter_model::assignment::HolderKind;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::escrow::EscrowPolicy;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::{ContentDigest, PublicKeyHash, Sha1Thumbprint, Thumbprint};
use certporter_model::{
    CaGenerationId, CertificateId, DeviceId, EscrowedKeyId, ProfileId, RequestId, Timestamp, UserId,
};
use uuid::Uuid;

use crate::store::{Conn, IN_A_LIST, Result, Sql, StoreError, WriteTx, dialect, fold, sql, table_row};

table_row! {
    /// A certificate in work.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CertificateInWork in "certificates" {
        /// Its id.
        pub id: CertificateId,
        /// The request that brought it.
        pub request_id: Option<RequestId>,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// In which version.
        pub profile_version: i64,
        /// Whether for a user or a device.
        pub holder_kind: HolderKind,
        /// For which.
        pub holder_id: Uuid,
        /// The user whose it is, if any.
        pub user_id: Option<UserId>,
        /// The device that it is for, in device scope.
        pub device_id: Option<DeviceId>,
        /// The CA's generation that signed it.
        pub ca_generation_id: CaGenerationId,
        /// Its serial number.
        pub serial: SerialNumber,
        /// SHA-256 of it.
        pub thumbprint: Thumbprint,
        /// SHA-256 of its public key.
        pub public_key_hash: PublicKeyHash,
        /// The last moment of its validity.
        pub not_after: Timestamp,
        /// Good, held or revoked.
        pub status: CertificateStatus,
        /// Its place among those of its holder.
        pub standing: Standing,
        /// Why it is held or revoked.
        pub reason: Option<Reason>,
        /// Its key.
        pub escrowed_key_id: Option<EscrowedKeyId>,
        /// Counts the changes.
        pub version: i64,
    }
}

/// Whether anything waits for a device to confirm this certificate: its key to be destroyed, its predecessor to give
/// way, or it is not the holder's current one and so is in some change anyway.
///
/// # Errors
/// When the database refuses.
pub async fn awaits_confirmation(conn: &mut Conn, it: &CertificateInWork) -> Result<bool> {
    if it.status != CertificateStatus::Valid || it.standing != Standing::Current {
        return Ok(true);
    }
    let waiting: i64 = sql!(
        "SELECT (SELECT count(*) FROM certificates WHERE profile_id = $1 AND holder_kind = $2 AND holder_id = $3
                 AND standing = 'predecessor')
              + (SELECT count(*) FROM escrowed_keys WHERE id = $4 AND state <> 'destroyed' AND policy <> 'retained')",
        it.profile_id,
        it.holder_kind,
        it.holder_id,
        it.escrowed_key_id
    )
    .scalar(conn)
    .await?;
    Ok(waiting > 0)
}

/// A certificate that was brought, with what is searched for beside what is worked on.
#[derive(Debug, Clone)]
pub struct NewCertificate {
    /// What is worked on.
    pub work: CertificateInWork,
    /// Itself.
    pub der: Vec<u8>,
    /// SHA-1 of it, as some consoles show.
    pub sha1_thumbprint: Sha1Thumbprint,
    /// Its subject as text.
    pub subject: String,
    /// The UPN among its alternative names.
    pub upn: Option<String>,
    /// Its alternative names as JSON.
    pub sans: String,
    /// The first moment of its validity.
    pub not_before: Timestamp,
    /// When it is to be renewed.
    pub renew_at: Timestamp,
    /// What it depends on.
    pub content_digest: ContentDigest,
    /// What the profile said of its key then: the plan must know it even when the profile has changed since.
    pub escrow: EscrowPolicy,
    /// Whether it is for encryption, likewise.
    pub encryption: bool,
    /// What it is found by: see [`search_key`](crate::store::search_key).
    pub search_key: String,
}

/// Records a certificate.
///
/// # Errors
/// [`StoreError::Conflict`] when it is recorded already, or another has its standing.
pub async fn insert(tx: &mut WriteTx, new: &NewCertificate, now: Timestamp) -> Result<()> {
    let work = &new.work;
    sql!(
        "INSERT INTO certificates (id, request_id, profile_id, profile_version, holder_kind, holder_id, user_id,
                device_id, ca_generation_id, serial, thumbprint, sha1_thumbprint, subject, upn, sans, der,
                public_key_hash, not_before, not_after, renew_at, status, standing, content_digest,
                escrowed_key_id, search_key, version, created_at, updated_at, escrow, encryption,
                subject_key, names_key, enrolment_id, trigger_kind, on_device)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                 $22, $23, $24, $25, 1, $26, $26, $27, $28, $29,
                 COALESCE((SELECT search_key FROM users WHERE users.id = $7), '') || ' ' ||
                 COALESCE((SELECT search_key FROM devices WHERE devices.id = $8), ''),
                 (SELECT enrolment_id FROM requests WHERE id = $2),
                 COALESCE((SELECT trigger_kind FROM requests WHERE id = $2), 'surplus'), FALSE)",
        work.id,
        work.request_id,
        work.profile_id,
        work.profile_version,
        work.holder_kind,
        work.holder_id,
        work.user_id,
        work.device_id,
        work.ca_generation_id,
        work.serial,
        work.thumbprint,
        new.sha1_thumbprint,
        new.subject,
        new.upn,
        new.sans,
        new.der,
        work.public_key_hash,
        new.not_before,
        work.not_after,
        new.renew_at,
        work.status,
        work.standing,
        new.content_digest,
        work.escrowed_key_id,
        new.search_key,
        now,
        new.escrow,
        new.encryption,
        fold(&new.subject)
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A certificate as it stands.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn get(conn: &mut Conn, id: CertificateId) -> Result<CertificateInWork> {
    let mut query = Sql::select::<CertificateInWork>();
    query.push(" WHERE id = ").bind(&id);
    query.one(conn, "certificate").await
}

/// A certificate itself, DER.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn der(conn: &mut Conn, id: CertificateId) -> Result<Vec<u8>> {
    let found = sql!("SELECT der FROM certificates WHERE id = $1", id).optional_scalar(conn).await?;
    found.ok_or(StoreError::NotFound { what: "certificate" })
}

/// A certificate, locked until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn lock(tx: &mut WriteTx, id: CertificateId) -> Result<CertificateInWork> {
    let mut query = Sql::select::<CertificateInWork>();
    query.push(" WHERE id = ").bind(&id).push(dialect::for_update(tx.engine()));
    query.one(tx, "certificate").await
}

/// The certificate with that thumbprint, if it is recorded.
///
/// # Errors
/// When the database refuses.
pub async fn by_thumbprint(conn: &mut Conn, thumbprint: Thumbprint) -> Result<Option<CertificateInWork>> {
    let mut query = Sql::select::<CertificateInWork>();
    query.push(" WHERE thumbprint = ").bind(&thumbprint);
    query.optional(conn).await
}

/// The holder's current certificate and its predecessor, as far as there are any, locked.
///
/// # Errors
/// When the database refuses.
pub async fn lock_standing(
    tx: &mut WriteTx,
    profile: ProfileId,
    holder: (HolderKind, Uuid),
) -> Result<Vec<CertificateInWork>> {
    let mut query = Sql::select::<CertificateInWork>();
    query.push(" WHERE profile_id = ").bind(&profile);
    query.push(" AND holder_kind = ").bind(&holder.0).push(" AND holder_id = ").bind(&holder.1);
    query.push(" AND standing IN ('current', 'predecessor')").push(dialect::for_update(tx.engine()));
    query.all(tx).await
}

/// Notes that somebody wants another in the place of a certificate that was locked; the first time counts.
///
/// # Errors
/// When the database refuses.
pub async fn ask_reissue(tx: &mut WriteTx, id: CertificateId, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE certificates SET reissue_asked_at = COALESCE(reissue_asked_at, $2), updated_at = $2,
                version = version + 1
         WHERE id = $1",
        id,
        now
    )
    .change(tx, "certificate")
    .await
}

/// Saves status, standing and reason of a certificate that was locked.
///
/// # Errors
/// [`StoreError::Stale`] when somebody changed it in between.
pub async fn save(tx: &mut WriteTx, certificate: &CertificateInWork, now: Timestamp) -> Result<()> {
    let saved = sql!(
        "UPDATE certificates SET status = $3, standing = $4, reason = $5, updated_at = $6, version = version + 1,
                held_at = CASE WHEN $3 <> 'held' THEN NULL WHEN held_at IS NULL THEN $6 ELSE held_at END,
                revoked_at = CASE WHEN $3 <> 'revoked' THEN NULL WHEN revoked_at IS NULL THEN $6
                                  ELSE revoked_at END
         WHERE id = $1 AND version = $2",
        certificate.id,
        certificate.version,
        certificate.status,
        certificate.standing,
        certificate.reason,
        now
    );
    if saved.execute(tx).await? == 1 { Ok(()) } else { Err(StoreError::Stale { what: "certificate" }) }
}

/// Certificates as they stand; those that are not there are left out.
///
/// # Errors
/// When the database refuses.
pub async fn get_all(conn: &mut Conn, ids: &[CertificateId]) -> Result<Vec<CertificateInWork>> {
    of_ids(conn, ids, "").await
}

/// Certificates, locked until the transaction ends, in the order of their ids; those that are not there are left out.
///
/// # Errors
/// When the database refuses.
pub async fn lock_all(tx: &mut WriteTx, ids: &[CertificateId]) -> Result<Vec<CertificateInWork>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let lock = dialect::for_update(tx.engine());
    of_ids(tx, &ids, lock).await
}

async fn of_ids(
    conn: &mut Conn,
    ids: &[CertificateId],
    lock: &'static str,
) -> Result<Vec<CertificateInWork>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IN_A_LIST) {
        let mut query = Sql::select::<CertificateInWork>().in_order(conn.engine());
        query.push(" WHERE id IN (").bind_list(chunk).push(") ORDER BY id").push(lock);
        found.extend(query.all::<CertificateInWork>(conn).await?);
    }
    Ok(found)
}

/// Saves status, standing and reason of certificates that were locked in this transaction, as [`save`] does.
///
/// # Errors
/// [`StoreError::Stale`] when one is not there any more.
pub async fn save_all(tx: &mut WriteTx, all: &[&CertificateInWork], now: Timestamp) -> Result<()> {
    // What becomes the same is written together: of very many there are few kinds.
    let mut alike: BTreeMap<_, Vec<CertificateId>> = BTreeMap::new();
    for it in all {
        let key = (it.status.as_str(), it.standing.as_str(), it.reason.map(Reason::as_str));
        alike.entry(key).or_default().push(it.id);
    }
    for ((status, standing, reason), ids) in alike {
        for chunk in ids.chunks(IN_A_LIST) {
            let mut query = Sql::new("UPDATE certificates SET status = ").in_order(tx.engine());
            query.bind(status).push(", standing = ").bind(standing).push(", reason = ").bind(&reason);
            query.push(", updated_at = ").bind(&now).push(", version = version + 1, held_at = ");
            match status {
                "held" => query.push("COALESCE(held_at, ").bind(&now).push(")"),
                _ => query.push("NULL"),
            };
            query.push(", revoked_at = ");
            match status {
                "revoked" => query.push("COALESCE(revoked_at, ").bind(&now).push(")"),
                _ => query.push("NULL"),
            };
            query.push(" WHERE id IN (").bind_list(chunk).push(")");
            if query.execute(tx).await? != chunk.len() as u64 {
                return Err(StoreError::Stale { what: "certificate" });
            }
        }
    }
    Ok(())
}
