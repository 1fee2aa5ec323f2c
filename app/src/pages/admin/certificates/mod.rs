//! `/certificates`: every certificate, and what is done with one.
pub mod detail;
pub mod list;
pub mod read;
pub mod route;

use axum::Router;
use axum::routing::get;

use crate::pages::asked::PagesState;

/// The routes under `/certificates`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/certificates", get(list::get))
        .route("/certificates/{id}", get(route::get).post(route::post))
        .route("/certificates/{id}/download", get(route::download))
}
