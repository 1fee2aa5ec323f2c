//! `/settings`: accounts, roles, tokens, sessions, and one's own account.

use axum::Router;

use crate::pages::asked::PagesState;

/// The routes under `/settings`.
pub fn routes() -> Router<PagesState> {
    Router::new()
}
