//! Assignments: which groups a profile reaches, and which it doesn't.

use certporter_model::access::Caller;
use certporter_model::assignment::AssignmentMode;
use certporter_model::{AssignmentId, GroupId, ProfileId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::portal::Portal;
use super::profiles::find;
use super::reference::{GroupReference, ProfileReference};
use super::replan::{Touched, replan};
use crate::store::assignments::{self, Assignment};
use crate::store::{AuditEvent, StoreError, Target, groups};

/// Which group, and how it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentDraft {
    /// The group.
    pub group_id: GroupId,
    /// Whether its members get the profile's certificates, or never do.
    pub mode: AssignmentMode,
}

/// An assignment as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssignmentView {
    /// Its id.
    pub id: AssignmentId,
    /// The group.
    pub group: GroupReference,
    /// Whether its members get the profile's certificates, or never do.
    pub mode: AssignmentMode,
    /// Since when.
    pub valid_from: Timestamp,
}

/// The open assignments of a profile.
///
/// # Errors
/// When the caller may not, or there is no such profile.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    profile: ProfileId,
) -> Result<Vec<AssignmentView>, ServiceError> {
    Operation::AssignmentsList.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    find(&mut conn, profile).await?;
    let rows = assignments::list(&mut conn, Some(profile), None).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.group_id).collect();
    let known = groups::by_ids(&mut conn, &ids).await?;
    let name = |id| known.iter().find(|group| group.id == id).map(|group| group.name.to_string());
    Ok(rows.iter().map(|row| view(row, name(row.group_id).unwrap_or_default())).collect())
}

/// A profile that is assigned to a group, or from which the group is excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupAssignmentView {
    /// Its id.
    pub id: AssignmentId,
    /// The profile.
    pub profile: ProfileReference,
    /// Whether the group's members get the profile's certificates, or never do.
    pub mode: AssignmentMode,
    /// Since when.
    pub valid_from: Timestamp,
}

/// The open assignments to a group, by the profiles' names.
///
/// # Errors
/// When the caller may not, or there is no such group.
pub async fn of_group(
    portal: &Portal,
    caller: &Caller,
    group: GroupId,
) -> Result<Vec<GroupAssignmentView>, ServiceError> {
    Operation::GroupsAssignments.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    super::groups::find(&mut conn, group).await?;
    let rows = assignments::list(&mut conn, None, Some(group)).await?;
    let names = Names::of(&mut conn, [], [], rows.iter().map(|row| row.profile_id)).await?;
    let one = |row: Assignment| GroupAssignmentView {
        id: row.id,
        profile: names.profile(row.profile_id),
        mode: row.mode,
        valid_from: row.valid_from,
    };
    let mut views: Vec<_> = rows.into_iter().map(one).collect();
    views.sort_by(|a, b| a.profile.name.cmp(&b.profile.name));
    Ok(views)
}

/// Assigns a profile to a group, or excludes the group.
///
/// # Errors
/// When the caller may not, there is no such profile or group, or the group has an assignment already.
pub async fn create(
    portal: &Portal,
    caller: &Caller,
    profile: ProfileId,
    draft: &AssignmentDraft,
) -> Result<AssignmentView, ServiceError> {
    let permit = Operation::AssignmentsCreate.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let head = find(&mut tx, profile).await?;
    let group = match groups::get(&mut tx, draft.group_id).await {
        Ok(group) if group.deleted_at.is_none() => group,
        Ok(_) | Err(StoreError::NotFound { .. }) => {
            return Err(ServiceError::field("group_id", "there is no group with this id"));
        }
        Err(error) => return Err(error.into()),
    };
    let row = Assignment {
        id: AssignmentId::new(now, portal.octets()),
        profile_id: profile,
        group_id: group.id,
        mode: draft.mode,
        valid_from: now,
        valid_until: None,
    };
    assignments::insert(&mut tx, &row).await.map_err(|error| {
        if error.is_conflict("assignments__profile_id__group_id") {
            ServiceError::field(
                "group_id",
                "this group has an assignment of the profile already: end that one first",
            )
        } else {
            error.into()
        }
    })?;
    replan(portal, &mut tx, &Touched::profile(profile), now).await?;
    let event = event(now, Operation::AssignmentsCreate, &row, head.name.as_str(), group.name.as_str());
    tx.commit(event).await?;
    Ok(view(&row, group.name.to_string()))
}

/// Ends an assignment.
///
/// # Errors
/// When the caller may not, or the profile has no such open assignment.
pub async fn delete(
    portal: &Portal,
    caller: &Caller,
    profile: ProfileId,
    id: AssignmentId,
) -> Result<(), ServiceError> {
    let permit = Operation::AssignmentsDelete.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let head = find(&mut tx, profile).await?;
    let row = assignments::get(&mut tx, id).await?;
    if row.profile_id != profile {
        return Err(ServiceError::NotFound { what: "assignment" });
    }
    let group = groups::get(&mut tx, row.group_id).await?;
    assignments::end(&mut tx, id, now).await?;
    replan(portal, &mut tx, &Touched::profile(profile), now).await?;
    let event = event(now, Operation::AssignmentsDelete, &row, head.name.as_str(), group.name.as_str());
    Ok(tx.commit(event).await?)
}

fn view(row: &Assignment, name: String) -> AssignmentView {
    AssignmentView {
        id: row.id,
        group: GroupReference { id: row.group_id, name },
        mode: row.mode,
        valid_from: row.valid_from,
    }
}

fn event(now: Timestamp, operation: Operation, row: &Assignment, profile: &str, group: &str) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("profile", row.profile_id.as_uuid()))
        .with("profile", profile)
        .with("group_id", row.group_id.to_string())
        .with("group", group)
        .with("mode", row.mode.as_str())
}
