//! `/api/v1/imports`

use axum::Json as Answered;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use certporter_model::ImportId;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::problem::Problem;
use super::acting::Acting;
use super::answer::{Answer, created};
use super::authenticate::Asking;
use super::body::{Id, Query};
use crate::service::Portal;
use crate::service::import::{self, ImportDraft, ImportSummary, ImportView, ImportsQuery, MOST_OCTETS};
use crate::service::page::Page;

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, check))
        .routes(routes!(get))
        .routes(routes!(carry_out))
        .routes(routes!(discard))
}

/// A body of CSV, up to 5 MB.
struct Csv(Bytes);

impl<S: Send + Sync> FromRequest<S> for Csv {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("text/csv") {
            let detail = "send the file as the body, with the header Content-Type: text/csv";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
                .into_response());
        }
        axum::body::to_bytes(request.into_body(), MOST_OCTETS).await.map(Self).map_err(|_| {
            let detail =
                "the file has more than 5 MB, or ended before it was complete: split it, or send it again";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail).into_response()
        })
    }
}

/// List imports, the newest first.
#[utoipa::path(get, path = "/imports", operation_id = "imports.list", tag = "imports", params(ImportsQuery),
    responses((status = 200, description = "A page of imports", body = Page<ImportSummary>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<ImportsQuery>,
) -> Answer<Answered<Page<ImportSummary>>> {
    Ok(Answered(import::list(&portal, &caller, &query).await?))
}

/// Check a CSV file of users, devices or memberships. Nothing is imported.
///
/// The answer names every bad row, counts what would be created and changed, and says what would follow. A file of more
/// than 500 rows is checked by itself: until that has ended the state is `checking`.
#[utoipa::path(post, path = "/imports", operation_id = "imports.check", tag = "imports",
    request_body(content = String, content_type = "text/csv"),
    responses((status = 201, description = "What was found", body = ImportView)))]
async fn check(Acting(portal): Acting, Asking(caller): Asking, Csv(content): Csv) -> Answer {
    let draft = ImportDraft { file_name: "sent by a program".to_owned(), content: content.to_vec() };
    let view = import::check(&portal, &caller, &draft).await?;
    Ok(created(&format!("/api/v1/imports/{}", view.import.id), view.import.version, view))
}

/// Read one import: what was found in the file, what follows, and how far it is.
#[utoipa::path(get, path = "/imports/{id}", operation_id = "imports.get", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The import", body = ImportView)))]
async fn get(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<ImportId>,
) -> Answer<Answered<ImportView>> {
    Ok(Answered(import::get(&portal, &caller, id).await?))
}

/// Carry an import out, as a whole. It is refused while the file has errors.
///
/// A file of more than 500 rows goes on by itself, part by part: `done` of `to_do` rows are written until the state is
/// `done`. When something comes in between it is `stopped`, says why, and is gone on with by the same request.
/// One that would revoke or replace very many certificates waits for an approval, and is then asked for again.
#[utoipa::path(post, path = "/imports/{id}/carry-out", operation_id = "imports.carry_out", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The import", body = ImportView)))]
async fn carry_out(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<ImportId>,
) -> Answer<Answered<ImportView>> {
    Ok(Answered(import::carry_out(&portal, &caller, id).await?))
}

/// Discard an import that is not to be carried out. Its file is forgotten.
#[utoipa::path(post, path = "/imports/{id}/discard", operation_id = "imports.discard", tag = "imports",
    params(("id" = ImportId, Path, description = "The import")),
    responses((status = 200, description = "The import", body = ImportView)))]
async fn discard(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<ImportId>,
) -> Answer<Answered<ImportView>> {
    Ok(Answered(import::discard(&portal, &caller, id).await?))
}
