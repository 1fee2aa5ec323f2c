//! What moves by itself in the browser. A page without an island loads no WASM.
pub mod live;
