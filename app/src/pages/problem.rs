//! Pages for what went wrong: not found, not allowed, not possible now.

use leptos::prelude::*;

use crate::ui::layout::AlonePage;

/// The page: what is wrong, and where to go from here.
pub fn page(title: &'static str, detail: String) -> AnyView {
    view! {
        <AlonePage title lead=detail>
            <a class="btn" href="/">
                "To the start"
            </a>
        </AlonePage>
    }
    .into_any()
}
