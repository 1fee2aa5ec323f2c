//! `/audit`: who did what.

use axum::Router;

use crate::pages::asked::PagesState;

/// The routes under `/audit`.
pub fn routes() -> Router<PagesState> {
    Router::new()
}
