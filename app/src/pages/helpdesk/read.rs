//! `/helpdesk/people/{id}`: what the page of a person shows, and what keeps it up to date.

use axum::extract::{Path, Query};
use axum::response::Response;
use certporter::service::helpdesk::history::{self, HistoryQuery};
use certporter::service::{Operation, Portal, ServiceError, helpdesk, users};
use certporter_model::access::Caller;
use certporter_model::{DeviceId, UserId};
use http::StatusCode;

use super::findings::May;
use super::history::Shown as Past;
use super::person::{self, Person};
use super::subject::Subject;
use crate::pages::asked::{Asked, id, present, word};
use crate::pages::live::follow;

/// Entries of the timeline that the page shows.
pub(super) const ENTRIES: u32 = 40;

/// What the address says beside the id.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asks {
    /// Only this device's timeline.
    pub(super) device: String,
    /// Where the timeline begins.
    pub(super) before: String,
    /// The word of what was just done.
    pub(super) done: String,
}

/// Shows the person, and notes that somebody looked them up.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(asks): Query<Asks>) -> Response {
    let found = async {
        let id: UserId = id(&text, "user")?;
        let device: Option<DeviceId> = word(&asks.device)?;
        let shown = read(&asked.portal, &asked.caller, id, device, present(&asks.before)).await?;
        helpdesk::look_up(&asked.portal, &asked.caller, id).await?;
        Ok(shown)
    };
    match found.await {
        Ok(shown) => {
            let done = asks.done;
            let view = move || person::page(shown.clone(), &done);
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Sends the moving part of the page whenever something about the person or their devices has changed.
pub async fn events(asked: Asked, Path(text): Path<String>, Query(asks): Query<Asks>) -> Response {
    let found = async {
        let id: UserId = id(&text, "user")?;
        let device: Option<DeviceId> = word(&asks.device)?;
        let person = helpdesk::person(&asked.portal, &asked.caller, id).await?;
        Ok((id, device, person.grid.devices.iter().map(|device| device.id).collect::<Vec<_>>()))
    };
    let (id, device, devices) = match found.await {
        Ok(found) => found,
        Err(error) => return asked.refuse(error).await,
    };
    let concerns = move |change: &certporter::service::live::Change| {
        change.user == Some(id) || change.device.is_some_and(|id| devices.contains(&id))
    };
    let read = move |portal, caller| async move { read(&portal, &caller, id, device, None).await };
    follow(asked, concerns, read, person::part).await
}

async fn read(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    device: Option<DeviceId>,
    before: Option<String>,
) -> Result<Person, ServiceError> {
    let view = helpdesk::person(portal, caller, id).await?;
    let user = users::get(portal, caller, id).await?;
    let query = HistoryQuery { device, cursor: before, limit: Some(ENTRIES) };
    let past = history::history(portal, caller, id, &query).await?;
    Ok(Person {
        may: may(caller),
        past: Past {
            of: Subject::Person(id),
            devices: view.grid.devices.iter().map(|device| (device.id, device.name.clone())).collect(),
            device,
            entries: past.data,
            earlier: past.next,
        },
        address: user.upn.or(user.email),
        view,
    })
}

/// What the caller may do to somebody: the operation itself asks again, with the person's groups.
#[must_use]
pub fn may(caller: &Caller) -> May {
    let may = |operation: Operation| operation.thinkable(caller).is_ok();
    May {
        reissue: may(Operation::CertificatesReissue),
        retry: may(Operation::RequestsRetry),
        code: may(Operation::DevicesCodesIssue),
        block_person: may(Operation::UsersBlock),
        block_device: may(Operation::DevicesBlock),
        lose: may(Operation::DevicesLost),
        retire: may(Operation::DevicesRetire),
        write_device: may(Operation::DevicesUpdate),
        write_person: may(Operation::UsersUpdate),
        revoke: may(Operation::CertificatesRevoke),
        sign_in_code: may(Operation::SignInCodesIssue),
    }
}
