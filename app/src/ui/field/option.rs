//! One of several things to tick or to mark, with its line of help.

use leptos::prelude::*;

use super::Choice;

/// Whether only one of them can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any number of them.
    Any,
    /// Exactly one.
    One,
}

/// The option of a field of that name.
pub(super) fn option(kind: Kind, name: &str, choice: Choice, checked: bool) -> AnyView {
    let id = format!("{name}-{}", choice.value);
    let help = (!choice.help.is_empty()).then(|| format!("{id}-help"));
    let (input, class) = match kind {
        Kind::Any => ("checkbox", "checkbox"),
        Kind::One => ("radio", "radio"),
    };
    view! {
        <div class="option">
            <input
                type=input
                class=class
                id=id.clone()
                name=name.to_owned()
                value=choice.value
                checked=checked
                required=kind == Kind::One
                aria-describedby=help.clone()
            />
            <label for=id>{choice.words}</label>
            {help.map(|help| view! { <p class="hint" id=help>{choice.help}</p> })}
        </div>
    }
    .into_any()
}
