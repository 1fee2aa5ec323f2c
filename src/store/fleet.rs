//! How the certificates of the fleet are: those that are current and good, counted by profile and platform.

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::ids::{GroupId, ProfileId};
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;

use super::visibility::Seen;
use super::{Conn, Result, Sql, WriteConn, sql, table_row};

table_row! {
    /// Certificates of a profile for devices of a platform; without one, those that are a user's on all devices.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct FleetCount in "certificates" {
        /// The profile.
        pub profile_id: ProfileId,
        /// The platform of the device that they are for.
        pub platform: Option<Platform>,
        /// How many there are.
        pub total: u64,
        /// On their devices, as far as these can tell.
        pub installed: u64,
        /// With a copy on its way.
        pub pending: u64,
        /// With a copy that a device could not install.
        pub failing: u64,
        /// On no device.
        pub nowhere: u64,
        /// That end within 30 days.
        pub expiring: u64,
    }
}

table_row! {
    /// Certificates of users that are on devices of a platform.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct PlatformCount in "copies" {
        /// The platform.
        pub platform: Platform,
        /// How many there are.
        pub total: u64,
        /// On their devices, as far as these can tell.
        pub installed: u64,
        /// With a copy on its way.
        pub pending: u64,
        /// With a copy that a device could not install.
        pub failing: u64,
        /// On no device.
        pub nowhere: u64,
        /// That end within 30 days.
        pub expiring: u64,
    }
}

table_row! {
    /// Requests of a profile for devices of a platform that are at a step.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct RequestCount in "requests" {
        /// The profile.
        pub profile_id: ProfileId,
        /// The platform of the device that they are for.
        pub platform: Option<Platform>,
        /// Where they are.
        pub state: RequestState,
        /// How many there are.
        pub total: u64,
    }
}

table_row! {
    /// A report as it was counted last.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Snapshot in "report_snapshots" {
        /// Which report.
        pub name: String,
        /// What was counted.
        pub body: serde_json::Value,
        /// When.
        pub counted_at: Timestamp,
        /// For how many milliseconds.
        pub took_ms: u64,
    }
}

/// What counts as soon.
const SOON: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// The worst of a certificate's copies: 3 could not be installed, 2 is on its way, 1 is there.
const WORST: &str =
    "(SELECT max(CASE WHEN k.state = 'failed' THEN 3 WHEN k.state IN ('pending', 'offered', 'missing') THEN 2
      WHEN k.state IN ('installed', 'handed_out') THEN 1 ELSE 0 END)
      FROM copies k WHERE k.certificate_id = c.id) AS worst";

