//! The vocabulary that certporter's server and browser share: ids, parsed values, profiles, states and
//! permissions.
//!
//! Nothing here does input or output, knows the time, or draws a random number. A type with private fields can
//! only be made by parsing, so a value of it is never wrong.
//!
//! - [`ids`]: UUIDv7 newtypes, one for each thing with an identity
//! - [`timestamp`]: a moment, in milliseconds
//! - [`error`]: what is wrong with which field
//! - [`text`], [`identity`], [`hardware`]: what people and devices are called
//! - [`serial`], [`thumbprint`], [`oid`], [`key`]: the parts of a certificate
//! - [`pattern`], [`variable`], [`distinguished_name`], [`subject_alternative_name`]: names with variables
//! - [`names`]: those names with the values put in
//! - [`profile`], [`assignment`], [`platform`], [`feature`], [`escrow`]: what administrators author
//! - [`device`], [`request`], [`certificate`], [`copy`], [`job`]: states, and which state may follow which
//! - [`revocation`]: reasons, triggers, who may use which
//! - [`access`]: roles, permissions, callers, permits
pub mod access;
pub mod assignment;
pub mod certificate;
pub mod copy;
pub mod device;
pub mod distinguished_name;
pub mod error;
pub mod escrow;
pub mod feature;
pub mod hardware;
pub mod identity;
pub mod ids;
pub mod job;
pub mod key;
pub mod names;
pub mod oid;
pub mod pattern;
pub mod platform;
pub mod profile;
pub mod request;
pub mod revocation;
pub mod serial;
pub mod subject_alternative_name;
pub mod text;
pub mod thumbprint;
pub mod timestamp;
pub mod variable;

mod macros;

pub use error::{FieldError, FieldErrors, ParseError};
pub use ids::*;
pub use timestamp::Timestamp;
