//! A portal in a folder of its own: SQLite as it is in use, the built-in CA, workers; and devices that are enrolled.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use certporter_model::access::{Caller, Permission, Permit, Scope};
use certporter_model::assignment::{AssignmentMode, Source};
use certporter_model::device::{DeviceState, EnrolmentState};
use certporter_model::key::KeyAlgorithm;
use certporter_model::platform::Platform;
use certporter_model::profile::{Profile, ProfileDraft};
use certporter_model::text::Name;
use certporter_model::{
    AssignmentId, DeviceId, EnrolmentId, GroupId, ManagementCertificateId, MembershipId, ProfileId, Timestamp,
};
use tempfile::TempDir;

use super::super::CommandError;
use super::super::workers::Workers;
use super::folder;
use crate::ca::builtin::{BuiltinCa, BuiltinSettings};
use crate::ca::device_ca::DeviceCa;
use crate::clock::{Clock as _, SystemClock};
use crate::kra::Kra;
use crate::pipeline::Pipeline;
use crate::pki::secret_box::MasterKey;
use crate::pki::{Certificate, PrivateKey};
use crate::random::{SystemRandom, octets};
use crate::store::assignments::{self, Assignment};
use crate::store::devices::{self, Device};
use crate::store::enrolments::{self, EnrolmentRow};
use crate::store::groups::{self, Group};
use crate::store::management_certificates::{self, ManagementCertificateRow};
use crate::store::memberships::{self, Member, Membership};
use crate::store::profiles::{self, ProfileHead, ProfileVersion};
use crate::store::{AuditEvent, Db, Location, Target, WriteTx};

/// A device with its management key.
pub(super) struct BenchDevice {
    pub(super) id: DeviceId,
    pub(super) key: PrivateKey,
    pub(super) certificate: Certificate,
}

/// The portal.
pub(super) struct Installation {
    pub(super) db: Db,
    pub(super) pipeline: Arc<Pipeline>,
    device_ca: DeviceCa,
    group: GroupId,
    workers: Option<Workers>,
    folder: TempDir,
    made: usize,
}

impl Installation {
    /// A new one that works, with a profile for every device.
    pub(super) async fn new(algorithm: KeyAlgorithm) -> Result<Self, CommandError> {
        let mut made = Self::idle(&format!("issue-{algorithm}"), algorithm).await?;
        made.work().await?;
        Ok(made)
    }

    /// From now on somebody works in it.
    pub(super) async fn work(&mut self) -> Result<(), CommandError> {
        self.workers = Some(Workers::start(&self.pipeline, super::raw::threads()).await?);
        Ok(())
    }

    /// The same, but nobody works in it. Its folder, which is called after `name`, is the data folder of a portal.
    pub(super) async fn idle(name: &str, algorithm: KeyAlgorithm) -> Result<Self, CommandError> {
        let folder = folder(name)?;
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let db = Db::connect(&Location::Sqlite(folder.path().join("certporter.sqlite"))).await?;
        db.migrate().await?;
        let master = Arc::new(MasterKey::generate(random.as_ref()));
        master.write_new(&folder.path().join("master.key"))?;
        let settings = BuiltinSettings {
            organisation: "Bench".to_owned(),
            key: KeyAlgorithm::EcP256,
            pki_url: "http://127.0.0.1".to_owned(),
            publish_dir: folder.path().join("published"),
            crl_interval: Duration::from_secs(3600),
            crl_lifetime: Duration::from_secs(3 * 3600),
            crl_shards: 1,
        };
        let builtin = BuiltinCa::open(db.clone(), &master, clock.clone(), random.clone(), settings).await?;
        let device_ca = DeviceCa::open(&db, &master, clock.as_ref(), random.clone()).await?;
        let kra = Kra::open(db.clone(), master, clock.as_ref(), random.clone()).await?;
        let pipeline = Arc::new(Pipeline::new(db.clone(), clock, random, kra, builtin));
        let group = assign(&db, algorithm).await?;
        Ok(Self { db, pipeline, device_ca, group, workers: None, folder, made: 0 })
    }

    /// The data folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Devices that are enrolled, and for which nothing was planned yet.
    pub(super) async fn enrol(&mut self, count: usize) -> Result<Vec<BenchDevice>, CommandError> {
        let now = SystemClock.now();
        let mut tx = self.db.write(&permit()?).await?;
        let mut enrolled = Vec::with_capacity(count);
        for _ in 0..count {
            self.made += 1;
            enrolled.push(self.enrol_one(&mut tx, now).await?);
        }
        tx.commit(AuditEvent::new(now, "bench.enrol", Target::none("bench"))).await?;
        Ok(enrolled)
    }

