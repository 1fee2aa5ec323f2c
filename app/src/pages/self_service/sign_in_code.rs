//! `/sign-in/code`: name and the one-time code that the helpdesk read out.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::{sign_in, sign_in_codes};
use certporter::web::sessions::{self, Session};
use http::{HeaderMap, StatusCode};
use leptos::prelude::*;

use crate::pages::asked::Asked;
use crate::ui::field::{TextField, Typed};
use crate::ui::layout::AlonePage;
use crate::ui::notice::FormErrors;

/// What the form holds.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct CodeForm {
    /// Who they are.
    pub name: String,
    /// The code. Never shown again.
    pub code: String,
}

/// Shows the form; to somebody who is signed in already, their own page.
pub async fn get(asked: Asked, Query(mut form): Query<CodeForm>) -> Response {
    if sign_in::own(&asked.caller).is_ok() {
        return Redirect::to("/me").into_response();
    }
    form.code.clear();
    let typed = Typed { values: form, ..Typed::default() };
    asked.renderer.page(StatusCode::OK, move || page(typed.clone())).await
}

/// Signs in.
pub async fn post(
    asked: Asked,
    session: Session,
    headers: HeaderMap,
    Form(mut form): Form<CodeForm>,
) -> Response {
    let code = std::mem::take(&mut form.code).into();
    let signed_in = async {
        let signed_in = sign_in_codes::sign_in(&asked.portal, &asked.caller, &form.name, code).await?;
        sessions::begin_with_code(&session, &signed_in, &asked.caller, sessions::agent(&headers)).await
    };
    match signed_in.await {
        Ok(()) => Redirect::to("/me").into_response(),
        Err(error) => asked.again(form, error, page).await,
    }
}

/// The page.
pub fn page(typed: Typed<CodeForm>) -> AnyView {
    view! {
        <AlonePage
            title="Sign in with a code"
            lead="The helpdesk reads a code out to you. It works once, within a quarter of an hour."
        >
            <form class="form own-form" method="post" action="/sign-in/code">
                <FormErrors errors=typed.errors.clone()/>
                <TextField
                    name="name"
                    label="Your user name"
                    hint="The one with which you sign in at work."
                    value=typed.values.name
                    errors=typed.errors.clone()
                    autocomplete="username"
                    first=true
                />
                <TextField
                    name="code"
                    label="Code"
                    hint="Eight letters and digits; small or large letters, with or without the hyphen."
                    errors=typed.errors
                    autocomplete="one-time-code"
                    exact=true
                />
                <button class="btn btn-primary big" type="submit">
                    "Sign in"
                </button>
            </form>
            <p class="after">
                <a class="text" href="/sign-in">
                    "With a password instead"
                </a>
            </p>
        </AlonePage>
    }
    .into_any()
}
