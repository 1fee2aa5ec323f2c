//! A form's fields, each with its hint and what is wrong with it.

use certporter_model::FieldErrors;
use leptos::prelude::*;

use super::icon::Icon;
use super::words::sentence;

/// What was typed into a form and what was wrong with it: empty at first.
#[derive(Debug, Clone, Default)]
pub struct Typed<F> {
    /// The values as they were typed.
    pub values: F,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// A line of text.
#[component]
pub fn TextField(
    /// Its name in the form.
    name: &'static str,
    /// What it is called.
    label: &'static str,
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
) -> AnyView {
    let described = described(name, &hint, &errors);
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                class="input"
                class:input-error=is_wrong(name, &errors)
                id=name
                name=name
                type=kind
                value=value
                required
                autocomplete=autocomplete
                autofocus=first
                aria-invalid=is_wrong(name, &errors).then_some("true")
                aria-describedby=described
            />
            <Beside name errors hint/>
        </div>
    }
    .into_any()
}

/// Several lines of text.
#[component]
pub fn LongField(
    /// Its name in the form.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// The form's errors; those of this field are shown beside it.
    errors: FieldErrors,
    /// What was typed before.
    #[prop(into)]
    value: String,
    /// What may be typed.
    #[prop(into, optional)]
    hint: String,
) -> AnyView {
    let described = described(name, &hint, &errors);
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <textarea
                class="textarea"
                class:textarea-error=is_wrong(name, &errors)
                id=name
                name=name
                rows="3"
                aria-invalid=is_wrong(name, &errors).then_some("true")
                aria-describedby=described
            >
                {escaped(&value)}
            </textarea>
            <Beside name errors hint/>
        </div>
    }
    .into_any()
}

/// A choice among a few.
#[component]
pub fn ChoiceField(
    /// Its name in the form.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// The form's errors; those of this field are shown beside it.
    errors: FieldErrors,
    /// Value and words of each choice.
    choices: Vec<(&'static str, &'static str)>,
    /// What was chosen before; none at first, so that nothing is chosen by default.
    #[prop(into)]
    value: String,
) -> AnyView {
    let described = described(name, "", &errors);
    let none = value.is_empty();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select
                class="select"
                class:select-error=is_wrong(name, &errors)
                id=name
                name=name
                required
                aria-invalid=is_wrong(name, &errors).then_some("true")
                aria-describedby=described
            >
                <option value="" selected=none>"Choose\u{2026}"</option>
                {choices
                    .into_iter()
                    .map(|(choice, words)| view! { <option value=choice selected=choice == value>{words}</option> })
                    .collect_view()}
            </select>
            <Beside name errors hint=String::new()/>
        </div>
    }
    .into_any()
}

/// Hint and errors of a field.
#[component]
fn Beside(name: &'static str, errors: FieldErrors, hint: String) -> AnyView {
    let wrong = errors.of(name).map(sentence).collect::<Vec<_>>();
    view! {
        {(!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> })}
        {(!wrong.is_empty())
            .then(|| {
                view! {
                    <div id=format!("{name}-wrong")>
                        {wrong
                            .into_iter()
                            .map(|message| {
                                view! {
                                    <p class="wrong">
                                        <Icon name="circle-alert"/>
                                        <span>{message}</span>
                                    </p>
                                }
                            })
                            .collect_view()}
                    </div>
                }
            })}
    }
    .into_any()
}

/// Leptos writes what stands in a `textarea` as it is: what was typed must not end it. The browser shows the
/// characters that these stand for.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn is_wrong(name: &str, errors: &FieldErrors) -> bool {
    errors.of(name).next().is_some()
}

fn described(name: &str, hint: &str, errors: &FieldErrors) -> Option<String> {
    match (hint.is_empty(), is_wrong(name, errors)) {
        (true, false) => None,
        (false, false) => Some(format!("{name}-hint")),
        (true, true) => Some(format!("{name}-wrong")),
        (false, true) => Some(format!("{name}-wrong {name}-hint")),
    }
}
