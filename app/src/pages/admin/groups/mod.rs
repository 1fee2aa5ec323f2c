//! `/groups`: groups, their members, and which profiles reach them.

use axum::Router;

use crate::pages::asked::PagesState;

/// The routes under `/groups`.
pub fn routes() -> Router<PagesState> {
    Router::new()
}
