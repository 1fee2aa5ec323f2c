//! The pages' routes.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use certporter::service::ServiceError;
use certporter::web::state::AppState;
use http::HeaderMap;

use super::admin::{certificate_route, certificates, device_route, devices};
use super::asked::{Asked, PagesState};
use super::{set_up, sign_in, theme};
use crate::site::Site;

/// Every page, and what pages fetch.
pub fn router(app: AppState) -> Router {
    let site = Site::load(&app.site).unwrap_or_else(|error| {
        tracing::error!(%error, "pages go without stylesheet and scripts");
        Site::empty()
    });
    Router::new()
        .route("/", get(async || Redirect::to("/devices")))
        .route("/setup", get(set_up::get).post(set_up::post))
        .route("/sign-in", get(sign_in::get).post(sign_in::post))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/theme", post(theme::choose))
        .route("/devices", get(devices::get))
        .route("/devices/{id}", get(device_route::get))
        .route("/devices/{id}/events", get(device_route::events))
        .route("/certificates", get(certificates::get))
        .route("/certificates/{id}", get(certificate_route::get).post(certificate_route::post))
        .route("/certificates/{id}/download", get(certificate_route::download))
        .route("/pkg/{name}", get(asset))
        .fallback(not_found)
        .with_state(PagesState { app, site })
}

async fn asset(State(state): State<PagesState>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    state.site.answer(&name, &headers)
}

async fn not_found(asked: Asked) -> Response {
    asked.refuse(ServiceError::NotFound { what: "page" }).await
}
