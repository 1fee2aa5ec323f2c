//! Fields to tick.

use certporter_model::FieldErrors;
use leptos::prelude::*;

use super::option::{Kind, option};
use super::{Beside, Choices, described, is_wrong};

/// Yes or no. The form holds `true` under its name when it is ticked, and nothing when it isn't.
#[component]
pub fn CheckField(
    /// Its name in the form.
    #[prop(into)]
    name: String,
    /// What is so when it is ticked.
    #[prop(into)]
    label: String,
    /// The form's errors; those of this field are shown beside it.
    errors: FieldErrors,
    /// Whether it was ticked before.
    checked: bool,
    /// What it means.
    #[prop(into, optional)]
    hint: String,
) -> AnyView {
    let described = described(&name, &hint);
    let wrong = is_wrong(&name, &errors);
    view! {
        <div class="field check">
            <div class="option">
                <input
                    type="checkbox"
                    class="checkbox"
                    id=name.clone()
                    name=name.clone()
                    value="true"
                    checked=checked
                    aria-invalid=wrong.then_some("true")
                    aria-describedby=described
                />
                <label for=name.clone()>{label}</label>
            </div>
            <Beside name errors hint/>
        </div>
    }
    .into_any()
}

/// Any of several. The form holds the value of each that is ticked under the same name.
#[component]
pub fn ChecksField(
    /// Their name in the form.
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
    /// The values that were ticked before.
    chosen: Vec<String>,
    /// What the choice decides.
    #[prop(into, optional)]
    hint: String,
) -> AnyView {
    let group = name.clone();
    let described = described(&name, &hint);
    view! {
        <fieldset class="field choices" id=group aria-describedby=described>
            <legend>{label}</legend>
            <div class="options">
                {choices
                    .0
                    .into_iter()
                    .map(|choice| {
                        let checked = chosen.contains(&choice.value);
                        option(Kind::Any, &name, choice, checked)
                    })
                    .collect_view()}
            </div>
            <Beside name errors hint/>
        </fieldset>
    }
    .into_any()
}
