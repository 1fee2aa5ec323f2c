//! Who is and was in which group.

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::assignment::{MemberKind, Source};
use certporter_model::ids::{DeviceId, GroupId, MembershipId, UserId};
use uuid::Uuid;

use super::visibility::Seen;
use super::{Conn, Page, Result, Sql, StoreError, WriteTx, groups, sql, table_row};

/// What a membership is about: the kind and the plain id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// What it is.
    pub kind: MemberKind,
    /// Which one.
    pub id: Uuid,
}

impl From<UserId> for Member {
    fn from(id: UserId) -> Self {
        Self { kind: MemberKind::User, id: id.as_uuid() }
    }
}

impl From<DeviceId> for Member {
    fn from(id: DeviceId) -> Self {
        Self { kind: MemberKind::Device, id: id.as_uuid() }
    }
}

impl From<GroupId> for Member {
    fn from(id: GroupId) -> Self {
        Self { kind: MemberKind::Group, id: id.as_uuid() }
    }
}

table_row! {
    /// A membership and when it held.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Membership in "memberships" {
        /// Its id.
        pub id: MembershipId,
        /// The group.
        pub group_id: GroupId,
        /// What kind of member.
        pub member_kind: MemberKind,
        /// Which one.
        pub member_id: Uuid,
        /// Where it came from.
        pub source: Source,
        /// Since then.
        pub valid_from: Timestamp,
        /// Until then; open while none.
        pub valid_until: Option<Timestamp>,
    }
}

impl Membership {
    /// Whose it is.
    #[must_use]
    pub fn member(&self) -> Member {
        Member { kind: self.member_kind, id: self.member_id }
    }
}

/// A new membership.
///
/// # Errors
/// A conflict with `memberships__group_id__member_kind__member_id` when it is open already; a group would be within
/// itself ([`StoreError::Conflict`] with `memberships_circle`).
pub async fn insert(tx: &mut WriteTx, membership: &Membership) -> Result<()> {
    if membership.member_kind == MemberKind::Group {
        let inside = groups::within(tx, &[GroupId::from_uuid(membership.member_id)]).await?;
        if inside.contains(&membership.group_id) {
            return Err(StoreError::Conflict { constraint: "memberships_circle".into() });
        }
    }
    super::insert(tx, membership).await
}

/// New memberships of users and devices; a group joins by [`insert`], which looks for circles.
///
/// # Errors
/// As [`insert`].
pub async fn insert_all(tx: &mut WriteTx, memberships: &[Membership]) -> Result<()> {
    super::insert_all(tx, memberships).await
}

/// Open memberships of these members.
///
/// # Errors
/// When the database refuses.
pub async fn open_of(conn: &mut Conn, kind: MemberKind, members: &[Uuid]) -> Result<Vec<Membership>> {
    let mut found = Vec::new();
    for chunk in members.chunks(super::IN_A_LIST) {
        let mut query = Sql::select::<Membership>();
        query.push(" WHERE valid_until IS NULL AND member_kind = ").bind(&kind);
        query.push(" AND member_id IN (").bind_list(chunk).push(")");
        found.extend(query.all::<Membership>(conn).await?);
    }
    Ok(found)
}

/// The open membership of that id in a group.
///
/// # Errors
/// When there is none.
pub async fn open(conn: &mut Conn, group: GroupId, id: MembershipId) -> Result<Membership> {
    let mut query = Sql::select::<Membership>();
    query.push(" WHERE id = ").bind(&id).push(" AND group_id = ").bind(&group);
    query.push(" AND valid_until IS NULL");
    query.one(conn, "membership").await
}

/// Ends a membership.
///
/// # Errors
/// When there is no open one.
pub async fn end(tx: &mut WriteTx, group: GroupId, member: Member, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE memberships SET valid_until = $1
         WHERE group_id = $2 AND member_kind = $3 AND member_id = $4 AND valid_until IS NULL",
        now,
        group,
        member.kind,
        member.id
    )
    .change(tx, "membership")
    .await
}

/// Ends every membership of a member: it was deleted.
///
/// # Errors
/// When the database refuses.
pub async fn end_all_of(tx: &mut WriteTx, member: Member, now: Timestamp) -> Result<u64> {
    sql!(
        "UPDATE memberships SET valid_until = $1
         WHERE member_kind = $2 AND member_id = $3 AND valid_until IS NULL",
        now,
        member.kind,
        member.id
    )
    .execute(tx)
    .await
}

