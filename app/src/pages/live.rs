//! Parts of pages that move by themselves: rendered anew and sent whenever something that they show has changed.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use certporter::service::live::Change;
use certporter::service::{Portal, ServiceError};
use certporter_model::access::Caller;
use futures::stream;
use leptos::prelude::AnyView;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::asked::Asked;

/// How long a quiet page waits before its times are told anew.
const REFRESH: Duration = Duration::from_secs(20);
/// The least time between two renderings: much happens at once when many devices are at work.
const BREATH: Duration = Duration::from_millis(250);

/// Sends what `read` gives, as `view` shows it, whenever a change concerns it. What the caller may see is asked again
/// each time: an account that was disabled, or a right that was taken away, ends the stream.
pub async fn follow<T, F>(
    asked: Asked,
    concerns: impl Fn(&Change) -> bool + Send + Sync + 'static,
    read: impl Fn(Portal, Caller) -> F + Send + Sync + 'static,
    view: fn(T) -> AnyView,
) -> Response
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    // Listening begins before the first reading, so that nothing falls between.
    let changes = asked.portal.live().listen();
    if let Err(error) = read(asked.portal.clone(), asked.caller.clone()).await {
        return asked.refuse(error).await;
    }
    let following = Following { asked, changes, concerns, read, view, first: true };
    let stream = stream::unfold(following, |mut following| async move {
        let part = following.next().await?;
        Some((Ok::<_, Infallible>(Event::default().data(part)), following))
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

struct Following<C, R, T> {
    asked: Asked,
    changes: Receiver<Change>,
    concerns: C,
    read: R,
    view: fn(T) -> AnyView,
    first: bool,
}

impl<C, R, T, F> Following<C, R, T>
where
    C: Fn(&Change) -> bool,
    R: Fn(Portal, Caller) -> F,
    T: 'static,
    F: Future<Output = Result<T, ServiceError>>,
{
    /// The next rendering; `None` when there is nothing more to be seen.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::take(&mut self.first) {
            self.wait().await?;
        }
        let caller = self.asked.still_signed_in().await.ok()?;
        let data = (self.read)(self.asked.portal.clone(), caller).await.ok()?;
        let view = self.view;
        Some(self.asked.renderer.at(self.asked.portal.now()).part(move || view(data)))
    }

    /// Waits for a change that concerns the page, or for as long as a quiet page may; `None` when the portal stops.
    async fn wait(&mut self) -> Option<()> {
        let (changes, concerns) = (&mut self.changes, &self.concerns);
        let changed = async {
            loop {
                match changes.recv().await {
                    Ok(change) if concerns(&change) => return Some(()),
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
        // Changes come in bundles: what comes within a moment is shown by the same rendering.
        tokio::time::sleep(BREATH).await;
        while !matches!(self.changes.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        Some(())
    }
}
