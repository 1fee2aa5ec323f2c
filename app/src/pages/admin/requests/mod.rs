//! `/requests`: the pipeline, and plans that wait for a decision.

use axum::Router;

use crate::pages::asked::PagesState;

/// The routes under `/requests`.
pub fn routes() -> Router<PagesState> {
    Router::new()
}
