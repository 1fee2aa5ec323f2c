//! Certificates: lists, searches, standing. The pipeline's own changes stand in [`super::steps`].

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::assignment::HolderKind;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::escrow::EscrowPolicy;
use certporter_model::ids::{
    CaGenerationId, CaId, CertificateId, DeviceId, EnrolmentId, EscrowedKeyId, ProfileId, RequestId, UserId,
};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::serial::SerialNumber;
use certporter_model::subject_alternative_name::SubjectAlternativeName;
use certporter_model::thumbprint::{ContentDigest, PublicKeyHash, Sha1Thumbprint, Thumbprint};
use uuid::Uuid;

use super::dialect::{Searched, push_search};
use super::visibility::Seen;
use super::{Conn, Page, Result, Sql, StoreError, WriteTx, by_id, fold, search_key, sql, table_row};

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

/// Which certificates.
#[derive(Debug, Clone, Default)]
pub struct CertificateFilter {
    /// Every word somewhere in the subject, alternative names, serial number or thumbprints. Colons in a number don't
    /// matter.
    pub search: Option<String>,
    /// Good, held or revoked.
    pub status: Option<CertificateStatus>,
    /// With this standing.
    pub standing: Option<Standing>,
    /// Of this profile.
    pub profile: Option<ProfileId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// Of this device, or with a copy on it.
    pub device: Option<DeviceId>,
    /// In this state at that moment.
    pub state: Option<(CertificateState, Timestamp)>,
    /// Held or revoked for this reason.
    pub reason: Option<Reason>,
    /// From this CA.
    pub ca: Option<CaId>,
    /// Issued then or later.
    pub issued_from: Option<Timestamp>,
    /// Issued before then.
    pub issued_before: Option<Timestamp>,
    /// Revoked for good at the request of somebody then or later.
    pub revoked_from: Option<Timestamp>,
    /// The same, before then.
    pub revoked_before: Option<Timestamp>,
    /// That expire then or later.
    pub expires_from: Option<Timestamp>,
    /// That expire before then.
    pub expires_before: Option<Timestamp>,
}

/// How a certificate stands at a moment, as people ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// Good.
    Valid,
    /// Good, and over before 30 days have passed.
    Expiring,
    /// On hold.
    Held,
    /// Revoked.
    Revoked,
    /// Over, without having been revoked.
    Expired,
}

/// What counts as soon.
const SOON: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

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
    push_conditions(query, seen, filter);
    if let Some(words) = &filter.search {
        push_search(query, conn.engine(), Searched::Certificates, &without_colons(words));
    }
}

/// Everything of the filter but the search, as ` AND ..`.
pub(super) fn push_conditions(query: &mut Sql, seen: &Seen, filter: &CertificateFilter) {
    push_conditions_by(query, seen, filter, &Indexes::default());
}

/// Which indexes SQLite may use: a column with a sign before it has none.
pub(super) struct Indexes {
    /// The column of expiry; not in another order, where all that it leaves would have to be sorted.
    pub(super) expiry: &'static str,
    /// The column of the profile; not where the state leaves less.
    pub(super) profile: &'static str,
}

impl Default for Indexes {
    fn default() -> Self {
        Self { expiry: "certificates.not_after", profile: "certificates.profile_id" }
    }
}

/// The same by these indexes.
pub(super) fn push_conditions_by(query: &mut Sql, seen: &Seen, filter: &CertificateFilter, by: &Indexes) {
    let expiry = by.expiry;
    if let Some(status) = &filter.status {
        query.push(" AND certificates.status = ").bind(status);
        if *status != CertificateStatus::Valid {
            query.push(NOT_VALID);
        }
    }
    if let Some(standing) = &filter.standing {
        query.push(" AND certificates.standing = ").bind(standing);
    }
    if let Some(profile) = &filter.profile {
        query.push(" AND ").push(by.profile).push(" = ").bind(profile);
    }
    if let Some(user) = &filter.user {
        query.push(" AND certificates.user_id = ").bind(user);
    }
    if let Some(device) = &filter.device {
        query.push(" AND (certificates.device_id = ").bind(device);
        query.push(" OR certificates.id IN (SELECT certificate_id FROM copies WHERE device_id = ");
        query.bind(device).push("))");
    }
    if let Some(before) = &filter.expires_before {
        query.push(" AND ").push(expiry).push(" < ").bind(before);
    }
    if let Some((state, now)) = &filter.state {
        push_state(query, *state, *now, expiry);
    }
    if let Some(reason) = &filter.reason {
        query.push(" AND certificates.reason = ").bind(reason);
    }
    if let Some(ca) = &filter.ca {
        query.push(" AND certificates.ca_generation_id IN (SELECT id FROM ca_generations WHERE ca_id = ");
        query.bind(ca).push(")");
    }
    if let Some(from) = &filter.expires_from {
        query.push(" AND ").push(expiry).push(" >= ").bind(from);
    }
    if let Some(from) = &filter.issued_from {
        query.push(" AND certificates.created_at >= ").bind(from);
    }
    if let Some(before) = &filter.issued_before {
        query.push(" AND certificates.created_at < ").bind(before);
    }
    if filter.revoked_from.is_some() || filter.revoked_before.is_some() {
        query.push(" AND certificates.id IN (SELECT certificate_id FROM revocations WHERE kind = 'revoke'");
        if let Some(from) = &filter.revoked_from {
            query.push(" AND requested_at >= ").bind(from);
        }
        if let Some(before) = &filter.revoked_before {
            query.push(" AND requested_at < ").bind(before);
        }
        query.push(")");
    }
    seen.push(query, Some("certificates.user_id"), Some("certificates.device_id"));
}

/// SQLite uses the indexes of those that are not good when it is told that these are meant.
const NOT_VALID: &str = " AND certificates.status <> 'valid'";

fn push_state(query: &mut Sql, state: CertificateState, now: Timestamp, expiry: &'static str) {
    match state {
        CertificateState::Valid => {
            query.push(" AND certificates.status = 'valid' AND ").push(expiry).push(" > ").bind(&now);
        }
        CertificateState::Expiring => {
            query.push(" AND certificates.status = 'valid' AND ").push(expiry).push(" > ").bind(&now);
            query.push(" AND ").push(expiry).push(" <= ").bind(&now.plus(SOON));
        }
        CertificateState::Held => {
            query.push(" AND certificates.status = 'held'").push(NOT_VALID);
        }
        CertificateState::Revoked => {
            query.push(" AND certificates.status = 'revoked'").push(NOT_VALID);
        }
        CertificateState::Expired => {
            query.push(" AND certificates.status <> 'revoked' AND ").push(expiry).push(" <= ").bind(&now);
        }
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

/// Sets the standing alone.
///
/// # Errors
/// As [`decide`].
pub async fn settle(tx: &mut WriteTx, id: CertificateId, standing: Standing, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE certificates SET standing = $2, updated_at = $3, version = version + 1 WHERE id = $1",
        id,
        standing,
        now
    )
    .change(tx, "certificate")
    .await
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
