//! Certificates by which devices authenticate, by generation.

use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::{PublicKeyHash, Thumbprint};
use certporter_model::{DeviceId, EnrolmentId, ManagementCertificateId, Timestamp};

use super::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// A management certificate of a device.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ManagementCertificateRow in "management_certificates" {
        /// Its id.
        pub id: ManagementCertificateId,
        /// The enrolment that it belongs to.
        pub enrolment_id: EnrolmentId,
        /// The device.
        pub device_id: DeviceId,
        /// Counts up over all enrolments of the device.
        pub generation: i64,
        /// SHA-256 of it.
        pub thumbprint: Thumbprint,
        /// Its serial number.
        pub serial: SerialNumber,
        /// The certificate.
        pub der: Vec<u8>,
        /// SHA-256 of its public key.
        pub public_key_hash: PublicKeyHash,
        /// Valid from then.
        pub not_before: Timestamp,
        /// Expires then.
        pub not_after: Timestamp,
        /// Issued then.
        pub created_at: Timestamp,
        /// The device has used a newer one since then.
        pub superseded_at: Option<Timestamp>,
    }
    derived {
        subject_kind: |_| "device",
    }
}

/// Records a certificate.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, certificate: &ManagementCertificateRow) -> Result<()> {
    sql!(
        "INSERT INTO management_certificates
             (id, subject_kind, enrolment_id, device_id, generation, thumbprint, serial, der, public_key_hash,
              not_before, not_after, created_at)
         VALUES ($1, 'device', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        certificate.id,
        certificate.enrolment_id,
        certificate.device_id,
        certificate.generation,
        certificate.thumbprint,
        certificate.serial,
        certificate.der,
        certificate.public_key_hash,
        certificate.not_before,
        certificate.not_after,
        certificate.created_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The device's certificate with that SHA-256.
///
/// # Errors
/// When the database refuses.
pub async fn by_thumbprint(
    conn: &mut Conn,
    thumbprint: &Thumbprint,
) -> Result<Option<ManagementCertificateRow>> {
    let mut sql = Sql::select::<ManagementCertificateRow>();
    sql.push(" WHERE thumbprint = ").bind(thumbprint).push(" AND subject_kind = 'device'");
    sql.optional(conn).await
}

/// The newest certificate of an enrolment.
///
/// # Errors
/// When there is none, or the database refuses.
pub async fn newest(conn: &mut Conn, enrolment: EnrolmentId) -> Result<ManagementCertificateRow> {
    let mut sql = Sql::select::<ManagementCertificateRow>();
    sql.push(" WHERE enrolment_id = ").bind(&enrolment).push(" ORDER BY generation DESC LIMIT 1");
    sql.one(conn, "management certificate").await
}

/// The generation that the device's next certificate gets.
///
/// # Errors
/// When the database refuses.
pub async fn next_generation(conn: &mut Conn, device: DeviceId) -> Result<i64> {
    sql!("SELECT COALESCE(MAX(generation), 0) + 1 FROM management_certificates WHERE device_id = $1", device)
        .scalar(conn)
        .await
}

/// Whether an enrolment has certificates older than a generation that are not superseded yet.
///
/// # Errors
/// When the database refuses.
pub async fn has_older(conn: &mut Conn, enrolment: EnrolmentId, generation: i64) -> Result<bool> {
    let found: Option<i64> = sql!(
        "SELECT CAST(1 AS BIGINT) FROM management_certificates
         WHERE enrolment_id = $1 AND generation < $2 AND superseded_at IS NULL LIMIT 1",
        enrolment,
        generation
    )
    .optional_scalar(conn)
    .await?;
    Ok(found.is_some())
}

/// Notes that the device uses this generation: those before it count no more.
///
/// # Errors
/// When the database refuses.
pub async fn supersede_older(
    tx: &mut WriteTx,
    enrolment: EnrolmentId,
    generation: i64,
    now: Timestamp,
) -> Result<u64> {
    sql!(
        "UPDATE management_certificates SET superseded_at = $1
         WHERE enrolment_id = $2 AND generation < $3 AND superseded_at IS NULL",
        now,
        enrolment,
        generation
    )
    .execute(tx)
    .await
}
