//! Where certificates belong: a profile's place with a holder, and a copy's place on a device.

use certporter_model::assignment::HolderKind;
use certporter_model::feature::Feature;
use certporter_model::{DeviceId, EnrolmentId, ProfileId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whose a certificate is. Devices sort before users, each by id: planners lock holders in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A device: key scope device.
    Device(DeviceId),
    /// A user: key scope user, the same certificate on all of the user's devices.
    User(UserId),
}

impl Holder {
    /// Which kind it is, as the database keeps it.
    #[must_use]
    pub const fn kind(self) -> HolderKind {
        match self {
            Self::Device(_) => HolderKind::Device,
            Self::User(_) => HolderKind::User,
        }
    }

    /// The plain id, as the database keeps it beside the kind.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        match self {
            Self::Device(id) => id.as_uuid(),
            Self::User(id) => id.as_uuid(),
        }
    }

    /// From what the database keeps.
    #[must_use]
    pub const fn new(kind: HolderKind, id: Uuid) -> Self {
        match kind {
            HolderKind::Device => Self::Device(DeviceId::from_uuid(id)),
            HolderKind::User => Self::User(UserId::from_uuid(id)),
        }
    }
}

/// A profile's place with a holder: has at most one current certificate and one predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// Whose.
    pub holder: Holder,
    /// Of which profile.
    pub profile: ProfileId,
}

/// Where a copy is: on a device, under one enrolment of it, for a feature. The same hardware enrolled again is
/// another place: what the earlier enrolment held is gone or out of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// On which device.
    pub device: DeviceId,
    /// Under which of its enrolments.
    pub enrolment: EnrolmentId,
    /// For what.
    pub feature: Feature,
}
