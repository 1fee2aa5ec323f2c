//! What notices are about, before anybody was told: bounded looks, each by an index or by ids, which go by time.

use certporter_model::Timestamp;
use certporter_model::ids::{
    CertificateId, DeviceId, HandOutId, ProfileId, RequestId, RevocationId, SecurityEventId, UserId,
};
use certporter_model::revocation::Reason;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::serial::SerialNumber;

use super::security_events::SecurityEvent;
use super::{Conn, Result, Sql, table_row};

table_row! {
    /// What of a certificate a notice tells.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ToldCertificate in "certificates" {
        /// Its id.
        pub id: CertificateId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// Whose it is.
        pub user_id: Option<UserId>,
        /// For which device.
        pub device_id: Option<DeviceId>,
        /// Its serial number.
        pub serial: SerialNumber,
        /// Its subject.
        pub subject: String,
        /// Until when it is valid.
        pub not_after: Timestamp,
    }
}

table_row! {
    /// What of a request a notice tells.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ToldRequest in "requests" {
        /// Its id.
        pub id: RequestId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// For whom.
        pub user_id: Option<UserId>,
        /// For which device.
        pub device_id: Option<DeviceId>,
        /// Why it failed.
        pub cause: Option<String>,
        /// What to do about it.
        pub remedy: Option<String>,
    }
}

table_row! {
    /// What of a revocation a notice tells.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ToldRevocation in "revocations" {
        /// Its id.
        pub id: RevocationId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
        /// Why.
        pub reason: Reason,
        /// When it was asked for.
        pub requested_at: Timestamp,
    }
}

table_row! {
    /// What of a file with a key a notice tells.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ToldHandOut in "hand_outs" {
        /// Its id.
        pub id: HandOutId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
        /// Who prepared it, by name.
        pub created_by: String,
        /// When.
        pub created_at: Timestamp,
    }
}

/// Current certificates that were to be renewed before `due`, are good still, and end before `ends`: those that were
/// due first.
///
/// # Errors
/// When the database refuses.
pub async fn unrenewed(
    conn: &mut Conn,
    (due, ends): (Timestamp, Timestamp),
    now: Timestamp,
    most: u32,
) -> Result<Vec<ToldCertificate>> {
    let mut query = Sql::select::<ToldCertificate>();
    query.push(" WHERE standing = 'current' AND status = 'valid' AND renew_at < ").bind(&due);
    query.push(" AND not_after > ").bind(&now).push(" AND not_after < ").bind(&ends);
    query.push(" ORDER BY renew_at DESC LIMIT ").bind(&most);
    query.all(conn).await
}

/// Certificates of persons, the newest first: for an example.
///
/// # Errors
/// When the database refuses.
pub async fn newest(conn: &mut Conn, most: u32) -> Result<Vec<ToldCertificate>> {
    let mut query = Sql::select::<ToldCertificate>();
    query.push(" WHERE user_id IS NOT NULL ORDER BY id DESC LIMIT ").bind(&most);
    query.all(conn).await
}

/// The certificates of those ids.
///
/// # Errors
/// When the database refuses.
pub async fn certificates(conn: &mut Conn, ids: &[CertificateId]) -> Result<Vec<ToldCertificate>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(super::IN_A_LIST) {
        let mut query = Sql::select::<ToldCertificate>();
        query.push(" WHERE id IN (").bind_list(chunk).push(")");
        found.extend(query.all::<ToldCertificate>(conn).await?);
    }
    Ok(found)
}

/// Requests that failed, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn failed(conn: &mut Conn, most: u32) -> Result<Vec<ToldRequest>> {
    let mut query = Sql::select::<ToldRequest>();
    query.push(" WHERE state = 'failed' ORDER BY id DESC LIMIT ").bind(&most);
    query.all(conn).await
}

/// Requests, the newest first: for an example.
///
/// # Errors
/// When the database refuses.
pub async fn newest_requests(conn: &mut Conn, most: u32) -> Result<Vec<ToldRequest>> {
    let mut query = Sql::select::<ToldRequest>();
    query.push(" ORDER BY id DESC LIMIT ").bind(&most);
    query.all(conn).await
}

/// Certificates of persons that requests made since then take the place of: what is renewed names it; what is asked for
/// again follows the last one of its holder and profile. One that was revoked is not replaced: see [`revoked`].
///
/// # Errors
/// When the database refuses.
pub async fn replaced(conn: &mut Conn, since: Timestamp, most: u32) -> Result<Vec<ToldCertificate>> {
    let mut query = Sql::select::<ToldCertificate>();
    query.push(
        " WHERE user_id IS NOT NULL AND id IN (SELECT COALESCE(requests.supersedes_id,
            (SELECT earlier.id FROM certificates earlier WHERE earlier.profile_id = requests.profile_id
             AND earlier.holder_kind = requests.holder_kind AND earlier.holder_id = requests.holder_id
             AND earlier.standing <> 'surplus' AND earlier.created_at <= requests.created_at
             AND (earlier.status <> 'revoked' OR earlier.reason = 'superseded')
             AND (earlier.request_id IS NULL OR earlier.request_id <> requests.id)
             ORDER BY earlier.created_at DESC, earlier.id DESC LIMIT 1))
          FROM requests WHERE requests.user_id IS NOT NULL AND requests.state <> 'cancelled'
          AND requests.trigger_kind IN ('renewal', 'asked', 'profile_edited', 'attribute_changed', 'copy_lost',
                                        'feature_added', 'unblocked') AND requests.id >= ",
    );
    query.bind(&RequestId::new(since, [0; 10])).push(" ORDER BY requests.id LIMIT ").bind(&most);
    query.push(") ORDER BY id");
    query.all(conn).await
}

/// Revocations for good asked for since then that take something away, the first one first: not those of certificates
/// that another took the place of.
///
/// # Errors
/// When the database refuses.
pub async fn revoked(conn: &mut Conn, since: Timestamp, most: u32) -> Result<Vec<ToldRevocation>> {
    let mut query = Sql::select::<ToldRevocation>();
    query.push(" WHERE requested_at >= ").bind(&since);
    query.push(" AND kind = 'revoke' AND reason <> 'superseded' ORDER BY requested_at, id LIMIT ");
    query.bind(&most);
    query.all(conn).await
}

/// What happened in people's names since then, of these kinds, the first one first.
///
/// # Errors
/// When the database refuses.
pub async fn security(
    conn: &mut Conn,
    kinds: &[SecurityEventKind],
    since: Timestamp,
    most: u32,
) -> Result<Vec<SecurityEvent>> {
    let mut query = Sql::select::<SecurityEvent>();
    query.push(" WHERE id >= ").bind(&SecurityEventId::new(since, [0; 10]));
    query.push(" AND kind IN (").bind_list(kinds).push(") ORDER BY id LIMIT ").bind(&most);
    query.all(conn).await
}

/// Files with a key that were prepared since then, the first one first.
///
/// # Errors
/// When the database refuses.
pub async fn handed_out(conn: &mut Conn, since: Timestamp, most: u32) -> Result<Vec<ToldHandOut>> {
    let mut query = Sql::select::<ToldHandOut>();
    query.push(" WHERE id >= ").bind(&HandOutId::new(since, [0; 10])).push(" ORDER BY id LIMIT ").bind(&most);
    query.all(conn).await
}
