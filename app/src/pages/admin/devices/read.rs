//! Reads what the page of a device shows.

use std::time::Duration;

use certporter::service::devices::{self, CopyView, DeviceView};
use certporter::service::requests::{self, RequestView, RequestsQuery};
use certporter::service::timeline::{TimelineEntry, TimelineQuery};
use certporter::service::{Portal, ServiceError};
use certporter_model::DeviceId;
use certporter_model::access::Caller;

use super::detail::{Copy, Device, Request};
use crate::ui::timeline::Event;
use crate::ui::words;

/// Rows of the timeline that a page shows.
const EVENTS: u32 = 50;

/// The device, its copies, its open requests and its timeline.
///
/// # Errors
/// When the caller may not see it, or there is none.
pub async fn read(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<Device, ServiceError> {
    let view = devices::get(portal, caller, id).await?;
    let query = RequestsQuery { device: Some(id), ..RequestsQuery::default() };
    let requests = requests::list(portal, caller, &query).await?.data;
    let timeline =
        devices::timeline(portal, caller, id, &TimelineQuery { cursor: None, limit: Some(EVENTS) }).await?;
    Ok(Device {
        requests: requests.into_iter().filter(|request| request.state.is_in_flight()).map(request).collect(),
        events: timeline.data.into_iter().map(event).collect(),
        ..device(view)
    })
}

fn device(view: DeviceView) -> Device {
    let facts = [
        ("Serial number", view.device.serial_number),
        ("IMEI", view.imei),
        ("MEID", view.meid),
        ("Wi-Fi address", view.wifi_mac),
        ("Domain name", view.fqdn),
        ("External id", view.external_id),
    ];
    Device {
        id: view.device.id,
        name: view.device.name,
        platform: view.device.platform,
        state: view.device.state,
        owner: view.device.owner.map(|owner| owner.display_name),
        seen: view.device.last_contact_at,
        enrolled: view.enrolment.as_ref().map(|enrolment| enrolment.started_at),
        managed_until: view.enrolment.and_then(|enrolment| enrolment.management_certificate_not_after),
        facts: facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        copies: view.copies.into_iter().map(copy).collect(),
        requests: Vec::new(),
        events: Vec::new(),
    }
}

fn copy(view: CopyView) -> Copy {
    Copy {
        profile: view.profile.name,
        feature: view.feature,
        state: view.state,
        since: view.updated_at,
        certificate: (view.certificate.id, view.certificate.serial.to_string()),
        until: view.certificate.not_after,
        cause: with_remedy(view.cause, view.remedy),
    }
}

fn request(view: RequestView) -> Request {
    Request { profile: view.profile.name, state: view.state, cause: with_remedy(view.cause, view.remedy) }
}

/// What went wrong and what to do about it, as one text.
fn with_remedy(cause: Option<String>, remedy: Option<String>) -> Option<String> {
    match (cause, remedy) {
        (Some(cause), Some(remedy)) => Some(format!("{cause} \u{2013} {remedy}")),
        (cause, remedy) => cause.or(remedy),
    }
}

/// A row of a timeline.
#[must_use]
pub fn event(entry: TimelineEntry) -> Event {
    Event {
        at: entry.at,
        step: entry.step,
        about: entry.detail.as_deref().map(words::detail),
        by: words::actor(&entry.actor),
        took: entry.duration_ms.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis),
        cause: entry.cause,
        remedy: entry.remedy,
    }
}
