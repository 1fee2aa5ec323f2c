//! A device listener of a test's own, and what a test puts behind it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum_server::Handle;
use certporter::agent::client::ServerAddress;
use certporter::agent::facts;
use certporter::agent::simulated::SimulatedDevice;
use certporter::agent::{AgentError, Surroundings};
use certporter::ca::DeviceCa;
use certporter::clock::{Clock, ManualClock, SystemClock};
use certporter::delivery::envelope::{self, Contents};
use certporter::pki::key::PrivateKey;
use certporter::pki::pkcs12::{self, Pfx};
use certporter::pki::secret_box::MasterKey;
use certporter::pki::{Certificate, digest};
use certporter::random::{Random, SystemRandom, octets};
use certporter::service::device_protocol::{DeviceProtocol, Wakes};
use certporter::store::enrolment_codes::{self, NewEnrolmentCode};
use certporter::store::{AuditEvent, Db, Target};
use certporter::web::tls::{DeviceTls, serve_devices};
use certporter::web::{devices, listeners};
use certporter::wire::device::{DeviceFacts, EnrolmentCode};
use certporter_model::access::{Caller, Permission, Scope};
use certporter_model::feature::Feature;
use certporter_model::key::KeyAlgorithm;
use certporter_model::profile::PfxFormat;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{CopyId, DeviceId, EnrolmentCodeId, EnrolmentId, ProfileId, Timestamp};
use sqlx::SqlitePool;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::support::database::TestDatabase;

/// A portal's device side, listening.
pub(crate) struct Portal {
    pub(crate) db: TestDatabase,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) protocol: DeviceProtocol,
    pub(crate) server: ServerAddress,
    pub(crate) ca: DeviceCa,
    handle: Handle<SocketAddr>,
    /// What was sealed for each copy, and for which management certificate.
    sealed: Mutex<HashMap<CopyId, (Uuid, Vec<u8>)>>,
}

/// A copy that was put behind the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offered {
    pub(crate) copy: CopyId,
    pub(crate) thumbprint: Thumbprint,
}

impl Portal {
    /// Listens on a port of the system's choice; the clock stands at the present.
    pub(crate) async fn start() -> Self {
        let db = TestDatabase::sqlite().await;
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let master = MasterKey::from_octets(Zeroizing::new(octets(&*random)));
        let ca = DeviceCa::open(&db, &master, &*clock, Arc::clone(&random)).await.unwrap();
        let protocol =
            DeviceProtocol::new(Db::clone(&db), Arc::clone(&clock) as _, random, ca.clone(), Wakes::new());
        let listener = listeners::bind("127.0.0.1:0".parse().unwrap(), "--device-listen").unwrap();
        let address = listener.local_addr().unwrap();
        let identity = ca.server_identity(&["127.0.0.1".to_owned()], SystemClock.now()).unwrap();
        let tls = DeviceTls::new(&identity, &[ca.certificate().clone()]).unwrap();
        let handle = Handle::new();
        let (router, stop) = (devices::router(protocol.clone()), handle.clone());
        tokio::spawn(async move { serve_devices(listener, &tls, router, stop).await.unwrap() });
        let server = ServerAddress::parse(&format!("https://{address}")).unwrap();
        let portal = Self { db, clock, protocol, server, ca, handle, sealed: Mutex::default() };
        // No worker runs here: what a plan would have done, a test does itself.
        sqlx::raw_sql(
            "CREATE TRIGGER planned AFTER INSERT ON jobs BEGIN
                 UPDATE jobs SET state = 'done' WHERE id = new.id;
             END",
        )
        .execute(portal.pool())
        .await
        .unwrap();
        portal
    }

    pub(crate) fn anchor(&self) -> &[u8] {
        self.ca.certificate().as_der()
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings { clock: Arc::clone(&self.clock) as _, random: Arc::new(SystemRandom) }
    }

