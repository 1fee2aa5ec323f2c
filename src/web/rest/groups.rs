//! `/api/v1/groups`

use axum::Json as Answered;
use axum::extract::State;
use certporter_model::{GroupId, MembershipId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, created, done, tagged};
use super::authenticate::Asking;
use super::body::{Id, Ids, Json, Query};
use super::precondition::IfMatch;
use crate::service::Portal;
use crate::service::assignments::{self, GroupAssignmentView};
use crate::service::directory_draft::GroupDraft;
use crate::service::groups::{self, GroupView, GroupsQuery};
use crate::service::members::{self, MemberDraft, MemberView, MembersQuery};
use crate::service::page::Page;

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(members, add_member))
        .routes(routes!(remove_member))
        .routes(routes!(assignments))
}

/// List and search groups.
#[utoipa::path(get, path = "/groups", operation_id = "groups.list", tag = "groups", params(GroupsQuery),
    responses((status = 200, description = "A page of groups", body = Page<GroupView>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<GroupsQuery>,
) -> Answer<Answered<Page<GroupView>>> {
    Ok(Answered(groups::list(&portal, &caller, &query).await?))
}

/// Create a group.
#[utoipa::path(post, path = "/groups", operation_id = "groups.create", tag = "groups", request_body = GroupDraft,
    responses((status = 201, description = "The new group", body = GroupView)))]
async fn create(Acting(portal): Acting, Asking(caller): Asking, Json(draft): Json<GroupDraft>) -> Answer {
    let group = groups::create(&portal, &caller, &draft).await?;
    Ok(created(&format!("/api/v1/groups/{}", group.id), group.version, group))
}

/// Read one group.
#[utoipa::path(get, path = "/groups/{id}", operation_id = "groups.get", tag = "groups",
    params(("id" = GroupId, Path, description = "The group")),
    responses((status = 200, description = "The group", body = GroupView)))]
async fn get(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<GroupId>) -> Answer {
    let group = groups::get(&portal, &caller, id).await?;
    Ok(tagged(group.version, group))
}

/// Rename or describe a group.
#[utoipa::path(put, path = "/groups/{id}", operation_id = "groups.update", tag = "groups", request_body = GroupDraft,
    params(("id" = GroupId, Path, description = "The group"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "The group", body = GroupView)))]
async fn update(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<GroupId>,
    IfMatch(version): IfMatch,
    Json(draft): Json<GroupDraft>,
) -> Answer {
    let group = groups::update(&portal, &caller, id, version, &draft).await?;
    Ok(tagged(group.version, group))
}

/// Delete a group. Its members leave it; what they held through it is revoked.
#[utoipa::path(delete, path = "/groups/{id}", operation_id = "groups.delete", tag = "groups",
    params(("id" = GroupId, Path, description = "The group"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 204, description = "Deleted")))]
async fn delete(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<GroupId>,
    IfMatch(version): IfMatch,
) -> Answer {
    groups::delete(&portal, &caller, id, version).await?;
    Ok(done())
}

/// List the direct members of a group.
#[utoipa::path(get, path = "/groups/{id}/members", operation_id = "groups.members.list", tag = "groups",
    params(("id" = GroupId, Path, description = "The group"), MembersQuery),
    responses((status = 200, description = "A page of members", body = Page<MemberView>)))]
async fn members(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<GroupId>,
    Query(query): Query<MembersQuery>,
) -> Answer<Answered<Page<MemberView>>> {
    Ok(Answered(members::list(&portal, &caller, id, &query).await?))
}

/// Add a user, a device or a group to a group.
#[utoipa::path(post, path = "/groups/{id}/members", operation_id = "groups.members.add", tag = "groups",
    request_body = MemberDraft, params(("id" = GroupId, Path, description = "The group")),
    responses((status = 201, description = "The new membership", body = MemberView)))]
async fn add_member(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<GroupId>,
    Json(draft): Json<MemberDraft>,
) -> Answer {
    let member = members::add(&portal, &caller, id, &draft).await?;
    Ok(created(&format!("/api/v1/groups/{id}/members/{}", member.id), 1, member))
}

/// List the profiles that are assigned to a group, or from which it is excluded.
#[utoipa::path(get, path = "/groups/{id}/assignments", operation_id = "groups.assignments", tag = "groups",
    params(("id" = GroupId, Path, description = "The group")),
    responses((status = 200, description = "Its assignments", body = Vec<GroupAssignmentView>)))]
async fn assignments(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<GroupId>,
) -> Answer<Answered<Vec<GroupAssignmentView>>> {
    Ok(Answered(assignments::of_group(&portal, &caller, id).await?))
}

/// End a membership.
#[utoipa::path(delete, path = "/groups/{id}/members/{membership}", operation_id = "groups.members.remove", tag = "groups",
    params(("id" = GroupId, Path, description = "The group"),
        ("membership" = MembershipId, Path, description = "The membership")),
    responses((status = 204, description = "Ended")))]
async fn remove_member(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Ids(id, membership): Ids<GroupId, MembershipId>,
) -> Answer {
    members::remove(&portal, &caller, id, membership).await?;
    Ok(done())
}
