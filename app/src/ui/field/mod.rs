//! A form's fields, each with its hint and what is wrong with it. A field's name is its path as in JSON, so that what
//! is wrong with it finds it.
//!
//! - [`text`]: a line, several lines, a number
//! - [`choice`]: one of several, as a list or with a line of help each
//! - [`check`]: yes or no, and any of several
pub mod check;
pub mod choice;
mod option;
pub mod text;

use certporter_model::FieldErrors;
use leptos::prelude::*;

pub use self::check::{CheckField, ChecksField};
pub use self::choice::{ChoiceField, RadioField};
pub use self::text::{LongField, NumberField, TextField};
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

/// Something that can be chosen: its value in the form and the words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its value in the form.
    pub value: String,
    /// What it is called.
    pub words: String,
    /// What it means, where its words don't say it.
    pub help: String,
}

impl Choice {
    /// With a line of help.
    pub fn new(value: impl Into<String>, words: impl Into<String>, help: impl Into<String>) -> Self {
        Self { value: value.into(), words: words.into(), help: help.into() }
    }
}

/// What can be chosen, out of pairs of value and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices(pub Vec<Choice>);

impl<V: Into<String>, W: Into<String>> From<Vec<(V, W)>> for Choices {
    fn from(pairs: Vec<(V, W)>) -> Self {
        Self(pairs.into_iter().map(|(value, words)| Choice::new(value, words, "")).collect())
    }
}

impl From<Vec<Choice>> for Choices {
    fn from(choices: Vec<Choice>) -> Self {
        Self(choices)
    }
}

/// How a form ends: what sends it, and the way back without it.
#[component]
pub fn Buttons(
    /// What sending it does, as a verb and its object.
    #[prop(into)]
    submit: String,
    /// Where somebody goes who doesn't want it.
    #[prop(into)]
    back: String,
) -> AnyView {
    view! {
        <div class="buttons">
            <button class="btn btn-primary" type="submit">
                {submit}
            </button>
            <a class="btn btn-ghost" href=back>
                "Cancel"
            </a>
        </div>
    }
    .into_any()
}

/// A value that the form carries along without showing it.
#[component]
pub fn Hidden(
    /// Its name in the form.
    #[prop(into)]
    name: String,
    /// The value.
    #[prop(into)]
    value: String,
) -> AnyView {
    view! { <input type="hidden" name=name value=value/> }.into_any()
}

/// Hint and errors of a field. The place of the errors is there from the start: an island can fill it.
#[component]
pub fn Beside(
    /// The field's name.
    #[prop(into)]
    name: String,
    /// The form's errors; those of this field are shown.
    errors: FieldErrors,
    /// What may be typed.
    #[prop(into, optional)]
    hint: String,
) -> AnyView {
    view! {
        {(!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> })}
        <div class="wrongs" id=format!("{name}-wrong")>
            {errors.of(&name).map(sentence).map(wrong).collect_view()}
        </div>
    }
    .into_any()
}

/// What is wrong with a field, in a sentence.
pub fn wrong(message: String) -> AnyView {
    view! {
        <p class="wrong">
            <Icon name="circle-alert"/>
            <span>{message}</span>
        </p>
    }
    .into_any()
}

/// Leptos writes what stands in a `textarea` as it is: what was typed must not end it. The browser shows the
/// characters that these stand for, and drops one line break at the start.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn is_wrong(name: &str, errors: &FieldErrors) -> bool {
    errors.of(name).next().is_some()
}

fn described(name: &str, hint: &str) -> String {
    if hint.is_empty() { format!("{name}-wrong") } else { format!("{name}-wrong {name}-hint") }
}
