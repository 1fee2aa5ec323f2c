//! `/me`: what people do with their own devices and certificates. Plain words, few and large things, no script needed.
//!
//! - [`start`]: their devices; [`device`]: one of them; [`act`]: what is done to it
//! - [`add`], [`code`]: a new device, and the code with which one is set up
//! - [`certificates`]: what they are for, until when, having one reissued
//! - [`confirm`]: that a device or session is theirs; [`events`]: what happened in their name
//! - [`sign_in_code`]: signing in with a code from the helpdesk; [`staff`]: issuing one, and approving
pub mod act;
pub mod add;
pub mod certificates;
pub mod code;
pub mod confirm;
pub mod device;
pub mod events;
pub mod sign_in_code;
pub mod staff;
pub mod start;

#[cfg(test)]
pub(in crate::pages) mod samples;

use axum::Router;
use axum::routing::{get, post};

use crate::pages::asked::PagesState;

/// The routes under `/me`, and those of one-time codes.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/me", get(start::get))
        .route("/me/add", get(add::get).post(add::post))
        .route("/me/devices/{id}", get(device::get))
        .route("/me/devices/{id}/code", get(code::get).post(code::post))
        .route("/me/devices/{id}/{action}", get(act::get).post(act::post))
        .route("/me/certificates", get(certificates::list))
        .route("/me/certificates/{id}", get(certificates::get))
        .route("/me/certificates/{id}/reissue", post(certificates::reissue))
        .route("/me/confirm/{id}", get(confirm::get).post(confirm::post))
        .route("/me/events", get(events::get).post(events::post))
        .route("/me/events/not-me", post(events::not_me))
        .route("/sign-in/code", get(sign_in_code::get).post(sign_in_code::post))
        .route("/helpdesk/people/{id}/sign-in-code", get(staff::get).post(staff::post))
        .route("/helpdesk/people/{id}/confirmations", get(staff::waiting).post(staff::approve))
}
