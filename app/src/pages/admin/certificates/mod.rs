//! `/certificates`: every certificate, and what is done with one.
pub mod bulk;
pub mod bulk_page;
pub mod decoded;
pub mod detail;
pub mod filter;
pub mod list;
pub mod read;
pub mod revocation;
pub mod route;

use axum::Router;
use axum::routing::{get, post};

use crate::pages::asked::PagesState;

/// The routes under `/certificates`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/certificates", get(list::get))
        .route("/certificates.csv", get(list::export))
        .route("/certificates/bulk", get(bulk::get).post(bulk::post))
        .route("/certificates/bulk/{id}", get(bulk::progress))
        .route("/certificates/bulk/{id}/events", get(bulk::events))
        .route("/certificates/{id}", get(route::get).post(route::post))
        .route("/certificates/{id}/reissue", post(route::reissue))
        .route("/certificates/{id}/revocation.json", get(route::proof))
        .route("/certificates/{id}/download", get(route::download))
        .route("/certificates/{id}/download/der", get(route::der))
        .route("/certificates/{id}/download/chain", get(route::chain))
}
