//! A device that connects: who it is, and what there is for it to do.

use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, EnrolmentState};
use certporter_model::feature::Feature;
use certporter_model::text::Name;
use certporter_model::thumbprint::{PublicKeyHash, Thumbprint};
use certporter_model::{
    CopyId, DeviceId, EnrolmentId, EnvelopeId, ManagementCertificateId, ProfileId, Timestamp, UserId,
};

use super::{Bookkeeping, Conn, Result, WriteTx, sql, table_row};

table_row! {
    /// Who connects: a management certificate with its enrolment and device.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ContactRow in "management_certificates" {
        /// The certificate.
        pub id: ManagementCertificateId,
        /// Its enrolment.
        pub enrolment_id: EnrolmentId,
        /// Its device.
        pub device_id: DeviceId,
        /// Its generation.
        pub generation: i64,
        /// SHA-256 of its public key.
        pub public_key_hash: PublicKeyHash,
        /// Valid from then.
        pub not_before: Timestamp,
        /// Expires then.
        pub not_after: Timestamp,
        /// The device has used a newer one since then.
        pub superseded_at: Option<Timestamp>,
        /// Whether the enrolment still counts.
        pub enrolment_state: EnrolmentState,
        /// Where the device is in its life.
        pub device_state: DeviceState,
        /// When the device was last in contact.
        pub last_contact_at: Option<Timestamp>,
        /// Whose the device is.
        pub owner_id: Option<UserId>,
    }
}

/// Whose certificate has that SHA-256.
///
/// # Errors
/// When the database refuses.
pub async fn by_thumbprint(conn: &mut Conn, thumbprint: &Thumbprint) -> Result<Option<ContactRow>> {
    sql!(
        "SELECT m.id AS id, m.enrolment_id AS enrolment_id, m.device_id AS device_id, m.generation AS generation,
                m.public_key_hash AS public_key_hash, m.not_before AS not_before, m.not_after AS not_after,
                m.superseded_at AS superseded_at, e.state AS enrolment_state, d.state AS device_state,
                d.last_contact_at AS last_contact_at, d.owner_id AS owner_id
         FROM management_certificates m
         JOIN enrolments e ON e.id = m.enrolment_id
         JOIN devices d ON d.id = m.device_id
         WHERE m.thumbprint = $1 AND m.subject_kind = 'device'",
        thumbprint
    )
    .optional(conn)
    .await
}

/// Notes that a device is in contact.
///
/// # Errors
/// When the database refuses.
pub async fn touch(tx: &mut Bookkeeping, device: DeviceId, now: Timestamp) -> Result<()> {
    sql!("UPDATE devices SET last_contact_at = $1 WHERE id = $2", now, device).execute(tx).await?;
    Ok(())
}

/// The same in a change: the device was away for long.
///
/// # Errors
/// When the database refuses.
pub async fn returned(tx: &mut WriteTx, device: DeviceId, now: Timestamp) -> Result<()> {
    sql!("UPDATE devices SET last_contact_at = $1 WHERE id = $2", now, device).execute(tx).await?;
    Ok(())
}

table_row! {
    /// A copy that a device shall install or remove.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct DueCopy in "copies" {
        /// The copy.
        pub id: CopyId,
        /// Offered, or removing.
        pub state: CopyState,
        /// What it is for.
        pub feature: Feature,
        /// Its profile.
        pub profile_id: ProfileId,
        /// The profile's name.
        pub profile_name: Name,
        /// SHA-256 of its certificate.
        pub thumbprint: Thumbprint,
        /// "use", or "decrypt": only to read what was encrypted to it.
        pub purpose: String,
        /// Under which enrolment of the device.
        pub enrolment_id: EnrolmentId,
        /// What was sealed for the device.
        pub envelope_id: Option<EnvelopeId>,
        /// The management certificate that it is sealed for.
        pub sealed_for: Option<Thumbprint>,
        /// The enrolment of that certificate.
        pub sealed_for_enrolment: Option<EnrolmentId>,
    }
}

