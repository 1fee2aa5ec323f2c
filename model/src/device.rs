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
        /// Lost or stolen: its keys count as compromised.
        Lost = "lost",
        /// Erased, by its own management or by hand: its keys count as compromised, since nobody can say any more where
        /// they were before.
        Wiped = "wiped",
        /// Deleted. The row stays as a tombstone.
        Deleted = "deleted",
    }
}

transitions!(DeviceState("device") {
    Registered => [Enrolled, Lost, Deleted],
    Enrolled => [Enrolled, Blocked, Retired, Lost, Wiped, Deleted],
    Blocked => [Enrolled, Retired, Lost, Wiped, Deleted],
    Retired => [Enrolled, Lost, Wiped, Deleted],
    Lost => [Enrolled, Wiped, Deleted],
    Wiped => [Enrolled, Lost, Deleted],
    Deleted => [],
});

impl DeviceState {
    /// Whether it may hold certificates now.
    #[must_use]
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Enrolled)
    }

    /// Whether it is out of use: its enrolment has ended, and it gets nothing until it enrols again.
    #[must_use]
    pub const fn is_out_of_use(self) -> bool {
        matches!(self, Self::Retired | Self::Lost | Self::Wiped | Self::Deleted)
    }

    /// Whether the keys that are on it count as compromised.
    #[must_use]
    pub const fn exposes_keys(self) -> bool {
        matches!(self, Self::Lost | Self::Wiped)
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

    #[test]
    fn what_never_held_anything_can_be_lost_but_not_wiped() {
        assert!(DeviceState::Registered.to(DeviceState::Lost).is_ok());
        assert!(DeviceState::Registered.to(DeviceState::Wiped).is_err());
        assert!(DeviceState::Lost.to(DeviceState::Wiped).is_ok(), "erased from afar");
        assert!(DeviceState::Wiped.to(DeviceState::Enrolled).is_ok(), "set up anew");
    }
}
