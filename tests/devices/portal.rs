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
use certporter::store::devices::Device;
use certporter::store::enrolment_codes::{self, NewEnrolmentCode};
use certporter::store::planning::changes;
use certporter::store::steps::certificates::{self, CertificateInWork, NewCertificate};
use certporter::store::steps::copies::{self, NewEnvelope};
use certporter::store::{self, AuditEvent, Db, Location, Target, WriteTx, ca_generations};
use certporter::web::tls::{DeviceTls, serve_devices};
use certporter::web::{devices, listeners};
use certporter::wire::device::{DeviceFacts, EnrolmentCode};
use certporter_model::assignment::HolderKind;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::escrow::EscrowPolicy;
use certporter_model::feature::Feature;
use certporter_model::key::KeyAlgorithm;
use certporter_model::profile::PfxFormat;
use certporter_model::thumbprint::{ContentDigest, Thumbprint};
use certporter_model::{
    CaGenerationId, CertificateId, CopyId, DeviceId, EnrolmentCodeId, EnrolmentId, EnvelopeId,
    ManagementCertificateId, ProfileId, Timestamp,
};
use zeroize::Zeroizing;

use crate::support::database::TestDatabase;
use crate::support::sample::{Sample, permit};

/// A portal's device side, listening.
pub(crate) struct Portal {
    pub(crate) db: TestDatabase,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) protocol: DeviceProtocol,
    pub(crate) server: ServerAddress,
    pub(crate) ca: DeviceCa,
    pub(crate) tls: DeviceTls,
    handle: Handle<SocketAddr>,
    sample: Sample,
    /// What was sealed for each copy, and for which management certificate.
    sealed: Mutex<HashMap<CopyId, (ManagementCertificateId, Vec<u8>)>>,
}

/// A copy that was put behind the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offered {
    pub(crate) copy: CopyId,
    pub(crate) thumbprint: Thumbprint,
}

impl Portal {
    /// Listens on a port of the system's choice; the clock stands at the present.
    pub(crate) async fn start(db: TestDatabase) -> Self {
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
        let (router, stop, served) = (devices::router(protocol.clone()), handle.clone(), tls.clone());
        tokio::spawn(async move { serve_devices(listener, &served, router, stop).await.unwrap() });
        let server = ServerAddress::parse(&format!("https://{address}")).unwrap();
        let sample = Sample::new();
        let sealed = Mutex::default();
        let portal = Self { db, clock, protocol, server, ca, tls, handle, sample, sealed };
        // No worker runs here: what a plan would have done, a test does itself.
        portal
            .db
            .by_hand(match portal.db.location {
                Location::Sqlite(_) => {
                    "CREATE TRIGGER planned AFTER INSERT ON jobs BEGIN
                     UPDATE jobs SET state = 'done' WHERE id = new.id;
                 END"
                }
                Location::Postgres(_) => {
                    "CREATE FUNCTION planned() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN UPDATE jobs SET state = ''done'' WHERE id = new.id; RETURN NULL; END';
                 CREATE TRIGGER planned AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION planned()"
                }
            })
            .await;
        portal
    }

