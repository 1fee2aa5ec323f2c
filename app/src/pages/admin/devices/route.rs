//! `/devices/{id}` and the events that keep it up to date.

use axum::extract::{Path, Query};
use axum::response::Response;
use certporter_model::DeviceId;
use http::StatusCode;

use super::{detail, read};
use crate::pages::asked::{Asked, id, present};
use crate::pages::live::follow;

/// What the address says beside the id.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    /// The word of what was just done.
    done: String,
    /// Where the timeline begins.
    before: String,
}

/// Shows the device.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(shown): Query<Shown>) -> Response {
    let found = async {
        let id = id(&text, "device")?;
        read::read(&asked.portal, &asked.caller, id, present(&shown.before)).await
    };
    match found.await {
        Ok(device) => {
            let offered = read::offered(&asked, device.state);
            let done = shown.done;
            let view = move || detail::page(device.clone(), offered.clone(), &done);
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Sends the moving part of the page whenever something about the device has changed.
pub async fn events(asked: Asked, Path(text): Path<String>) -> Response {
    let id: DeviceId = match id(&text, "device") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let read = move |portal, caller| async move { read::read(&portal, &caller, id, None).await };
    follow(asked, move |change| change.device == Some(id), read, detail::part).await
}
