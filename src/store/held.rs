//! Who held what on a day: rows whose interval has a moment of that day, the last to begin first.

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::assignment::MemberKind;
use certporter_model::ids::{AssignmentId, CertificateId, DeviceId, GroupId, MembershipId, UserId};

use super::assignments::Assignment;
use super::certificates::Certificate;
use super::copies::Copy;
use super::device_owners::Ownership;
use super::memberships::{Member, Membership, push_any_of};
use super::visibility::Seen;
use super::{Conn, Result, SortedPage, Sql};

/// A day: from its first moment up to the first of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment of the next day.
    pub until: Timestamp,
}

/// About whom it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Everybody and everything.
    All,
    /// A person.
    User(UserId),
    /// A device.
    Device(DeviceId),
    /// Who and what was in a group, or in one within it, on that day.
    Group(GroupId),
}

/// The same with the groups of that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    whom: Whom,
    day: Day,
    /// Of a group: it and those within it. Of a person or device: those that they were in.
    groups: Vec<GroupId>,
}

impl About {
    /// Finds the groups of that day.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn of(conn: &mut Conn, whom: Whom, day: Day) -> Result<Self> {
        let groups = match whom {
            Whom::All => Vec::new(),
            Whom::Group(group) => within(conn, group, day).await?,
            Whom::User(user) => around(conn, &[user.into()], day).await?,
            Whom::Device(device) => {
                let owners = owners(conn, device, day).await?;
                let mut members = vec![Member::from(device)];
                members.extend(owners.into_iter().map(Member::from));
                around(conn, &members, day).await?
            }
        };
        Ok(Self { whom, day, groups })
    }

    /// ` AND from < .. AND (until IS NULL OR until > ..)`
    fn push_interval(&self, query: &mut Sql, from: &'static str, until: &'static str) {
        push_interval(query, from, until, self.day);
    }

    /// ` AND ..`: the row's person or device is who or what is asked about.
    fn push_whom(&self, query: &mut Sql, user: &'static str, device: &'static str) {
        match self.whom {
            Whom::All => {}
            Whom::User(id) => {
                query.push(" AND ").push(user).push(" = ").bind(&id);
            }
            Whom::Device(id) => {
                query.push(" AND ").push(device).push(" = ").bind(&id);
            }
            Whom::Group(_) => self.push_members(query, user, device),
        }
    }

    fn push_members(&self, query: &mut Sql, user: &'static str, device: &'static str) {
        query.push(" AND (1 = 0");
        for (kind, column) in [(MemberKind::User, user), (MemberKind::Device, device)] {
            query
                .push(" OR ")
                .push(column)
                .push(" IN (SELECT m.member_id FROM memberships m WHERE m.member_kind = ");
            query.bind(&kind).push(" AND m.group_id IN (").bind_list(&self.groups).push(")");
            self.push_interval(query, "m.valid_from", "m.valid_until");
            query.push(")");
        }
        query.push(")");
    }
}

fn push_interval(query: &mut Sql, from: &'static str, until: &'static str, day: Day) {
    query.push(" AND ").push(from).push(" < ").bind(&day.until);
    query.push(" AND (").push(until).push(" IS NULL OR ").push(until).push(" > ").bind(&day.from).push(")");
}

/// A group and every group that was within it on a day.
async fn within(conn: &mut Conn, group: GroupId, day: Day) -> Result<Vec<GroupId>> {
    let mut query = Sql::new("WITH RECURSIVE nested (id) AS (SELECT id FROM groups WHERE id = ");
    query.bind(&group);
    query.push(
        " UNION SELECT m.member_id FROM memberships m JOIN nested n ON m.group_id = n.id
          WHERE m.member_kind = 'group'",
    );
    push_interval(&mut query, "m.valid_from", "m.valid_until", day);
    query.push(") SELECT id FROM nested ORDER BY id");
    query.scalars(conn).await
}

/// Every group that one of these was in on a day, itself or by another group.
async fn around(conn: &mut Conn, members: &[Member], day: Day) -> Result<Vec<GroupId>> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let mut query =
        Sql::new("WITH RECURSIVE outer_groups (id) AS (SELECT m.group_id FROM memberships m WHERE (");
    push_any_of(&mut query, members);
    query.push(")");
    push_interval(&mut query, "m.valid_from", "m.valid_until", day);
    query.push(" UNION SELECT m.group_id FROM memberships m JOIN outer_groups o ON m.member_id = o.id");
    query.push(" WHERE m.member_kind = 'group'");
    push_interval(&mut query, "m.valid_from", "m.valid_until", day);
    query.push(") SELECT id FROM outer_groups ORDER BY id");
    query.scalars(conn).await
}

/// Whose a device was on a day.
async fn owners(conn: &mut Conn, device: DeviceId, day: Day) -> Result<Vec<UserId>> {
    let mut query = Sql::new("SELECT DISTINCT user_id FROM device_owners WHERE device_id = ");
    query.bind(&device);
    push_interval(&mut query, "valid_from", "valid_until", day);
    query.scalars(conn).await
}

