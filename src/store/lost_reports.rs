//! Which block of a device its own person asked for: that one they may lift themselves.

use certporter_model::Timestamp;
use certporter_model::ids::{DeviceId, UserId};

use super::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// A person's report that their device is lost.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct LostReport in "lost_reports" {
        /// The device.
        pub device_id: DeviceId,
        /// Whose it was.
        pub user_id: UserId,
        /// When: the moment at which the device was blocked by it. A later block is another one.
        pub reported_at: Timestamp,
    }
}

/// Keeps a report, in place of an earlier one.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &mut WriteTx, report: &LostReport) -> Result<()> {
    sql!(
        "INSERT INTO lost_reports (device_id, user_id, reported_at) VALUES ($1, $2, $3)
         ON CONFLICT (device_id) DO UPDATE SET user_id = excluded.user_id, reported_at = excluded.reported_at",
        report.device_id,
        report.user_id,
        report.reported_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The last report of a device.
///
/// # Errors
/// When the database refuses.
pub async fn of_device(conn: &mut Conn, device: DeviceId) -> Result<Option<LostReport>> {
    let mut query = Sql::select::<LostReport>();
    query.push(" WHERE device_id = ").bind(&device);
    query.optional(conn).await
}

/// Forgets the report of a device: its block is not the person's alone any more. Answers whether there was one.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut WriteTx, device: DeviceId) -> Result<bool> {
    Ok(sql!("DELETE FROM lost_reports WHERE device_id = $1", device).execute(tx).await? > 0)
}
