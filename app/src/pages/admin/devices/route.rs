//! `/devices/{id}` and the events that keep it up to date.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Path;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use certporter::service::ServiceError;
use certporter::service::live::Change;
use certporter_model::DeviceId;
use futures::stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::{detail, read};
use crate::pages::asked::{Asked, id};

/// How long a quiet page waits before its times are told anew.
const REFRESH: Duration = Duration::from_secs(20);

/// Shows the device.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    let shown = async {
        let id = id(&text, "device")?;
        read::read(&asked.portal, &asked.caller, id).await
    };
    let shown = shown.await;
    asked.answer(shown, detail::page).await
}

/// Sends the moving part of the page whenever something about the device has changed. What the caller may see is asked
/// again each time: an account that was disabled, or a right that was taken away, ends the stream.
pub async fn events(asked: Asked, Path(text): Path<String>) -> Response {
    let id: DeviceId = match id(&text, "device") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    // Listening begins before the first reading, so that nothing falls between.
    let changes = asked.portal.live().listen();
    if let Err(error) = read::read(&asked.portal, &asked.caller, id).await {
        return asked.refuse(error).await;
    }
    let stream = stream::unfold((asked, changes, true), move |(asked, mut changes, first)| async move {
        if !first {
            wait(&mut changes, id).await?;
        }
        let part = part(&asked, id).await.ok()?;
        Some((Ok::<_, Infallible>(Event::default().data(part)), (asked, changes, false)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

async fn part(asked: &Asked, id: DeviceId) -> Result<String, ServiceError> {
    let caller = asked.still_signed_in().await?;
    let shown = read::read(&asked.portal, &caller, id).await?;
    Ok(asked.renderer.at(asked.portal.now()).part(|| detail::part(shown)))
}

/// Waits until the device has changed, or for as long as a quiet page may; `None` when the portal stops.
async fn wait(changes: &mut Receiver<Change>, id: DeviceId) -> Option<()> {
    let changed = async {
        loop {
            match changes.recv().await {
                Ok(change) if change.device == Some(id) => return Some(()),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(()),
                Err(RecvError::Closed) => return None,
            }
        }
    };
    match tokio::time::timeout(REFRESH, changed).await {
        Ok(outcome) => outcome?,
        Err(_) => return Some(()),
    }
    // Changes come in bundles: those that are there already are shown by the same rendering.
    while !matches!(changes.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
    Some(())
}
