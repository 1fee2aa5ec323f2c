//! `/sign-in`: name and password. `POST /sign-out` ends the session.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::{ServiceError, sign_in};
use certporter::web::sessions::{self, Session};
use http::{HeaderMap, StatusCode};
use leptos::prelude::*;

use super::asked::Asked;
use super::own_path;
use crate::ui::field::{TextField, Typed};
use crate::ui::layout::AlonePage;
use crate::ui::notice::FormErrors;

/// What the form holds.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct SignInForm {
    /// The account's name.
    pub name: String,
    /// The password. Never shown again.
    pub password: String,
    /// Where to go afterwards: a path of this portal.
    pub next: String,
}

/// Shows the form; to somebody who is signed in already, the start.
pub async fn get(asked: Asked, Query(mut form): Query<SignInForm>) -> Response {
    if sign_in::own(&asked.caller).is_ok() {
        return Redirect::to(own_path(&form.next)).into_response();
    }
    form.password.clear();
    let typed = Typed { values: form, ..Typed::default() };
    asked.renderer.page(StatusCode::OK, move || page(typed.clone())).await
}

/// Signs in and leads to where somebody wanted to go.
pub async fn post(
    asked: Asked,
    session: Session,
    headers: HeaderMap,
    Form(mut form): Form<SignInForm>,
) -> Response {
    let password = std::mem::take(&mut form.password).into();
    let signed_in = async {
        let signed_in = sign_in::sign_in(&asked.portal, &asked.caller, &form.name, password).await?;
        sessions::begin(&session, &signed_in, &asked.caller, sessions::agent(&headers)).await
    };
    match signed_in.await {
        Ok(()) => Redirect::to(own_path(&form.next)).into_response(),
        Err(error) => asked.again(form, error, page).await,
    }
}

/// Ends the session.
pub async fn sign_out(asked: Asked, session: Session) -> Response {
    let ended = async {
        sign_in::signed_out(&asked.portal, &asked.caller).await?;
        sessions::end(&session).await
    };
    match ended.await {
        Ok(()) | Err(ServiceError::Unauthenticated) => Redirect::to("/sign-in").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(typed: Typed<SignInForm>) -> AnyView {
    view! {
        <AlonePage title="Sign in" lead="With the name and password of your account.">
            <form class="form" method="post" action="/sign-in">
                <FormErrors errors=typed.errors.clone()/>
                <input type="hidden" name="next" value=typed.values.next/>
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
                    errors=typed.errors
                    autocomplete="current-password"
                />
                <button class="btn btn-primary" type="submit">
                    "Sign in"
                </button>
            </form>
            <p class="after">
                <a class="text" href="/sign-in/code">
                    "With a code from the helpdesk"
                </a>
            </p>
        </AlonePage>
    }
    .into_any()
}
