//! Whom a change may concern.

use certporter_model::assignment::HolderKind;
use certporter_model::{DeviceId, GroupId, ProfileId, UserId};
use uuid::Uuid;

use crate::store::device_owners::Ownership;
use crate::store::{Conn, Result, Sql, sql, table_row};

/// Users whose certificates have copies on these devices, gone or not.
///
/// # Errors
/// When the database refuses.
pub async fn users_with_copies(conn: &mut Conn, devices: &[DeviceId]) -> Result<Vec<UserId>> {
    // The kind is no way to find them: SQLite would begin with everything that any user holds.
    let mut query = Sql::new(
        "SELECT DISTINCT certificates.holder_id FROM copies
         JOIN certificates ON certificates.id = copies.certificate_id
         WHERE certificates.holder_kind || '' = 'user' AND copies.device_id IN (",
    )
    .in_order(conn.engine());
    query.bind_list(devices).push(")");
    query.scalars(conn).await
}

/// Devices that these users own, in whatever state.
///
/// # Errors
/// When the database refuses.
pub async fn devices_of(conn: &mut Conn, users: &[UserId]) -> Result<Vec<DeviceId>> {
    let mut query = Sql::new("SELECT id FROM devices WHERE owner_id IN (").in_order(conn.engine());
    query.bind_list(users).push(") ORDER BY id");
    query.scalars(conn).await
}

/// Who owns these devices.
///
/// # Errors
/// When the database refuses.
pub async fn owners_of(conn: &mut Conn, devices: &[DeviceId]) -> Result<Vec<UserId>> {
    let start = "SELECT owner_id FROM devices WHERE owner_id IS NOT NULL AND id IN (";
    let mut query = Sql::new(start).in_order(conn.engine());
    query.bind_list(devices).push(")");
    query.scalars(conn).await
}

/// Groups to which a profile is or was assigned.
///
/// # Errors
/// When the database refuses.
pub async fn groups_of_profile(conn: &mut Conn, profile: ProfileId) -> Result<Vec<GroupId>> {
    sql!("SELECT DISTINCT group_id FROM assignments WHERE profile_id = $1", profile).scalars(conn).await
}

table_row! {
    /// Whoever has something of a profile.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Having in "having_it" {
        /// A user or a device.
        pub holder_kind: HolderKind,
        /// Which.
        pub holder_id: Uuid,
    }
}

/// Holders with certificates or requests of a profile that are not over.
///
/// # Errors
/// When the database refuses.
pub async fn holders_of_profile(conn: &mut Conn, profile: ProfileId) -> Result<Vec<Having>> {
    sql!(
        "SELECT holder_kind, holder_id FROM certificates
         WHERE profile_id = $1 AND (status <> 'revoked' OR standing IN ('current', 'predecessor'))
         UNION SELECT holder_kind, holder_id FROM requests
         WHERE profile_id = $1 AND state NOT IN ('completed', 'cancelled')",
        profile
    )
    .all(conn)
    .await
}

/// Ownerships of these users that ended.
///
/// # Errors
/// When the database refuses.
pub async fn former_devices(conn: &mut Conn, users: &[UserId]) -> Result<Vec<Ownership>> {
    let mut query = Sql::select::<Ownership>().in_order(conn.engine());
    query.push(" WHERE valid_until IS NOT NULL AND user_id IN (").bind_list(users);
    query.push(") ORDER BY valid_from");
    query.all(conn).await
}
