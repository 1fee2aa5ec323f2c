//! What people do with what is theirs: devices, certificates, the codes with which devices enrol.
//!
//! Whoever is linked to a user is served, whatever other roles they have, and here they have the role user alone: an
//! administrator who looks at their own devices here reaches nobody else's.
//!
//! - [`devices`]: adding, removing, reporting as lost, finding again
//! - [`certificates`]: what each is for, until when, reissuing it
//! - [`platform`]: which platform a browser runs on
pub mod certificates;
pub mod devices;
pub mod platform;

use certporter_model::UserId;
use certporter_model::access::Caller;

use super::error::ServiceError;

/// The user that the caller is.
///
/// # Errors
/// When nobody known is asking, or the caller is linked to no user.
pub(super) fn themselves(caller: &Caller) -> Result<UserId, ServiceError> {
    match caller.user() {
        Some(user) => Ok(user),
        None if matches!(caller.actor(), certporter_model::access::Actor::Anonymous) => {
            Err(ServiceError::Unauthenticated)
        }
        None => Err(ServiceError::conflict(
            "this account belongs to nobody who has certificates: an administrator links it to a user",
        )),
    }
}

/// The caller with the role user alone: what every page of one's own is asked with.
///
/// # Errors
/// As [`themselves`].
pub fn for_themselves(caller: &Caller) -> Result<Caller, ServiceError> {
    themselves(caller)?;
    caller.for_themselves().ok_or(ServiceError::Unauthenticated)
}
