//! What the helpdesk asks: `/api/v1/helpdesk/people`, a person's or device's diagnosis, grid and history, why, and deliver
//! again.

use axum::Json as Answered;
use axum::extract::State;
use certporter_model::{CopyId, DeviceId, ProfileId, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::Answer;
use super::authenticate::Asking;
use super::body::{Id, Ids, Json, Query};
use crate::service::Portal;
use crate::service::action::ActionDraft;
use crate::service::devices::CopyView;
use crate::service::helpdesk;
use crate::service::helpdesk::diagnosis::Finding;
use crate::service::helpdesk::grid::GridView;
use crate::service::helpdesk::history::{self, HistoryEntry, HistoryQuery};
use crate::service::helpdesk::search::{self, PeopleFound, PeopleQuery};
use crate::service::helpdesk::why::{self, WhyView};
use crate::service::page::Page;

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(people))
        .routes(routes!(diagnosis))
        .routes(routes!(grid))
        .routes(routes!(timeline))
        .routes(routes!(device_diagnosis))
        .routes(routes!(device_grid))
        .routes(routes!(device_timeline))
        .routes(routes!(reasons))
        .routes(routes!(deliver_again))
}

/// Find people by a name, an address, or a number of a device or certificate of theirs: the best match first.
#[utoipa::path(get, path = "/helpdesk/people", operation_id = "users.look_up", tag = "helpdesk", params(PeopleQuery),
    responses((status = 200, description = "Who was found", body = PeopleFound)))]
async fn people(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<PeopleQuery>,
) -> Answer<Answered<PeopleFound>> {
    Ok(Answered(search::find(&portal, &caller, &query).await?))
}

/// Read what is wrong now with what a user holds, the gravest first. Noted as a look-up, once an hour.
#[utoipa::path(get, path = "/users/{id}/diagnosis", operation_id = "users.diagnosis", tag = "helpdesk",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "Every finding; none when nothing is wrong", body = Vec<Finding>)))]
async fn diagnosis(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
) -> Answer<Answered<Vec<Finding>>> {
    let person = helpdesk::person(&portal, &caller, id).await?;
    helpdesk::look_up(&portal, &caller, id).await?;
    Ok(Answered(person.findings))
}

/// Read how everything stands on each device of a user: devices across, profiles and features down. Noted as a look-up,
/// once an hour.
#[utoipa::path(get, path = "/users/{id}/grid", operation_id = "users.diagnosis.grid", tag = "helpdesk",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The grid", body = GridView)))]
async fn grid(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
) -> Answer<Answered<GridView>> {
    let person = helpdesk::person(&portal, &caller, id).await?;
    helpdesk::look_up(&portal, &caller, id).await?;
    Ok(Answered(person.grid))
}

/// Read what people, connectors, CAs and devices did about a user, joined, newest first.
#[utoipa::path(get, path = "/users/{id}/history", operation_id = "users.history", tag = "helpdesk",
    params(("id" = UserId, Path, description = "The user"), HistoryQuery),
    responses((status = 200, description = "A page of the history", body = Page<HistoryEntry>)))]
async fn timeline(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<UserId>,
    Query(query): Query<HistoryQuery>,
) -> Answer<Answered<Page<HistoryEntry>>> {
    Ok(Answered(history::history(&portal, &caller, id, &query).await?))
}

/// Read what is wrong now with what a device holds, the gravest first: of one that is nobody's too. Noted as a look-up,
/// once an hour.
#[utoipa::path(get, path = "/devices/{id}/diagnosis", operation_id = "devices.diagnosis", tag = "helpdesk",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "Every finding; none when nothing is wrong", body = Vec<Finding>)))]
async fn device_diagnosis(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
) -> Answer<Answered<Vec<Finding>>> {
    let device = helpdesk::device(&portal, &caller, id).await?;
    helpdesk::look_up_device(&portal, &caller, id).await?;
    Ok(Answered(device.findings))
}

/// Read how everything stands on a device: a grid of one column. Noted as a look-up, once an hour.
#[utoipa::path(get, path = "/devices/{id}/grid", operation_id = "devices.diagnosis.grid", tag = "helpdesk",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "The grid", body = GridView)))]
async fn device_grid(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
) -> Answer<Answered<GridView>> {
    let device = helpdesk::device(&portal, &caller, id).await?;
    helpdesk::look_up_device(&portal, &caller, id).await?;
    Ok(Answered(device.grid))
}

/// Read what people, connectors, CAs and a device itself did about it, joined, newest first: since it was given to its
/// person, or to nobody.
#[utoipa::path(get, path = "/devices/{id}/history", operation_id = "devices.history", tag = "helpdesk",
    params(("id" = DeviceId, Path, description = "The device"), HistoryQuery),
    responses((status = 200, description = "A page of the history", body = Page<HistoryEntry>)))]
async fn device_timeline(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Query(query): Query<HistoryQuery>,
) -> Answer<Answered<Page<HistoryEntry>>> {
    Ok(Answered(history::of_device(&portal, &caller, id, &query).await?))
}

/// Read why a device gets a profile's certificate, or not: everything that decides it, and how far it is.
#[utoipa::path(get, path = "/devices/{id}/profiles/{profile}", operation_id = "devices.why", tag = "helpdesk",
    params(("id" = DeviceId, Path, description = "The device"), ("profile" = ProfileId, Path, description = "The profile")),
    responses((status = 200, description = "What decides it", body = WhyView)))]
async fn reasons(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Ids(device, profile): Ids<DeviceId, ProfileId>,
) -> Answer<Answered<WhyView>> {
    Ok(Answered(why::why(&portal, &caller, device, profile).await?))
}

/// Have a copy delivered again: sealed and offered once more. Its key must still be in escrow.
#[utoipa::path(post, path = "/copies/{id}/deliver-again", operation_id = "copies.deliver_again", tag = "helpdesk",
    request_body = ActionDraft, params(("id" = CopyId, Path, description = "The copy")),
    responses((status = 200, description = "The copy", body = CopyView)))]
async fn deliver_again(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<CopyId>,
    Json(draft): Json<ActionDraft>,
) -> Answer<Answered<CopyView>> {
    Ok(Answered(helpdesk::deliver_again(&portal, &caller, id, &draft).await?))
}
