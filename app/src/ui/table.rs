//! Tables, which become lists on a narrow screen, and what stands there when they are empty.

use leptos::prelude::*;

/// A table. Its rows are `<tr>`; a cell of the class `state` stays beside the first one on a narrow screen.
#[component]
pub fn Table(
    /// What it shows, for those who hear it.
    label: &'static str,
    /// The headings of its columns.
    columns: &'static [&'static str],
    /// Its rows.
    children: Children,
) -> AnyView {
    view! {
        <table class="list" aria-label=label>
            <thead>
                <tr>{columns.iter().map(|column| view! { <th scope="col">{*column}</th> }).collect_view()}</tr>
            </thead>
            <tbody>{children()}</tbody>
        </table>
    }
    .into_any()
}

/// An empty list: what is not there, and what to do next.
#[component]
pub fn Empty(
    /// What is not there.
    title: &'static str,
    /// What to do next.
    children: Children,
) -> AnyView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            {children()}
        </div>
    }
    .into_any()
}