    fn pool(&self) -> &SqlitePool {
        self.db.db.sqlite_writer().expect("these tests run on SQLite")
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A registered device.
    pub(crate) async fn device(&self) -> DeviceId {
        let id = DeviceId::new(self.now(), octets(&SystemRandom));
        sqlx::query(
            "INSERT INTO devices (id, source, name, platform, state, state_changed_at, search_key, version,
                                  created_at, updated_at)
             VALUES ($1, 'local', 'Läptop', 'linux', 'registered', 1, 'laptop', 1, 1, 1)",
        )
        .bind(id.as_uuid())
        .execute(self.pool())
        .await
        .unwrap();
        id
    }

    /// A code for the device, good for an hour.
    pub(crate) async fn code(&self, device: DeviceId) -> EnrolmentCode {
        let code = EnrolmentCode::new(octets(&SystemRandom), &self.ca.certificate().thumbprint());
        let row = NewEnrolmentCode {
            id: EnrolmentCodeId::new(self.now(), octets(&SystemRandom)),
            code_hash: code.hash(),
            device_id: device,
            issued_by: "a test".to_owned(),
            staff_issued: false,
            created_at: self.now(),
            expires_at: self.now().plus(Duration::from_secs(3600)),
        };
        let permit = Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap();
        let mut tx = self.db.write(&permit).await.unwrap();
        enrolment_codes::insert(&mut tx, &row).await.unwrap();
        tx.commit(AuditEvent::new(self.now(), "test", Target::none("test"))).await.unwrap();
        code
    }

    pub(crate) async fn try_enrol(&self, code: EnrolmentCode) -> Result<SimulatedDevice, AgentError> {
        SimulatedDevice::enrol(&self.server, self.anchor(), code, facts()).await
    }

    /// A device that is enrolled.
    pub(crate) async fn enrolled(&self) -> SimulatedDevice {
        let device = self.device().await;
        self.try_enrol(self.code(device).await).await.unwrap()
    }

    /// A profile of that name.
    pub(crate) async fn profile(&self, name: &str) -> ProfileId {
        let id = ProfileId::new(self.now(), octets(&SystemRandom));
        sqlx::query(
            "INSERT INTO profiles (id, name, name_key, current_version, search_key, version, created_at, updated_at)
             VALUES ($1, $2, $3, 1, '', 1, 1, 1)",
        )
        .bind(id.as_uuid())
        .bind(name)
        .bind(id.to_string())
        .execute(self.pool())
        .await
        .unwrap();
        id
    }

