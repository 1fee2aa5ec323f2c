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
    /// Why it gets no key that other devices of its person have too, while nobody has confirmed that it is theirs.
    pub unconfirmed: Option<Unconfirmed>,
    /// Until when the device's management certificate is valid.
    pub management_certificate_not_after: Option<Timestamp>,
    /// When the device renews it by itself.
    pub management_certificate_renews_at: Option<Timestamp>,
}

/// What an enrolment waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unconfirmed {
    /// Who of staff issued the code, or handed the device over.
    pub staff: Option<String>,
    /// Why it waits.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

impl Unconfirmed {
    pub(super) fn of(staff: Option<String>) -> Self {
        let cause = "The device enrolled with a code from staff, or staff handed it over, and nobody has confirmed \
                     that it is its person\u{2019}s: it gets no key that other devices of theirs have too.";
        let remedy = "The person confirms it with their password on their own page, or with `certporter agent \
                      confirm` on another device of theirs; or a second member of staff approves it.";
        Self { staff, cause: cause.to_owned(), remedy: remedy.to_owned() }
    }
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
