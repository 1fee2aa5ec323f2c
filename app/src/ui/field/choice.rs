//! Fields to choose one of several.

use certporter_model::FieldErrors;
use leptos::prelude::*;

use super::option::{Kind, option};
use super::{Beside, Choices, described, is_wrong};

/// A choice among a few, as a list.
#[component]
pub fn ChoiceField(
    /// Its name in the form.
    #[prop(into)]
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// The form's errors; those of this field are shown beside it.
    errors: FieldErrors,
    /// Value and words of each choice.
    #[prop(into)]
    choices: Choices,
    /// What was chosen before; none at first, so that nothing is chosen by default.
    #[prop(into)]
    value: String,
    /// What the choice decides.
    #[prop(into, optional)]
    hint: String,
    /// Words for choosing none, where that is possible.
    #[prop(into, optional)]
    none: String,
) -> AnyView {
    let described = described(&name, &hint);
    let wrong = is_wrong(&name, &errors);
    let nothing_yet = value.is_empty();
    let optional = !none.is_empty();
    // What was chosen before and isn't to be had any more stays chosen until somebody chooses anew.
    let gone = (!nothing_yet && !choices.0.iter().any(|choice| choice.value == value)).then(|| value.clone());
    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <select
                class="select"
                class:select-error=wrong
                id=name.clone()
                name=name.clone()
                required=!optional
                aria-invalid=wrong.then_some("true")
                aria-describedby=described
            >
                {(optional || nothing_yet)
                    .then(|| {
                        let words = if optional { none } else { "Choose\u{2026}".to_owned() };
                        view! {
                            <option value="" selected=nothing_yet>
                                {words}
                            </option>
                        }
                    })}
                {gone
                    .map(|gone| {
                        view! {
                            <option value=gone.clone() selected>
                                {gone.clone()}
                            </option>
                        }
                    })}
                {choices
                    .0
                    .into_iter()
                    .map(|choice| {
                        let selected = choice.value == value;
                        view! {
                            <option value=choice.value selected=selected>
                                {choice.words}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
            <Beside name errors hint/>
        </div>
    }
    .into_any()
}

/// A choice among a few that each take a line of help.
#[component]
pub fn RadioField(
    /// Its name in the form.
    #[prop(into)]
    name: String,
    /// What is to be chosen.
    #[prop(into)]
    label: String,
    /// The form's errors; those of this field are shown beside it.
    errors: FieldErrors,
    /// The choices.
    #[prop(into)]
    choices: Choices,
    /// What was chosen before.
    #[prop(into)]
    value: String,
    /// What the choice decides.
    #[prop(into, optional)]
    hint: String,
) -> AnyView {
    let group = name.clone();
    let described = described(&name, &hint);
    view! {
        <fieldset class="field choices" id=group aria-describedby=described>
            <legend>{label}</legend>
            {choices
                .0
                .into_iter()
                .map(|choice| {
                    let checked = choice.value == value;
                    option(Kind::One, &name, choice, checked)
                })
                .collect_view()}
            <Beside name errors hint/>
        </fieldset>
    }
    .into_any()
}
