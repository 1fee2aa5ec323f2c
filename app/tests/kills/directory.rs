//! One person with one device that is enrolled, and a profile that is assigned to them: enough for the plan to ask
//! for one certificate.

use std::sync::Arc;

use certporter::ca::DeviceCa;
use certporter::clock::{Clock, SystemClock};
use certporter::pki::secret_box::MasterKey;
use certporter::pki::{Certificate, PrivateKey};
use certporter::random::{SystemRandom, octets};
use certporter::store::{
    AuditEvent, Target, WriteTx, assignments, device_owners, devices, enrolments, groups,
    management_certificates, memberships, profiles, users,
};
use certporter_model::access::{Caller, Permission, Permit, Scope};
use certporter_model::assignment::{AssignmentMode, MemberKind, Source};
use certporter_model::device::{DeviceState, EnrolmentState, UserState};
use certporter_model::key::KeyAlgorithm;
use certporter_model::platform::Platform;
use certporter_model::profile::{Profile, ProfileDraft};
use certporter_model::text::Name;
use certporter_model::{
    AssignmentId, DeviceId, EnrolmentId, GroupId, ManagementCertificateId, MembershipId, ProfileId,
    Timestamp, UserId,
};

use super::database::TestDatabase;

/// The device and the key that only it has.
pub(super) struct Assigned {
    pub(super) device: DeviceId,
    pub(super) key: PrivateKey,
    pub(super) certificate: Certificate,
}

pub(super) fn permit() -> Permit {
    Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap()
}

fn profile() -> Profile {
    let draft = r#"{"name":"Wi-Fi and VPN","platforms":["linux"],"subject_type":"user","key_scope":"device",
        "subject":"CN={{UserName}},O=Example","key_algorithm":"ec-p256","key_usage":{"digital_signature":true},
        "extended_key_usages":["1.3.6.1.5.5.7.3.2"],"validity_days":365,"renewal_threshold_percent":20,
        "features":["wifi","vpn"],"escrow":"until_delivered"}"#;
    Profile::parse(serde_json::from_str::<ProfileDraft>(draft).unwrap()).unwrap()
}

impl Assigned {
    /// Makes all of it, and the data folder with its master key, before the portal's first start.
    pub(super) async fn new(db: &TestDatabase) -> Self {
        let random = SystemRandom;
        let now = SystemClock.now();
        let folder = db.folder().join("portal");
        std::fs::create_dir(&folder).unwrap();
        if let certporter::store::Location::Sqlite(path) = &db.location {
            // The portal opens the same file by the name that it gives it.
            std::os::unix::fs::symlink(path, folder.join("certporter.sqlite")).unwrap();
        }
        let master = MasterKey::generate(&random);
        master.write_new(&folder.join("master.key")).unwrap();
        let authority = DeviceCa::open(db, &master, &SystemClock, Arc::new(random)).await.unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let (device, enrolment) =
            (DeviceId::new(now, octets(&random)), EnrolmentId::new(now, octets(&random)));
        let certificate = authority.issue_management(enrolment, key.public_key().clone(), now).unwrap();
        let assigned = Self { device, key, certificate };
        let user = UserId::new(now, octets(&random));
        let mut tx = db.write(&permit()).await.unwrap();
        assigned.user_with_device(&mut tx, user, enrolment, now).await;
        assign(&mut tx, user, now).await;
        tx.commit(AuditEvent::new(now, "test.fill", Target::none("test"))).await.unwrap();
        assigned
    }

    async fn user_with_device(&self, tx: &mut WriteTx, id: UserId, enrolment: EnrolmentId, now: Timestamp) {
        let user = users::User {
            id,
            source: Source::Local,
            external_id: None,
            user_name: Name::parse("maria.ortiz").unwrap(),
            upn: None,
            email: None,
            display_name: Name::parse("María Ortiz").unwrap(),
            on_prem_dn: None,
            sam_account_name: None,
            sid: None,
            state: UserState::Enabled,
            blocked_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            erased_at: None,
        };
        users::insert(tx, &user).await.unwrap();
        let device = devices::Device {
            id: self.device,
            source: Source::Local,
            external_id: None,
            name: Name::parse("laptop").unwrap(),
            platform: Platform::Linux,
            serial_number: None,
            imei: None,
            meid: None,
            wifi_mac: None,
            fqdn: None,
            state: DeviceState::Enrolled,
            state_changed_at: now,
            owner_id: None,
            last_contact_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        devices::insert(tx, &device).await.unwrap();
        device_owners::hand_over(tx, self.device, Some(id), now).await.unwrap();
        let row = enrolments::EnrolmentRow {
            id: enrolment,
            device_id: self.device,
            state: EnrolmentState::Active,
            public_key_hash: self.key.public_key_hash(),
            staff_issued_code: false,
            confirmed_at: None,
            started_at: now,
            ended_at: None,
        };
        enrolments::insert(tx, &row).await.unwrap();
        let row = management_certificates::ManagementCertificateRow {
            id: ManagementCertificateId::new(now, octets(&SystemRandom)),
            enrolment_id: enrolment,
            device_id: self.device,
            generation: 1,
            thumbprint: self.certificate.thumbprint(),
            serial: self.certificate.serial().clone(),
            der: self.certificate.as_der().to_vec(),
            public_key_hash: self.certificate.public_key_hash(),
            not_before: self.certificate.not_before(),
            not_after: self.certificate.not_after(),
            created_at: now,
            superseded_at: None,
        };
        management_certificates::insert(tx, &row).await.unwrap();
    }

    /// The device is lost.
    pub(super) async fn lost(&self, tx: &mut WriteTx, now: Timestamp) {
        let mut device = devices::get(tx, self.device).await.unwrap();
        device.state = DeviceState::Lost;
        device.state_changed_at = now;
        devices::update(tx, &device).await.unwrap();
    }
}

async fn assign(tx: &mut WriteTx, user: UserId, now: Timestamp) {
    let random = SystemRandom;
    let group = groups::Group {
        id: GroupId::new(now, octets(&random)),
        source: Source::Local,
        external_id: None,
        name: Name::parse("Everybody").unwrap(),
        description: String::new(),
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    groups::insert(tx, &group).await.unwrap();
    let membership = memberships::Membership {
        id: MembershipId::new(now, octets(&random)),
        group_id: group.id,
        member_kind: MemberKind::User,
        member_id: user.as_uuid(),
        source: Source::Local,
        valid_from: now,
        valid_until: None,
    };
    memberships::insert(tx, &membership).await.unwrap();
    let body = profile();
    let head = profiles::ProfileHead {
        id: ProfileId::new(now, octets(&random)),
        name: body.name().clone(),
        current_version: 1,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let version = profiles::ProfileVersion {
        profile_id: head.id,
        version: 1,
        body,
        on_edit: "now".into(),
        on_attribute_change: "now".into(),
        created_by: "test".into(),
        created_at: now,
    };
    profiles::insert(tx, &head, &version).await.unwrap();
    let assignment = assignments::Assignment {
        id: AssignmentId::new(now, octets(&random)),
        profile_id: head.id,
        group_id: group.id,
        mode: AssignmentMode::Include,
        valid_from: now,
        valid_until: None,
    };
    assignments::insert(tx, &assignment).await.unwrap();
}
