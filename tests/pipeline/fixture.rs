//! A small installation: authorities, one person, devices that are enrolled, a profile; a clock that can be moved.

use std::sync::Arc;
use std::time::Duration;

use certporter::ca::{BuiltinCa, BuiltinSettings, DeviceCa, IssuingCa};
use certporter::clock::{Clock, ManualClock};
use certporter::connector::Authorities;
use certporter::connector::in_process::InProcess;
use certporter::connector::worker::Connector;
use certporter::kra::Kra;
use certporter::pipeline::Pipeline;
use certporter::pipeline::orders::ConnectorIdentity;
use certporter::pipeline::queue::Portal;
use certporter::pipeline::work::Work;
use certporter::pipeline::workers::run_once;
use certporter::pki::key_pool::KeyPool;
use certporter::pki::secret_box::MasterKey;
use certporter::pki::{Certificate, PrivateKey};
use certporter::random::{Random, SeededRandom, octets};
use certporter::store::steps::{connectors, requests as request_steps};
use certporter::store::{
    AuditEvent, Target, WriteTx, copies, device_owners, devices, enrolments, management_certificates,
    profiles, requests, timeline, users,
};
use certporter_model::access::{Caller, Permission, Permit, Scope};
use certporter_model::assignment::{HolderKind, Source};
use certporter_model::device::{DeviceState, EnrolmentState, UserState};
use certporter_model::key::KeyAlgorithm;
use certporter_model::names::{Names, RenderedNames};
use certporter_model::platform::Platform;
use certporter_model::profile::{Profile, ProfileDraft};
use certporter_model::request::{RequestState, Step};
use certporter_model::revocation::Trigger;
use certporter_model::text::Name;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{
    ConnectorId, DeviceId, EnrolmentId, ManagementCertificateId, ProfileId, RequestId, Timestamp, UserId,
};

use crate::support::database::TestDatabase;
use crate::support::on_device::is_noted_right;

/// A device that is enrolled, with the key that only it has.
pub(crate) struct EnrolledDevice {
    pub(crate) id: DeviceId,
    pub(crate) enrolment: EnrolmentId,
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Certificate,
}

/// The installation.
pub(crate) struct Installation {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) builtin: BuiltinCa,
    pub(crate) identity: ConnectorIdentity,
    pub(crate) user: UserId,
    pub(crate) profile: ProfileId,
    device_ca: DeviceCa,
    portal: Arc<Portal<Pipeline>>,
    connector: Arc<Connector<InProcess>>,
    pub(crate) db: TestDatabase,
}

