//! `/helpdesk`: people looked up, what is wrong with what they hold, and what mends it.
//!
//! - [`start`]: the one box, and who was looked up last
//! - [`person`], [`read`]: a person on one page, moving as it changes: [`findings`], [`grid`], [`history`]
//! - [`cell`]: why a device gets a profile's certificate, or not, and how far it is
//! - [`device`]: the same of a device by itself; [`subject`]: whose page it is
//! - [`enrol`]: a new enrolment code, and the device followed until it has enrolled
//! - [`act`], [`acting`], [`device_acts`]: what is done, with its reason, after what will follow was shown
pub mod act;
pub mod acting;
pub mod cell;
pub mod device;
pub mod device_acts;
pub mod enrol;
pub mod findings;
pub mod grid;
pub mod history;
pub mod person;
pub mod read;
pub mod start;
pub mod subject;

#[cfg(test)]
mod samples;

use axum::Router;
use axum::routing::get;

use crate::pages::asked::PagesState;

/// The routes under `/helpdesk`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/helpdesk", get(start::get))
        .route("/helpdesk/results", get(start::part))
        .route("/helpdesk/people/{id}", get(read::get))
        .route("/helpdesk/people/{id}/events", get(read::events))
        .route("/helpdesk/people/{id}/devices/{device}/profiles/{profile}", get(cell::get))
        .route("/helpdesk/people/{id}/code/{device}", get(enrol::get).post(enrol::post))
        .route("/helpdesk/people/{id}/{action}/{target}", get(act::get).post(act::post))
        .route("/helpdesk/devices/{id}", get(device::get))
        .route("/helpdesk/devices/{id}/events", get(device::events))
        .route("/helpdesk/devices/{id}/enrolment-events", get(enrol::events))
        .route("/helpdesk/devices/{id}/profiles/{profile}", get(cell::get_of_device))
        .route("/helpdesk/devices/{id}/code/{device}", get(enrol::get_of_device).post(enrol::post_of_device))
        .route("/helpdesk/devices/{id}/{action}/{target}", get(act::get_of_device).post(act::post_of_device))
}
