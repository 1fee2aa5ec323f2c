//! What moves by itself in the browser. A page without an island loads no WASM.
#![allow(
    missing_docs,
    reason = "the island macro also makes a struct of properties, which takes no documentation"
)]
pub mod checked;
pub mod live;
