//! What works behind the REST API: the connector, the portal's own workers, and devices that enrol and do as told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use certporter::agent::facts;
use certporter::clock::Clock as _;
use certporter::connector::Authorities;
use certporter::connector::in_process::InProcess;
use certporter::connector::worker::Connector;
use certporter::kra::Kra;
use certporter::pipeline::Pipeline;
use certporter::pipeline::notices::Post;
use certporter::pipeline::orders::ConnectorIdentity;
use certporter::pipeline::queue::Portal as PortalSource;
use certporter::pipeline::workers::run_once;
use certporter::pki::key_pool::KeyPool;
use certporter::pki::{Certificate, PrivateKey, csr};
use certporter::random::octets;
use certporter::service::device_protocol::{DeviceProtocol, ProtocolError, Wakes};
use certporter::service::import::LongImports;
use certporter::store::steps::connectors;
use certporter::store::{AuditEvent, Target};
use certporter::wire::device::{
    CommandKind, ConfirmAnswer, ConfirmRequest, Confirmations, CopyStatus, CsrOctets, DeviceFacts,
    EnrolRequest, PollQuery, Report, ReportedState, VERSION,
};
use certporter_model::access::{Caller, Permission, Scope};
use certporter_model::key::KeyAlgorithm;
use certporter_model::text::Name;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{ConfirmationId, ConnectorId, CopyId};
use serde_json::json;

use super::program::Program;
use crate::support::on_device::is_noted_right;

/// The machinery of one portal.
pub(crate) struct Works {
    pub(crate) pipeline: Arc<Pipeline>,
    portal: Arc<PortalSource<Pipeline>>,
    connector: Arc<Connector<InProcess>>,
    protocol: DeviceProtocol,
    id: ConnectorId,
}

/// A device that is enrolled: it opens nothing, but says that it did.
pub(crate) struct Enrolled {
    thumbprint: Thumbprint,
    /// What it holds.
    pub(crate) held: BTreeSet<CopyId>,
}

impl Works {
    pub(crate) async fn of(program: &Program) -> Self {
        let (db, clock, random) =
            (program.database.db.clone(), program.clock.clone(), program.random.clone());
        let kra =
            Kra::open(db.clone(), program.master.clone(), clock.as_ref(), random.clone()).await.unwrap();
        let pipeline = Pipeline::new(db.clone(), clock.clone(), random.clone(), kra, program.builtin.clone());
        let external = program.portal.external().unwrap().clone();
        let safe = program.portal.mail().unwrap().clone();
        let post = Post { safe, portal: program.portal.addresses().portal.to_string() };
        let pipeline = Arc::new(pipeline.with_external(external.clone()).with_post(post));
        pipeline.set_importer(LongImports::of(&program.portal));
        let identity = ConnectorIdentity {
            id: ConnectorId::new(clock.now(), octets(random.as_ref())),
            name: Name::parse("portal").unwrap(),
            pool: Name::parse("default").unwrap(),
        };
        let permit = Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap();
        let mut tx = db.write(&permit).await.unwrap();
        let (id, name, pool) = (identity.id, &identity.name, &identity.pool);
        connectors::insert(&mut tx, id, name, pool, "1", clock.now()).await.unwrap();
        tx.commit(AuditEvent::new(clock.now(), "test.connector", Target::none("test"))).await.unwrap();
        let mut authorities = Authorities::new().with_external(external);
        authorities.insert("builtin".into(), Arc::new(program.builtin.clone()));
        let id = identity.id;
        let port = InProcess::new(Arc::clone(&pipeline), identity);
        let connector = Arc::new(Connector::new(port, authorities, KeyPool::new(1).unwrap()));
        let portal = pipeline.portal_source("test".into());
        let protocol = DeviceProtocol::new(db, clock, random, program.device_ca.clone(), Wakes::new());
        Self { pipeline, portal, connector, protocol, id }
    }

    /// Does what is due for the portal itself now, once.
    pub(super) async fn once(&self) -> usize {
        run_once(&self.portal, 16).await.unwrap()
    }

    /// The portal notes that it is there, as one that runs does several times a minute: its clock has not leapt.
    async fn is_heard_of(&self) {
        let mut books = self.pipeline.db.bookkeeping().await.unwrap();
        connectors::contact(&mut books, self.id, "1", self.pipeline.clock.now()).await.unwrap();
        books.commit().await.unwrap();
    }

