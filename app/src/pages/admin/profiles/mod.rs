//! `/profiles`: certificate profiles.
//!
//! - [`list`], [`detail`], [`versions`]: read; [`assigned`] is the detail's section of groups
//! - [`start`], [`presets`]: what a new one begins with
//! - [`edit`], [`editor`], [`sections`], [`names`], [`editor_form`]: the editor; [`tried`] is its preview
//! - [`set_up`], [`set_up_form`]: the editor's part about the features' set-up on devices
//! - [`save`], [`confirm`], [`stale`]: an edit on its way
//! - [`exchange`]: as JSON; [`mod@delete`]
pub mod assigned;
pub mod confirm;
pub mod delete;
pub mod detail;
pub mod difference;
pub mod edit;
pub mod editor;
pub mod editor_form;
pub mod exchange;
pub mod list;
pub mod names;
pub mod presets;
pub mod save;
pub mod sections;
pub mod set_up;
pub mod set_up_form;
pub mod stale;
pub mod start;
pub mod tried;
pub mod versions;
pub mod words;

#[cfg(test)]
mod samples;

use axum::Router;
use axum::routing::{get, post};

use crate::pages::asked::PagesState;

/// The routes under `/profiles`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/profiles", get(list::get))
        .route("/profiles/new", get(edit::new).post(edit::create))
        .route("/profiles/check", post(edit::check))
        .route("/profiles/import", get(exchange::get).post(exchange::post))
        .route("/profiles/{id}", get(detail::get))
        .route("/profiles/{id}/edit", get(edit::edit).post(edit::post))
        .route("/profiles/{id}/delete", get(delete::get).post(delete::post))
        .route("/profiles/{id}/export", get(exchange::export))
        .route("/profiles/{id}/versions/{number}", get(versions::get))
}
