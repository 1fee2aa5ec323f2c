//! What stands for a thing where another is shown: enough to name it and to link to it.

use certporter_model::{CertificateId, DeviceId, GroupId, ProfileId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A user, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserReference {
    /// Which one.
    pub id: UserId,
    /// The name they sign in to the organisation with.
    pub user_name: String,
    /// What they are called.
    pub display_name: String,
}

/// A device, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceReference {
    /// Which one.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
}

/// A group, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupReference {
    /// Which one.
    pub id: GroupId,
    /// Its name.
    pub name: String,
}

/// A profile, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileReference {
    /// Which one.
    pub id: ProfileId,
    /// Its name.
    pub name: String,
}

/// A certificate, by serial number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateReference {
    /// Which one.
    pub id: CertificateId,
    /// Its serial number.
    pub serial: certporter_model::serial::SerialNumber,
    /// Until when it is valid.
    pub not_after: Timestamp,
}
