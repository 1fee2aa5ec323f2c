//! `/devices/{id}/block` and its like: what will follow, why it is done, and the button that does it, on one page.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::action::ActionDraft;
use certporter::service::devices::{self, DeviceView};
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::access::Caller;
use certporter_model::device::DeviceState;
use certporter_model::{DeviceId, FieldErrors};
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::consequences::{Outcome, preview_or_do};
use crate::ui::consequences::{Preview, Shown};
use crate::ui::field::{LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;

/// What can be done to a device that only changes its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Blocked for a while.
    Block,
    /// The block is lifted.
    Unblock,
    /// Taken out of service.
    Retire,
    /// Declared lost or stolen.
    Lost,
    /// Noted as wiped.
    Wiped,
    /// Deleted.
    Delete,
}

impl Action {
    /// Every one, the mildest first.
    pub const ALL: [Self; 6] =
        [Self::Block, Self::Unblock, Self::Retire, Self::Lost, Self::Wiped, Self::Delete];

    /// Its word in addresses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Retire => "retire",
            Self::Lost => "lost",
            Self::Wiped => "wiped",
            Self::Delete => "delete",
        }
    }

    /// What the button says.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Block => "Block this device",
            Self::Unblock => "Lift the block",
            Self::Retire => "Retire this device",
            Self::Lost => "Declare it lost or stolen",
            Self::Wiped => "Note that it was wiped",
            Self::Delete => "Delete this device",
        }
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Block => "circle-pause",
            Self::Unblock => "circle-check",
            Self::Retire => "archive",
            Self::Lost => "circle-alert",
            Self::Wiped => "eraser",
            Self::Delete => "trash-2",
        }
    }

    /// What it means, for somebody who does it for the first time.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Block => {
                "For a while, and reversible: what is on the device is removed from it and put on hold. A certificate \
                 whose CA knows no hold is revoked."
            }
            Self::Unblock => {
                "The device gets back what it is assigned: what is on hold comes back, what was revoked is issued anew."
            }
            Self::Retire => {
                "The device goes out of service: what is on it is removed and revoked. It can be enrolled again later."
            }
            Self::Lost => {
                "Somebody else may have the device: its keys count as compromised and its certificates are revoked for \
                 good. What is on it is removed if it is ever reached."
            }
            Self::Wiped => {
                "The device was erased, by its own management or by hand: nobody can say any more where its keys were, \
                 so they count as compromised and its certificates are revoked for good. What is on it after all is \
                 removed if it is ever reached. It can be enrolled again."
            }
            Self::Delete => {
                "The device disappears from the lists, and what it holds is revoked. Its history stays. This can\u{2019}t \
                 be undone."
            }
        }
    }

    /// The state that the device is in afterwards.
    const fn becomes(self) -> DeviceState {
        match self {
            Self::Block => DeviceState::Blocked,
            Self::Unblock => DeviceState::Enrolled,
            Self::Retire => DeviceState::Retired,
            Self::Lost => DeviceState::Lost,
            Self::Wiped => DeviceState::Wiped,
            Self::Delete => DeviceState::Deleted,
        }
    }

    const fn operation(self) -> Operation {
        match self {
            Self::Block => Operation::DevicesBlock,
            Self::Unblock => Operation::DevicesUnblock,
            Self::Retire => Operation::DevicesRetire,
            Self::Lost => Operation::DevicesLost,
            Self::Wiped => Operation::DevicesWiped,
            Self::Delete => Operation::DevicesDelete,
        }
    }

    /// Whether a device in that state allows it, and the caller may do it to some device.
    #[must_use]
    pub fn is_offered(self, state: DeviceState, caller: &Caller) -> bool {
        let from = match self {
            Self::Unblock => state == DeviceState::Blocked,
            other => state != other.becomes() && state.to(other.becomes()).is_ok(),
        };
        from && self.operation().thinkable(caller).is_ok()
    }

    async fn ask(
        self,
        portal: &Portal,
        caller: &Caller,
        id: DeviceId,
        draft: &ActionDraft,
    ) -> Result<(), ServiceError> {
        match self {
            Self::Block => devices::block(portal, caller, id, draft).await.map(|_| ()),
            Self::Unblock => devices::unblock(portal, caller, id, draft).await.map(|_| ()),
            Self::Retire => devices::retire(portal, caller, id, draft).await.map(|_| ()),
            Self::Lost => devices::lost(portal, caller, id, draft).await.map(|_| ()),
            Self::Wiped => devices::wiped(portal, caller, id, draft).await.map(|_| ()),
            Self::Delete => devices::delete(portal, caller, id, draft).await,
        }
    }
}

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct ActionForm {
    /// Why.
    pub explanation: String,
    /// Under what what follows was shown.
    pub digest: String,
}

