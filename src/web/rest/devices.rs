//! `/api/v1/devices`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::IntoResponse;
use certporter_model::DeviceId;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, created, done, tagged};
use super::authenticate::Asking;
use super::body::{Id, Json, Query};
use super::precondition::IfMatch;
use crate::service::Portal;
use crate::service::action::ActionDraft;
use crate::service::devices::{
    self, CodeDraft, DeviceSummary, DeviceView, DevicesQuery, EnrolmentCodeView, HandOverDraft,
};
use crate::service::directory_draft::DeviceDraft;
use crate::service::members::{self, MembershipView};
use crate::service::page::Page;
use crate::service::reach::{self, ProfileReach};
use crate::service::timeline::{TimelineEntry, TimelineQuery};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(timeline))
        .routes(routes!(profiles))
        .routes(routes!(groups))
        .routes(routes!(issue_code))
        .routes(routes!(retire))
        .routes(routes!(block))
        .routes(routes!(unblock))
        .routes(routes!(lost))
        .routes(routes!(wiped))
        .routes(routes!(hand_over))
}

/// List and search devices.
#[utoipa::path(get, path = "/devices", operation_id = "devices.list", tag = "devices", params(DevicesQuery),
    responses((status = 200, description = "A page of devices", body = Page<DeviceSummary>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<DevicesQuery>,
) -> Answer<Answered<Page<DeviceSummary>>> {
    Ok(Answered(devices::list(&portal, &caller, &query).await?))
}

/// Register a device. It holds nothing until it enrols.
#[utoipa::path(post, path = "/devices", operation_id = "devices.create", tag = "devices", request_body = DeviceDraft,
    responses((status = 201, description = "The new device", body = DeviceView)))]
async fn create(Acting(portal): Acting, Asking(caller): Asking, Json(draft): Json<DeviceDraft>) -> Answer {
    let device = devices::create(&portal, &caller, &draft).await?;
    Ok(created(&format!("/api/v1/devices/{}", device.device.id), device.device.version, device))
}

/// Read one device with its copies.
#[utoipa::path(get, path = "/devices/{id}", operation_id = "devices.get", tag = "devices",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "The device", body = DeviceView)))]
async fn get(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<DeviceId>) -> Answer {
    answer(devices::get(&portal, &caller, id).await?)
}

/// Read what happened on a device, newest first.
#[utoipa::path(get, path = "/devices/{id}/timeline", operation_id = "devices.timeline", tag = "devices",
    params(("id" = DeviceId, Path, description = "The device"), TimelineQuery),
    responses((status = 200, description = "A page of the timeline", body = Page<TimelineEntry>)))]
async fn timeline(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Query(query): Query<TimelineQuery>,
) -> Answer<Answered<Page<TimelineEntry>>> {
    Ok(Answered(devices::timeline(&portal, &caller, id, &query).await?))
}

/// Read which profiles reach a device, and why, or why not.
#[utoipa::path(get, path = "/devices/{id}/profiles", operation_id = "devices.profiles", tag = "devices",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "Every profile", body = Vec<ProfileReach>)))]
async fn profiles(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
) -> Answer<Answered<Vec<ProfileReach>>> {
    Ok(Answered(reach::of_device(&portal, &caller, id).await?))
}

/// List the groups that a device is in directly.
#[utoipa::path(get, path = "/devices/{id}/groups", operation_id = "devices.groups", tag = "devices",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "Every membership", body = Vec<MembershipView>)))]
async fn groups(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
) -> Answer<Answered<Vec<MembershipView>>> {
    Ok(Answered(members::of_device(&portal, &caller, id).await?))
}

/// Change what is known of a device. What the body leaves out is emptied; the owner stays: see hand-over.
#[utoipa::path(put, path = "/devices/{id}", operation_id = "devices.update", tag = "devices", request_body = DeviceDraft,
    params(("id" = DeviceId, Path, description = "The device"), ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "The device", body = DeviceView)))]
async fn update(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    IfMatch(version): IfMatch,
    Json(draft): Json<DeviceDraft>,
) -> Answer {
    answer(devices::update(&portal, &caller, id, version, &draft).await?)
}

/// Delete a device. What it holds is revoked, and removed when it is reached.
#[utoipa::path(delete, path = "/devices/{id}", operation_id = "devices.delete", tag = "devices",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 204, description = "Deleted")))]
async fn delete(Acting(portal): Acting, Asking(caller): Asking, Id(id): Id<DeviceId>) -> Answer {
    devices::delete(&portal, &caller, id, &ActionDraft::default()).await?;
    Ok(done())
}

/// Issue a one-time enrolment code. It is answered this once.
#[utoipa::path(post, path = "/devices/{id}/enrolment-codes", operation_id = "devices.enrolment_codes.issue", tag = "devices",
    request_body = CodeDraft, params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 201, description = "The code", body = EnrolmentCodeView)))]
async fn issue_code(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<CodeDraft>,
) -> Answer {
    let code = devices::issue_code(&portal, &caller, id, &draft).await?;
    Ok((StatusCode::CREATED, Answered(code)).into_response())
}

/// Retire a device. Its copies are removed and its certificates revoked.
#[utoipa::path(post, path = "/devices/{id}/retire", operation_id = "devices.retire", tag = "devices", request_body = ActionDraft,
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "The device", body = DeviceView)))]
async fn retire(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(devices::retire(&portal, &caller, id, &draft).await?)
}

/// Block a device for a while. Its copies are removed and its certificates go on hold.
#[utoipa::path(post, path = "/devices/{id}/block", operation_id = "devices.block", tag = "devices", request_body = ActionDraft,
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "The device", body = DeviceView)))]
async fn block(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(devices::block(&portal, &caller, id, &draft).await?)
}

/// Lift a device's block.
#[utoipa::path(post, path = "/devices/{id}/unblock", operation_id = "devices.unblock", tag = "devices", request_body = ActionDraft,
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "The device", body = DeviceView)))]
async fn unblock(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(devices::unblock(&portal, &caller, id, &draft).await?)
}

/// Declare a device lost or stolen. Its certificates are revoked as compromised.
#[utoipa::path(post, path = "/devices/{id}/lost", operation_id = "devices.lost", tag = "devices", request_body = ActionDraft,
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "The device", body = DeviceView)))]
async fn lost(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(devices::lost(&portal, &caller, id, &draft).await?)
}

/// Note that a device was wiped: erased by its own management or by hand. Its certificates are revoked as compromised.
#[utoipa::path(post, path = "/devices/{id}/wiped", operation_id = "devices.wiped", tag = "devices", request_body = ActionDraft,
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "The device", body = DeviceView)))]
async fn wiped(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(devices::wiped(&portal, &caller, id, &draft).await?)
}

/// Hand a device over to another person, or to nobody. The old person's certificates on it are revoked.
#[utoipa::path(post, path = "/devices/{id}/hand-over", operation_id = "devices.hand_over", tag = "devices",
    request_body = HandOverDraft, params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "The device", body = DeviceView)))]
async fn hand_over(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<HandOverDraft>,
) -> Answer {
    answer(devices::hand_over(&portal, &caller, id, &draft).await?)
}

fn answer(device: DeviceView) -> Answer {
    Ok(tagged(device.device.version, device))
}
