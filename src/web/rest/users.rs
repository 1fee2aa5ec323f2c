//! `/api/v1/users`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::Response;
use certporter_model::UserId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, created, done, tagged};
use super::authenticate::Asking;
use super::body::{Id, Json, Query};
use super::precondition::IfMatch;
use crate::service::Portal;
use crate::service::action::ActionDraft;
use crate::service::directory_draft::UserDraft;
use crate::service::members::{self, MembershipView};
use crate::service::page::Page;
use crate::service::reach::{self, ProfileReach};
use crate::service::revocation_progress::{self, RevocationProgress};
use crate::service::timeline::{TimelineEntry, TimelineQuery};
use crate::service::users::{self, UserView, UsersQuery};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(profiles))
        .routes(routes!(groups))
        .routes(routes!(timeline))
        .routes(routes!(revocations))
        .routes(routes!(block))
        .routes(routes!(unblock))
        .routes(routes!(disable))
        .routes(routes!(enable))
}

/// List and search users.
#[utoipa::path(get, path = "/users", operation_id = "users.list", tag = "users", params(UsersQuery),
    responses((status = 200, description = "A page of users", body = Page<UserView>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<UsersQuery>,
) -> Answer<Answered<Page<UserView>>> {
    Ok(Answered(users::list(&portal, &caller, &query).await?))
}

/// Create a user.
#[utoipa::path(post, path = "/users", operation_id = "users.create", tag = "users", request_body = UserDraft,
    responses((status = 201, description = "The new user", body = UserView)))]
async fn create(Acting(portal): Acting, Asking(caller): Asking, Json(draft): Json<UserDraft>) -> Answer {
    let user = users::create(&portal, &caller, &draft).await?;
    Ok(created(&format!("/api/v1/users/{}", user.id), user.version, user))
}

/// Read one user.
#[utoipa::path(get, path = "/users/{id}", operation_id = "users.get", tag = "users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserView)))]
async fn get(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<UserId>) -> Answer {
    let user = users::get(&portal, &caller, id).await?;
    Ok(tagged(user.version, user))
}

/// Read which profiles reach a user's devices, and why, or why not.
#[utoipa::path(get, path = "/users/{id}/profiles", operation_id = "users.profiles", tag = "users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "Every profile", body = Vec<ProfileReach>)))]
async fn profiles(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
) -> Answer<Answered<Vec<ProfileReach>>> {
    Ok(Answered(reach::of_user(&portal, &caller, id).await?))
}

/// Read what happened to everything of a user's, newest first.
#[utoipa::path(get, path = "/users/{id}/timeline", operation_id = "users.timeline", tag = "users",
    params(("id" = UserId, Path, description = "The user"), TimelineQuery),
    responses((status = 200, description = "A page of the timeline", body = Page<TimelineEntry>)))]
async fn timeline(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    Query(query): Query<TimelineQuery>,
) -> Answer<Answered<Page<TimelineEntry>>> {
    Ok(Answered(users::timeline(&portal, &caller, id, &query).await?))
}

/// List the groups that a user is in directly.
#[utoipa::path(get, path = "/users/{id}/groups", operation_id = "users.groups", tag = "users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "Every membership", body = Vec<MembershipView>)))]
async fn groups(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
) -> Answer<Answered<Vec<MembershipView>>> {
    Ok(Answered(members::of_user(&portal, &caller, id).await?))
}

/// Read how far the revocations, holds and releases of a user's certificates are: since the user was blocked, else since
/// the first that is not finished.
#[utoipa::path(get, path = "/users/{id}/revocations", operation_id = "users.revocations", tag = "users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The progress", body = RevocationProgress)))]
async fn revocations(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
) -> Answer<Answered<RevocationProgress>> {
    Ok(Answered(revocation_progress::of_user(&portal, &caller, id).await?))
}

/// Change what is known of a user. What the body leaves out is emptied.
///
/// Certificates whose names used a value that changes are reissued.
#[utoipa::path(put, path = "/users/{id}", operation_id = "users.update", tag = "users", request_body = UserDraft,
    params(("id" = UserId, Path, description = "The user"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "The user", body = UserView)))]
async fn update(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    IfMatch(version): IfMatch,
    Json(draft): Json<UserDraft>,
) -> Answer {
    let user = users::update(&portal, &caller, id, version, &draft).await?;
    Ok(tagged(user.version, user))
}

/// Delete a user. Everything they hold is revoked.
#[utoipa::path(delete, path = "/users/{id}", operation_id = "users.delete", tag = "users",
    params(("id" = UserId, Path, description = "The user"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 204, description = "Deleted")))]
async fn delete(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    IfMatch(version): IfMatch,
) -> Answer {
    users::delete(&portal, &caller, id, version, &ActionDraft::default()).await?;
    Ok(done())
}

/// Block a user for a while. Everything they hold goes on hold.
#[utoipa::path(post, path = "/users/{id}/block", operation_id = "users.block", tag = "users", request_body = ActionDraft,
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserView)))]
async fn block(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(users::block(&portal, &caller, id, &draft).await?)
}

/// Lift a user's block.
#[utoipa::path(post, path = "/users/{id}/unblock", operation_id = "users.unblock", tag = "users", request_body = ActionDraft,
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserView)))]
async fn unblock(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(users::unblock(&portal, &caller, id, &draft).await?)
}

/// Disable a user. Everything they hold is revoked.
#[utoipa::path(post, path = "/users/{id}/disable", operation_id = "users.disable", tag = "users", request_body = ActionDraft,
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserView)))]
async fn disable(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(users::disable(&portal, &caller, id, &draft).await?)
}

/// Enable a disabled user again. New certificates are issued.
#[utoipa::path(post, path = "/users/{id}/enable", operation_id = "users.enable", tag = "users", request_body = ActionDraft,
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserView)))]
async fn enable(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(users::enable(&portal, &caller, id, &draft).await?)
}

fn answer(user: UserView) -> Answer<Response> {
    Ok(tagged(user.version, user))
}
