//! `/me/devices/{id}/lost` and its like: what it means, and one large button that does it.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::devices::DeviceView;
use certporter::service::self_service::devices;
use certporter_model::device::DeviceState;
use certporter_model::{DeviceId, FieldErrors};
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors, id};
use crate::ui::layout::Heading;
use crate::ui::notice::FormErrors;
use crate::ui::own::{BigButton, BigLink, OwnPage, OwnPlace};

/// What somebody does to a device of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Blocked at once, since it is not where it should be.
    Lost,
    /// Revoked for good: somebody else has it.
    Gone,
    /// The block is lifted.
    Found,
    /// Taken out of use.
    Remove,
}

impl Act {
    const ALL: [Self; 4] = [Self::Lost, Self::Gone, Self::Found, Self::Remove];

    const fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Gone => "gone",
            Self::Found => "found",
            Self::Remove => "remove",
        }
    }

    const fn button(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Lost => ("circle-pause", "Block it now", "btn-error"),
            Self::Gone => ("ban", "Revoke everything on it", "btn-error"),
            Self::Found => ("circle-check", "Lift the block", "btn-primary"),
            Self::Remove => ("trash-2", "Remove it", "btn-error"),
        }
    }

    fn title(self, name: &str) -> String {
        match self {
            Self::Lost => format!("You lost {name}"),
            Self::Gone => format!("{name} is gone for good"),
            Self::Found => format!("You found {name}"),
            Self::Remove => format!("Remove {name}"),
        }
    }

    const fn meaning(self, state: DeviceState) -> &'static str {
        match (self, state) {
            (Self::Lost, _) => {
                "Nothing on it lets anybody in any more, as soon as you press the button. If you find it again, you \
                 lift the block yourself."
            }
            (Self::Gone, _) => {
                "Everything on it is revoked and stays so. Your other devices get new certificates where they shared \
                 one. This can\u{2019}t be undone."
            }
            (Self::Found, _) => "What was on it comes back to it by itself, in a moment.",
            (Self::Remove, state) if state.is_out_of_use() || matches!(state, DeviceState::Registered) => {
                "It disappears from your list."
            }
            (Self::Remove, _) => {
                "What is on it is taken away and revoked. You can set the device up again whenever you want."
            }
        }
    }

    async fn ask(self, asked: &Asked, id: DeviceId) -> Result<(), ServiceError> {
        let (portal, caller) = (&asked.portal, &asked.caller);
        match self {
            Self::Lost => devices::report_lost(portal, caller, id).await.map(|_| ()),
            Self::Gone => devices::gone(portal, caller, id).await.map(|_| ()),
            Self::Found => devices::found(portal, caller, id).await.map(|_| ()),
            Self::Remove => devices::remove(portal, caller, id).await,
        }
    }
}

fn read(text: &str, word: &str) -> Result<(DeviceId, Act), ServiceError> {
    let known = Act::ALL.into_iter().find(|act| act.word() == word);
    Ok((id(text, "device")?, known.ok_or(ServiceError::NotFound { what: "page" })?))
}

/// Says what it means.
pub async fn get(asked: Asked, Path((text, word)): Path<(String, String)>) -> Response {
    match read(&text, &word) {
        Ok((id, act)) => show(&asked, id, act, StatusCode::OK, FieldErrors::new()).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Does it.
pub async fn post(asked: Asked, Path((text, word)): Path<(String, String)>) -> Response {
    let (id, act) = match read(&text, &word) {
        Ok(read) => read,
        Err(error) => return asked.refuse(error).await,
    };
    match act.ask(&asked, id).await.map_err(form_errors) {
        Ok(()) if act == Act::Remove => Redirect::to("/me?done=removed").into_response(),
        Ok(()) => Redirect::to(&format!("/me/devices/{id}?done={}", act.word())).into_response(),
        Err(Ok(errors)) => show(&asked, id, act, StatusCode::UNPROCESSABLE_ENTITY, errors).await,
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn show(asked: &Asked, id: DeviceId, act: Act, status: StatusCode, errors: FieldErrors) -> Response {
    match devices::get(&asked.portal, &asked.caller, id).await {
        Ok(device) => {
            let view = move || page(act, device.clone(), errors.clone());
            asked.renderer.page(status, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(act: Act, view: DeviceView, errors: FieldErrors) -> AnyView {
    let device = view.device;
    let here = format!("/me/devices/{}", device.id);
    let title = act.title(&device.name);
    let (icon, words, tone) = act.button();
    view! {
        <OwnPage title=title.clone() place=OwnPlace::Devices>
            <Heading title lead=act.meaning(device.state) within=("/me", "My devices")/>
            <FormErrors errors/>
            <div class="own-actions">
                <BigButton address=format!("{here}/{}", act.word()) icon words tone/>
                <BigLink address=here icon="undo-2" words="Not now"/>
            </div>
        </OwnPage>
    }
    .into_any()
}
