//! The REST API at `/api/v1`: for programs, with bearer tokens.
//!
//! A route names its operation in its `operationId`, and its body calls the service function of that name. The gate of
//! the operation stands before everything else of a request is read; a route whose operation is not known is never
//! reached. The OpenAPI document at `/api/v1/openapi.json` comes from the same declarations.
//!
//! - [`body`], [`precondition`], [`idempotency`]: what comes in
//! - [`acting`]: whether a change is to be done, or only previewed
//! - [`answer`]: what goes out
//! - [`authenticate`]: who is asking
//! - one file for each area of routes
#![expect(clippy::result_large_err, reason = "the error is the answer")]
mod acting;
mod administration;
mod answer;
mod authenticate;
mod authorities;
mod body;
mod certificates;
mod confirmations;
mod devices;
mod document;
mod groups;
mod hand_outs;
mod helpdesk;
mod idempotency;
mod imports;
mod notices;
mod precondition;
mod profiles;
mod reconciliation;
mod reports;
mod requests;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;
use utoipa_axum::router::OpenApiRouter;

use self::authenticate::Gate;
use super::problem::Problem;
use crate::service::Portal;

/// Where the API is.
pub const BASE: &str = "/api/v1";

/// Every route with its description.
fn described() -> OpenApiRouter<Portal> {
    let areas = OpenApiRouter::new()
        .merge(users::routes())
        .merge(confirmations::routes())
        .merge(groups::routes())
        .merge(helpdesk::routes())
        .merge(devices::routes())
        .merge(hand_outs::routes())
        .merge(imports::routes())
        .merge(profiles::routes())
        .merge(requests::routes())
        .merge(certificates::routes())
        .merge(authorities::routes())
        .merge(reconciliation::routes())
        .merge(notices::routes())
        .merge(reports::routes())
        .merge(administration::routes());
    OpenApiRouter::with_openapi(document::head()).nest(BASE, areas)
}

/// The OpenAPI 3.1 document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    document::complete(described().into_openapi())
}

/// The routes.
pub fn routes(portal: &Portal) -> Router {
    let (routes, document) = described().split_for_parts();
    let document = document::complete(document);
    let gates = Arc::new(document::gates(&document));
    let text = Arc::new(serde_json::to_vec(&document).unwrap_or_default());
    let gated = routes
        .with_state(portal.clone())
        .layer(from_fn_with_state(portal.clone(), acting::rehearsed))
        .layer(from_fn_with_state(portal.clone(), idempotency::once))
        .layer(from_fn_with_state(Gate { portal: portal.clone(), gates }, authenticate::authenticate));
    Router::new()
        .route(
            "/api/v1/openapi.json",
            get(move || {
                let text = text.as_ref().clone();
                async move { ([(header::CONTENT_TYPE, "application/json")], text).into_response() }
            }),
        )
        .route("/api/{*rest}", get(nowhere).fallback(nowhere))
        .merge(gated)
}

async fn nowhere() -> Problem {
    Problem::not_found("address")
}
