//! A part of a page that the server sends anew whenever it changes.

use leptos::prelude::*;

/// Shows its children as the server rendered them, and replaces them by what comes in over server-sent events: each
/// event carries the part as HTML, rendered by the same components. Without JavaScript the first rendering stays.
#[island]
pub fn Live(
    /// Where the events come from.
    source: String,
    /// The part as the page's first rendering has it.
    children: Children,
) -> impl IntoView {
    let connected = RwSignal::new(None::<bool>);
    let part = NodeRef::<leptos::html::Div>::new();
    #[cfg(feature = "hydrate")]
    browser::follow(source, part, connected);
    #[cfg(not(feature = "hydrate"))]
    let _ = source;
    view! {
        <p class="live" class:on=move || connected.get() == Some(true) role="status">
            {move || match connected.get() {
                None => "As of when the page was loaded",
                Some(true) => "Live",
                Some(false) => "Connection lost, trying again",
            }}
        </p>
        <div node_ref=part>{children()}</div>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;
    use leptos::web_sys::wasm_bindgen::JsCast;
    use leptos::web_sys::wasm_bindgen::closure::Closure;
    use web_sys::{Event, EventSource, MessageEvent};

    /// Keeps a part up to date for as long as the page is open. The browser itself reconnects.
    pub(super) fn follow(
        source: String,
        part: NodeRef<leptos::html::Div>,
        connected: RwSignal<Option<bool>>,
    ) {
        Effect::new(move |_| {
            let Ok(events) = EventSource::new(&source) else { return };
            let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                if let (Some(part), Some(html)) = (part.get_untracked(), event.data().as_string()) {
                    part.set_inner_html(&html);
                }
            });
            let opened = Closure::<dyn FnMut(Event)>::new(move |_| connected.set(Some(true)));
            let lost = Closure::<dyn FnMut(Event)>::new(move |_| connected.set(Some(false)));
            events.set_onmessage(Some(message.as_ref().unchecked_ref()));
            events.set_onopen(Some(opened.as_ref().unchecked_ref()));
            events.set_onerror(Some(lost.as_ref().unchecked_ref()));
            // They live as long as the page.
            message.forget();
            opened.forget();
            lost.forget();
        });
    }
}