/// What a device shall install or remove, removals first.
///
/// # Errors
/// When the database refuses.
pub async fn due_copies(conn: &mut Conn, device: DeviceId) -> Result<Vec<DueCopy>> {
    sql!(
        "SELECT c.id AS id, c.state AS state, c.feature AS feature, c.profile_id AS profile_id,
                p.name AS profile_name, t.thumbprint AS thumbprint, c.purpose AS purpose,
                c.enrolment_id AS enrolment_id,
                c.envelope_id AS envelope_id, m.thumbprint AS sealed_for, m.enrolment_id AS sealed_for_enrolment
         FROM copies c
         JOIN certificates t ON t.id = c.certificate_id
         JOIN profiles p ON p.id = c.profile_id
         LEFT JOIN envelopes e ON e.id = c.envelope_id
         LEFT JOIN management_certificates m ON m.id = e.management_certificate_id
         WHERE c.device_id = $1 AND c.state IN ('offered', 'removing')
         ORDER BY c.state DESC, c.id",
        device
    )
    .all(conn)
    .await
}

/// The envelope's octets.
///
/// # Errors
/// When it is gone, or the database refuses.
pub async fn envelope(conn: &mut Conn, id: EnvelopeId) -> Result<Vec<u8>> {
    let found: Option<Vec<u8>> =
        sql!("SELECT cms FROM envelopes WHERE id = $1", id).optional_scalar(conn).await?;
    found.ok_or(super::StoreError::NotFound { what: "envelope" })
}

/// Whether something is being made for the device or for its owner that can be expected soon.
///
/// # Errors
/// When the database refuses.
pub async fn in_preparation(conn: &mut Conn, device: DeviceId, owner: Option<UserId>) -> Result<bool> {
    let found: Option<i64> = sql!(
        "SELECT CAST(1 AS BIGINT) FROM copies WHERE device_id = $1 AND state = 'pending'
         UNION ALL
         SELECT CAST(1 AS BIGINT) FROM requests
         WHERE state IN ('requested', 'claimed', 'key_generated', 'submitted', 'issued', 'escrowed')
           AND ((holder_kind = 'device' AND holder_id = $1) OR (holder_kind = 'user' AND holder_id = $2))
         UNION ALL
         SELECT 1 FROM jobs WHERE kind = 'replan' AND state IN ('ready', 'leased') AND dedup_key IN ($3, $4, $5, $6)
         LIMIT 1",
        device,
        owner,
        format!("device:{device}"),
        format!("in turn:device:{device}"),
        owner.map(|user| format!("user:{user}")),
        owner.map(|user| format!("in turn:user:{user}"))
    )
    .optional_scalar(conn)
    .await?;
    Ok(found.is_some())
}

table_row! {
    /// A copy as a report finds it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ReportedCopy in "copies" {
        /// The copy.
        pub id: CopyId,
        /// Its device.
        pub device_id: DeviceId,
        /// Under which enrolment of it.
        pub enrolment_id: EnrolmentId,
        /// Where it is.
        pub state: CopyState,
        /// SHA-256 of its certificate.
        pub thumbprint: Thumbprint,
    }
}

const REPORTED: &str =
    "SELECT c.id AS id, c.device_id AS device_id, c.enrolment_id AS enrolment_id, c.state AS state,
            t.thumbprint AS thumbprint
     FROM copies c JOIN certificates t ON t.id = c.certificate_id WHERE ";

/// A copy, of whichever device.
///
/// # Errors
/// When the database refuses.
pub async fn reported_copy(conn: &mut Conn, id: CopyId) -> Result<Option<ReportedCopy>> {
    let mut sql = super::Sql::new(REPORTED);
    sql.push("c.id = ").bind(&id);
    sql.optional(conn).await
}

/// The copies that a device has confirmed under an enrolment.
///
/// # Errors
/// When the database refuses.
pub async fn installed_copies(
    conn: &mut Conn,
    device: DeviceId,
    enrolment: EnrolmentId,
) -> Result<Vec<ReportedCopy>> {
    let mut sql = super::Sql::new(REPORTED);
    sql.push("c.device_id = ").bind(&device).push(" AND c.enrolment_id = ").bind(&enrolment);
    sql.push(" AND c.state = 'installed'");
    sql.all(conn).await
}

/// Registered devices without any enrolment, those with an owner first.
///
/// # Errors
/// When the database refuses.
pub async fn never_enrolled(conn: &mut Conn, most: u32) -> Result<Vec<DeviceId>> {
    sql!(
        "SELECT id FROM devices
         WHERE state = 'registered' AND NOT EXISTS (SELECT 1 FROM enrolments WHERE device_id = devices.id)
         ORDER BY CASE WHEN owner_id IS NULL THEN 1 ELSE 0 END, id LIMIT $1",
        most
    )
    .scalars(conn)
    .await
}