    /// Works until nothing is due any more.
    pub(crate) async fn work(&self) {
        self.is_heard_of().await;
        for _ in 0..100 {
            let done =
                run_once(&self.connector, 16).await.unwrap() + run_once(&self.portal, 16).await.unwrap();
            if done == 0 {
                is_noted_right(&self.pipeline.db).await;
                return;
            }
        }
        panic!("there is always something due");
    }

    /// Enrols a device with a code that it gets by REST.
    pub(crate) async fn enrol(&self, program: &Program, device: &str) -> Enrolled {
        let code = program.post(&format!("/devices/{device}/enrolment-codes"), &json!({})).await.ok();
        self.enrol_with(code["code"].as_str().unwrap()).await
    }

    /// Enrols a device with that code.
    pub(crate) async fn enrol_with(&self, code: &str) -> Enrolled {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let csr = CsrOctets::new(csr::create(&key, None).unwrap().as_der().to_vec()).unwrap();
        let code = serde_json::from_value(json!(code)).unwrap();
        let facts =
            DeviceFacts { serial_number: None, wifi_mac: None, fqdn: None, ..facts::of_this_machine() };
        let request = EnrolRequest { version: VERSION, code, csr, facts };
        let answer = self.protocol.enrol("192.0.2.7", &request).await.unwrap();
        let certificate = Certificate::parse(answer.management.certificate.as_slice()).unwrap();
        Enrolled { thumbprint: certificate.thumbprint(), held: BTreeSet::new() }
    }

    /// What the device's person could confirm on it.
    pub(crate) async fn awaited(&self, device: &Enrolled) -> Result<Confirmations, ProtocolError> {
        let contact = self.protocol.contact(Some(device.thumbprint), "192.0.2.7").await.unwrap();
        self.protocol.confirmations(&contact).await
    }

    /// Its person confirms something on it.
    pub(crate) async fn confirm(
        &self,
        device: &Enrolled,
        id: ConfirmationId,
    ) -> Result<ConfirmAnswer, ProtocolError> {
        let contact = self.protocol.contact(Some(device.thumbprint), "192.0.2.7").await.unwrap();
        self.protocol.confirm(&contact, &ConfirmRequest { version: VERSION, id }).await
    }

    /// The device gives itself up.
    pub(super) async fn retire(&self, device: &Enrolled) {
        let contact = self.protocol.contact(Some(device.thumbprint), "192.0.2.7").await.unwrap();
        self.protocol.retire(&contact).await.unwrap();
    }

    /// The device connects and says something; then everything that follows is done.
    pub(crate) async fn report(&self, device: &Enrolled, statuses: Vec<CopyStatus>) {
        let contact = self.protocol.contact(Some(device.thumbprint), "192.0.2.7").await.unwrap();
        let report = Report { version: VERSION, complete: false, statuses };
        self.protocol.report(&contact, &report).await.unwrap();
        self.work().await;
    }

    /// The device hears what it is to do, and does not do it.
    pub(crate) async fn poll(&self, device: &Enrolled) {
        let contact = self.protocol.contact(Some(device.thumbprint), "192.0.2.7").await.unwrap();
        self.protocol.commands(&contact, &PollQuery::default()).await.unwrap();
    }

    /// The device connects, does what it is told and says so; then everything that follows is done.
    pub(crate) async fn sync(&self, program: &Program, device: &mut Enrolled) {
        // What comes later has later ids.
        program.clock.advance(Duration::from_secs(60));
        self.work().await;
        let contact = self.protocol.contact(Some(device.thumbprint), "192.0.2.7").await.unwrap();
        let list = self.protocol.commands(&contact, &PollQuery::default()).await.unwrap();
        let mut statuses = Vec::new();
        for command in list.commands {
            let (copy, thumbprint, state) = match command.kind {
                CommandKind::Install { copy, thumbprint, .. } => {
                    device.held.insert(copy);
                    (copy, thumbprint, ReportedState::Installed)
                }
                CommandKind::Remove { copy, thumbprint } => {
                    device.held.remove(&copy);
                    (copy, thumbprint, ReportedState::Removed)
                }
                other => panic!("{other:?}"),
            };
            statuses.push(CopyStatus { copy, thumbprint, state, cause: None });
        }
        let report = Report { version: VERSION, complete: false, statuses };
        self.protocol.report(&contact, &report).await.unwrap();
        self.work().await;
    }
}
