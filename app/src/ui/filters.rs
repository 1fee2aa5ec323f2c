//! The form above a list: what is searched for and which rows are shown. The address holds all of it.

use leptos::prelude::*;

/// A form that filters a list by its address.
#[component]
pub fn Filters(
    /// The list's path.
    action: &'static str,
    /// The order of the list, which the filter keeps.
    #[prop(into, optional)]
    sort: String,
    /// Where results come from while somebody types, and the id of the part of the page that shows them.
    #[prop(optional)]
    results: Option<(&'static str, &'static str)>,
    /// [`SearchFilter`], [`ChoiceFilter`], [`DayFilter`].
    children: Children,
) -> AnyView {
    let (source, into) = results.unzip();
    view! {
        <form class="filters" method="get" action=action role="search" data-results=source data-into=into>
            {children()}
            {(!sort.is_empty()).then(|| view! { <input type="hidden" name="sort" value=sort/> })}
            <button class="btn" type="submit">
                "Show"
            </button>
        </form>
    }
    .into_any()
}

/// What is searched for.
#[component]
pub fn SearchFilter(
    /// What can be searched by.
    label: &'static str,
    /// What is searched for now.
    value: String,
    /// Its name in the address.
    #[prop(default = "q")]
    name: &'static str,
) -> AnyView {
    view! {
        <label class="wide">
            {label}
            <input class="input" type="search" name=name value=value/>
        </label>
    }
    .into_any()
}

/// One of several, or all.
#[component]
pub fn ChoiceFilter(
    /// What it is about.
    label: &'static str,
    /// Its name in the address.
    name: &'static str,
    /// Value and words of each choice.
    choices: Vec<(String, String)>,
    /// What is chosen now; empty for all.
    value: String,
    /// What stands for all of them.
    #[prop(default = "All")]
    all: &'static str,
) -> AnyView {
    view! {
        <label>
            {label}
            <select class="select" name=name>
                <option value="">{all}</option>
                {choices
                    .into_iter()
                    .map(|(choice, words)| {
                        let chosen = choice == value;
                        view! {
                            <option value=choice selected=chosen>
                                {words}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// A day.
#[component]
pub fn DayFilter(
    /// What it is about.
    label: &'static str,
    /// Its name in the address.
    name: &'static str,
    /// The day now, as `2026-01-31`; empty for none.
    value: String,
) -> AnyView {
    view! {
        <label>
            {label}
            <input class="input" type="date" name=name value=value/>
        </label>
    }
    .into_any()
}

/// The choices of a word of the model, with its words for people.
pub fn choices<T: Copy>(
    all: &[T],
    value: impl Fn(T) -> &'static str,
    words: impl Fn(T) -> &'static str,
) -> Vec<(String, String)> {
    all.iter().map(|&choice| (value(choice).to_owned(), words(choice).to_owned())).collect()
}
