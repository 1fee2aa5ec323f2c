//! `/requests`: the pipeline, and plans that wait for a decision.
//!
//! - [`list`]: requests by step; [`troubles`]: why some failed, and trying them again
//! - [`detail`], [`route`]: one request, moving as it changes
//! - [`approvals`], [`decide`]: large plans that wait for somebody
pub mod approvals;
pub mod decide;
pub mod detail;
pub mod list;
pub mod route;
pub mod troubles;

#[cfg(test)]
mod samples;

use axum::Router;
use axum::routing::{get, post};

use crate::pages::asked::PagesState;

/// The routes under `/requests`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/requests", get(list::get))
        .route("/requests/events", get(list::events))
        .route("/requests/troubles", get(troubles::get).post(troubles::post))
        .route("/requests/troubles/events", get(troubles::events))
        .route("/requests/approvals", get(approvals::get))
        .route("/requests/approvals/{id}", get(decide::get).post(decide::post))
        .route("/requests/{id}", get(route::get))
        .route("/requests/{id}/events", get(route::events))
        .route("/requests/{id}/retry", post(route::retry))
        .route("/requests/{id}/cancel", get(route::cancel_page).post(route::cancel))
}
