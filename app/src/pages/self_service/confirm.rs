//! `/me/confirm/{id}`: somebody says with their own password that a device or session is theirs.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::confirmations::{self, ConfirmationKind, ConfirmationView};
use certporter_model::{ConfirmationId, FieldErrors};
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors, id};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::field::TextField;
use crate::ui::layout::Heading;
use crate::ui::notice::FormErrors;
use crate::ui::own::{BigLink, OwnPage, OwnPlace};
use crate::ui::time::Moment;

/// What the form holds.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    /// The password. Never shown again.
    password: String,
}

/// Shows what it is, and asks.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    show(&asked, &text, StatusCode::OK, FieldErrors::new()).await
}

/// Confirms.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<ConfirmForm>) -> Response {
    let done = async {
        let id: ConfirmationId = id(&text, WHAT)?;
        confirmations::confirm(&asked.portal, &asked.caller, id, form.password.into()).await
    };
    match done.await.map_err(form_errors) {
        Ok(()) => Redirect::to("/me?done=confirmed").into_response(),
        Err(Ok(errors)) => show(&asked, &text, StatusCode::UNPROCESSABLE_ENTITY, errors).await,
        Err(Err(error)) => asked.refuse(error).await,
    }
}

const WHAT: &str = "device or session that waits to be confirmed";

async fn show(asked: &Asked, text: &str, status: StatusCode, errors: FieldErrors) -> Response {
    let found = async {
        let id: ConfirmationId = id(text, WHAT)?;
        let waiting = confirmations::own(&asked.portal, &asked.caller).await?;
        waiting.into_iter().find(|it| it.id == id).ok_or(ServiceError::NotFound { what: WHAT })
    };
    match found.await {
        Ok(waiting) => {
            let view = move || page(waiting.clone(), errors.clone());
            asked.renderer.page(status, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(waiting: ConfirmationView, errors: FieldErrors) -> AnyView {
    let title = match (waiting.kind, &waiting.device) {
        (ConfirmationKind::Device, Some(device)) => format!("Is {} yours?", device.name),
        (ConfirmationKind::Device, None) => "Is this device yours?".to_owned(),
        (ConfirmationKind::Session, _) => "Did you sign in with a code?".to_owned(),
    };
    let yes = match waiting.kind {
        ConfirmationKind::Device => "Yes, it is mine",
        ConfirmationKind::Session => "Yes, it was me",
    };
    let remove = waiting.device.as_ref().map(|device| format!("/me/devices/{}/remove", device.id));
    view! {
        <OwnPage title=title.clone() place=OwnPlace::Devices>
            <Heading
                title
                lead="Once you say so, it gets the keys that your other devices have too, such as for old e-mail."
                within=("/me", "My devices")
            />
            <Facts>
                <Fact name="Since">
                    <Moment at=waiting.since/>
                </Fact>
                <Fact name="With the help of">{waiting.staff.unwrap_or_else(|| "staff".to_owned())}</Fact>
            </Facts>
            <form class="form own-form" method="post" action=format!("/me/confirm/{}", waiting.id)>
                <FormErrors errors=errors.clone()/>
                <TextField
                    name="password"
                    label="Your own password"
                    kind="password"
                    hint="The one with which you sign in here: not a code."
                    errors
                    autocomplete="current-password"
                />
                <button class="btn btn-primary big" type="submit">
                    {yes}
                </button>
            </form>
            <Section title="You have no password here?">
                <p class="prose">
                    "Confirm it on another device of yours that is set up already. This shows there what waits, and how to say that it is yours:"
                </p>
                <pre class="command" tabindex="0">
                    <code>"certporter agent confirm --dir /var/lib/certporter"</code>
                </pre>
                <p class="prose">"Or ask the helpdesk for a second person who approves it."</p>
            </Section>
            <Section title="You don\u{2019}t know it?">
                <p class="prose">"Confirm nothing, and tell the helpdesk."</p>
                {match remove {
                    Some(remove) => {
                        view! {
                            <BigLink
                                address=remove
                                icon="trash-2"
                                words="Remove this device"
                                tone="btn-error btn-outline"
                            />
                        }
                            .into_any()
                    }
                    None => {
                        view! { <BigLink address="/me/events" icon="history" words="History"/> }.into_any()
                    }
                }}
            </Section>
        </OwnPage>
    }
    .into_any()
}