    pub(crate) fn anchor(&self) -> &[u8] {
        self.ca.certificate().as_der()
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings { clock: Arc::clone(&self.clock) as _, random: Arc::new(SystemRandom) }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A change as the portal itself makes it.
    async fn change<T>(&self, change: impl AsyncFnOnce(&mut WriteTx, Timestamp) -> T) -> T {
        let now = self.now();
        let mut tx = self.db.write(&permit()).await.unwrap();
        let done = change(&mut tx, now).await;
        tx.commit(AuditEvent::new(now, "test", Target::none("test"))).await.unwrap();
        done
    }

    /// A registered device.
    pub(crate) async fn device(&self) -> DeviceId {
        let id = DeviceId::new(self.now(), octets(&SystemRandom));
        let sample = self.sample.device("Läptop", None);
        let device = Device { id, state: DeviceState::Registered, ..sample };
        self.change(async |tx, _| store::devices::insert(tx, &device).await.unwrap()).await;
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
        self.change(async |tx, _| enrolment_codes::insert(tx, &row).await.unwrap()).await;
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
        let (head, version) = self.sample.profile(name);
        self.change(async |tx, _| store::profiles::insert(tx, &head, &version).await.unwrap()).await;
        head.id
    }

    /// A certificate of a profile, sealed for the newest management certificate of the device, and offered to it.
    pub(crate) async fn offer(&self, device: DeviceId, profile: ProfileId, feature: Feature) -> Offered {
        let management =
            copies::recipient(&mut self.db.read().await.unwrap(), device).await.unwrap().unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let any = EnrolmentId::new(self.now(), octets(&SystemRandom));
        let certificate = self.ca.issue_management(any, key.public_key().clone(), self.now()).unwrap();
        let thumbprint = certificate.thumbprint();
        let id = CertificateId::new(self.now(), octets(&SystemRandom));
        let copy = CopyId::new(self.now(), octets(&SystemRandom));
        let generation = self.generation().await;
        let new = new_certificate(id, (profile, device, generation), &certificate);
        let pfx = Pfx { key, certificate, chain: vec![self.ca.certificate().clone()] };
        let contents = Contents {
            pfx: pkcs12::build(&pfx, PfxFormat::Modern, "password", "a name").unwrap(),
            password: Zeroizing::new("password".to_owned()),
            friendly_name: "a name".to_owned(),
            feature,
            thumbprint,
        };
        let cms = envelope::seal(&Certificate::parse(&management.der).unwrap(), &contents).unwrap();
        self.change(async |tx, now| {
            certificates::insert(tx, &new, now).await.unwrap();
            copies::insert_pending(tx, copy, (id, profile, device, feature), now).await.unwrap();
        })
        .await;
        self.sealed.lock().unwrap().insert(copy, (management.id, cms));
        self.offer_again(device, copy).await;
        Offered { copy, thumbprint }
    }

    /// Any CA's generation: the certificates here are nobody's.
    async fn generation(&self) -> CaGenerationId {
        let mut conn = self.db.read().await.unwrap();
        let cas = ca_generations::cas(&mut conn).await.unwrap();
        ca_generations::generations(&mut conn, cas[0].id).await.unwrap()[0].id
    }

    /// Offers what was sealed for a copy, once more.
    pub(crate) async fn offer_again(&self, device: DeviceId, copy: CopyId) {
        let (management, cms) = self.sealed.lock().unwrap()[&copy].clone();
        let envelope = NewEnvelope {
            id: EnvelopeId::new(self.now(), octets(&SystemRandom)),
            copy,
            management_certificate: management,
            digest: digest::content_digest(&cms),
            cms,
        };
        self.change(async |tx, now| {
            copies::discard_envelopes(tx, copy).await.unwrap();
            copies::insert_envelope(tx, &envelope, now).await.unwrap();
            let mut copy = copies::lock(tx, copy).await.unwrap();
            copy.state = CopyState::Offered;
            copy.envelope_id = Some(envelope.id);
            copy.management_certificate_id = Some(management);
            copies::save(tx, &copy, now).await.unwrap();
        })
        .await;
        self.protocol.wakes().wake(device);
    }

    /// Puts a copy into a state, as the plan would.
    pub(crate) async fn put_copy(&self, device: DeviceId, copy: CopyId, state: CopyState) {
        self.change(async |tx, now| {
            let of = copies::certificates_of(tx, &[copy]).await.unwrap()[0];
            changes::move_copy(tx, (copy, of), state, now).await.unwrap();
        })
        .await;
        self.protocol.wakes().wake(device);
    }

    /// Puts a device into a state, as an administrator would.
    pub(crate) async fn put_device(&self, device: DeviceId, state: DeviceState) {
        self.change(async |tx, _| {
            let before = store::devices::get(tx, device).await.unwrap();
            store::devices::update(tx, &Device { state, ..before }).await.unwrap();
        })
        .await;
        self.protocol.wakes().wake(device);
    }

    /// The state of a copy.
    pub(crate) async fn copy_state(&self, copy: CopyId) -> CopyState {
        store::copies::get(&mut self.db.read().await.unwrap(), copy).await.unwrap().state
    }

    /// The state of a device.
    pub(crate) async fn device_state(&self, device: DeviceId) -> DeviceState {
        store::devices::get(&mut self.db.read().await.unwrap(), device).await.unwrap().state
    }

    /// How often an action is in the audit trail.
    pub(crate) async fn audited(&self, action: &str) -> usize {
        self.counted(&format!("SELECT count(*) FROM audit_events WHERE action = '{action}'"))
    }

    /// How often a plan was asked for a device.
    pub(crate) fn planned(&self, device: DeviceId) -> usize {
        self.counted(&format!("SELECT count(*) FROM jobs WHERE dedup_key LIKE '%device:{device}'"))
    }

    fn counted(&self, sql: &str) -> usize {
        self.db.asked_by_hand(sql).trim().parse().unwrap()
    }
}

fn new_certificate(
    id: CertificateId,
    (profile, device, generation): (ProfileId, DeviceId, CaGenerationId),
    certificate: &Certificate,
) -> NewCertificate {
    let work = CertificateInWork {
        id,
        request_id: None,
        profile_id: profile,
        profile_version: 1,
        holder_kind: HolderKind::Device,
        holder_id: device.as_uuid(),
        user_id: None,
        device_id: Some(device),
        ca_generation_id: generation,
        serial: certificate.serial().clone(),
        thumbprint: certificate.thumbprint(),
        public_key_hash: certificate.public_key_hash(),
        not_after: certificate.not_after(),
        status: CertificateStatus::Valid,
        standing: Standing::Former,
        reason: None,
        escrowed_key_id: None,
        version: 1,
    };
    NewCertificate {
        der: certificate.as_der().to_vec(),
        sha1_thumbprint: certificate.sha1_thumbprint(),
        subject: String::new(),
        upn: None,
        sans: "[]".to_owned(),
        not_before: certificate.not_before(),
        renew_at: certificate.not_after(),
        content_digest: ContentDigest::from_octets([0; 32]),
        escrow: EscrowPolicy::None,
        encryption: false,
        search_key: String::new(),
        work,
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
