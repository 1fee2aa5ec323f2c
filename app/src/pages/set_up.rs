//! `/setup`: the one-time link on which the first administrator chooses a name and a password.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::{ServiceError, setup};
use certporter::web::sessions::{self, Session};
use certporter_model::FieldErrors;
use http::{HeaderMap, StatusCode};
use leptos::prelude::*;

use super::address;
use super::asked::{Asked, form_errors};
use crate::ui::field::{TextField, Typed};
use crate::ui::layout::AlonePage;
use crate::ui::notice::FormErrors;

/// The link's secret, in its address.
#[derive(serde::Deserialize)]
pub struct Link {
    #[serde(default)]
    code: String,
}

/// What the form holds.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct SetUpForm {
    /// The account's name.
    pub name: String,
    /// The password. Never shown again.
    pub password: String,
    /// The password again.
    pub again: String,
}

/// Shows the form if the link can still be used.
pub async fn get(asked: Asked, Query(link): Query<Link>) -> Response {
    match setup::is_usable(&asked.portal, &asked.caller, &link.code).await {
        Ok(true) => show(&asked, &link, StatusCode::OK, Typed::default()).await,
        Ok(false) => {
            asked.refuse(ServiceError::NotFound { what: "set-up link that can still be used" }).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Makes the administrator and signs them in.
pub async fn post(
    asked: Asked,
    session: Session,
    headers: HeaderMap,
    Query(link): Query<Link>,
    Form(mut form): Form<SetUpForm>,
) -> Response {
    let password = std::mem::take(&mut form.password);
    let again = std::mem::take(&mut form.again);
    let done = async {
        if password != again {
            return Err(FieldErrors::one("again", "the two passwords differ: type the same one twice").into());
        }
        let signed_in =
            setup::redeem(&asked.portal, &asked.caller, &link.code, &form.name, password.into()).await?;
        sessions::begin(&session, &signed_in, &asked.caller, sessions::agent(&headers)).await
    };
    match done.await.map_err(form_errors) {
        Ok(()) => Redirect::to("/").into_response(),
        Err(Ok(errors)) => {
            show(&asked, &link, StatusCode::UNPROCESSABLE_ENTITY, Typed { values: form, errors }).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn show(asked: &Asked, link: &Link, status: StatusCode, typed: Typed<SetUpForm>) -> Response {
    let action = address("/setup", &[("code", &link.code)]);
    asked.renderer.page(status, move || page(action.clone(), typed.clone())).await
}

/// The page; `action` is its own address, which carries the link's code.
pub fn page(action: String, typed: Typed<SetUpForm>) -> AnyView {
    view! {
        <AlonePage
            title="Set up certporter"
            lead="Choose the name and password of the first administrator. This link works once."
        >
            <form class="form" method="post" action=action>
                <FormErrors errors=typed.errors.clone()/>
                <TextField
                    name="name"
                    label="Name"
                    value=typed.values.name
                    errors=typed.errors.clone()
                    autocomplete="username"
                    first=true
                />
                <TextField
                    name="password"
                    label="Password"
                    kind="password"
                    hint="At least 12 characters. A sentence is easier to keep than a riddle."
                    errors=typed.errors.clone()
                    autocomplete="new-password"
                />
                <TextField
                    name="again"
                    label="Password again"
                    kind="password"
                    errors=typed.errors
                    autocomplete="new-password"
                />
                <button class="btn btn-primary" type="submit">
                    "Create the account"
                </button>
            </form>
        </AlonePage>
    }
    .into_any()
}