/// A profile as JSON, with an escrow policy.
pub(crate) fn profile(escrow: &str) -> Profile {
    let draft: ProfileDraft = serde_json::from_value(serde_json::json!({
        "name": "Wi-Fi and VPN", "platforms": ["linux"], "subject_type": "user", "key_scope": "device",
        "subject": "CN={{UserName}},O=Example", "key_algorithm": "ec-p256",
        "subject_alternative_names": [{"kind": "upn", "value": "{{UserPrincipalName}}"}],
        "key_usage": {"digital_signature": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.2"],
        "validity_days": 365, "renewal_threshold_percent": 20, "features": ["wifi", "vpn"], "escrow": escrow
    }))
    .unwrap();
    Profile::parse(draft).unwrap()
}

fn names() -> Names {
    Names::Rendered(RenderedNames {
        subject: "CN=maria.ortiz,O=Example".to_owned().try_into().unwrap(),
        subject_alternative_names: vec![
            serde_json::from_value(serde_json::json!({"kind": "upn", "value": "maria.ortiz@example.org"}))
                .unwrap(),
        ],
        sid: None,
    })
}

pub(crate) fn permit() -> Permit {
    Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap()
}

impl Installation {
    /// With the built-in CA.
    pub(crate) async fn new(db: TestDatabase) -> Self {
        Self::with_ca(db, |builtin| Arc::new(builtin)).await
    }

    /// With a CA made from the built-in one.
    pub(crate) async fn with_ca(db: TestDatabase, ca: impl FnOnce(BuiltinCa) -> Arc<dyn IssuingCa>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_763_803_800_000)));
        let random = Arc::new(SeededRandom::new(11));
        let master = Arc::new(MasterKey::generate(random.as_ref()));
        let settings = BuiltinSettings {
            organisation: "Example".into(),
            key: KeyAlgorithm::EcP256,
            pki_url: "http://pki.example.org".into(),
            publish_dir: db.folder().join("publish"),
            crl_interval: Duration::from_secs(3600),
            crl_lifetime: Duration::from_secs(3 * 3600),
            crl_shards: 1,
        };
        let store = db.db.clone();
        let builtin =
            BuiltinCa::open(store.clone(), &master, clock.clone(), random.clone(), settings).await.unwrap();
        let device_ca = DeviceCa::open(&store, &master, clock.as_ref(), random.clone()).await.unwrap();
        let kra = Kra::open(store.clone(), master, clock.as_ref(), random.clone()).await.unwrap();
        let pipeline = Arc::new(Pipeline::new(store, clock.clone(), random.clone(), kra, builtin.clone()));
        let identity = ConnectorIdentity {
            id: ConnectorId::new(clock.now(), octets(random.as_ref())),
            name: Name::parse("portal").unwrap(),
            pool: Name::parse("default").unwrap(),
        };
        let mut authorities = Authorities::new();
        authorities.insert("builtin".into(), ca(builtin.clone()));
        let port = InProcess::new(Arc::clone(&pipeline), identity.clone());
        let connector = Arc::new(Connector::new(port, authorities, KeyPool::new(1).unwrap()));
        let portal = pipeline.portal_source("test".into());
        let user = UserId::new(clock.now(), octets(random.as_ref()));
        let id = ProfileId::new(clock.now(), octets(random.as_ref()));
        let it = Self {
            clock,
            random,
            pipeline,
            builtin,
            identity,
            user,
            profile: id,
            device_ca,
            portal,
            connector,
            db,
        };
        it.fill().await;
        it
    }

    async fn fill(&self) {
        let now = self.clock.now();
        let mut tx = self.db.write(&permit()).await.unwrap();
        let user = users::User {
            id: self.user,
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
        users::insert(&mut tx, &user).await.unwrap();
        let identity = &self.identity;
        connectors::insert(&mut tx, identity.id, &identity.name, &identity.pool, "1", now).await.unwrap();
        tx.commit(AuditEvent::new(now, "test.fill", Target::none("test"))).await.unwrap();
        self.save_profile(1, profile("none")).await;
    }

    /// A version of the profile: the first, or a new one.
    pub(crate) async fn save_profile(&self, version: i64, body: Profile) {
        let now = self.clock.now();
        let mut tx = self.db.write(&permit()).await.unwrap();
        let head = profiles::ProfileHead {
            id: self.profile,
            name: body.name().clone(),
            current_version: version,
            version: (version - 1).max(1),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        let row = profiles::ProfileVersion {
            profile_id: self.profile,
            version,
            body,
            on_edit: "now".into(),
            on_attribute_change: "now".into(),
            created_by: "test".into(),
            created_at: now,
        };
        if version == 1 {
            profiles::insert(&mut tx, &head, &row).await.unwrap();
        } else {
            profiles::insert_version(&mut tx, &head, &row).await.unwrap();
        }
        tx.commit(AuditEvent::new(now, "test.profile", Target::none("test"))).await.unwrap();
    }

    /// A device of the user's, enrolled.
    pub(crate) async fn enrol(&self) -> EnrolledDevice {
        let now = self.clock.now();
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let id = DeviceId::new(now, octets(self.random.as_ref()));
        let enrolment = EnrolmentId::new(now, octets(self.random.as_ref()));
        let certificate = self.device_ca.issue_management(enrolment, key.public_key().clone(), now).unwrap();
        let mut tx = self.db.write(&permit()).await.unwrap();
        let device = devices::Device {
            id,
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
        devices::insert(&mut tx, &device).await.unwrap();
        device_owners::hand_over(&mut tx, id, Some(self.user), now).await.unwrap();
        let row = enrolments::EnrolmentRow {
            id: enrolment,
            device_id: id,
            state: EnrolmentState::Active,
            public_key_hash: key.public_key_hash(),
            staff_issued_code: false,
            confirmed_at: None,
            started_at: now,
            ended_at: None,
        };
        enrolments::insert(&mut tx, &row).await.unwrap();
        let row = management_certificates::ManagementCertificateRow {
            id: ManagementCertificateId::new(now, octets(self.random.as_ref())),
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
        management_certificates::insert(&mut tx, &row).await.unwrap();
        tx.commit(AuditEvent::new(now, "test.enrol", Target::none("test"))).await.unwrap();
        EnrolledDevice { id, enrolment, key, certificate }
    }

    /// Asks for a certificate for a device, as the plan does.
    pub(crate) async fn request(&self, device: &EnrolledDevice, version: i64) -> RequestId {
        self.request_with(device, version, names()).await
    }

    pub(crate) async fn request_with(
        &self,
        device: &EnrolledDevice,
        version: i64,
        names: Names,
    ) -> RequestId {
        let now = self.clock.now();
        let id = RequestId::new(now, octets(self.random.as_ref()));
        let mut tx = self.db.write(&permit()).await.unwrap();
        let request = requests::Request {
            id,
            profile_id: self.profile,
            profile_version: version,
            holder_kind: HolderKind::Device,
            holder_id: device.id.as_uuid(),
            user_id: Some(self.user),
            device_id: Some(device.id),
            enrolment_id: Some(device.enrolment),
            state: RequestState::Requested,
            names,
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
            created_at: now,
            updated_at: now,
            finished_at: None,
        };
        requests::insert(&mut tx, &request).await.unwrap();
        let pool = self.identity.pool.clone();
        Work::Request { request: id, pool }.enqueue(&mut tx, now, self.random.as_ref()).await.unwrap();
        tx.commit(AuditEvent::new(now, "test.request", Target::none("test"))).await.unwrap();
        id
    }

    /// A change in a transaction of its own.
    pub(crate) async fn change<T>(
        &self,
        change: impl AsyncFnOnce(&mut WriteTx, Timestamp, &dyn Random) -> T,
    ) -> T {
        let now = self.clock.now();
        let mut tx = self.db.write(&permit()).await.unwrap();
        let done = change(&mut tx, now, self.random.as_ref()).await;
        tx.commit(AuditEvent::new(now, "test.change", Target::none("test"))).await.unwrap();
        done
    }

    /// As after a restart: another process on the same database, with nothing in its memory.
    pub(crate) fn restart(&mut self, ca: Arc<dyn IssuingCa>) {
        let (clock, random) = (self.clock.clone(), self.random.clone());
        let (kra, builtin) = (self.pipeline.kra.clone(), self.builtin.clone());
        self.pipeline = Arc::new(Pipeline::new(self.db.db.clone(), clock, random, kra, builtin));
        let mut authorities = Authorities::new();
        authorities.insert("builtin".into(), ca);
        let port = InProcess::new(Arc::clone(&self.pipeline), self.identity.clone());
        self.connector = Arc::new(Connector::new(port, authorities, KeyPool::new(1).unwrap()));
        self.portal = self.pipeline.portal_source("test again".into());
    }

    /// Works until nothing is due any more.
    pub(crate) async fn work(&self) {
        // As a portal that runs does several times a minute: its clock has not leapt.
        let mut books = self.db.bookkeeping().await.unwrap();
        connectors::contact(&mut books, self.identity.id, "1", self.clock.now()).await.unwrap();
        books.commit().await.unwrap();
        for _ in 0..100 {
            let connector = run_once(&self.connector, 16).await.unwrap();
            let portal = run_once(&self.portal, 16).await.unwrap();
            if connector + portal == 0 {
                is_noted_right(&self.db.db).await;
                return;
            }
        }
        panic!("there is always something due");
    }

    /// Does the one job of the portal's own that is most urgent.
    pub(crate) async fn work_one(&self) {
        assert_eq!(run_once(&self.portal, 1).await.unwrap(), 1, "nothing is due");
    }

    pub(crate) async fn state(&self, request: RequestId) -> request_steps::RequestInWork {
        request_steps::get(&mut self.db.read().await.unwrap(), request).await.unwrap()
    }

    pub(crate) async fn copies(&self, device: &EnrolledDevice) -> Vec<copies::Copy> {
        copies::of_device(&mut self.db.read().await.unwrap(), device.id).await.unwrap()
    }

    /// The steps of a request, the first one first.
    pub(crate) async fn steps(&self, request: RequestId) -> Vec<Step> {
        let mut conn = self.db.read().await.unwrap();
        let mut events = timeline::list(&mut conn, timeline::Of::Request(request), None, 100).await.unwrap();
        events.reverse();
        events.into_iter().map(|event| event.step).collect()
    }
}

impl Installation {
    /// Every certificate that is recorded for a device.
    pub(crate) async fn stray(
        &self,
        device: &EnrolledDevice,
    ) -> Vec<certporter::store::certificates::Certificate> {
        let filter = certporter::store::certificates::CertificateFilter {
            device: Some(device.id),
            ..certporter::store::certificates::CertificateFilter::default()
        };
        let all = certporter_model::access::Visibility::All;
        let page = certporter::store::Page::first(100);
        let mut conn = self.db.read().await.unwrap();
        certporter::store::certificates::list(&mut conn, &all, &filter, page).await.unwrap()
    }
}
