//! `/groups`: groups, their members, and the profiles that are assigned to them.
pub mod assigned;
pub mod assignments;
pub mod change;
pub mod delete;
pub mod detail;
pub mod form;
pub mod list;
pub mod members;

use axum::Router;
use axum::routing::{get, post};

use crate::pages::asked::PagesState;

/// The routes under `/groups`, and those of profiles' assignments.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/groups", get(list::get))
        .route("/groups/new", get(form::new).post(form::create))
        .route("/groups/{id}", get(detail::get))
        .route("/groups/{id}/edit", get(form::edit).post(form::update))
        .route("/groups/{id}/delete", get(delete::get).post(delete::post))
        .route("/groups/{id}/members", post(members::add))
        .route("/groups/{id}/members/{membership}/remove", post(members::remove))
        .route("/groups/{id}/assignments", post(assignments::assign_to_group))
        .route("/groups/{id}/assignments/{assignment}/end", post(assignments::end_of_group))
        .route("/profiles/{id}/assignments", get(assignments::of_profile).post(assignments::assign_profile))
        .route("/profiles/{id}/assignments/{assignment}/end", post(assignments::end_of_profile))
}
