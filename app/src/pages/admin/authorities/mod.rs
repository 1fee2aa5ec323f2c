//! `/authorities`: issuing CAs and connectors, and whether they work.
//!
//! - [`list`]: how they are; [`files`]: certificates and CRLs to take away
//! - [`rotation`]: a new issuing key
//! - [`external`]: those that somebody adds; [`health`]: how they were found
//! - [`reconciliation`]: where the portal, CAs and devices disagree; [`discrepancy`]: one of these
//! - [`preflight`]: a test certificate, all the way there and back
pub mod discrepancy;
pub mod external;
pub mod files;
mod health;
pub mod list;
pub mod preflight;
pub mod reconciliation;
pub mod rotation;

use axum::Router;
use axum::routing::{get, post};

use crate::pages::asked::PagesState;

/// The routes under `/authorities`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/authorities", get(list::get))
        .route("/authorities/events", get(list::events))
        .route("/authorities/new", get(external::new).post(external::create))
        .route("/authorities/{id}/edit", get(external::edit).post(external::update))
        .route("/authorities/{id}/enable", post(external::enable))
        .route("/authorities/{id}/disable", post(external::disable))
        .route("/authorities/{id}/publish", post(list::publish))
        .route("/authorities/{id}/rotate", get(rotation::get).post(rotation::post))
        .route("/authorities/reconciliation", get(reconciliation::get).post(reconciliation::start))
        .route("/authorities/reconciliation/events", get(reconciliation::events))
        .route("/authorities/reconciliation/{id}", get(discrepancy::get).post(discrepancy::post))
        .route("/authorities/files/{name}", get(files::get))
        .route("/authorities/preflights", get(preflight::new).post(preflight::start))
        .route("/authorities/preflights/{id}", get(preflight::get))
        .route("/authorities/preflights/{id}/events", get(preflight::events))
}
