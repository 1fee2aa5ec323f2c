//! `/devices`: every device, and what is done with one.
pub mod detail;
pub mod list;
pub mod read;
pub mod route;

use axum::Router;
use axum::routing::get;

use crate::pages::asked::PagesState;

/// The routes under `/devices`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/devices", get(list::get))
        .route("/devices/{id}", get(route::get))
        .route("/devices/{id}/events", get(route::events))
}
