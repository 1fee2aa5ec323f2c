//! Certificates: lists, searches, standing. The pipeline's own changes stand in [`super::steps`].

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::assignment::HolderKind;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::escrow::EscrowPolicy;
use certporter_model::ids::{
    CaGenerationId, CertificateId, DeviceId, EnrolmentId, EscrowedKeyId, ProfileId, RequestId, UserId,
};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::serial::SerialNumber;
use certporter_model::subject_alternative_name::SubjectAlternativeName;
use certporter_model::thumbprint::{ContentDigest, PublicKeyHash, Sha1Thumbprint, Thumbprint};
use uuid::Uuid;

pub use super::certificate_filter::{CertificateFilter, CertificateState, Delivery, RENEWAL_GRACE};
use super::certificate_filter::{Indexes, push_conditions_by};
use super::dialect::{Searched, push_search};
use super::visibility::Seen;
use super::{
    Conn, IN_A_LIST, Page, Result, Sql, StoreError, WriteTx, by_id, fold, search_key, sql, table_row,
};

table_row! {
    /// A certificate.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Certificate in "certificates" {
        /// Its id.
        pub id: CertificateId,
        /// The request that brought it.
        pub request_id: Option<RequestId>,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// In which version.
        pub profile_version: i64,
        /// Whether a user's or a device's.
        pub holder_kind: HolderKind,
        /// Whose.
        pub holder_id: Uuid,
        /// The user whose it is, if any.
        pub user_id: Option<UserId>,
        /// The device that it is for, in device scope.
        pub device_id: Option<DeviceId>,
        /// The device's enrolment at the time, in device scope.
        pub enrolment_id: Option<EnrolmentId>,
        /// What set its request off.
        pub trigger_kind: Trigger,
        /// What its profile said of its key.
        pub escrow: EscrowPolicy,
        /// Whether its key decrypts.
        pub encryption: bool,
        /// Who issued it.
        pub ca_generation_id: CaGenerationId,
        /// Its serial number. Unique for its issuer.
        pub serial: SerialNumber,
        /// SHA-256 of its DER.
        pub thumbprint: Thumbprint,
        /// SHA-1 of its DER.
        pub sha1_thumbprint: Sha1Thumbprint,
        /// Its subject (RFC 4514).
        pub subject: String,
        /// The UPN among its alternative names.
        pub upn: Option<String>,
        /// Its alternative names.
        pub sans: Vec<SubjectAlternativeName>,
        /// Its DER.
        pub der: Vec<u8>,
        /// SHA-256 of its public key.
        pub public_key_hash: PublicKeyHash,
        /// Start of its validity.
        pub not_before: Timestamp,
        /// End of its validity.
        pub not_after: Timestamp,
        /// When it is to be renewed.
        pub renew_at: Timestamp,
        /// Good, held or revoked.
        pub status: CertificateStatus,
        /// Its place among those of the same holder and profile.
        pub standing: Standing,
        /// Since when it is on hold.
        pub held_at: Option<Timestamp>,
        /// Since when it is revoked.
        pub revoked_at: Option<Timestamp>,
        /// Why it is held or revoked.
        pub reason: Option<Reason>,
        /// What it depends on.
        pub content_digest: ContentDigest,
        /// Its key, while it is in escrow.
        pub escrowed_key_id: Option<EscrowedKeyId>,
        /// Counts changes.
        pub version: i64,
        /// Recorded then.
        pub created_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
    }
    derived {
        search_key: |it| search_key([
            Some(it.subject.as_str()),
            it.upn.as_deref(),
            Some(it.sans.iter().map(SubjectAlternativeName::value).collect::<Vec<_>>().join("\n").as_str()),
            Some(it.serial.to_string().as_str()),
        ]),
        subject_key: |it| fold(&it.subject),
    }
}

/// New certificates, as they stand.
///
/// # Errors
/// A conflict with `certificates__profile_id__holder_kind__holder_id__standing` when there is a current one already,
/// with `certificates__ca_generation_id__serial` or `certificates__thumbprint` when it is recorded already.
pub async fn insert_all(tx: &mut WriteTx, certificates: &[Certificate]) -> Result<()> {
    super::insert_all(tx, certificates).await?;
    for chunk in certificates.chunks(500) {
        let mut named = Sql::new("UPDATE certificates SET names_key = ");
        named.push(NAMES_KEY).push(" WHERE id IN (").bind_list(chunk.iter().map(|it| &it.id)).push(")");
        named.execute(tx).await?;
    }
    Ok(())
}

/// What the holder is searched by, out of the tables of users and devices.
const NAMES_KEY: &str =
    "COALESCE((SELECT search_key FROM users WHERE users.id = certificates.user_id), '') || ' ' ||
     COALESCE((SELECT search_key FROM devices WHERE devices.id = certificates.device_id), '')";

/// The certificate of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: CertificateId) -> Result<Certificate> {
    by_id(conn, &id, "certificate").await
}

