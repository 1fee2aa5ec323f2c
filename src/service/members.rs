//! Members of groups: users, devices and other groups.

use std::collections::HashMap;

use certporter_model::access::{Caller, Scope};
use certporter_model::assignment::{MemberKind, Source};
use certporter_model::{DeviceId, FieldErrors, GroupId, MembershipId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::ServiceError;
use super::groups::find;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::reference::GroupReference;
use super::replan::{Touched, replan};
use crate::store::memberships::{self, Member, Membership};
use crate::store::{AuditEvent, Conn, StoreError, Target, devices, groups, users};

/// Who is to be a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberDraft {
    /// What it is: user, device or group.
    pub kind: MemberKind,
    /// Its id.
    pub id: String,
}

/// A membership as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberView {
    /// The membership's id.
    pub id: MembershipId,
    /// What the member is.
    pub kind: MemberKind,
    /// The member's id.
    #[schema(value_type = String, format = "uuid")]
    pub member_id: Uuid,
    /// The member's name.
    pub name: String,
    /// Where the membership comes from.
    pub source: Source,
    /// Since when.
    pub valid_from: Timestamp,
}

/// Which members.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MembersQuery {
    /// Only this kind of member.
    pub kind: Option<MemberKind>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// A membership as its member sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MembershipView {
    /// The membership's id.
    pub id: MembershipId,
    /// The group.
    pub group: GroupReference,
    /// Where the membership comes from.
    pub source: Source,
    /// Since when.
    pub valid_from: Timestamp,
}

/// The groups that a user is in directly, by name.
///
/// # Errors
/// When the caller may not, or there is no such user.
pub async fn of_user(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
) -> Result<Vec<MembershipView>, ServiceError> {
    let mut conn = portal.db().read().await?;
    super::users::find(&mut conn, caller, Operation::UsersGroups, id).await?;
    memberships_of(&mut conn, Member::from(id)).await
}

/// The groups that a device is in directly, by name.
///
/// # Errors
/// When the caller may not, or there is no such device.
pub async fn of_device(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
) -> Result<Vec<MembershipView>, ServiceError> {
    let mut conn = portal.db().read().await?;
    super::devices::find(&mut conn, caller, Operation::DevicesGroups, id).await?;
    memberships_of(&mut conn, Member::from(id)).await
}

/// The groups that a group is in directly, by name.
///
/// # Errors
/// When the caller may not, or there is no such group.
pub async fn around(
    portal: &Portal,
    caller: &Caller,
    id: GroupId,
) -> Result<Vec<MembershipView>, ServiceError> {
    Operation::GroupsGet.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    find(&mut conn, id).await?;
    memberships_of(&mut conn, Member::from(id)).await
}

async fn memberships_of(conn: &mut Conn, member: Member) -> Result<Vec<MembershipView>, ServiceError> {
    let mut rows = memberships::of_member(conn, member).await?;
    rows.retain(|row| row.valid_until.is_none());
    let ids: Vec<_> = rows.iter().map(|row| row.group_id).collect();
    let names: HashMap<GroupId, String> =
        groups::by_ids(conn, &ids).await?.into_iter().map(|group| (group.id, group.name.into())).collect();
    let view = |row: &Membership| MembershipView {
        id: row.id,
        group: GroupReference {
            id: row.group_id,
            name: names.get(&row.group_id).cloned().unwrap_or_default(),
        },
        source: row.source,
        valid_from: row.valid_from,
    };
    let mut views: Vec<_> = rows.iter().map(view).collect();
    views.sort_by(|a, b| a.group.name.cmp(&b.group.name));
    Ok(views)
}