fn action_of(word: &str) -> Result<Action, ServiceError> {
    let known = Action::ALL.into_iter().find(|action| action.word() == word);
    known.ok_or(ServiceError::NotFound { what: "page" })
}

/// Shows what would follow.
pub async fn get(asked: Asked, Path((text, word)): Path<(String, String)>) -> Response {
    match read(&text, &word) {
        Ok((id, action)) => show(&asked, id, action, StatusCode::OK, Typed::default(), None).await,
        Err(error) => asked.refuse(error).await,
    }
}

fn read(text: &str, word: &str) -> Result<(DeviceId, Action), ServiceError> {
    Ok((id(text, "device")?, action_of(word)?))
}

/// Does it, if what follows is what was shown.
pub async fn post(
    asked: Asked,
    Path((text, word)): Path<(String, String)>,
    Form(form): Form<ActionForm>,
) -> Response {
    let (id, action) = match read(&text, &word) {
        Ok(read) => read,
        Err(error) => return asked.refuse(error).await,
    };
    let done = async {
        if form.explanation.trim().is_empty() {
            return Err(ServiceError::field("explanation", "say why: it is kept in the audit trail"));
        }
        let draft = ActionDraft { explanation: Some(form.explanation.clone()) };
        let (draft, caller) = (&draft, &asked.caller);
        let ask = |portal: Portal| async move { action.ask(&portal, caller, id, draft).await };
        preview_or_do(&asked, &form.digest, ask).await
    };
    match done.await.map_err(form_errors) {
        Ok(Outcome::Done(())) if action == Action::Delete => {
            Redirect::to("/devices?deleted=true").into_response()
        }
        Ok(Outcome::Done(())) => {
            Redirect::to(&format!("/devices/{id}?done={}", action.word())).into_response()
        }
        Ok(Outcome::Show(shown)) => {
            let typed = Typed { values: form, errors: FieldErrors::new() };
            show(&asked, id, action, StatusCode::OK, typed, Some(shown)).await
        }
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(&asked, id, action, StatusCode::UNPROCESSABLE_ENTITY, typed, None).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn show(
    asked: &Asked,
    id: DeviceId,
    action: Action,
    status: StatusCode,
    typed: Typed<ActionForm>,
    shown: Option<Shown>,
) -> Response {
    let found = async {
        let device = devices::get(&asked.portal, &asked.caller, id).await?;
        if let Some(shown) = shown {
            return Ok((device, shown));
        }
        let (draft, caller) = (&ActionDraft::default(), &asked.caller);
        let ask = |portal: Portal| async move { action.ask(&portal, caller, id, draft).await };
        match preview_or_do(asked, "", ask).await? {
            Outcome::Show(shown) => Ok((device, shown)),
            Outcome::Done(()) => Ok((device, Shown::default())),
        }
    };
    match found.await {
        Ok((device, shown)) => {
            let view = move || page(action, device.clone(), typed.clone(), shown.clone());
            asked.renderer.page(status, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(action: Action, view: DeviceView, typed: Typed<ActionForm>, shown: Shown) -> AnyView {
    let device = view.device;
    let here = format!("/devices/{}", device.id);
    let title = format!("{}: {}", action.words(), device.name);
    view! {
        <Page title=title.clone() task=Some(Task::Devices)>
            <Heading title lead=action.meaning() within=("/devices", "Devices")/>
            <FormErrors errors=typed.errors.clone()/>
            <Preview
                shown
                action=format!("{here}/{}", action.word())
                fields=Vec::new()
                submit=action.words()
                back=here
                destructive=matches!(action, Action::Retire | Action::Lost | Action::Wiped | Action::Delete)
            >
                <LongField
                    name="explanation"
                    label="Why"
                    hint="For the audit trail: who asked, and what happened."
                    value=typed.values.explanation
                    errors=typed.errors
                />
            </Preview>
        </Page>
    }
    .into_any()
}