/// The certificates of those ids; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_ids(conn: &mut Conn, ids: &[CertificateId]) -> Result<Vec<Certificate>> {
    let mut query = Sql::select::<Certificate>();
    query.push(" WHERE id IN (").bind_list(ids).push(") ORDER BY id");
    query.all(conn).await
}

/// Certificates with that serial number, of whichever issuer.
///
/// # Errors
/// When the database refuses.
pub async fn by_serial(conn: &mut Conn, serial: &SerialNumber) -> Result<Vec<Certificate>> {
    let mut query = Sql::select::<Certificate>();
    query.push(" WHERE serial = ").bind(serial).push(" ORDER BY id");
    query.all(conn).await
}

/// Certificates that the caller may see: theirs by person or by device.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Conn,
    visibility: &Visibility,
    filter: &CertificateFilter,
    page: Page<CertificateId>,
) -> Result<Vec<Certificate>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<Certificate>();
    push_filter(&mut query, conn, &seen, filter);
    page.push_cursor(&mut query, "certificates.id");
    page.push_order(&mut query, "certificates.id");
    query.all(conn).await
}

/// How many of them there are.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, visibility: &Visibility, filter: &CertificateFilter) -> Result<u64> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new("SELECT count(*) FROM certificates");
    push_filter(&mut query, conn, &seen, filter);
    query.scalar(conn).await
}

fn push_filter(query: &mut Sql, conn: &Conn, seen: &Seen, filter: &CertificateFilter) {
    query.push(" WHERE 1 = 1");
    push_conditions_by(query, seen, filter, &Indexes::of(conn.engine()));
    if let Some(words) = &filter.search {
        push_search(query, conn.engine(), Searched::Certificates, &without_colons(words));
    }
}

/// A serial number or thumbprint as tools print it, `0A:1B:2C`, is searched as it is kept.
pub(super) fn without_colons(words: &str) -> String {
    let plain = |word: &str| {
        let octets = word.contains(':')
            && word.split(':').all(|o| o.len() == 2 && o.bytes().all(|b| b.is_ascii_hexdigit()));
        if octets { word.replace(':', "") } else { word.to_owned() }
    };
    words.split_whitespace().map(plain).collect::<Vec<_>>().join(" ")
}

/// What a certificate's state becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Good, held or revoked.
    pub status: CertificateStatus,
    /// Its place from then on.
    pub standing: Standing,
    /// Why it is held or revoked.
    pub reason: Option<Reason>,
}

/// Sets a certificate's status and standing after a decision. Whoever calls it has seen by the types' transitions
/// that it may be so.
///
/// # Errors
/// A conflict with `certificates__profile_id__holder_kind__holder_id__standing` when another has that standing.
pub async fn decide(tx: &mut WriteTx, id: CertificateId, to: Decision, now: Timestamp) -> Result<()> {
    let held = (to.status == CertificateStatus::Held).then_some(now);
    let revoked = (to.status == CertificateStatus::Revoked).then_some(now);
    sql!(
        "UPDATE certificates SET status = $2, standing = $3, reason = $4, held_at = COALESCE(held_at, $5),
                revoked_at = COALESCE(revoked_at, $6), updated_at = $7, version = version + 1 WHERE id = $1",
        id,
        to.status,
        to.standing,
        to.reason,
        held,
        revoked,
        now
    )
    .change(tx, "certificate")
    .await?;
    if to.status == CertificateStatus::Valid {
        sql!("UPDATE certificates SET held_at = NULL WHERE id = $1", id).execute(tx).await?;
    }
    Ok(())
}

/// Sets the standing alone, of several.
///
/// # Errors
/// As [`decide`].
pub async fn settle_all(
    tx: &mut WriteTx,
    ids: &[CertificateId],
    standing: Standing,
    now: Timestamp,
) -> Result<()> {
    for chunk in ids.chunks(IN_A_LIST) {
        let mut query = Sql::new("UPDATE certificates SET standing = ").in_order(tx.engine());
        query.bind(&standing).push(", updated_at = ").bind(&now);
        query.push(", version = version + 1 WHERE id IN (").bind_list(chunk).push(")");
        if query.execute(tx).await? != chunk.len() as u64 {
            return Err(StoreError::NotFound { what: "certificate" });
        }
    }
    Ok(())
}

/// How many certificates are alive: what a large plan is measured by.
///
/// # Errors
/// When the database refuses.
pub async fn alive(conn: &mut Conn, now: Timestamp) -> Result<u64> {
    sql!("SELECT count(*) FROM certificates WHERE status <> 'revoked' AND not_after > $1", now)
        .scalar(conn)
        .await
}

/// Whether the error says that another certificate has the standing already.
#[must_use]
pub fn is_taken(error: &StoreError) -> bool {
    error.is_conflict("certificates__profile_id__holder_kind__holder_id__standing")
}

#[cfg(test)]
mod tests {
    use super::without_colons;

    #[test]
    fn numbers_are_searched_without_colons_and_addresses_as_they_are() {
        assert_eq!(without_colons("0A:1b:2C Ann"), "0A1b2C Ann");
        assert_eq!(without_colons("urn:x:1 a:bc"), "urn:x:1 a:bc");
    }
}
