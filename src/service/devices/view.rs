//! Devices as they are shown.

use std::collections::BTreeMap;

use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::{CopyId, DeviceId, EnrolmentCodeId, EnrolmentId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::service::reference::{CertificateReference, DeviceReference, ProfileReference, UserReference};

/// A device in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceSummary {
    /// Its id.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub platform: Platform,
    /// Where it is in its life.
    pub state: DeviceState,
    /// Whose it is; nobody's when it is shared.
    pub owner: Option<UserReference>,
    /// The maker's serial number.
    pub serial_number: Option<String>,
    /// When it was last heard of.
    pub last_contact_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Counts its changes: the entity tag.
    pub version: i64,
}

/// One device, with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub device: DeviceSummary,
    /// International mobile equipment identity.
    pub imei: Option<String>,
    /// Mobile equipment identifier.
    pub meid: Option<String>,
    /// Address of the Wi-Fi interface.
    pub wifi_mac: Option<String>,
    /// Fully qualified domain name.
    pub fqdn: Option<String>,
    /// What the device is called where the data comes from.
    pub external_id: Option<String>,
    /// Since when it is in its state.
    pub state_changed_at: Timestamp,
    /// Its present enrolment.
    pub enrolment: Option<EnrolmentView>,
    /// The certificates on it, one for each feature; those that are gone come last.
    pub copies: Vec<CopyView>,
    /// Further values for variables.
    pub attributes: BTreeMap<String, String>,
}

/// A device's present enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentView {
    /// Its id.
    pub id: EnrolmentId,
    /// When the device enrolled.
    pub started_at: Timestamp,
    /// Until when the device's management certificate is valid.
    pub management_certificate_not_after: Option<Timestamp>,
    /// When the device renews it by itself.
    pub management_certificate_renews_at: Option<Timestamp>,
}

/// A certificate on a device for a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopyView {
    /// Its id.
    pub id: CopyId,
    /// The device it is on.
    pub device: DeviceReference,
    /// The profile it comes from.
    pub profile: ProfileReference,
    /// The certificate.
    pub certificate: CertificateReference,
    /// What it is for.
    pub feature: Feature,
    /// How far it is.
    pub state: CopyState,
    /// When the device could first fetch it.
    pub offered_at: Option<Timestamp>,
    /// When the device confirmed it.
    pub installed_at: Option<Timestamp>,
    /// When the device confirmed that it is gone.
    pub removed_at: Option<Timestamp>,
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A new enrolment code. The code is shown this once and kept nowhere.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentCodeView {
    /// Its id.
    pub id: EnrolmentCodeId,
    /// What to type on the device.
    pub code: String,
    /// Until when it may be used, once.
    pub expires_at: Timestamp,
    /// The address that the device's agent is given with the code.
    pub server: String,
}

impl std::fmt::Debug for EnrolmentCodeView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolmentCodeView").field("id", &self.id).finish_non_exhaustive()
    }
}
