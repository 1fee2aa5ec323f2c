//! The rows that a plan is made from.

use certporter_model::Timestamp;
use certporter_model::assignment::HolderKind;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::escrow::EscrowPolicy;
use certporter_model::feature::Feature;
use certporter_model::ids::{
    CaGenerationId, CertificateId, CopyId, DeviceId, EnrolmentId, EscrowedKeyId, GroupId, ProfileId,
    RequestId, UserId,
};
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::thumbprint::ContentDigest;
use uuid::Uuid;

use crate::store::table_row;

table_row! {
    /// A user with the values of its variables.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PlanUser in "users" {
        /// Its id.
        pub id: UserId,
        /// Whether it holds certificates.
        pub state: UserState,
        /// The account name.
        pub user_name: String,
        /// The UPN.
        pub upn: Option<String>,
        /// The e-mail address.
        pub email: Option<String>,
        /// The name as people say it.
        pub display_name: String,
        /// The distinguished name in the directory.
        pub on_prem_dn: Option<String>,
        /// The sAMAccountName in the directory.
        pub sam_account_name: Option<String>,
        /// The SID in the directory.
        pub sid: Option<String>,
    }
}

table_row! {
    /// A device with the values of its variables, and its present or last enrolment.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PlanDevice in "devices" {
        /// Its id.
        pub id: DeviceId,
        /// Where it is in its life.
        pub state: DeviceState,
        /// Its operating system.
        pub platform: Platform,
        /// Whose it is.
        pub owner_id: Option<UserId>,
        /// When it was last in contact.
        pub last_contact_at: Option<Timestamp>,
        /// Its name.
        pub name: String,
        /// The maker's serial number.
        pub serial_number: Option<String>,
        /// Its IMEI.
        pub imei: Option<String>,
        /// Its MEID.
        pub meid: Option<String>,
        /// Its Wi-Fi interface's address.
        pub wifi_mac: Option<String>,
        /// Its fully qualified domain name.
        pub fqdn: Option<String>,
        /// Its present enrolment, or its last.
        pub enrolment_id: Option<EnrolmentId>,
        /// The highest generation of that enrolment's management certificates.
        pub management_generation: Option<i64>,
        /// Whether the code of that enrolment came from staff, and its person has not confirmed since: such a device
        /// gets no retained key.
        pub unconfirmed: Option<bool>,
    }
}

table_row! {
    /// A membership, ended ones included.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct PlanMembership in "memberships" {
        /// Who.
        pub member_id: Uuid,
        /// In which group.
        pub group_id: GroupId,
        /// Since then.
        pub valid_from: Timestamp,
        /// Until then; open while none.
        pub valid_until: Option<Timestamp>,
    }
}

table_row! {
    /// A certificate.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PlanCertificate in "certificates" {
        /// Its id.
        pub id: CertificateId,
        /// The request that brought it.
        pub request_id: Option<RequestId>,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// Whether a user's or a device's.
        pub holder_kind: HolderKind,
        /// Whose.
        pub holder_id: Uuid,
        /// Whose the device was, or which user it names.
        pub user_id: Option<UserId>,
        /// The device's enrolment at the time.
        pub enrolment_id: Option<EnrolmentId>,
        /// What set its request off.
        pub trigger_kind: Trigger,
        /// What its profile said of its key.
        pub escrow: EscrowPolicy,
        /// Whether its key decrypts.
        pub encryption: bool,
        /// Good, held or revoked.
        pub status: CertificateStatus,
        /// Its place among those of the slot.
        pub standing: Standing,
        /// Why it is held or revoked.
        pub reason: Option<Reason>,
        /// Since when it is on hold.
        pub held_at: Option<Timestamp>,
        /// Since when somebody wants another in its place.
        pub reissue_asked_at: Option<Timestamp>,
        /// What it was issued for.
        pub content_digest: ContentDigest,
        /// Start of its validity.
        pub not_before: Timestamp,
        /// End of its validity.
        pub not_after: Timestamp,
        /// Who issued it.
        pub ca_generation_id: CaGenerationId,
        /// Its key, unless it was destroyed.
        pub key_id: Option<EscrowedKeyId>,
        /// For what reason its request was cancelled: it came too late.
        pub cancelled_reason: Option<Reason>,
        /// What cancelled its request.
        pub cancelled_trigger: Option<Trigger>,
    }
}

table_row! {
    /// A copy, those that are gone included.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PlanCopy in "copies" {
        /// Its id.
        pub id: CopyId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
        /// On which device.
        pub device_id: DeviceId,
        /// Under which enrolment.
        pub enrolment_id: EnrolmentId,
        /// For what.
        pub feature: Feature,
        /// Where it is.
        pub state: CopyState,
        /// The generation of the management certificate that it is sealed for.
        pub sealed_for: Option<i64>,
        /// The device's state now.
        pub device_state: DeviceState,
    }
}

table_row! {
    /// A request that is in flight, or was cancelled while its key is still there.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PlanRequest in "requests" {
        /// Its id.
        pub id: RequestId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// Whether for a user or a device.
        pub holder_kind: HolderKind,
        /// For which.
        pub holder_id: Uuid,
        /// Whose the device was when it was made, or which user it names.
        pub user_id: Option<UserId>,
        /// The device's enrolment at the time.
        pub enrolment_id: Option<EnrolmentId>,
        /// How far it is.
        pub state: RequestState,
        /// What it asks for.
        pub content_digest: ContentDigest,
        /// Its key, unless it was destroyed.
        pub key_id: Option<EscrowedKeyId>,
    }
}
