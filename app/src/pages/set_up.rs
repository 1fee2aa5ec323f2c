//! `/setup`: the one-time link on which the first administrator chooses a name and a password.

use leptos::prelude::*;

use crate::ui::field::{TextField, Typed};
use crate::ui::layout::AlonePage;
use crate::ui::notice::FormErrors;

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
