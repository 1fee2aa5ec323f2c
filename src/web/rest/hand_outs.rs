//! `/api/v1/devices/{id}/hand-outs`: certificates as files, for devices without the agent. The file itself is fetched
//! from its one-time link, which needs no token.

use axum::Json as Answered;
use axum::extract::State;
use axum::response::IntoResponse;
use certporter_model::DeviceId;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::Answer;
use super::authenticate::Asking;
use super::body::{Id, Json};
use crate::service::Portal;
use crate::service::hand_outs::{self, ChannelDraft, CopySnippets, HandOutDraft, HandOutMade, HandOutsView};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, prepare, withdraw))
        .routes(routes!(choose))
        .routes(routes!(snippets))
}

/// List what waits to be handed out for a device, and what was. Whatever was fetched is handed out, unconfirmed: nobody
/// says whether it was installed.
#[utoipa::path(get, path = "/devices/{id}/hand-outs", operation_id = "hand_outs.list", tag = "hand-outs",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "Certificates and links", body = HandOutsView)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
) -> Answer<Answered<HandOutsView>> {
    Ok(Answered(hand_outs::list(&portal, &caller, id).await?))
}

/// Make a file with a certificate and its key, and a link that fetches it once, by POST, within an hour. Link and
/// password are answered this once; the file is never in the same answer as its password.
#[utoipa::path(post, path = "/devices/{id}/hand-outs", operation_id = "hand_outs.prepare", tag = "hand-outs",
    request_body = HandOutDraft, params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 201, description = "Link and password", body = HandOutMade)))]
async fn prepare(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<HandOutDraft>,
) -> Answer {
    let made = hand_outs::prepare(&portal, &caller, id, &draft).await?;
    Ok((StatusCode::CREATED, Answered(made)).into_response())
}

/// Withdraw the links of a device that were not used yet.
#[utoipa::path(delete, path = "/devices/{id}/hand-outs", operation_id = "hand_outs.withdraw", tag = "hand-outs",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "Certificates and links", body = HandOutsView)))]
async fn withdraw(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
) -> Answer<Answered<HandOutsView>> {
    Ok(Answered(hand_outs::withdraw(&portal, &caller, id).await?))
}

/// Enrol a device over a channel without the agent. From then on it gets what it is assigned, to be handed out.
#[utoipa::path(put, path = "/devices/{id}/channel", operation_id = "hand_outs.choose_channel", tag = "hand-outs",
    request_body = ChannelDraft, params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "Certificates and links", body = HandOutsView)))]
async fn choose(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
    Json(draft): Json<ChannelDraft>,
) -> Answer<Answered<HandOutsView>> {
    Ok(Answered(hand_outs::choose(&portal, &caller, id, draft).await?))
}

/// Read ready-made settings for NetworkManager, wpa_supplicant, strongSwan and Thunderbird on a Linux device, with the
/// paths of the files that the agent writes.
#[utoipa::path(get, path = "/devices/{id}/snippets", operation_id = "devices.snippets", tag = "hand-outs",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 200, description = "For each copy", body = Vec<CopySnippets>)))]
async fn snippets(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DeviceId>,
) -> Answer<Answered<Vec<CopySnippets>>> {
    Ok(Answered(hand_outs::snippets(&portal, &caller, id).await?))
}
