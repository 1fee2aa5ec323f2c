//! Facts: a strip of those that decide, and a list of all the others.

use leptos::prelude::*;

/// The strip below a page's heading: state, for whom, until when.
#[component]
pub fn Facts(
    /// [`Fact`]s.
    children: Children,
) -> AnyView {
    view! { <dl class="facts">{children()}</dl> }.into_any()
}

/// A fact of the strip.
#[component]
pub fn Fact(
    /// What it is.
    name: &'static str,
    /// Its value.
    children: Children,
) -> AnyView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
    .into_any()
}

/// A list of facts, one a line.
#[component]
pub fn Details(
    /// [`Detail`]s.
    children: Children,
) -> AnyView {
    view! { <dl class="details">{children()}</dl> }.into_any()
}

/// A fact of the list.
#[component]
pub fn Detail(
    /// What it is.
    name: &'static str,
    /// Its value.
    children: Children,
) -> AnyView {
    view! {
        <dt>{name}</dt>
        <dd>{children()}</dd>
    }
    .into_any()
}

/// A number that people take elsewhere, such as a serial number: a click copies it. Without JavaScript a click selects
/// the whole of it.
#[component]
pub fn Copied(
    /// The number as it is written.
    #[prop(into)]
    value: String,
) -> AnyView {
    view! { <span class="mono copied">{value}</span> }.into_any()
}

/// A part of a page with a heading of its own.
#[component]
pub fn Section(
    /// The heading.
    title: &'static str,
    /// What is in it.
    children: Children,
) -> AnyView {
    view! {
        <section class="section">
            <h2>{title}</h2>
            {children()}
        </section>
    }
    .into_any()
}
