//! What is shown of who held what.

use certporter_model::assignment::{AssignmentMode, MemberKind};
use certporter_model::feature::Feature;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use certporter_model::{CertificateId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::service::reference::{DeviceReference, GroupReference, ProfileReference, UserReference};

/// A certificate that was good on the day, or on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldCertificate {
    /// Which one.
    pub id: CertificateId,
    /// Its serial number.
    pub serial: SerialNumber,
    /// Its subject.
    pub subject: String,
    /// Of which profile.
    pub profile: ProfileReference,
    /// Whose it is.
    pub user: Option<UserReference>,
    /// The device that it is for.
    pub device: Option<DeviceReference>,
    /// Start of its validity.
    pub valid_from: Timestamp,
    /// End of its validity.
    pub valid_until: Timestamp,
    /// Since when it is revoked, by today.
    pub revoked_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<Reason>,
    /// Where copies of it were on that day, as devices said.
    pub copies: Vec<HeldCopy>,
}

/// A copy that was on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldCopy {
    /// The device.
    pub device: DeviceReference,
    /// For what.
    pub feature: Feature,
    /// Since when it was there.
    pub installed_at: Option<Timestamp>,
    /// Until when.
    pub removed_at: Option<Timestamp>,
}

/// Whose a device was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldDevice {
    /// The device.
    pub device: DeviceReference,
    /// Whose it was.
    pub user: UserReference,
    /// Since when.
    pub valid_from: Timestamp,
    /// Until when; open while absent.
    pub valid_until: Option<Timestamp>,
}

/// Who was in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldMembership {
    /// The group.
    pub group: GroupReference,
    /// What kind of member.
    pub kind: MemberKind,
    /// The person.
    pub user: Option<UserReference>,
    /// The device.
    pub device: Option<DeviceReference>,
    /// The group within it.
    pub inner: Option<GroupReference>,
    /// Since when.
    pub valid_from: Timestamp,
    /// Until when; open while absent.
    pub valid_until: Option<Timestamp>,
}

/// A profile that was assigned to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldAssignment {
    /// The profile.
    pub profile: ProfileReference,
    /// The group.
    pub group: GroupReference,
    /// Included or excluded.
    pub mode: AssignmentMode,
    /// Since when.
    pub valid_from: Timestamp,
    /// Until when; open while absent.
    pub valid_until: Option<Timestamp>,
}
