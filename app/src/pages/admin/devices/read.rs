//! Reads what the page of a device shows.

use std::time::Duration;

use certporter::service::devices::{self, CopyView, DeviceView};
use certporter::service::reach;
use certporter::service::requests::{self, RequestView, RequestsQuery};
use certporter::service::timeline::{TimelineEntry, TimelineQuery};
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::DeviceId;
use certporter_model::access::Caller;
use certporter_model::device::DeviceState;

use super::action::Action;
use super::copies::Copy;
use super::detail::{Device, Offered, Request};
use crate::pages::asked::Asked;
use crate::ui::timeline::Event;
use crate::ui::words;

/// Rows of the timeline that a page shows.
const EVENTS: u32 = 50;

/// The device, its copies, its open requests and its timeline, from the cursor `before` on.
///
/// # Errors
/// When the caller may not see it, or there is none.
pub async fn read(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    before: Option<String>,
) -> Result<Device, ServiceError> {
    let view = devices::get(portal, caller, id).await?;
    let query = RequestsQuery { device: Some(id), ..RequestsQuery::default() };
    let requests = requests::list(portal, caller, &query).await?.data;
    let query = TimelineQuery { cursor: before, limit: Some(EVENTS) };
    let timeline = devices::timeline(portal, caller, id, &query).await?;
    Ok(Device {
        requests: requests.into_iter().filter(|request| request.state.is_in_flight()).map(request).collect(),
        events: timeline.data.into_iter().map(event).collect(),
        earlier: timeline.next,
        reach: reach::of_device(portal, caller, id).await.ok(),
        ..device(view)
    })
}

fn device(view: DeviceView) -> Device {
    let unconfirmed = view.enrolment.as_ref().and_then(|enrolment| enrolment.unconfirmed.clone());
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
        since: view.state_changed_at,
        owner: view.device.owner.map(|owner| (owner.id, owner.display_name)),
        seen: view.device.last_contact_at,
        enrolled: view.enrolment.as_ref().map(|enrolment| enrolment.started_at),
        managed_until: view
            .enrolment
            .as_ref()
            .and_then(|enrolment| enrolment.management_certificate_not_after),
        renews: view.enrolment.and_then(|enrolment| enrolment.management_certificate_renews_at),
        registered: view.device.created_at,
        facts: facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        attributes: view.attributes.into_iter().collect(),
        copies: view.copies.into_iter().map(copy).collect(),
        unconfirmed: unconfirmed.map(|it| (it.cause, it.remedy)),
        requests: Vec::new(),
        events: Vec::new(),
        earlier: None,
        reach: None,
    }
}

fn copy(view: CopyView) -> Copy {
    Copy {
        profile: (view.profile.id, view.profile.name),
        feature: view.feature,
        state: view.state,
        since: view.updated_at,
        certificate: (view.certificate.id, view.certificate.serial.to_string()),
        until: view.certificate.not_after,
        cause: view.cause,
        remedy: view.remedy,
    }
}

fn request(view: RequestView) -> Request {
    Request {
        id: view.id,
        profile: view.profile.name,
        state: view.state,
        cause: view.cause,
        remedy: view.remedy,
    }
}

/// What the caller may do with the device, as far as its state allows.
#[must_use]
pub fn offered(asked: &Asked, state: DeviceState) -> Offered {
    Offered {
        code: state != DeviceState::Blocked && asked.may(Operation::DevicesCodesIssue),
        edit: asked.may(Operation::DevicesUpdate),
        hand_over: asked.may(Operation::DevicesHandOver),
        actions: Action::ALL.into_iter().filter(|action| action.is_offered(state, &asked.caller)).collect(),
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
