//! `/audit`: who did what to which, when, from where.
//!
//! - [`list`]: the trail with its filters; [`detail`]: one event; [`export`]: the trail as a file
pub mod detail;
pub mod export;
pub mod list;

use axum::Router;
use axum::routing::get;

use crate::pages::asked::PagesState;

/// The routes under `/audit`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/audit", get(list::get))
        .route("/audit/export.csv", get(export::get))
        .route("/audit/{id}", get(detail::get))
}

/// Where a thing that was acted on has its page.
#[must_use]
pub fn page_of(kind: &str, id: &str) -> Option<String> {
    let path = match kind {
        "user" => "/users",
        "device" => "/devices",
        "group" => "/groups",
        "profile" => "/profiles",
        "certificate" => "/certificates",
        "request" => "/requests",
        "account" => "/settings/accounts",
        "preflight" => "/authorities/preflights",
        "discrepancy" => "/authorities/reconciliation",
        "approval" => "/requests/approvals",
        _ => return None,
    };
    Some(format!("{path}/{id}"))
}
