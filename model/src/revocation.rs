//! Reasons and triggers of revocations.

use crate::access::Role;
use crate::macros::words;

words! {
    /// Why a certificate is revoked, as its CRL entry says (RFC 5280, section 5.3.1).
    pub enum Reason("revocation reason") {
        /// No reason is given.
        Unspecified = "unspecified",
        /// The private key, or the device that holds it, may be in other hands.
        KeyCompromise = "key_compromise",
        /// The person left the organisation.
        AffiliationChanged = "affiliation_changed",
        /// A newer certificate takes its place.
        Superseded = "superseded",
        /// It is no longer needed for its purpose.
        CessationOfOperation = "cessation_of_operation",
        /// On hold: may come back.
        CertificateHold = "certificate_hold",
        /// The holder may no longer have it.
        PrivilegeWithdrawn = "privilege_withdrawn",
    }
}

impl Reason {
    /// The CRLReason code (RFC 5280, section 5.3.1).
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::PrivilegeWithdrawn => 9,
        }
    }

    /// Whether the key may be known to others: such a certificate serves nothing any more, old mail included.
    #[must_use]
    pub const fn is_compromise(self) -> bool {
        matches!(self, Self::KeyCompromise)
    }

    /// Whether somebody in this role may choose this reason. Supersession and holds follow from actions, not from
    /// a choice on a form.
    #[must_use]
    pub const fn allowed_to(self, role: Role) -> bool {
        match role {
            Role::Administrator | Role::PkiOperator => !matches!(self, Self::CertificateHold),
            Role::Helpdesk => matches!(
                self,
                Self::Unspecified
                    | Self::KeyCompromise
                    | Self::CessationOfOperation
                    | Self::PrivilegeWithdrawn
            ),
            Role::User => matches!(self, Self::KeyCompromise | Self::CessationOfOperation),
            Role::RecoveryAgent | Role::Auditor => false,
        }
    }

    /// Of two reasons for the same certificate, the one that must stand: a compromise is never hidden by another.
    #[must_use]
    pub fn graver(self, other: Self) -> Self {
        if other.gravity() > self.gravity() { other } else { self }
    }

    const fn gravity(self) -> u8 {
        match self {
            Self::CertificateHold => 0,
            Self::Superseded => 1,
            Self::Unspecified => 2,
            Self::CessationOfOperation => 3,
            Self::PrivilegeWithdrawn => 4,
            Self::AffiliationChanged => 5,
            Self::KeyCompromise => 6,
        }
    }
}

words! {
    /// What set a revocation, hold, removal or issue off.
    pub enum Trigger("trigger") {
        /// Newly targeted: assignment, membership, enrolment.
        Targeted = "targeted",
        /// The device was retired.
        DeviceRetired = "device_retired",
        /// The device or user was blocked.
        Blocked = "blocked",
        /// The block was lifted.
        Unblocked = "unblocked",
        /// The block lasted longer than holds may.
        HoldExpired = "hold_expired",
        /// The device was lost or stolen.
        DeviceLost = "device_lost",
        /// The device was wiped.
        DeviceWiped = "device_wiped",
        /// The device was deleted.
        DeviceDeleted = "device_deleted",
        /// The user was disabled or deleted.
        UserDisabled = "user_disabled",
        /// The holder left a group or was excluded.
        LeftGroup = "left_group",
        /// The assignment was removed.
        AssignmentRemoved = "assignment_removed",
        /// The profile was deleted.
        ProfileDeleted = "profile_deleted",
        /// The profile was edited.
        ProfileEdited = "profile_edited",
        /// An attribute used in a name changed.
        AttributeChanged = "attribute_changed",
        /// The renewal threshold was reached.
        Renewal = "renewal",
        /// A confirmed successor took over.
        Succeeded = "succeeded",
        /// The copy was gone from the device, or could not be delivered again.
        CopyLost = "copy_lost",
        /// A feature was added to the profile.
        FeatureAdded = "feature_added",
        /// The device went to another person.
        OwnerChanged = "owner_changed",
        /// The same hardware enrolled again.
        EnrolledAgain = "enrolled_again",
        /// Somebody asked for it.
        Asked = "asked",
        /// What the CA issued differs from what was asked, or is one too many.
        Surplus = "surplus",
        /// Somebody revoked it at the CA itself.
        RevokedAtCa = "revoked_at_ca",
    }
}
