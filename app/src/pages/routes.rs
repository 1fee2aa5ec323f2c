//! The pages' routes.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use certporter::service::ServiceError;
use certporter::web::state::AppState;
use http::HeaderMap;

use super::asked::{Asked, PagesState};
use super::{admin, hand_outs, helpdesk, invitation, self_service, set_up, sign_in, theme};
use crate::site::Site;

/// Every page, and what pages fetch.
pub fn router(app: AppState) -> Router {
    let site = Site::load(&app.site).unwrap_or_else(|error| {
        tracing::error!(%error, "pages go without stylesheet and scripts");
        Site::empty()
    });
    Router::new()
        .merge(admin::routes())
        .merge(hand_outs::routes())
        .merge(helpdesk::routes())
        .merge(self_service::routes())
        .route("/setup", get(set_up::get).post(set_up::post))
        .route("/invitation", get(invitation::get).post(invitation::post))
        .route("/sign-in", get(sign_in::get).post(sign_in::post))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/theme", post(theme::choose))
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
