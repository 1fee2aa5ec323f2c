//! `/me/add`: another device, in one step: which kind it is, guessed from the browser, and what it is called.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::self_service::devices::{self, NewDevice};
use certporter::service::self_service::{for_themselves, platform};
use certporter_model::platform::Platform;
use http::{HeaderMap, StatusCode};
use leptos::prelude::*;

use super::code;
use crate::pages::asked::{Asked, form_errors};
use crate::ui::field::{Choice, RadioField, TextField, Typed};
use crate::ui::layout::Heading;
use crate::ui::notice::FormErrors;
use crate::ui::own::{OwnPage, OwnPlace, platform_words};

/// What the form holds.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct AddForm {
    /// What the device is called.
    pub name: String,
    /// Its operating system.
    pub platform: String,
}

/// In the order in which people have them.
const PLATFORMS: [Platform; 6] =
    [Platform::Windows, Platform::Macos, Platform::Linux, Platform::Ios, Platform::Android, Platform::Other];

/// What a device is called by whoever has one of the kind.
fn suggestion(platform: Platform) -> String {
    let what = match platform {
        Platform::Ios => "iPhone",
        Platform::Android => "phone",
        Platform::Macos => "Mac",
        Platform::Windows | Platform::Linux => "laptop",
        Platform::Other => "device",
    };
    format!("My {what}")
}

/// Shows the form, with what the browser runs on picked.
pub async fn get(asked: Asked, headers: HeaderMap, Query(mut form): Query<AddForm>) -> Response {
    if let Err(error) = for_themselves(&asked.caller) {
        return asked.refuse(error).await;
    }
    let agent = headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
    let picked = platform::of_browser(agent.unwrap_or_default());
    if form.platform.is_empty() {
        picked.as_str().clone_into(&mut form.platform);
    }
    if form.name.is_empty() {
        form.name = suggestion(form.platform.parse().unwrap_or(picked));
    }
    show(&asked, StatusCode::OK, Typed { values: form, ..Typed::default() }).await
}

/// Adds the device and shows the code with which it is set up.
pub async fn post(asked: Asked, Form(form): Form<AddForm>) -> Response {
    let draft = NewDevice { name: form.name.clone(), platform: form.platform.clone() };
    match devices::add(&asked.portal, &asked.caller, &draft).await {
        Ok((id, made)) => match devices::get(&asked.portal, &asked.caller, id).await {
            Ok(device) => code::show(&asked, device, made).await,
            Err(error) => asked.refuse(error).await,
        },
        // It is there, but its code could not be made: the device's own page makes another.
        Err(ServiceError::Unavailable { .. }) => Redirect::to("/me").into_response(),
        Err(error) => match form_errors(error) {
            Ok(errors) => {
                show(&asked, StatusCode::UNPROCESSABLE_ENTITY, Typed { values: form, errors }).await
            }
            Err(error) => asked.refuse(error).await,
        },
    }
}

async fn show(asked: &Asked, status: StatusCode, typed: Typed<AddForm>) -> Response {
    asked.renderer.page(status, move || page(typed.clone())).await
}

/// The page.
pub fn page(typed: Typed<AddForm>) -> AnyView {
    let Typed { values, errors } = typed;
    let choices: Vec<Choice> = PLATFORMS
        .into_iter()
        .map(|platform| Choice::new(platform.as_str(), platform_words(platform), ""))
        .collect();
    view! {
        <OwnPage title="Add a device".to_owned() place=OwnPlace::Devices>
            <Heading
                title="Add a device"
                lead="The next page shows what to do on it."
                within=("/me", "My devices")
            />
            <form class="form own-form" method="post" action="/me/add">
                <FormErrors errors=errors.clone()/>
                <RadioField
                    name="platform"
                    label="Which kind is it?"
                    errors=errors.clone()
                    choices
                    value=values.platform
                />
                <TextField
                    name="name"
                    label="What do you call it?"
                    hint="So that you know it again in your list."
                    value=values.name
                    errors
                />
                <button class="btn btn-primary big" type="submit">
                    "Add it"
                </button>
            </form>
        </OwnPage>
    }
    .into_any()
}
