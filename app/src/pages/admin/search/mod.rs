//! `/search`: one box for everything.

use axum::Router;

use crate::pages::asked::PagesState;

/// The routes under `/search`.
pub fn routes() -> Router<PagesState> {
    Router::new()
}