    async fn enrol_one(&self, tx: &mut WriteTx, now: Timestamp) -> Result<BenchDevice, CommandError> {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        let id = DeviceId::new(now, octets(&SystemRandom));
        let enrolment = EnrolmentId::new(now, octets(&SystemRandom));
        let certificate = self.device_ca.issue_management(enrolment, key.public_key().clone(), now)?;
        let device = Device {
            id,
            source: Source::Local,
            external_id: None,
            name: Name::parse(&format!("bench-{}", self.made))?,
            platform: Platform::Linux,
            serial_number: None,
            imei: None,
            meid: None,
            wifi_mac: None,
            fqdn: None,
            state: DeviceState::Enrolled,
            state_changed_at: now,
            owner_id: None,
            last_contact_at: Some(now),
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        devices::insert(tx, &device).await?;
        memberships::insert(tx, &membership(self.group, id.into(), now)).await?;
        let row = EnrolmentRow {
            id: enrolment,
            device_id: id,
            state: EnrolmentState::Active,
            public_key_hash: key.public_key_hash(),
            staff_issued_code: false,
            confirmed_at: None,
            started_at: now,
            ended_at: None,
        };
        enrolments::insert(tx, &row).await?;
        let row = ManagementCertificateRow {
            id: ManagementCertificateId::new(now, octets(&SystemRandom)),
            enrolment_id: enrolment,
            device_id: id,
            generation: 1,
            thumbprint: certificate.thumbprint(),
            serial: certificate.serial().clone(),
            der: certificate.as_der().to_vec(),
            public_key_hash: certificate.public_key_hash(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            created_at: now,
            superseded_at: None,
        };
        management_certificates::insert(tx, &row).await?;
        Ok(BenchDevice { id, key, certificate })
    }

    /// Stops it and clears it away.
    pub(super) async fn end(self) -> Result<(), CommandError> {
        if let Some(workers) = self.workers {
            workers.stop().await;
        }
        self.db.close().await;
        Ok(self.folder.close()?)
    }
}

/// Leave to do what a bench does to its own portal.
pub(super) fn permit() -> Result<Permit, CommandError> {
    Ok(Caller::system("bench").permitted(Permission::SystemWork, &Scope::Organisation)?)
}

fn membership(group_id: GroupId, member: Member, now: Timestamp) -> Membership {
    Membership {
        id: MembershipId::new(now, octets(&SystemRandom)),
        group_id,
        member_kind: member.kind,
        member_id: member.id,
        source: Source::Local,
        valid_from: now,
        valid_until: None,
    }
}

/// A profile with one feature, assigned to a group.
async fn assign(db: &Db, algorithm: KeyAlgorithm) -> Result<GroupId, CommandError> {
    let now = SystemClock.now();
    let group = Group {
        id: GroupId::new(now, octets(&SystemRandom)),
        source: Source::Local,
        external_id: None,
        name: Name::parse("Bench")?,
        description: String::new(),
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let draft: ProfileDraft = serde_json::from_value(serde_json::json!({
        "name": "Bench", "platforms": ["linux"], "subject_type": "device", "key_scope": "device",
        "subject": "CN={{DeviceId}},O=Bench", "key_algorithm": algorithm,
        "key_usage": {"digital_signature": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.2"],
        "validity_days": 365, "renewal_threshold_percent": 20, "features": ["general"], "escrow": "none",
    }))?;
    let body = Profile::parse(draft)?;
    let head = ProfileHead {
        id: ProfileId::new(now, octets(&SystemRandom)),
        name: body.name().clone(),
        current_version: 1,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let version = ProfileVersion {
        profile_id: head.id,
        version: 1,
        body,
        on_edit: "now".to_owned(),
        on_attribute_change: "now".to_owned(),
        created_by: "bench".to_owned(),
        created_at: now,
    };
    let assignment = Assignment {
        id: AssignmentId::new(now, octets(&SystemRandom)),
        profile_id: head.id,
        group_id: group.id,
        mode: AssignmentMode::Include,
        valid_from: now,
        valid_until: None,
    };
    let mut tx = db.write(&permit()?).await?;
    groups::insert(&mut tx, &group).await?;
    profiles::insert(&mut tx, &head, &version).await?;
    assignments::insert(&mut tx, &assignment).await?;
    tx.commit(AuditEvent::new(now, "bench.assign", Target::none("bench"))).await?;
    Ok(group.id)
}
