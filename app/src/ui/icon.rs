//! Icons, from the one sprite.

use leptos::prelude::*;

/// Where the sprite is; in the context of every rendering.
#[derive(Clone)]
pub struct Sprite(pub String);

/// An icon that says nothing by itself: a word stands beside it.
#[component]
pub fn Icon(
    /// Its name in `style/icons.txt`.
    name: &'static str,
) -> AnyView {
    let sprite = use_context::<Sprite>().map(|sprite| sprite.0).unwrap_or_default();
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=format!("{sprite}#{name}")></use>
        </svg>
    }
    .into_any()
}