/// Ends every membership in a group: it was deleted.
///
/// # Errors
/// When the database refuses.
pub async fn end_all_in(tx: &mut WriteTx, group: GroupId, now: Timestamp) -> Result<u64> {
    sql!("UPDATE memberships SET valid_until = $1 WHERE group_id = $2 AND valid_until IS NULL", now, group)
        .execute(tx)
        .await
}

/// Open memberships in a group, of every kind of member or of one.
///
/// # Errors
/// When the database refuses.
pub async fn of_group(
    conn: &mut Conn,
    group: GroupId,
    kind: Option<MemberKind>,
    page: Page<MembershipId>,
) -> Result<Vec<Membership>> {
    let mut query = Sql::select::<Membership>();
    query.push(" WHERE valid_until IS NULL AND group_id = ").bind(&group);
    if let Some(kind) = &kind {
        query.push(" AND member_kind = ").bind(kind);
    }
    page.push_cursor(&mut query, "memberships.id");
    page.push_order(&mut query, "memberships.id");
    query.all(conn).await
}

/// How many direct members each of these groups has whom the caller may see; counting ends at `most`.
///
/// # Errors
/// When the database refuses.
pub async fn counts(
    conn: &mut Conn,
    visibility: &Visibility,
    groups: &[GroupId],
    most: u32,
) -> Result<Vec<(GroupId, u32)>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new(
        "SELECT groups.id, (SELECT count(*) FROM (SELECT 1 FROM memberships m WHERE m.group_id = groups.id
                            AND m.valid_until IS NULL",
    );
    // Ids are of one kind of thing only, whatever the column.
    seen.push(&mut query, Some("m.member_id"), Some("m.member_id"));
    query.push(" LIMIT ").bind(&most).push(") AS counted) AS members FROM groups WHERE groups.id IN (");
    query.bind_list(groups).push(")");
    Ok(query.all::<Counted>(conn).await?.into_iter().map(|row| (row.id, row.members)).collect())
}

table_row! {
    /// A group with the number of its members.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Counted in "groups" {
        /// The group.
        pub id: GroupId,
        /// How many direct members it has.
        pub members: u32,
    }
}

/// Every membership of a member, ended ones included.
///
/// # Errors
/// When the database refuses.
pub async fn of_member(conn: &mut Conn, member: Member) -> Result<Vec<Membership>> {
    let mut query = Sql::select::<Membership>();
    query.push(" WHERE member_kind = ").bind(&member.kind).push(" AND member_id = ").bind(&member.id);
    query.push(" ORDER BY id");
    query.all(conn).await
}

/// `member_kind = .. AND member_id = .. OR ..`. There has to be one: among alternatives that are not all found by an
/// index, SQLite uses none.
pub(super) fn push_any_of(query: &mut Sql, members: &[Member]) {
    for (index, member) in members.iter().enumerate() {
        query.push(if index == 0 { "(" } else { " OR (" });
        query.push("member_kind = ").bind(&member.kind).push(" AND member_id = ").bind(&member.id).push(")");
    }
}

/// Every group that one of the members is in now, directly or through other groups: what a person's scope is made of.
///
/// # Errors
/// When the database refuses.
pub async fn groups_of(conn: &mut Conn, members: &[Member]) -> Result<Vec<GroupId>> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Sql::new(
        "WITH RECURSIVE within (id) AS (SELECT group_id FROM memberships WHERE valid_until IS NULL AND (",
    );
    push_any_of(&mut query, members);
    query.push(
        ") UNION SELECT m.group_id FROM memberships m JOIN within w ON m.member_id = w.id
           WHERE m.member_kind = 'group' AND m.valid_until IS NULL)
         SELECT id FROM within ORDER BY id",
    );
    query.scalars(conn).await
}

/// Users and devices that are members of one of these groups now, directly or through other groups.
///
/// # Errors
/// When the database refuses.
pub async fn members_within(conn: &mut Conn, of: &[GroupId]) -> Result<Vec<Member>> {
    let nested = groups::within(conn, of).await?;
    let mut query = Sql::select::<Membership>();
    query.push(" WHERE valid_until IS NULL AND member_kind <> 'group' AND group_id IN (");
    query.bind_list(&nested).push(") ORDER BY member_kind, member_id");
    let mut members: Vec<Member> =
        query.all::<Membership>(conn).await?.iter().map(Membership::member).collect();
    members.dedup();
    Ok(members)
}
