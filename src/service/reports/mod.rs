//! Reports: how the certificates of the fleet are, and who held what on a day.
//!
//! - [`health`]: the fleet's certificates counted; [`held`]: who held what
pub mod health;
pub mod held;
mod held_export;
mod held_view;

pub use held_export::HeldExport;