/// What is counted of certificates with their worst copy.
const COUNTS: &str = "count(*) AS total, count(CASE WHEN worst = 1 THEN 1 END) AS installed,
     count(CASE WHEN worst = 2 THEN 1 END) AS pending, count(CASE WHEN worst = 3 THEN 1 END) AS failing,
     count(CASE WHEN coalesce(worst, 0) = 0 THEN 1 END) AS nowhere, count(CASE WHEN not_after <= ";

/// The certificates that are counted, as `c`.
fn push_alive(query: &mut Sql, seen: &Seen, group: Option<Within>, now: Timestamp) {
    query.push(" FROM certificates c WHERE c.standing = 'current' AND c.status = 'valid' AND c.not_after > ");
    query.bind(&now);
    seen.push(query, Some("c.user_id"), Some("c.device_id"));
    match group {
        Some(Within { group, small: true }) => push_in_group(query, "c.id", "certificates", group),
        Some(Within { group, small: false }) => push_of_members(query, "c.user_id", "c.device_id", group),
        None => {}
    }
}

/// A group, and whether it has so few members that what they hold is listed rather than everything asked.
#[derive(Debug, Clone, Copy)]
struct Within {
    group: GroupId,
    small: bool,
}

/// A group of fewer members is gone through by itself.
const SMALL: u32 = 2_000;

impl Within {
    async fn of(conn: &mut Conn, group: Option<GroupId>) -> Result<Option<Self>> {
        let Some(group) = group else { return Ok(None) };
        Ok(Some(Self { group, small: is_small_group(conn, group, SMALL).await? }))
    }
}

/// ` AND id IN (..)`: of those whose user or device is in the group, or in one within it.
pub(super) fn push_in_group(query: &mut Sql, id: &'static str, table: &'static str, group: GroupId) {
    query.push(" AND ").push(id).push(" IN (");
    push_nested(query, group);
    for (place, (kind, column)) in [("user", "user_id"), ("device", "device_id")].into_iter().enumerate() {
        query.push(if place == 0 { " SELECT it.id FROM " } else { " UNION SELECT it.id FROM " });
        query.push("memberships m JOIN ").push(table).push(" it ON it.").push(column);
        query.push(" = m.member_id WHERE m.valid_until IS NULL AND m.member_kind = ").bind(kind);
        query.push(" AND m.group_id IN (SELECT id FROM nested)");
    }
    query.push(")");
}

/// The same, with everybody in the group found once: for all rows, of a large group.
pub(super) fn push_of_members(query: &mut Sql, user: &'static str, device: &'static str, group: GroupId) {
    query.push(" AND (1 = 0");
    for (kind, column) in [("user", user), ("device", device)] {
        query.push(" OR ").push(column).push(" IN (");
        push_nested(query, group);
        query.push(" SELECT m.member_id FROM memberships m WHERE m.valid_until IS NULL AND m.member_kind = ");
        query.bind(kind).push(" AND m.group_id IN (SELECT id FROM nested))");
    }
    query.push(")");
}

/// `WITH nested (id)`: a group and every group within it.
pub(super) fn push_nested(query: &mut Sql, group: GroupId) {
    query.push("WITH RECURSIVE nested (id) AS (SELECT id FROM groups WHERE id = ").bind(&group);
    query.push(
        " UNION SELECT inner_m.member_id FROM memberships inner_m JOIN nested n ON inner_m.group_id = n.id
          WHERE inner_m.member_kind = 'group' AND inner_m.valid_until IS NULL)",
    );
}

/// Whether fewer than `most` users and devices are in the group, or in one within it.
///
/// # Errors
/// When the database refuses.
pub(super) async fn is_small_group(conn: &mut Conn, group: GroupId, most: u32) -> Result<bool> {
    let mut query = Sql::new("SELECT count(*) FROM (");
    push_nested(&mut query, group);
    query.push(
        " SELECT 1 FROM memberships m WHERE m.valid_until IS NULL AND m.group_id IN (SELECT id FROM nested)",
    );
    query.push(" LIMIT ").bind(&most).push(") AS bounded");
    Ok(query.scalar::<i64>(conn).await? < i64::from(most))
}

/// Whether there are fewer than `most` devices of the platform.
///
/// # Errors
/// When the database refuses.
pub(super) async fn is_small_platform(conn: &mut Conn, platform: Platform, most: u32) -> Result<bool> {
    let some = sql!(
        "SELECT count(*) FROM (SELECT 1 FROM devices WHERE platform = $1 LIMIT $2) AS bounded",
        platform,
        most
    );
    Ok(some.scalar::<i64>(conn).await? < i64::from(most))
}

/// Current, good certificates that the caller may see, counted by profile and platform; of a group if one is named.
///
/// # Errors
/// When the database refuses.
pub async fn certificates(
    conn: &mut Conn,
    visibility: &Visibility,
    group: Option<GroupId>,
    now: Timestamp,
) -> Result<Vec<FleetCount>> {
    let seen = Seen::by(conn, visibility).await?;
    let group = Within::of(conn, group).await?;
    let mut query = Sql::new("SELECT profile_id AS profile_id, platform AS platform, ");
    query.push(COUNTS).bind(&now.plus(SOON));
    query.push(
        " THEN 1 END) AS expiring FROM (SELECT c.profile_id, c.not_after, (SELECT d.platform FROM devices d
                WHERE d.id = c.device_id) AS platform, ",
    );
    query.push(WORST);
    push_alive(&mut query, &seen, group, now);
    query.push(") AS alive GROUP BY profile_id, platform");
    query.all(conn).await
}

