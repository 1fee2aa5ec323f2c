//! `/devices`: every device, and what is done with one.
//!
//! - [`list`]: all of them; [`detail`], [`read`], [`route`]: one, moving as it changes
//! - [`edit`], [`edit_view`]: registering one and changing what is known of it
//! - [`code`]: its enrolment code; [`action`]: blocking, retiring and the like; [`hand_over`]: to another person
pub mod action;
pub mod code;
pub mod copies;
pub mod detail;
pub mod edit;
pub mod edit_view;
pub mod hand_over;
pub mod list;
pub mod read;
pub mod route;

#[cfg(test)]
pub(in crate::pages) mod samples;

use axum::Router;
use axum::routing::get;

use crate::pages::asked::PagesState;

/// The routes under `/devices`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/devices", get(list::get))
        .route("/devices/new", get(edit::new).post(edit::register))
        .route("/devices/{id}", get(route::get))
        .route("/devices/{id}/events", get(route::events))
        .route("/devices/{id}/edit", get(edit::get).post(edit::post))
        .route("/devices/{id}/code", get(code::get).post(code::post))
        .route("/devices/{id}/hand-over", get(hand_over::get).post(hand_over::post))
        .route("/devices/{id}/{action}", get(action::get).post(action::post))
}