/// The direct members of a group.
///
/// # Errors
/// When the caller may not, there is no such group, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    group: GroupId,
    query: &MembersQuery,
) -> Result<Page<MemberView>, ServiceError> {
    Operation::GroupsMembersList.thinkable(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let mut conn = portal.db().read().await?;
    find(&mut conn, group).await?;
    // Members are people: a limited helpdesk sees those of its own groups only.
    let around = groups::around(&mut conn, &[group]).await?;
    let scope = Scope::Person { user: None, groups: around };
    Operation::GroupsMembersList.on(caller, &scope, "group")?;
    let wanted = bounds.store(MembershipId::from_uuid);
    let rows = memberships::of_group(&mut conn, group, query.kind, wanted).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let mut names = names(&mut conn, &page.data).await?;
    Ok(page.map(|row| {
        let name = names.remove(&row.member_id).unwrap_or_default();
        view(&row, name)
    }))
}

/// Adds a member to a group.
///
/// # Errors
/// When the caller may not, the member does not exist, is a member already, or would make a circle of groups.
pub async fn add(
    portal: &Portal,
    caller: &Caller,
    group: GroupId,
    draft: &MemberDraft,
) -> Result<MemberView, ServiceError> {
    let permit = Operation::GroupsMembersAdd.organisation(caller)?;
    let id = Uuid::try_parse(&draft.id)
        .map_err(|_| FieldErrors::one("id", "is a UUID such as 0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f"))?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let container = find(&mut tx, group).await?;
    let member = Member { kind: draft.kind, id };
    let name = name(&mut tx, member)
        .await?
        .ok_or_else(|| ServiceError::field("id", format!("there is no {} with this id", draft.kind)))?;
    let row = Membership {
        id: MembershipId::new(now, portal.octets()),
        group_id: group,
        member_kind: draft.kind,
        member_id: id,
        source: Source::Local,
        valid_from: now,
        valid_until: None,
    };
    memberships::insert(&mut tx, &row).await.map_err(|error| {
        if error.is_conflict("memberships_circle") {
            ServiceError::field("id", "this group contains the other one: groups can't be in a circle")
        } else if matches!(error, StoreError::Conflict { .. }) {
            ServiceError::field("id", format!("this {} is a member already", draft.kind))
        } else {
            error.into()
        }
    })?;
    let touched = Touched::member(&mut tx, member).await?;
    replan(portal, &mut tx, &touched, now).await?;
    let event = event(now, Operation::GroupsMembersAdd, group, container.name.as_str(), &row);
    tx.commit(event).await?;
    Ok(view(&row, name))
}

/// Ends a membership.
///
/// # Errors
/// When the caller may not, or there is no such open membership in the group.
pub async fn remove(
    portal: &Portal,
    caller: &Caller,
    group: GroupId,
    membership: MembershipId,
) -> Result<(), ServiceError> {
    let permit = Operation::GroupsMembersRemove.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let container = find(&mut tx, group).await?;
    let row = memberships::open(&mut tx, group, membership).await?;
    let touched = Touched::member(&mut tx, row.member()).await?;
    memberships::end(&mut tx, group, row.member(), now).await?;
    replan(portal, &mut tx, &touched, now).await?;
    let event = event(now, Operation::GroupsMembersRemove, group, container.name.as_str(), &row);
    Ok(tx.commit(event).await?)
}

/// The name of a member that exists.
async fn name(conn: &mut Conn, member: Member) -> Result<Option<String>, StoreError> {
    let found = match member.kind {
        MemberKind::User => users::by_ids(conn, &[UserId::from_uuid(member.id)])
            .await?
            .into_iter()
            .find(|user| user.deleted_at.is_none())
            .map(|user| user.display_name.into()),
        MemberKind::Device => devices::by_ids(conn, &[DeviceId::from_uuid(member.id)])
            .await?
            .into_iter()
            .find(|device| device.deleted_at.is_none())
            .map(|device| device.name.into()),
        MemberKind::Group => groups::by_ids(conn, &[GroupId::from_uuid(member.id)])
            .await?
            .into_iter()
            .find(|group| group.deleted_at.is_none())
            .map(|group| group.name.into()),
    };
    Ok(found)
}

async fn names(conn: &mut Conn, rows: &[Membership]) -> Result<HashMap<Uuid, String>, StoreError> {
    let ids = |kind| rows.iter().filter(move |row| row.member_kind == kind).map(|row| row.member_id);
    let people: Vec<_> = ids(MemberKind::User).map(UserId::from_uuid).collect();
    let machines: Vec<_> = ids(MemberKind::Device).map(DeviceId::from_uuid).collect();
    let inner: Vec<_> = ids(MemberKind::Group).map(GroupId::from_uuid).collect();
    let mut names = HashMap::new();
    for user in users::by_ids(conn, &people).await? {
        names.insert(user.id.as_uuid(), user.display_name.into());
    }
    for device in devices::by_ids(conn, &machines).await? {
        names.insert(device.id.as_uuid(), device.name.into());
    }
    for group in groups::by_ids(conn, &inner).await? {
        names.insert(group.id.as_uuid(), group.name.into());
    }
    Ok(names)
}

fn view(row: &Membership, name: String) -> MemberView {
    MemberView {
        id: row.id,
        kind: row.member_kind,
        member_id: row.member_id,
        name,
        source: row.source,
        valid_from: row.valid_from,
    }
}

fn event(now: Timestamp, operation: Operation, group: GroupId, name: &str, row: &Membership) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("group", group.as_uuid()))
        .with("name", name)
        .with("member_kind", row.member_kind.as_str())
        .with("member_id", row.member_id.to_string())
}
