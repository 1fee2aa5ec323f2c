//! `/sign-in`: name and password.

use leptos::prelude::*;

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
        </AlonePage>
    }
    .into_any()
}
