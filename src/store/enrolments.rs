//! Enrolments: a device has at most one that is active.

use certporter_model::delivery::Channel;
use certporter_model::device::EnrolmentState;
use certporter_model::thumbprint::PublicKeyHash;
use certporter_model::{AccountId, DeviceId, EnrolmentId, Timestamp, UserId};

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
        /// The key with which the device enrolled; [`NO_KEY`] where it has none.
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

table_row! {
    /// Who of staff stands behind an enrolment.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Staff in "enrolments" {
        /// The account; none for a program without one.
        pub staff_account_id: Option<AccountId>,
        /// By name.
        pub staff_name: Option<String>,
    }
}

table_row! {
    /// The road by which certificates reach a device under an enrolment.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Road in "enrolments" {
        /// The enrolment.
        pub id: EnrolmentId,
        /// The road.
        pub channel: Channel,
    }
}

/// What stands for the key of a device that has none, since files are handed out for it.
pub const NO_KEY: PublicKeyHash = PublicKeyHash::from_octets([0; 32]);

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

/// Begins an enrolment of a device for which files are handed out over a channel.
///
/// # Errors
/// As [`insert`].
pub async fn insert_over(tx: &mut WriteTx, enrolment: &EnrolmentRow, channel: Channel) -> Result<()> {
    insert(tx, enrolment).await?;
    sql!("UPDATE enrolments SET channel = $2 WHERE id = $1", enrolment.id, channel)
        .change(tx, "enrolment")
        .await
}

/// The road to a device under its active enrolment.
///
/// # Errors
/// When the database refuses.
pub async fn road(conn: &mut Conn, device: DeviceId) -> Result<Option<Road>> {
    let mut sql = Sql::select::<Road>();
    sql.push(" WHERE device_id = ").bind(&device).push(" AND state = 'active'");
    sql.optional(conn).await
}

/// Notes who of staff stands behind an enrolment.
///
/// # Errors
/// When there is no such enrolment, or the database refuses.
pub async fn set_staff(tx: &mut WriteTx, id: EnrolmentId, staff: &Staff) -> Result<()> {
    sql!(
        "UPDATE enrolments SET staff_account_id = $1, staff_name = $2 WHERE id = $3",
        staff.staff_account_id,
        staff.staff_name,
        id
    )
    .change(tx, "enrolment")
    .await
}

/// Who of staff stands behind an enrolment.
///
/// # Errors
/// When there is none of that id, or the database refuses.
pub async fn staff(conn: &mut Conn, id: EnrolmentId) -> Result<Staff> {
    let mut sql = Sql::select::<Staff>();
    sql.push(" WHERE id = ").bind(&id);
    sql.one(conn, "enrolment").await
}

/// Active enrolments of a person's devices that wait for a confirmation, the first one first.
///
/// # Errors
/// When the database refuses.
pub async fn awaiting(conn: &mut Conn, owner: UserId) -> Result<Vec<EnrolmentRow>> {
    let mut sql = Sql::select::<EnrolmentRow>();
    sql.push(" WHERE state = 'active' AND staff_issued_code AND confirmed_at IS NULL AND device_id IN ");
    sql.push("(SELECT id FROM devices WHERE owner_id = ").bind(&owner).push(") ORDER BY id");
    sql.all(conn).await
}

/// Notes that a device is its person's: it may have retained keys. Answers whether it waited for that.
///
/// # Errors
/// When the database refuses.
pub async fn confirm(tx: &mut WriteTx, id: EnrolmentId, now: Timestamp) -> Result<bool> {
    let rows = sql!(
        "UPDATE enrolments SET confirmed_at = $1
         WHERE id = $2 AND state = 'active' AND staff_issued_code AND confirmed_at IS NULL",
        now,
        id
    )
    .execute(tx)
    .await?;
    Ok(rows == 1)
}

/// Has a device's active enrolment wait for a confirmation again: it became somebody else's by a change of staff.
///
/// # Errors
/// When the database refuses.
pub async fn await_confirmation(tx: &mut WriteTx, device: DeviceId, staff: &Staff) -> Result<bool> {
    let rows = sql!(
        "UPDATE enrolments SET staff_issued_code = $1, confirmed_at = NULL, staff_account_id = $2, staff_name = $3
         WHERE device_id = $4 AND state = 'active'",
        true,
        staff.staff_account_id,
        staff.staff_name,
        device
    )
    .execute(tx)
    .await?;
    Ok(rows > 0)
}

/// Changes the road to a device, and that of the copies that wait for it.
///
/// # Errors
/// When there is no such enrolment, or the database refuses.
pub async fn change_road(tx: &mut WriteTx, id: EnrolmentId, channel: Channel) -> Result<()> {
    sql!("UPDATE enrolments SET channel = $2 WHERE id = $1", id, channel).change(tx, "enrolment").await?;
    sql!(
        "UPDATE copies SET channel = $2, version = version + 1 WHERE enrolment_id = $1 AND state = 'pending'",
        id,
        channel
    )
    .execute(tx)
    .await?;
    Ok(())
}