/// Certificates that were good on that day, or of which a copy was on a device, the last recorded first.
///
/// # Errors
/// When the database refuses.
pub async fn certificates(
    conn: &mut Conn,
    visibility: &Visibility,
    about: &About,
    page: &SortedPage<CertificateId>,
) -> Result<Vec<Certificate>> {
    let seen = Seen::by(conn, visibility).await?;
    let day = about.day;
    let mut query = Sql::select::<Certificate>();
    query.push(" WHERE certificates.created_at < ").bind(&day.until);
    query.push(" AND (certificates.not_before < ").bind(&day.until);
    query.push(" AND certificates.not_after > ").bind(&day.from);
    query.push(" AND (certificates.revoked_at IS NULL OR certificates.revoked_at > ").bind(&day.from);
    query.push(") OR EXISTS (SELECT 1 FROM copies k WHERE k.certificate_id = certificates.id");
    query.push(" AND k.installed_at < ").bind(&day.until);
    query.push(" AND (k.removed_at IS NULL OR k.removed_at > ").bind(&day.from).push(")))");
    match about.whom {
        Whom::Device(id) => {
            // Gathered, as they are few: an OR would have PostgreSQL go through the times at which certificates were recorded.
            query.push(" AND certificates.id IN (SELECT id FROM certificates WHERE device_id = ").bind(&id);
            query.push(" UNION SELECT certificate_id FROM copies WHERE device_id = ").bind(&id).push(")");
        }
        _ => about.push_whom(&mut query, "certificates.user_id", "certificates.device_id"),
    }
    seen.push(&mut query, Some("certificates.user_id"), Some("certificates.device_id"));
    page.push_cursor(&mut query, "certificates.created_at", "certificates.id");
    page.push_order(&mut query, "certificates.created_at", "certificates.id");
    query.all(conn).await
}

/// The copies of these certificates that were on a device on that day, as far as devices said so.
///
/// # Errors
/// When the database refuses.
pub async fn copies(conn: &mut Conn, certificates: &[CertificateId], day: Day) -> Result<Vec<Copy>> {
    let mut found = Vec::new();
    for chunk in certificates.chunks(super::IN_A_LIST) {
        let mut query = Sql::select::<Copy>();
        query
            .push(" WHERE certificate_id IN (")
            .bind_list(chunk)
            .push(") AND installed_at < ")
            .bind(&day.until);
        query.push(" AND (removed_at IS NULL OR removed_at > ").bind(&day.from).push(") ORDER BY id");
        found.extend(query.all::<Copy>(conn).await?);
    }
    Ok(found)
}

/// Whose devices were.
///
/// # Errors
/// When the database refuses.
pub async fn ownerships(
    conn: &mut Conn,
    visibility: &Visibility,
    about: &About,
    page: &SortedPage<DeviceId>,
) -> Result<Vec<Ownership>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<Ownership>();
    query.push(" WHERE 1 = 1");
    about.push_interval(&mut query, "device_owners.valid_from", "device_owners.valid_until");
    about.push_whom(&mut query, "device_owners.user_id", "device_owners.device_id");
    seen.push(&mut query, Some("device_owners.user_id"), Some("device_owners.device_id"));
    page.push_cursor(&mut query, "device_owners.valid_from", "device_owners.device_id");
    page.push_order(&mut query, "device_owners.valid_from", "device_owners.device_id");
    query.all(conn).await
}

/// The member as a user, and as a device.
const MEMBER_USER: &str = "(CASE WHEN memberships.member_kind = 'user' THEN memberships.member_id END)";
const MEMBER_DEVICE: &str = "(CASE WHEN memberships.member_kind = 'device' THEN memberships.member_id END)";

/// Who was in which group.
///
/// # Errors
/// When the database refuses.
pub async fn memberships(
    conn: &mut Conn,
    visibility: &Visibility,
    about: &About,
    page: &SortedPage<MembershipId>,
) -> Result<Vec<Membership>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<Membership>();
    query.push(" WHERE 1 = 1");
    about.push_interval(&mut query, "memberships.valid_from", "memberships.valid_until");
    match about.whom {
        Whom::All => {}
        Whom::User(id) => {
            query.push(" AND memberships.member_kind = 'user' AND memberships.member_id = ").bind(&id);
        }
        Whom::Device(id) => {
            query.push(" AND memberships.member_kind = 'device' AND memberships.member_id = ").bind(&id);
        }
        Whom::Group(_) => {
            query.push(" AND memberships.group_id IN (").bind_list(&about.groups).push(")");
        }
    }
    seen.push(&mut query, Some(MEMBER_USER), Some(MEMBER_DEVICE));
    page.push_cursor(&mut query, "memberships.valid_from", "memberships.id");
    page.push_order(&mut query, "memberships.valid_from", "memberships.id");
    query.all(conn).await
}

/// Which profiles were assigned to which groups: of a group, to it and to those within it; of a person or device, to
/// those that they were in.
///
/// # Errors
/// When the database refuses.
pub async fn assignments(
    conn: &mut Conn,
    visibility: &Visibility,
    about: &About,
    page: &SortedPage<AssignmentId>,
) -> Result<Vec<Assignment>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<Assignment>();
    query.push(" WHERE 1 = 1");
    about.push_interval(&mut query, "assignments.valid_from", "assignments.valid_until");
    if about.whom != Whom::All {
        query.push(" AND assignments.group_id IN (").bind_list(&about.groups).push(")");
    }
    match &seen {
        Seen::All => {}
        Seen::Groups(groups, _) => {
            query.push(" AND assignments.group_id IN (").bind_list(groups).push(")");
        }
        Seen::Own(_) => {
            query.push(" AND 1 = 0");
        }
    }
    page.push_cursor(&mut query, "assignments.valid_from", "assignments.id");
    page.push_order(&mut query, "assignments.valid_from", "assignments.id");
    query.all(conn).await
}
