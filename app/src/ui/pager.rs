//! From page to page of a long list: the address holds where one is.

use leptos::prelude::*;

use super::icon::Icon;

/// Links to the first and the next page.
#[component]
pub fn Pager(
    /// How many rows this page shows, in words.
    shown: String,
    /// The address of the first page, unless this is it.
    first: Option<String>,
    /// The address of the next page, if there is one.
    next: Option<String>,
) -> AnyView {
    view! {
        <div class="pager">
            <span>{shown}</span>
            <nav aria-label="Pages">
                {first
                    .map(|address| {
                        view! {
                            <a class="btn btn-sm" href=address>
                                <Icon name="chevron-left"/>
                                "First page"
                            </a>
                        }
                    })}
                {next
                    .map(|address| {
                        view! {
                            <a class="btn btn-sm" rel="next" href=address>
                                "Next page"
                                <Icon name="chevron-right"/>
                            </a>
                        }
                    })}
            </nav>
        </div>
    }
    .into_any()
}

/// How many rows a page shows, in words.
#[must_use]
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {} on this page", if count == 1 { one } else { many })
}
