//! `/api/v1/profiles`, with versions and assignments

use axum::Json as Answered;
use axum::extract::State;
use certporter_model::profile::ProfileDraft;
use certporter_model::{AssignmentId, ProfileId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, created, done, tagged};
use super::authenticate::Asking;
use super::body::{Id, Ids, Json, Query};
use super::precondition::IfMatch;
use crate::service::Portal;
use crate::service::assignments::{self, AssignmentDraft, AssignmentView};
use crate::service::page::Page;
use crate::service::profiles::{
    self, IssuingCa, ProfileEdit, ProfileSummary, ProfileVersionView, ProfileView, ProfilesQuery, TriedView,
    TryDraft,
};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(issuing_cas))
        .routes(routes!(try_out))
        .routes(routes!(get, update, delete))
        .routes(routes!(versions))
        .routes(routes!(assignments, assign))
        .routes(routes!(unassign))
}

/// List and search profiles.
#[utoipa::path(get, path = "/profiles", operation_id = "profiles.list", tag = "profiles", params(ProfilesQuery),
    responses((status = 200, description = "A page of profiles", body = Page<ProfileSummary>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<ProfilesQuery>,
) -> Answer<Answered<Page<ProfileSummary>>> {
    Ok(Answered(profiles::list(&portal, &caller, &query).await?))
}

/// Create a profile. It reaches nobody until it is assigned.
#[utoipa::path(post, path = "/profiles", operation_id = "profiles.create", tag = "profiles", request_body = ProfileDraft,
    responses((status = 201, description = "The new profile", body = ProfileView)))]
async fn create(Acting(portal): Acting, Asking(caller): Asking, Json(draft): Json<ProfileDraft>) -> Answer {
    let profile = profiles::create(&portal, &caller, draft).await?;
    Ok(created(&format!("/api/v1/profiles/{}", profile.id), profile.version, profile))
}

/// List the issuing CAs that a profile can name.
#[utoipa::path(get, path = "/profiles/issuing-cas", operation_id = "profiles.issuing_cas", tag = "profiles",
    responses((status = 200, description = "The CAs", body = Vec<IssuingCa>)))]
async fn issuing_cas(
    State(portal): State<Portal>,
    Asking(caller): Asking,
) -> Answer<Answered<Vec<IssuingCa>>> {
    Ok(Answered(profiles::issuing_cas(&portal, &caller).await?))
}

/// Try a profile on a user and device: what a certificate would hold, and what is missing. Nothing is saved.
#[utoipa::path(post, path = "/profiles/try", operation_id = "profiles.try", tag = "profiles", request_body = TryDraft,
    responses((status = 200, description = "What a certificate would hold", body = TriedView)))]
async fn try_out(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Json(draft): Json<TryDraft>,
) -> Answer<Answered<TriedView>> {
    Ok(Answered(profiles::try_out(&portal, &caller, draft).await?))
}

/// Read one profile in its current version.
#[utoipa::path(get, path = "/profiles/{id}", operation_id = "profiles.get", tag = "profiles",
    params(("id" = ProfileId, Path, description = "The profile")),
    responses((status = 200, description = "The profile", body = ProfileView)))]
async fn get(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<ProfileId>) -> Answer {
    let profile = profiles::get(&portal, &caller, id).await?;
    Ok(tagged(profile.version, profile))
}

/// Save a profile as a new version, and say what becomes of the certificates of earlier ones.
#[utoipa::path(put, path = "/profiles/{id}", operation_id = "profiles.update", tag = "profiles", request_body = ProfileEdit,
    params(("id" = ProfileId, Path, description = "The profile"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "The profile", body = ProfileView)))]
async fn update(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<ProfileId>,
    IfMatch(version): IfMatch,
    Json(edit): Json<ProfileEdit>,
) -> Answer {
    let profile = profiles::update(&portal, &caller, id, version, edit).await?;
    Ok(tagged(profile.version, profile))
}

/// Delete a profile. What was issued from it is revoked.
#[utoipa::path(delete, path = "/profiles/{id}", operation_id = "profiles.delete", tag = "profiles",
    params(("id" = ProfileId, Path, description = "The profile"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 204, description = "Deleted")))]
async fn delete(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<ProfileId>,
    IfMatch(version): IfMatch,
) -> Answer {
    profiles::delete(&portal, &caller, id, version).await?;
    Ok(done())
}

/// Read the versions of a profile, newest first.
#[utoipa::path(get, path = "/profiles/{id}/versions", operation_id = "profiles.versions", tag = "profiles",
    params(("id" = ProfileId, Path, description = "The profile")),
    responses((status = 200, description = "The versions", body = Vec<ProfileVersionView>)))]
async fn versions(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<ProfileId>,
) -> Answer<Answered<Vec<ProfileVersionView>>> {
    Ok(Answered(profiles::versions(&portal, &caller, id).await?))
}

/// List the groups that a profile is assigned to, and those that are excluded.
#[utoipa::path(get, path = "/profiles/{id}/assignments", operation_id = "assignments.list", tag = "profiles",
    params(("id" = ProfileId, Path, description = "The profile")),
    responses((status = 200, description = "The assignments", body = Vec<AssignmentView>)))]
async fn assignments(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<ProfileId>,
) -> Answer<Answered<Vec<AssignmentView>>> {
    Ok(Answered(assignments::list(&portal, &caller, id).await?))
}

/// Assign a profile to a group, or exclude the group.
#[utoipa::path(post, path = "/profiles/{id}/assignments", operation_id = "assignments.create", tag = "profiles",
    request_body = AssignmentDraft, params(("id" = ProfileId, Path, description = "The profile")),
    responses((status = 201, description = "The new assignment", body = AssignmentView)))]
async fn assign(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<ProfileId>,
    Json(draft): Json<AssignmentDraft>,
) -> Answer {
    let assignment = assignments::create(&portal, &caller, id, &draft).await?;
    Ok(created(&format!("/api/v1/profiles/{id}/assignments/{}", assignment.id), 1, assignment))
}

/// End an assignment. Who had the profile only through it loses its certificates.
#[utoipa::path(delete, path = "/profiles/{id}/assignments/{assignment}", operation_id = "assignments.delete", tag = "profiles",
    params(("id" = ProfileId, Path, description = "The profile"),
        ("assignment" = AssignmentId, Path, description = "The assignment")),
    responses((status = 204, description = "Ended")))]
async fn unassign(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Ids(id, assignment): Ids<ProfileId, AssignmentId>,
) -> Answer {
    assignments::delete(&portal, &caller, id, assignment).await?;
    Ok(done())
}
