//! Groups: what profiles are assigned to.

use std::collections::HashMap;

use certporter_model::access::{Caller, Visibility};
use certporter_model::assignment::Source;
use certporter_model::{GroupId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::directory_draft::GroupDraft;
use super::error::ServiceError;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::replan::{Touched, replan};
use crate::store::groups::{self, Group};
use crate::store::memberships::{self, Member};
use crate::store::{AuditEvent, Conn, Target, assignments};

/// A group as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupView {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where the data comes from.
    pub source: Source,
    /// What the group is called there.
    pub external_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How many direct members it has; counting ends at 1,001.
    pub members: u32,
    /// Counts its changes: the entity tag.
    pub version: i64,
}

/// Members are counted up to here, which then stands for "more than 1,000".
pub const MOST_COUNTED: u32 = 1001;

/// Which groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct GroupsQuery {
    /// Words of the name or description, in part, without regard to accents.
    pub q: Option<String>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Groups. Who may read the directory sees all of them by name, whomever else they may see.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &GroupsQuery,
) -> Result<Page<GroupView>, ServiceError> {
    let visibility = Operation::GroupsList.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    let page = rows(&mut conn, query).await?;
    let ids: Vec<_> = page.data.iter().map(|row| row.id).collect();
    let counts: HashMap<_, _> =
        memberships::counts(&mut conn, &visibility, &ids, MOST_COUNTED).await?.into_iter().collect();
    Ok(page.map(|row| {
        let members = counts.get(&row.id).copied().unwrap_or(0);
        view(row, members)
    }))
}

/// A group that somebody may choose: nobody is counted for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChoice {
    /// Which one.
    pub id: GroupId,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// The same groups, to choose from.
///
/// # Errors
/// As [`list`].
pub async fn choices(
    portal: &Portal,
    caller: &Caller,
    query: &GroupsQuery,
) -> Result<Vec<GroupChoice>, ServiceError> {
    Operation::GroupsList.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    let found = rows(&mut conn, query).await?.data.into_iter();
    Ok(found.map(|it| GroupChoice { id: it.id, name: it.name.into(), description: it.description }).collect())
}

async fn rows(conn: &mut Conn, query: &GroupsQuery) -> Result<Page<Group>, ServiceError> {
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let rows = groups::list(conn, query.q.as_deref(), bounds.store(GroupId::from_uuid)).await?;
    Ok(bounds.page(rows, |row| row.id.as_uuid()))
}

/// One group.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: GroupId) -> Result<GroupView, ServiceError> {
    let visibility = Operation::GroupsGet.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    let group = find(&mut conn, id).await?;
    shown(&mut conn, &visibility, group).await
}

/// Whether the caller may create groups: asked before somebody fills a form in.
///
/// # Errors
/// When they may not.
pub fn may_create(caller: &Caller) -> Result<(), ServiceError> {
    Operation::GroupsCreate.organisation(caller).map(|_| ())
}

/// Creates a group.
///
/// # Errors
/// When the caller may not, or a field is wrong or taken.
pub async fn create(portal: &Portal, caller: &Caller, draft: &GroupDraft) -> Result<GroupView, ServiceError> {
    let permit = Operation::GroupsCreate.organisation(caller)?;
    let parsed = draft.parse()?;
    let now = portal.now();
    let group = Group {
        id: GroupId::new(now, portal.octets()),
        source: Source::Local,
        external_id: parsed.external_id,
        name: parsed.name,
        description: parsed.description,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let mut tx = portal.db().write(&permit).await?;
    groups::insert(&mut tx, &group).await?;
    tx.commit(event(now, Operation::GroupsCreate, &group)).await?;
    Ok(view(group, 0))
}

/// Renames or describes a group.
///
/// # Errors
/// When the caller may not, a field is wrong or taken, or the group has changed since it was read.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    id: GroupId,
    version: i64,
    draft: &GroupDraft,
) -> Result<GroupView, ServiceError> {
    let permit = Operation::GroupsUpdate.organisation(caller)?;
    let parsed = draft.parse()?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = find(&mut tx, id).await?;
    let group = Group {
        name: parsed.name,
        description: parsed.description,
        external_id: parsed.external_id,
        updated_at: now,
        version,
        ..before
    };
    groups::update(&mut tx, &group).await?;
    tx.commit(event(now, Operation::GroupsUpdate, &group)).await?;
    let mut conn = portal.db().read().await?;
    shown(&mut conn, &Visibility::All, Group { version: version + 1, ..group }).await
}

/// Deletes a group: its members leave it, its assignments end.
///
/// # Errors
/// When the caller may not, there is none, or the group has changed since it was read.
pub async fn delete(portal: &Portal, caller: &Caller, id: GroupId, version: i64) -> Result<(), ServiceError> {
    let permit = Operation::GroupsDelete.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = find(&mut tx, id).await?;
    let touched = Touched::everybody_in(&mut tx, id).await?;
    let group = Group { deleted_at: Some(now), updated_at: now, version, ..before };
    groups::update(&mut tx, &group).await?;
    memberships::end_all_in(&mut tx, id, now).await?;
    memberships::end_all_of(&mut tx, Member::from(id), now).await?;
    assignments::end_all_to(&mut tx, id, now).await?;
    replan(portal, &mut tx, &touched, now).await?;
    let event = event(now, Operation::GroupsDelete, &group)
        .with("members", touched.users.len() + touched.devices.len());
    Ok(tx.commit(event).await?)
}

/// A group that is not deleted.
pub(super) async fn find(conn: &mut Conn, id: GroupId) -> Result<Group, ServiceError> {
    let group = groups::get(conn, id).await?;
    if group.deleted_at.is_some() { Err(ServiceError::NotFound { what: "group" }) } else { Ok(group) }
}

async fn shown(conn: &mut Conn, visibility: &Visibility, group: Group) -> Result<GroupView, ServiceError> {
    let counts = memberships::counts(conn, visibility, &[group.id], MOST_COUNTED).await?;
    Ok(view(group, counts.first().map_or(0, |(_, members)| *members)))
}

fn view(group: Group, members: u32) -> GroupView {
    GroupView {
        id: group.id,
        name: group.name.into(),
        description: group.description,
        source: group.source,
        external_id: group.external_id,
        created_at: group.created_at,
        updated_at: group.updated_at,
        members,
        version: group.version,
    }
}

fn event(now: Timestamp, operation: Operation, group: &Group) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("group", group.id.as_uuid()))
        .with("name", group.name.as_str())
}
