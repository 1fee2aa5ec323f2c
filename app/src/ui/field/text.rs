//! Fields to type into.

use certporter_model::FieldErrors;
use leptos::prelude::*;

use super::{Beside, described, escaped, is_wrong};

/// A line of text.
#[component]
pub fn TextField(
    /// Its name in the form.
    #[prop(into)]
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// The form's errors; those of this field are shown beside it.
    errors: FieldErrors,
    /// What was typed before; never for a password.
    #[prop(into, optional)]
    value: String,
    /// `text`, `password`, `search`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What may be typed.
    #[prop(into, optional)]
    hint: String,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Whether it is the first thing to type into.
    #[prop(optional)]
    first: bool,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// Whether every character counts, as in a pattern or a serial number.
    #[prop(optional)]
    exact: bool,
) -> AnyView {
    let described = described(&name, &hint);
    let wrong = is_wrong(&name, &errors);
    view! {
        <div class="field">
            <label for=name.clone()>{label}{optional.then(|| view! { <Optional/> })}</label>
            <input
                class="input"
                class:mono=exact
                class:input-error=wrong
                id=name.clone()
                name=name.clone()
                type=kind
                value=value
                required=!optional
                autocomplete=autocomplete
                spellcheck=exact.then_some("false")
                autofocus=first
                aria-invalid=wrong.then_some("true")
                aria-describedby=described
            />
            <Beside name errors hint/>
        </div>
    }
    .into_any()
}

/// A whole number within bounds.
#[component]
pub fn NumberField(
    /// Its name in the form.
    #[prop(into)]
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// The form's errors; those of this field are shown beside it.
    errors: FieldErrors,
    /// What was typed before.
    #[prop(into)]
    value: String,
    /// The least that it may be.
    #[prop(default = 1)]
    least: i64,
    /// The most that it may be.
    most: i64,
    /// What is counted, after the number.
    #[prop(into, optional)]
    unit: String,
    /// What may be typed.
    #[prop(into, optional)]
    hint: String,
) -> AnyView {
    let described = described(&name, &hint);
    let wrong = is_wrong(&name, &errors);
    view! {
        <div class="field number">
            <label for=name.clone()>{label}</label>
            <div class="with-unit">
                <input
                    class="input"
                    class:input-error=wrong
                    id=name.clone()
                    name=name.clone()
                    type="number"
                    min=least
                    max=most
                    value=value
                    required
                    aria-invalid=wrong.then_some("true")
                    aria-describedby=described
                />
                <span>{unit}</span>
            </div>
            <Beside name errors hint/>
        </div>
    }
    .into_any()
}

/// Several lines of text.
#[component]
pub fn LongField(
    /// Its name in the form.
    #[prop(into)]
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// The form's errors; those of this field are shown beside it.
    errors: FieldErrors,
    /// What was typed before.
    #[prop(into)]
    value: String,
    /// What may be typed.
    #[prop(into, optional)]
    hint: String,
    /// How many lines it shows.
    #[prop(default = 3)]
    rows: u32,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// Whether every character counts, as in JSON or CSV.
    #[prop(optional)]
    exact: bool,
) -> AnyView {
    let described = described(&name, &hint);
    let wrong = is_wrong(&name, &errors);
    view! {
        <div class="field">
            <label for=name.clone()>{label}{optional.then(|| view! { <Optional/> })}</label>
            <textarea
                class="textarea"
                class:mono=exact
                class:textarea-error=wrong
                id=name.clone()
                name=name.clone()
                rows=rows
                spellcheck=exact.then_some("false")
                aria-invalid=wrong.then_some("true")
                aria-describedby=described
            >
                {escaped(&value)}
            </textarea>
            <Beside name errors hint/>
        </div>
    }
    .into_any()
}

#[component]
fn Optional() -> AnyView {
    view! { <span class="quiet">" (optional)"</span> }.into_any()
}
