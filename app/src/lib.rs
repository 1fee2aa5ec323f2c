//! certporter's pages: rendered by the server as plain HTML that works without JavaScript.
//!
//! - [`islands`]: the only code that also runs in the browser
//! - [`ui`]: the parts that pages are made of
//! - [`pages`]: a file is a route: it asks the service, and shows what came back
//! - [`render`], [`site`]: from a view to an answer; the stylesheet, scripts and icons
#![recursion_limit = "256"]
#![allow(clippy::needless_pass_by_value, reason = "components take their properties by value")]

pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod render;
#[cfg(feature = "ssr")]
pub mod site;
#[cfg(feature = "ssr")]
pub mod ui;

/// Called once in the browser when the WASM is there: wakes the islands of the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