    /// A certificate of a profile, sealed for the newest management certificate of the device, and offered to it.
    pub(crate) async fn offer(&self, device: DeviceId, profile: ProfileId, feature: Feature) -> Offered {
        let (management, der): (Uuid, Vec<u8>) = sqlx::query_as(
            "SELECT id, der FROM management_certificates WHERE device_id = $1 ORDER BY generation DESC LIMIT 1",
        )
        .bind(device.as_uuid())
        .fetch_one(self.pool())
        .await
        .unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let any = EnrolmentId::new(self.now(), octets(&SystemRandom));
        let certificate = self.ca.issue_management(any, key.public_key().clone(), self.now()).unwrap();
        let thumbprint = certificate.thumbprint();
        let serial = certificate.serial().as_octets().to_vec();
        let pfx = Pfx { key, certificate, chain: vec![self.ca.certificate().clone()] };
        let contents = Contents {
            pfx: pkcs12::build(&pfx, PfxFormat::Modern, "password", "a name").unwrap(),
            password: Zeroizing::new("password".to_owned()),
            friendly_name: "a name".to_owned(),
            feature,
            thumbprint,
        };
        let cms = envelope::seal(&Certificate::parse(&der).unwrap(), &contents).unwrap();
        let ids: [Uuid; 2] =
            std::array::from_fn(|_| CopyId::new(self.now(), octets(&SystemRandom)).as_uuid());
        let [certificate_id, copy_id] = ids;
        let mut tx = self.pool().begin().await.unwrap();
        sqlx::query(
            "INSERT INTO certificates (id, profile_id, profile_version, holder_kind, holder_id, device_id,
                 ca_generation_id, serial, thumbprint, sha1_thumbprint, subject, sans, der, public_key_hash,
                 not_before, not_after, renew_at, status, standing, trigger_kind, escrow, encryption, content_digest, search_key, version, created_at,
                 updated_at)
             VALUES ($1, $2, 1, 'device', $3, $3, (SELECT id FROM ca_generations LIMIT 1), $4, $5, $6, '', '[]',
                 x'00', $7, 1, 2, 2, 'valid', 'former', 'targeted', 'none', 0, $7, '', 1, 1, 1)",
        )
        .bind(certificate_id)
        .bind(profile.as_uuid())
        .bind(device.as_uuid())
        .bind(serial)
        .bind(thumbprint.as_octets().to_vec())
        .bind(vec![0_u8; 20])
        .bind(vec![0_u8; 32])
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO copies (id, certificate_id, device_id, profile_id, feature, purpose, state, channel,
                 management_certificate_id, enrolment_id, version, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, 'use', 'pending', 'agent', $6,
                 (SELECT enrolment_id FROM management_certificates WHERE id = $6), 1, 1, 1)",
        )
        .bind(copy_id)
        .bind(certificate_id)
        .bind(device.as_uuid())
        .bind(profile.as_uuid())
        .bind(feature.as_str())
        .bind(management)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        self.sealed.lock().unwrap().insert(CopyId::from_uuid(copy_id), (management, cms));
        self.offer_again(device, CopyId::from_uuid(copy_id)).await;
        Offered { copy: CopyId::from_uuid(copy_id), thumbprint }
    }

    /// Offers what was sealed for a copy, once more.
    pub(crate) async fn offer_again(&self, device: DeviceId, copy: CopyId) {
        let (management, cms) = self.sealed.lock().unwrap()[&copy].clone();
        let envelope = CopyId::new(self.now(), octets(&SystemRandom)).as_uuid();
        sqlx::query(
            "INSERT INTO envelopes (id, copy_id, management_certificate_id, cms, digest, created_at)
             VALUES ($1, $2, $3, $4, $5, 1)",
        )
        .bind(envelope)
        .bind(copy.as_uuid())
        .bind(management)
        .bind(&cms)
        .bind(digest::sha256(&cms).to_vec())
        .execute(self.pool())
        .await
        .unwrap();
        sqlx::query("UPDATE copies SET envelope_id = $1 WHERE id = $2")
            .bind(envelope)
            .bind(copy.as_uuid())
            .execute(self.pool())
            .await
            .unwrap();
        self.put_copy(device, copy, "offered").await;
    }

    /// Puts a copy into a state, as the plan would.
    pub(crate) async fn put_copy(&self, device: DeviceId, copy: CopyId, state: &str) {
        sqlx::query("UPDATE copies SET state = $1 WHERE id = $2")
            .bind(state)
            .bind(copy.as_uuid())
            .execute(self.pool())
            .await
            .unwrap();
        self.protocol.wakes().wake(device);
    }

    /// Puts a device into a state, as an administrator would.
    pub(crate) async fn put_device(&self, device: DeviceId, state: &str) {
        sqlx::query("UPDATE devices SET state = $1 WHERE id = $2")
            .bind(state)
            .bind(device.as_uuid())
            .execute(self.pool())
            .await
            .unwrap();
        self.protocol.wakes().wake(device);
    }

    /// The state of a copy.
    pub(crate) async fn copy_state(&self, copy: CopyId) -> String {
        sqlx::query_scalar("SELECT state FROM copies WHERE id = $1")
            .bind(copy.as_uuid())
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// The state of a device.
    pub(crate) async fn device_state(&self, device: DeviceId) -> String {
        sqlx::query_scalar("SELECT state FROM devices WHERE id = $1")
            .bind(device.as_uuid())
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// How often an action is in the audit trail.
    pub(crate) async fn audited(&self, action: &str) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM audit_events WHERE action = $1")
            .bind(action)
            .fetch_one(self.pool())
            .await
            .unwrap()
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// Facts that say nothing of the machine that the test runs on.
pub(crate) fn facts() -> DeviceFacts {
    DeviceFacts { serial_number: None, wifi_mac: None, fqdn: None, ..facts::of_this_machine() }
}