/// Those of them that are a user's on all devices, by the platforms on which they are: one on two platforms counts for
/// both.
///
/// # Errors
/// When the database refuses.
pub async fn of_users_by_platform(
    conn: &mut Conn,
    visibility: &Visibility,
    now: Timestamp,
) -> Result<Vec<PlatformCount>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new("SELECT platform AS platform, ");
    query.push(COUNTS).bind(&now.plus(SOON));
    query.push(
        " THEN 1 END) AS expiring FROM (SELECT DISTINCT alive.id, alive.not_after, alive.worst, d.platform FROM
          (SELECT c.id, c.not_after, ",
    );
    query.push(WORST);
    push_alive(&mut query, &seen, None, now);
    query.push(
        " AND c.device_id IS NULL) AS alive JOIN copies k2 ON k2.certificate_id = alive.id AND k2.state <> 'removed'
          JOIN devices d ON d.id = k2.device_id) AS on_platforms GROUP BY platform",
    );
    query.all(conn).await
}

/// Requests in flight that the caller may see, by profile, platform and step; of a group if one is named.
///
/// # Errors
/// When the database refuses.
pub async fn requests(
    conn: &mut Conn,
    visibility: &Visibility,
    group: Option<GroupId>,
) -> Result<Vec<RequestCount>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new(
        "SELECT profile_id AS profile_id, platform AS platform, state AS state, count(*) AS total FROM
         (SELECT r.profile_id, r.state, (SELECT d.platform FROM devices d WHERE d.id = r.device_id) AS platform
          FROM requests r WHERE r.state IN (",
    );
    // Named one by one: an index has them by their states, and nearly all others are over.
    let in_flight = RequestState::ALL
        .iter()
        .filter(|state| !matches!(state, RequestState::Completed | RequestState::Cancelled));
    query.bind_list(in_flight).push(")");
    seen.push(&mut query, Some("r.user_id"), Some("r.device_id"));
    if let Some(group) = group {
        push_of_members(&mut query, "r.user_id", "r.device_id", group);
    }
    query.push(") AS in_flight GROUP BY profile_id, platform, state");
    query.all(conn).await
}

/// The groups that profiles are assigned to, by name, of those that the caller may see.
///
/// # Errors
/// When the database refuses.
pub async fn assigned_groups(
    conn: &mut Conn,
    visibility: &Visibility,
    most: u32,
) -> Result<Vec<super::groups::Group>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<super::groups::Group>();
    query.push(
        " WHERE deleted_at IS NULL AND id IN (SELECT group_id FROM assignments WHERE valid_until IS NULL",
    );
    query.push(" AND mode = 'include')");
    match &seen {
        Seen::All => {}
        Seen::Groups(groups, _) => {
            query.push(" AND id IN (").bind_list(groups).push(")");
        }
        Seen::Own(_) => {
            query.push(" AND 1 = 0");
        }
    }
    query.push(" ORDER BY name_key, id LIMIT ").bind(&most);
    query.all(conn).await
}

/// The report of that name as it was counted last.
///
/// # Errors
/// When the database refuses.
pub async fn snapshot(conn: &mut Conn, name: &str) -> Result<Option<Snapshot>> {
    let mut query = Sql::select::<Snapshot>();
    query.push(" WHERE name = ").bind(name);
    query.optional(conn).await
}

/// Keeps a report, unless a later one is there.
///
/// # Errors
/// When the database refuses.
pub async fn keep(conn: &mut WriteConn, it: &Snapshot) -> Result<()> {
    sql!(
        "INSERT INTO report_snapshots (name, body, counted_at, took_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET body = $2, counted_at = $3, took_ms = $4
         WHERE report_snapshots.counted_at <= $3",
        it.name,
        it.body,
        it.counted_at,
        it.took_ms
    )
    .execute(conn)
    .await
    .map(|_| ())
}
