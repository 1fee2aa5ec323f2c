//! Why a certificate goes: the reason that its CRL entry gives, and what set it off.

use certporter_model::device::{DeviceState, UserState};
use certporter_model::revocation::{Reason, Trigger};
use serde::{Deserialize, Serialize};

/// A reason and its trigger. They are made here only, so that the table of events stands in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Departure {
    /// Why, for the CRL.
    pub reason: Reason,
    /// What set it off.
    pub trigger: Trigger,
}

impl Departure {
    /// The device was retired by its user or an administrator, or is not enrolled any more.
    pub const RETIRED: Self = Self::new(Reason::CessationOfOperation, Trigger::DeviceRetired);
    /// The device was lost or stolen.
    pub const LOST: Self = Self::new(Reason::KeyCompromise, Trigger::DeviceLost);
    /// The device was wiped.
    pub const WIPED: Self = Self::new(Reason::KeyCompromise, Trigger::DeviceWiped);
    /// The device was deleted.
    pub const DEVICE_DELETED: Self = Self::new(Reason::CessationOfOperation, Trigger::DeviceDeleted);
    /// The user was disabled or deleted.
    pub const USER_DISABLED: Self = Self::new(Reason::AffiliationChanged, Trigger::UserDisabled);
    /// The holder left the group, or is excluded.
    pub const LEFT_GROUP: Self = Self::new(Reason::PrivilegeWithdrawn, Trigger::LeftGroup);
    /// The assignment was removed.
    pub const ASSIGNMENT_REMOVED: Self = Self::new(Reason::CessationOfOperation, Trigger::AssignmentRemoved);
    /// The profile was deleted.
    pub const PROFILE_DELETED: Self = Self::new(Reason::CessationOfOperation, Trigger::ProfileDeleted);
    /// An edit of the profile leaves the holder out, such as its platform.
    pub const EDITED_OUT: Self = Self::new(Reason::CessationOfOperation, Trigger::ProfileEdited);
    /// An edit of the profile changed what a certificate holds, or whose it is; another takes its place.
    pub const EDITED: Self = Self::new(Reason::Superseded, Trigger::ProfileEdited);
    /// An attribute that a name uses changed.
    pub const ATTRIBUTE_CHANGED: Self = Self::new(Reason::Superseded, Trigger::AttributeChanged);
    /// The device went to another person, or to nobody.
    pub const HANDED_OVER: Self = Self::new(Reason::CessationOfOperation, Trigger::OwnerChanged);
    /// The same hardware enrolled again.
    pub const ENROLLED_AGAIN: Self = Self::new(Reason::Superseded, Trigger::EnrolledAgain);
    /// A confirmed successor took over.
    pub const SUCCEEDED: Self = Self::new(Reason::Superseded, Trigger::Succeeded);
    /// Blocked, for good as far as the CA is concerned: it has no hold, or the certificate was not issued yet.
    pub const BLOCKED: Self = Self::new(Reason::PrivilegeWithdrawn, Trigger::Blocked);
    /// Blocked for longer than a hold may last.
    pub const HOLD_EXPIRED: Self = Self::new(Reason::PrivilegeWithdrawn, Trigger::HoldExpired);
    /// One certificate or request too many.
    pub const SURPLUS: Self = Self::new(Reason::Superseded, Trigger::Surplus);

    /// Any other pair, such as one that is read back from the database.
    #[must_use]
    pub const fn new(reason: Reason, trigger: Trigger) -> Self {
        Self { reason, trigger }
    }

    /// What a device's state does to what it holds; nothing while it is served or blocked.
    #[must_use]
    pub const fn of_device(state: DeviceState) -> Option<Self> {
        match state {
            DeviceState::Enrolled | DeviceState::Blocked => None,
            DeviceState::Registered | DeviceState::Retired => Some(Self::RETIRED),
            DeviceState::Lost => Some(Self::LOST),
            DeviceState::Wiped => Some(Self::WIPED),
            DeviceState::Deleted => Some(Self::DEVICE_DELETED),
        }
    }

    /// What a user's state does to what the user holds; nothing while enabled or blocked.
    #[must_use]
    pub const fn of_user(state: UserState) -> Option<Self> {
        match state {
            UserState::Enabled | UserState::Blocked => None,
            UserState::Disabled | UserState::Deleted => Some(Self::USER_DISABLED),
        }
    }

    /// Of two causes for the same end the graver; this one if they weigh the same.
    #[must_use]
    pub fn graver(self, other: Self) -> Self {
        if self.reason.graver(other.reason) == self.reason { self } else { other }
    }

    /// The gravest of several causes; among equals the first.
    pub fn gravest(causes: impl IntoIterator<Item = Self>) -> Option<Self> {
        causes.into_iter().reduce(Self::graver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compromise_is_never_hidden_and_the_first_of_equals_stays() {
        assert_eq!(Departure::RETIRED.graver(Departure::LOST), Departure::LOST);
        assert_eq!(Departure::LOST.graver(Departure::USER_DISABLED), Departure::LOST);
        let equals = [Departure::DEVICE_DELETED, Departure::ASSIGNMENT_REMOVED, Departure::SURPLUS];
        assert_eq!(Departure::gravest(equals), Some(Departure::DEVICE_DELETED));
        assert_eq!(Departure::gravest([]), None);
    }
}
