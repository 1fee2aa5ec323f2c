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
//! - [`profile`], [`assignment`], [`platform`], [`feature`], [`feature_settings`], [`escrow`]: what administrators author
//! - [`delivery`]: the roads to a device, and the files that are handed out
//! - [`device`], [`request`], [`certificate`], [`copy`], [`job`]: states, and which state may follow which
//! - [`notice`]: notices by e-mail; [`security_event`]: what a person is told of their sign-ins and devices
//! - [`revocation`]: reasons, triggers, who may use which; [`reconciliation`]: where portal, CAs and devices disagree
//! - [`access`]: roles, permissions, callers, permits
pub mod access;
pub mod assignment;
pub mod certificate;
pub mod copy;
pub mod delivery;
pub mod device;
pub mod distinguished_name;
pub mod error;
pub mod escrow;
pub mod feature;
pub mod feature_settings;
pub mod hardware;
pub mod identity;
pub mod ids;
pub mod job;
pub mod key;
pub mod names;
pub mod notice;
pub mod oid;
pub mod pattern;
pub mod platform;
pub mod profile;
pub mod reconciliation;
pub mod request;
pub mod revocation;
pub mod security_event;
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
