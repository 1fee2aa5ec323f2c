//! What people may ask, one file an area: the only door for pages and REST.
//!
//! Every operation first passes the gate (`Caller::permitted`), then checks what it was given, then changes the state,
//! plans for whom it touches, and commits with its audit event in one transaction.
//!
//! - [`portal`]: what every operation works with
pub mod portal;

pub use portal::Portal;
