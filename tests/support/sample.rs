//! A few rows to start from.

use certporter::random::{SeededRandom, octets};
use certporter::store::devices::Device;
use certporter::store::groups::Group;
use certporter::store::memberships::{Member, Membership};
use certporter::store::profiles::{ProfileHead, ProfileVersion};
use certporter::store::requests::Request;
use certporter::store::users::User;
use certporter::store::{AuditEvent, Target};
use certporter_model::access::{Caller, Permission, Permit, Scope};
use certporter_model::assignment::{HolderKind, Source};
use certporter_model::device::{DeviceState, UserState};
use certporter_model::ids::*;
use certporter_model::names::Names;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::revocation::Trigger;
use certporter_model::text::Name;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{DeviceId, Timestamp, UserId};

/// When everything of a sample was made.
pub(crate) const THEN: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Leave of the portal itself.
pub(crate) fn permit() -> Permit {
    Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap()
}

/// Some event for a commit.
pub(crate) fn event() -> AuditEvent {
    AuditEvent::new(THEN, "test.done", Target::none("test"))
}

/// Makes rows that differ.
pub(crate) struct Sample(SeededRandom);

impl Sample {
    pub(crate) fn new() -> Self {
        Self(SeededRandom::new(1))
    }

    /// Ten octets for an id.
    pub(crate) fn octets(&self) -> [u8; 10] {
        octets(&self.0)
    }

    pub(crate) fn user(&self, user_name: &str, display_name: &str) -> User {
        User {
            id: UserId::new(THEN, self.octets()),
            source: Source::Local,
            external_id: None,
            user_name: Name::parse(user_name).unwrap(),
            upn: None,
            email: None,
            display_name: Name::parse(display_name).unwrap(),
            on_prem_dn: None,
            sam_account_name: None,
            sid: None,
            state: UserState::Enabled,
            blocked_at: None,
            version: 1,
            created_at: THEN,
            updated_at: THEN,
            deleted_at: None,
            erased_at: None,
        }
    }

    pub(crate) fn group(&self, name: &str) -> Group {
        Group {
            id: GroupId::new(THEN, self.octets()),
            source: Source::Local,
            external_id: None,
            name: Name::parse(name).unwrap(),
            description: String::new(),
            version: 1,
            created_at: THEN,
            updated_at: THEN,
            deleted_at: None,
        }
    }

    pub(crate) fn device(&self, name: &str, owner: Option<UserId>) -> Device {
        Device {
            id: DeviceId::new(THEN, self.octets()),
            source: Source::Local,
            external_id: None,
            name: Name::parse(name).unwrap(),
            platform: Platform::Linux,
            serial_number: None,
            imei: None,
            meid: None,
            wifi_mac: None,
            fqdn: None,
            state: DeviceState::Enrolled,
            state_changed_at: THEN,
            owner_id: owner,
            last_contact_at: None,
            version: 1,
            created_at: THEN,
            updated_at: THEN,
            deleted_at: None,
        }
    }

    pub(crate) fn membership(&self, group: GroupId, member: impl Into<Member>) -> Membership {
        let member = member.into();
        Membership {
            id: MembershipId::new(THEN, self.octets()),
            group_id: group,
            member_kind: member.kind,
            member_id: member.id,
            source: Source::Local,
            valid_from: THEN,
            valid_until: None,
        }
    }

    pub(crate) fn profile(&self, name: &str) -> (ProfileHead, ProfileVersion) {
        let id = ProfileId::new(THEN, self.octets());
        let body = serde_json::from_value(serde_json::json!({
            "name": name, "platforms": ["linux"], "subject_type": "user", "key_scope": "device",
            "subject": "CN={{UserName}}", "key_algorithm": "ec-p256", "key_usage": {"digital_signature": true},
            "extended_key_usages": ["1.3.6.1.5.5.7.3.2"], "validity_days": 365, "renewal_threshold_percent": 20,
            "features": ["vpn"], "escrow": "none"
        }))
        .unwrap();
        let head = ProfileHead {
            id,
            name: Name::parse(name).unwrap(),
            current_version: 1,
            version: 1,
            created_at: THEN,
            updated_at: THEN,
            deleted_at: None,
        };
        let version = ProfileVersion {
            profile_id: id,
            version: 1,
            body,
            on_edit: "now".into(),
            on_attribute_change: "now".into(),
            created_by: "test".into(),
            created_at: THEN,
        };
        (head, version)
    }

    pub(crate) fn request(&self, profile: ProfileId, device: &Device) -> Request {
        Request {
            id: RequestId::new(THEN, self.octets()),
            profile_id: profile,
            profile_version: 1,
            holder_kind: HolderKind::Device,
            holder_id: device.id.as_uuid(),
            user_id: device.owner_id,
            device_id: Some(device.id),
            enrolment_id: None,
            state: RequestState::Requested,
            names: Names::Missing { missing: Vec::new() },
            content_digest: ContentDigest::from_octets([7; 32]),
            trigger_kind: Trigger::Targeted,
            supersedes_id: None,
            kept_key_id: None,
            public_key_hash: None,
            csr: None,
            ca_id: None,
            ca_generation_id: None,
            ca_reference: None,
            poll_at: None,
            certificate_id: None,
            escrowed_key_id: None,
            connector: None,
            attempt: 0,
            retry_at: None,
            cause: None,
            remedy: None,
            cancelled_reason: None,
            cancelled_trigger: None,
            version: 1,
            created_at: THEN,
            updated_at: THEN,
            finished_at: None,
        }
    }
}
