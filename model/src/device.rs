//! States of devices, enrolments and management certificates.

use crate::macros::{transitions, words};

words! {
    /// Where a device is in its life.
    pub enum DeviceState("device state") {
        /// Known, but never enrolled or not any more.
        Registered = "registered",
        /// Enrolled: gets what it is assigned.
        Enrolled = "enrolled",
        /// Blocked for a while: its certificates are on hold, it may still connect for removals.
        Blocked = "blocked",
        /// Retired by its user or an administrator.
        Retired = "retired",
        /// Lost, stolen or wiped: its keys count as compromised.
        Lost = "lost",
        /// Deleted. The row stays as a tombstone.
        Deleted = "deleted",
    }
}

transitions!(DeviceState("device") {
    Registered => [Enrolled, Lost, Deleted],
    Enrolled => [Enrolled, Blocked, Retired, Lost, Deleted],
    Blocked => [Enrolled, Retired, Lost, Deleted],
    Retired => [Enrolled, Lost, Deleted],
    Lost => [Enrolled, Deleted],
    Deleted => [],
});

impl DeviceState {
    /// Whether it may hold certificates now.
    #[must_use]
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Enrolled)
    }
}

words! {
    /// Whether an enrolment still counts.
    pub enum EnrolmentState("enrolment state") {
        /// The device's present enrolment.
        Active = "active",
        /// Over: the device may connect with it for removals, and for nothing else.
        Ended = "ended",
    }
}

transitions!(EnrolmentState("enrolment") {
    Active => [Ended],
    Ended => [],
});

words! {
    /// Whether a user holds certificates.
    pub enum UserState("user state") {
        /// Holds what is assigned.
        Enabled = "enabled",
        /// Blocked for a while: everything is on hold.
        Blocked = "blocked",
        /// Disabled in the directory or here: everything is revoked.
        Disabled = "disabled",
        /// Deleted. The row stays as a tombstone.
        Deleted = "deleted",
    }
}

transitions!(UserState("user") {
    Enabled => [Blocked, Disabled, Deleted],
    Blocked => [Enabled, Disabled, Deleted],
    Disabled => [Enabled, Deleted],
    Deleted => [],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_device_stays_deleted() {
        assert_eq!(DeviceState::Blocked.to(DeviceState::Enrolled), Ok(DeviceState::Enrolled));
        let error = DeviceState::Deleted.to(DeviceState::Enrolled).unwrap_err();
        assert_eq!(error.to_string(), "a device that is deleted can't become enrolled");
    }
}
