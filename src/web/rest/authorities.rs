//! `/api/v1/authorities`, `/api/v1/preflights`, `/api/v1/overview`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::IntoResponse;
use certporter_model::{CaId, PreflightId};
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, created, tagged};
use super::authenticate::Asking;
use super::body::{Id, Json};
use super::precondition::IfMatch;
use crate::service::Portal;
use crate::service::authorities::external::{self, ExternalDraft};
use crate::service::authorities::preflight::{self, PreflightDraft, PreflightView};
use crate::service::authorities::rotation::{self, RotationDraft};
use crate::service::authorities::{self, AuthoritiesView, AuthorityView};
use crate::service::overview::{self, OverviewView};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(publish))
        .routes(routes!(rotate))
        .routes(routes!(create_preflight))
        .routes(routes!(preflight_view))
        .routes(routes!(summary))
}

/// List issuing CAs and connectors, and how they are.
#[utoipa::path(get, path = "/authorities", operation_id = "authorities.list", tag = "authorities",
    responses((status = 200, description = "CAs and connectors", body = AuthoritiesView)))]
async fn list(State(portal): State<Portal>, Asking(caller): Asking) -> Answer<Answered<AuthoritiesView>> {
    Ok(Answered(authorities::list(&portal, &caller).await?))
}

/// Add an issuing CA that is not ours: an OpenBao (or Vault) PKI mount. It is asked for its chain first.
#[utoipa::path(post, path = "/authorities", operation_id = "authorities.create", tag = "authorities",
    request_body = ExternalDraft,
    responses((status = 201, description = "The CA", body = AuthorityView)))]
async fn create(Acting(portal): Acting, Asking(caller): Asking, Json(draft): Json<ExternalDraft>) -> Answer {
    let made = external::create(&portal, &caller, &draft).await?;
    Ok(created(&format!("/api/v1/authorities/{}", made.id), version(&made), made))
}

/// Read one issuing CA.
#[utoipa::path(get, path = "/authorities/{id}", operation_id = "authorities.get", tag = "authorities",
    params(("id" = CaId, Path, description = "The CA")),
    responses((status = 200, description = "The CA", body = AuthorityView)))]
async fn get(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<CaId>) -> Answer {
    let found = external::get(&portal, &caller, id).await?;
    Ok(tagged(version(&found), found))
}

/// Change the settings of a CA that was added. Without a token, the one before is kept.
#[utoipa::path(put, path = "/authorities/{id}", operation_id = "authorities.update", tag = "authorities",
    request_body = ExternalDraft,
    params(("id" = CaId, Path, description = "The CA"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "The CA", body = AuthorityView)))]
async fn update(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<CaId>,
    IfMatch(read): IfMatch,
    Json(draft): Json<ExternalDraft>,
) -> Answer {
    let saved = external::update(&portal, &caller, id, read, &draft).await?;
    Ok(tagged(version(&saved), saved))
}

/// Switch a CA that was added on: what waited for it goes on.
#[utoipa::path(post, path = "/authorities/{id}/enable", operation_id = "authorities.enable", tag = "authorities",
    params(("id" = CaId, Path, description = "The CA"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "The CA", body = AuthorityView)))]
async fn enable(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<CaId>,
    IfMatch(read): IfMatch,
) -> Answer {
    let saved = external::enable(&portal, &caller, id, read).await?;
    Ok(tagged(version(&saved), saved))
}

/// Switch a CA that was added off: nothing new is asked of it, revocations still go to it.
#[utoipa::path(post, path = "/authorities/{id}/disable", operation_id = "authorities.disable", tag = "authorities",
    params(("id" = CaId, Path, description = "The CA"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "The CA", body = AuthorityView)))]
async fn disable(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<CaId>,
    IfMatch(read): IfMatch,
) -> Answer {
    let saved = external::disable(&portal, &caller, id, read).await?;
    Ok(tagged(version(&saved), saved))
}

/// What an ETag says: the portal's own CAs have no settings that change.
fn version(ca: &AuthorityView) -> i64 {
    ca.external.as_ref().map_or(0, |it| it.version)
}

/// Have the CRLs of the built-in CA published now.
#[utoipa::path(post, path = "/authorities/{id}/publish", operation_id = "authorities.publish", tag = "authorities",
    params(("id" = CaId, Path, description = "The CA")),
    responses((status = 202, description = "They are being made")))]
async fn publish(Acting(portal): Acting, Asking(caller): Asking, Id(id): Id<CaId>) -> Answer {
    authorities::publish(&portal, &caller, id).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Have a new issuing key made for the built-in CA. What was issued before stays good: the key before goes on signing
/// CRLs and OCSP answers.
#[utoipa::path(post, path = "/authorities/{id}/rotate", operation_id = "authorities.rotate", tag = "authorities",
    params(("id" = CaId, Path, description = "The CA")), request_body = RotationDraft,
    responses((status = 202, description = "It is being made")))]
async fn rotate(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<CaId>,
    Json(draft): Json<RotationDraft>,
) -> Answer {
    rotation::rotate(&portal, &caller, id, draft).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Have a test certificate issued, checked and revoked, through a connector, its CA and a template.
#[utoipa::path(post, path = "/preflights", operation_id = "preflights.create", tag = "authorities",
    request_body = PreflightDraft,
    responses((status = 202, description = "The preflight, which goes on by itself", body = PreflightView)))]
async fn create_preflight(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Json(draft): Json<PreflightDraft>,
) -> Answer {
    let made = preflight::create(&portal, &caller, &draft).await?;
    let location = format!("/api/v1/preflights/{}", made.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Answered(made)).into_response())
}

/// Read how a preflight goes.
#[utoipa::path(get, path = "/preflights/{id}", operation_id = "preflights.get", tag = "authorities",
    params(("id" = PreflightId, Path, description = "The preflight")),
    responses((status = 200, description = "The preflight", body = PreflightView)))]
async fn preflight_view(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<PreflightId>,
) -> Answer<Answered<PreflightView>> {
    Ok(Answered(preflight::get(&portal, &caller, id).await?))
}

/// Read what needs a hand, and the state of things.
#[utoipa::path(get, path = "/overview", operation_id = "overview.get", tag = "overview",
    responses((status = 200, description = "The overview", body = OverviewView)))]
async fn summary(State(portal): State<Portal>, Asking(caller): Asking) -> Answer<Answered<OverviewView>> {
    Ok(Answered(overview::get(&portal, &caller).await?))
}
