//! `/imports`: users, devices and memberships out of CSV files: checked first, then carried out whole or not at all.
pub mod detail;
pub mod list;
pub mod new;
pub mod upload;

use axum::Router;
use axum::routing::{get, post};

use crate::pages::asked::PagesState;

/// The routes under `/imports`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/imports", get(list::get).post(new::post))
        .route("/imports/new", get(new::get))
        .route("/imports/samples/{name}", get(new::sample))
        .route("/imports/{id}", get(detail::get).post(detail::post))
        .route("/imports/{id}/discard", post(detail::discard))
        .route("/imports/{id}/events", get(detail::events))
}
