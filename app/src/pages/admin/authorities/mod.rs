//! `/authorities`: connectors and issuing CAs.

use axum::Router;

use crate::pages::asked::PagesState;

/// The routes under `/authorities`.
pub fn routes() -> Router<PagesState> {
    Router::new()
}
