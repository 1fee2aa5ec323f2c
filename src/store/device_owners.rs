//! Whose a device is and was.

use certporter_model::Timestamp;
use certporter_model::ids::{DeviceId, UserId};

use super::enrolment_codes;
use super::enrolments::{self, Staff};
use super::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// An ownership and when it held.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Ownership in "device_owners" {
        /// The device.
        pub device_id: DeviceId,
        /// Whose it was.
        pub user_id: UserId,
        /// Since then.
        pub valid_from: Timestamp,
        /// Until then; open while none.
        pub valid_until: Option<Timestamp>,
    }
}

/// Gives the device to somebody, or to nobody. Nothing happens when it is theirs already.
///
/// # Errors
/// When there is no such device.
pub async fn hand_over(
    tx: &mut WriteTx,
    device: DeviceId,
    to: Option<UserId>,
    now: Timestamp,
) -> Result<bool> {
    let current = super::devices::get(tx, device).await?.owner_id;
    let open: Option<UserId> =
        sql!("SELECT user_id FROM device_owners WHERE device_id = $1 AND valid_until IS NULL", device)
            .optional_scalar(tx)
            .await?;
    if current == to && open == to {
        return Ok(false);
    }
    sql!(
        "UPDATE device_owners SET valid_until = $1 WHERE device_id = $2 AND valid_until IS NULL",
        now,
        device
    )
    .execute(tx)
    .await?;
    if let Some(user_id) = to {
        super::insert(tx, &Ownership { device_id: device, user_id, valid_from: now, valid_until: None })
            .await?;
    }
    sql!(
        "UPDATE devices SET owner_id = $1, updated_at = $2, version = version + 1 WHERE id = $3",
        to,
        now,
        device
    )
    .change(tx, "device")
    .await?;
    // Whoever changes the owner vouches for the device's being the new one's, who has not said so: as with a code
    // that staff issued.
    let actor = tx.permit().actor();
    let staff = Staff { staff_account_id: actor.account(), staff_name: Some(actor.to_string()) };
    enrolments::await_confirmation(tx, device, &staff).await?;
    enrolment_codes::become_staff_s(tx, device, staff.staff_account_id).await?;
    Ok(true)
}

/// The first ownerships of new devices, which are written with their owners.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(tx: &mut WriteTx, ownerships: &[Ownership]) -> Result<()> {
    super::insert_all(tx, ownerships).await
}

/// Every ownership of a device, the first one first.
///
/// # Errors
/// When the database refuses.
pub async fn of_device(conn: &mut Conn, device: DeviceId) -> Result<Vec<Ownership>> {
    let mut query = Sql::select::<Ownership>();
    query.push(" WHERE device_id = ").bind(&device).push(" ORDER BY valid_from");
    query.all(conn).await
}

/// Who had the device at that time.
///
/// # Errors
/// When the database refuses.
pub async fn at(conn: &mut Conn, device: DeviceId, at: Timestamp) -> Result<Option<UserId>> {
    sql!(
        "SELECT user_id FROM device_owners
         WHERE device_id = $1 AND valid_from <= $2 AND (valid_until IS NULL OR valid_until > $2)",
        device,
        at
    )
    .optional_scalar(conn)
    .await
}
