//! The directory as the planner reads it: with its history, chunk by chunk.

use certporter_model::assignment::MemberKind;
use certporter_model::{DeviceId, EnrolmentId, UserId};
use uuid::Uuid;

use crate::store::device_owners::Ownership;
use crate::store::memberships::Membership;
use crate::store::{Conn, FromRow as _, Result, Sql, sql, table_row};

/// Memberships of groups in groups, those that ended too.
///
/// # Errors
/// When the database refuses.
pub async fn nesting(conn: &mut Conn) -> Result<Vec<Membership>> {
    let mut query = Sql::select::<Membership>();
    query.push(" WHERE member_kind = 'group' ORDER BY id");
    query.all(conn).await
}

/// Memberships of these users or devices, those that ended too.
///
/// # Errors
/// When the database refuses.
pub async fn memberships(conn: &mut Conn, kind: MemberKind, members: &[Uuid]) -> Result<Vec<Membership>> {
    let mut query = Sql::select::<Membership>();
    query.push(" WHERE member_kind = ").bind(&kind);
    query.push(" AND member_id IN (").bind_list(members).push(") ORDER BY id");
    query.all(conn).await
}

/// Ownerships of these users that ended.
///
/// # Errors
/// When the database refuses.
pub async fn former_devices(conn: &mut Conn, users: &[UserId]) -> Result<Vec<Ownership>> {
    let mut query = Sql::select::<Ownership>();
    query.push(" WHERE valid_until IS NOT NULL AND user_id IN (").bind_list(users);
    query.push(") ORDER BY valid_from");
    query.all(conn).await
}

table_row! {
    /// The latest enrolment of a device.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct LatestEnrolment in "latest_enrolments" {
        /// Which.
        pub id: EnrolmentId,
        /// Of which device.
        pub device_id: DeviceId,
        /// Whether its code came from staff and its person has not confirmed since: such a device gets no retained
        /// key.
        pub unconfirmed: bool,
        /// The generation of its newest management certificate.
        pub generation: i64,
    }
}

/// The present enrolment of each of these devices, or else the last.
///
/// # Errors
/// When the database refuses.
pub async fn enrolments(conn: &mut Conn, devices: &[DeviceId]) -> Result<Vec<LatestEnrolment>> {
    let mut query = Sql::new(
        "WITH latest_enrolments AS (
            SELECT e.id, e.device_id, (e.staff_issued_code AND e.confirmed_at IS NULL) AS unconfirmed,
                   COALESCE((SELECT MAX(m.generation) FROM management_certificates m
                             WHERE m.enrolment_id = e.id), 0) AS generation
            FROM enrolments e
            WHERE e.id = (SELECT l.id FROM enrolments l WHERE l.device_id = e.device_id
                          ORDER BY CASE WHEN l.state = 'active' THEN 0 ELSE 1 END, l.started_at DESC, l.id DESC
                          LIMIT 1)
              AND e.device_id IN (",
    );
    query.bind_list(devices).push(")) SELECT ").push(LatestEnrolment::columns());
    query.push(" FROM latest_enrolments");
    query.all(conn).await
}

/// Users and devices in the order of their ids, from `after` on: for going through all of them.
///
/// # Errors
/// When the database refuses.
pub async fn next_users(conn: &mut Conn, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>> {
    match after {
        Some(after) => sql!("SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2", after, limit),
        None => sql!("SELECT id FROM users ORDER BY id LIMIT $1", limit),
    }
    .scalars(conn)
    .await
}

/// The same for devices.
///
/// # Errors
/// When the database refuses.
pub async fn next_devices(conn: &mut Conn, after: Option<DeviceId>, limit: u32) -> Result<Vec<DeviceId>> {
    match after {
        Some(after) => sql!("SELECT id FROM devices WHERE id > $1 ORDER BY id LIMIT $2", after, limit),
        None => sql!("SELECT id FROM devices ORDER BY id LIMIT $1", limit),
    }
    .scalars(conn)
    .await
}
