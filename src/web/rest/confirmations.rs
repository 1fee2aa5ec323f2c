//! `/api/v1/users/{id}/sign-in-codes` and `/api/v1/users/{id}/confirmations`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::IntoResponse;
use certporter_model::{ConfirmationId, UserId};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, done};
use super::authenticate::Asking;
use super::body::{Id, Ids, Json};
use crate::service::Portal;
use crate::service::action::ActionDraft;
use crate::service::confirmations::{self, ConfirmationView};
use crate::service::sign_in_codes::{self, SignInCodeView};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(issue)).routes(routes!(list)).routes(routes!(approve))
}

/// Issue a one-time code with which a person signs in for half an hour. It is answered this once and kept nowhere.
///
/// The person is told. What the code opens gets no retained key until it is confirmed.
#[utoipa::path(post, path = "/users/{id}/sign-in-codes", operation_id = "sign_in_codes.issue", tag = "users",
    request_body = ActionDraft, params(("id" = UserId, Path, description = "The user")),
    responses((status = 201, description = "The code", body = SignInCodeView)))]
async fn issue(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    let code = sign_in_codes::issue(&portal, &caller, id, &draft).await?;
    Ok((StatusCode::CREATED, Answered(code)).into_response())
}

/// List what of a person's was opened with a code from staff and waits to be confirmed.
#[utoipa::path(get, path = "/users/{id}/confirmations", operation_id = "confirmations.list", tag = "users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "All that waits", body = Vec<ConfirmationView>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
) -> Answer<Answered<Vec<ConfirmationView>>> {
    Ok(Answered(confirmations::of_user(&portal, &caller, id).await?))
}

/// Approve, as a second person, that a device or session gets retained keys. The person is told.
#[utoipa::path(post, path = "/users/{id}/confirmations/{confirmation}/approve", operation_id = "confirmations.approve",
    tag = "users", request_body = ActionDraft,
    params(("id" = UserId, Path, description = "The user"),
        ("confirmation" = ConfirmationId, Path, description = "What waits")),
    responses((status = 204, description = "Approved")))]
async fn approve(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Ids(id, confirmation): Ids<UserId, ConfirmationId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    confirmations::approve(&portal, &caller, id, confirmation, &draft).await?;
    Ok(done())
}
