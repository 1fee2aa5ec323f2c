//! `/profiles`: certificate profiles.

use axum::Router;

use crate::pages::asked::PagesState;

/// The routes under `/profiles`.
pub fn routes() -> Router<PagesState> {
    Router::new()
}
