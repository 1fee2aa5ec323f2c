//! `/users`: the people who hold certificates.
pub mod action;
pub mod changed;
pub mod detail;
pub mod form;
pub mod list;
pub mod why;
pub mod words;

use axum::Router;
use axum::routing::get;

use crate::pages::asked::PagesState;

/// The routes under `/users`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/users", get(list::get))
        .route("/users/new", get(form::new).post(form::create))
        .route("/users/{id}", get(detail::get))
        .route("/users/{id}/edit", get(form::edit).post(form::update))
        .route("/users/{id}/revocations/events", get(detail::events))
        .route("/users/{id}/{action}", get(action::get).post(action::post))
}
