//! certporter's pages: rendered by the server as plain HTML that works without JavaScript.
//!
//! - [`islands`]: the only code that also runs in the browser
pub mod islands;

/// Called once in the browser when the WASM is there: wakes the islands of the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
