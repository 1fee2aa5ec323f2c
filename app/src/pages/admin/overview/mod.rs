//! `/`: what needs a hand, then the state of things.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use crate::pages::asked::PagesState;

/// The routes of the overview.
pub fn routes() -> Router<PagesState> {
    Router::new().route("/", get(async || Redirect::to("/devices")))
}
