//! Who may do what: the one gate.
//!
//! A [`Caller`] is made where somebody is authenticated, and nowhere else. [`Caller::permitted`] turns it into a
//! [`Permit`], without which there is no write transaction.

mod actor;
mod caller;
mod role;

pub use actor::Actor;
pub use caller::{Caller, Forbidden, Grant, Permit, Scope, StaffCode, Visibility};
pub use role::{Permission, Role};
