//! Enrolments: a device has at most one that is active.

use certporter_model::device::EnrolmentState;
use certporter_model::thumbprint::PublicKeyHash;
use certporter_model::{DeviceId, EnrolmentId, Timestamp};

use super::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// One enrolment of a device.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct EnrolmentRow in "enrolments" {
        /// Its id.
        pub id: EnrolmentId,
        /// The device.
        pub device_id: DeviceId,
        /// Whether it still counts.
        pub state: EnrolmentState,
        /// The key with which the device enrolled.
        pub public_key_hash: PublicKeyHash,
        /// Whether staff issued the code: such a device gets no retained key until its person confirms.
        pub staff_issued_code: bool,
        /// When the person confirmed.
        pub confirmed_at: Option<Timestamp>,
        /// When it began.
        pub started_at: Timestamp,
        /// When it ended.
        pub ended_at: Option<Timestamp>,
    }
}

/// Begins an enrolment.
///
/// # Errors
/// When the device has an active one already, or the database refuses.
pub async fn insert(tx: &mut WriteTx, enrolment: &EnrolmentRow) -> Result<()> {
    sql!(
        "INSERT INTO enrolments
             (id, device_id, state, public_key_hash, staff_issued_code, confirmed_at, started_at, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        enrolment.id,
        enrolment.device_id,
        enrolment.state,
        enrolment.public_key_hash,
        enrolment.staff_issued_code,
        enrolment.confirmed_at,
        enrolment.started_at,
        enrolment.ended_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An enrolment.
///
/// # Errors
/// When there is none of that id, or the database refuses.
pub async fn get(conn: &mut Conn, id: EnrolmentId) -> Result<EnrolmentRow> {
    let mut sql = Sql::select::<EnrolmentRow>();
    sql.push(" WHERE id = ").bind(&id);
    sql.one(conn, "enrolment").await
}

/// The device's active enrolment.
///
/// # Errors
/// When the database refuses.
pub async fn active(conn: &mut Conn, device: DeviceId) -> Result<Option<EnrolmentRow>> {
    let mut sql = Sql::select::<EnrolmentRow>();
    sql.push(" WHERE device_id = ").bind(&device).push(" AND state = 'active'");
    sql.optional(conn).await
}

/// Every enrolment of a device, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn of_device(conn: &mut Conn, device: DeviceId) -> Result<Vec<EnrolmentRow>> {
    let mut sql = Sql::select::<EnrolmentRow>();
    sql.push(" WHERE device_id = ").bind(&device).push(" ORDER BY id DESC");
    sql.all(conn).await
}

/// Ends the device's active enrolment, if there is one. From then on it gets removals and nothing else.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut WriteTx, device: DeviceId, now: Timestamp) -> Result<bool> {
    let ended = sql!(
        "UPDATE enrolments SET state = 'ended', ended_at = $1 WHERE device_id = $2 AND state = 'active'",
        now,
        device
    )
    .execute(tx)
    .await?;
    Ok(ended > 0)
}
