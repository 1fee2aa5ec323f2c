//! `/invitation`: the one-time link on which somebody chooses the password of their account.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::{ServiceError, invitations};
use certporter::web::sessions::{self, Session};
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

/// What the form holds. Nothing of it is shown again.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct InvitationForm {
    password: String,
    again: String,
}

/// Shows the form if the link can still be used.
pub async fn get(asked: Asked, Query(link): Query<Link>) -> Response {
    show(&asked, &link, StatusCode::OK, Typed::default()).await
}

/// Takes the password and signs them in.
pub async fn post(
    asked: Asked,
    session: Session,
    headers: HeaderMap,
    Query(link): Query<Link>,
    Form(form): Form<InvitationForm>,
) -> Response {
    let done = async {
        if form.password != form.again {
            return Err(ServiceError::field("again", "the two passwords differ: type the same one twice"));
        }
        let signed_in =
            invitations::redeem(&asked.portal, &asked.caller, &link.code, form.password.into()).await?;
        sessions::begin(&session, &signed_in, &asked.caller, sessions::agent(&headers)).await
    };
    match done.await.map_err(form_errors) {
        Ok(()) => Redirect::to("/").into_response(),
        Err(Ok(errors)) => {
            show(&asked, &link, StatusCode::UNPROCESSABLE_ENTITY, Typed { values: (), errors }).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn show(asked: &Asked, link: &Link, status: StatusCode, typed: Typed<()>) -> Response {
    match invitations::name(&asked.portal, &asked.caller, &link.code).await {
        Ok(name) => {
            let action = address("/invitation", &[("code", &link.code)]);
            let view = move || page(action.clone(), name.clone(), typed.clone());
            asked.renderer.page(status, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page; `action` is its own address, which carries the link's code.
pub fn page(action: String, name: String, typed: Typed<()>) -> AnyView {
    let errors = typed.errors;
    view! {
        <AlonePage
            title="Choose your password"
            lead=format!("For the account {name}. This link works once; then you are signed in.")
        >
            <form class="form" method="post" action=action>
                <FormErrors errors=errors.clone()/>
                <input type="hidden" name="username" autocomplete="username" value=name/>
                <TextField
                    name="password"
                    label="Password"
                    kind="password"
                    hint="At least 12 characters. A sentence is easier to keep than a riddle."
                    errors=errors.clone()
                    autocomplete="new-password"
                    first=true
                />
                <TextField
                    name="again"
                    label="Password again"
                    kind="password"
                    errors
                    autocomplete="new-password"
                />
                <button class="btn btn-primary w-full" type="submit">
                    "Choose this password"
                </button>
            </form>
        </AlonePage>
    }
    .into_any()
}
