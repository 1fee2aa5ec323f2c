//! `/users`: the people who hold certificates.
pub mod why;

use axum::Router;

use crate::pages::asked::PagesState;

/// The routes under `/users`.
pub fn routes() -> Router<PagesState> {
    Router::new()
}
