//! Work that is interrupted, overtaken or called off: one live certificate, none lost, none unknown.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use certporter::ca::{IssuingCa, SignOutcome, SignRequest};
use certporter::connector::port::{ConnectorPort, PortError};
use certporter::connector::{Authorities, in_process::InProcess, worker::Connector};
use certporter::pipeline::change;
use certporter::pipeline::workers::run_once;
use certporter::pki::key_pool::KeyPool;
use certporter::pki::{Asked, Csr, PrivateKey, csr};
use certporter::store::jobs;
use certporter::wire::connector::{
    Answer, CsrOctets, Intent, IntentAnswer, IssueOrder, Lease, Order, SealedKeyOctets, Task,
};
use certporter::wire::octets::CertificateOctets;
use certporter_model::RequestId;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::key::KeyAlgorithm;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};

use super::fixture::{EnrolledDevice, Installation};
use super::scripted::{Script, ScriptedCa};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_line_that_dies_after_the_signature_brings_no_second_certificate,
    a_ca_that_forgets_is_asked_what_it_has_issued,
    a_ca_that_cannot_be_reached_is_tried_again,
    a_worker_that_was_overtaken_can_state_nothing_but_loses_no_certificate,
    two_connectors_bring_one_certificate_for_each_request,
    a_request_is_called_off_before_anything_left,
    a_request_is_called_off_while_the_ca_decides,
    a_request_is_called_off_when_the_ca_has_signed_unheard,
}

/// Connector calls as one makes them who can stop between any two.
struct ByHand {
    port: InProcess,
}

impl ByHand {
    fn new(it: &Installation) -> Self {
        Self { port: InProcess::new(Arc::clone(&it.pipeline), it.identity.clone()) }
    }

    async fn claim(&self) -> (Lease, IssueOrder) {
        let mut orders = self.port.claim(10).await.unwrap();
        let Some(Order { lease, task: Task::Issue(order), .. }) = orders.pop() else { panic!("{orders:?}") };
        (lease, *order)
    }

    fn intent(order: &IssueOrder) -> Intent {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let csr = csr::create(&key, Some(&order.asked.subject)).unwrap();
        let transport = certporter::pki::Certificate::parse(order.transport_certificate.as_slice()).unwrap();
        let sealed = certporter::kra::TransportKey::new(order.kra_generation, transport).seal(&key).unwrap();
        Intent {
            public_key_hash: key.public_key_hash(),
            csr: CsrOctets::new(csr.as_der().to_vec()).unwrap(),
            sealed_key: SealedKeyOctets::new(sealed.octets).unwrap(),
            kra_generation: order.kra_generation,
            generation_ms: 1,
        }
    }
}

/// Has the CA sign outside of the usual way, as one that was asked twice does.
async fn sign(it: &Installation, order: &IssueOrder, intent: &Intent, reference: &str) -> Answer {
    let asked = Asked {
        subject: Some(order.asked.subject.clone()),
        alternative_names: order.asked.alternative_names.clone(),
        key_usage: order.asked.key_usage,
        extended_key_usages: order.asked.extended_key_usages.clone(),
        validity_days: order.asked.validity_days,
        sid: None,
        strong_mapping: order.asked.strong_mapping,
    };
    let csr = Csr::parse(intent.csr.as_slice()).unwrap();
    let request = SignRequest { reference: reference.into(), csr, asked, template: String::new() };
    let SignOutcome::Issued(issued) = it.builtin.sign(&request).await.unwrap() else { panic!() };
    Answer::Issued {
        certificate: CertificateOctets::new(issued.certificate.as_der().to_vec()).unwrap(),
        generation: issued.generation,
        duration_ms: 1,
    }
}

pub(super) async fn let_lease_run_out(it: &Installation, lease: Lease) {
    let mut books = it.db.bookkeeping().await.unwrap();
    jobs::heartbeat(&mut books, &[(lease.job, lease.fence)], Duration::ZERO).await.unwrap();
    books.commit().await.unwrap();
    let start = it.db.now().await.unwrap();
    while it.db.now().await.unwrap() <= start {}
}

/// What the CA has issued is what the portal knows, and one of it is alive.
pub(super) async fn one_alive(it: &Installation, device: &EnrolledDevice, request: RequestId) {
    let known = it.stray(device).await;
    let alive: Vec<_> = known.iter().filter(|c| c.status == CertificateStatus::Valid).collect();
    assert_eq!(alive.len(), 1, "{known:?}");
    assert_eq!(alive[0].standing, Standing::Current);
    assert_eq!(it.state(request).await.certificate_id, Some(alive[0].id));
    every_issued_one_is_known(it, device).await;
}

async fn every_issued_one_is_known(it: &Installation, device: &EnrolledDevice) {
    let known = it.stray(device).await;
    let serials: BTreeSet<_> = known.iter().map(|c| c.serial.clone()).collect();
    let mut issued = BTreeSet::new();
    for hash in known.iter().map(|c| c.public_key_hash) {
        issued.extend(
            it.builtin.issued_for_key(hash).await.unwrap().iter().map(|i| i.certificate.serial().clone()),
        );
    }
    assert_eq!(issued, serials);
    for certificate in known.iter().filter(|c| c.status == CertificateStatus::Revoked) {
        let (standing, crl) =
            it.builtin.standing(certificate.ca_generation_id, &certificate.serial).await.unwrap();
        assert_eq!(standing.map(|(_, reason)| reason), certificate.reason);
        assert!(crl.is_some(), "the CRL has it");
    }
}

async fn again(it: &Installation) {
    it.clock.advance(Duration::from_secs(3600));
    it.work().await;
}

async fn a_line_that_dies_after_the_signature_brings_no_second_certificate(db: TestDatabase) {
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, [Script::SignAndFail]))).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    assert_eq!(it.state(request).await.state, RequestState::KeyGenerated);
    again(&it).await;
    assert_eq!(it.state(request).await.state, RequestState::Completed);
    one_alive(&it, &device, request).await;
    assert_eq!(it.stray(&device).await.len(), 1);
}

async fn a_ca_that_forgets_is_asked_what_it_has_issued(db: TestDatabase) {
    let forgetful = |ca| ScriptedCa::new(ca, [Script::SignAndFail]).forgetful();
    let it = Installation::with_ca(db, |ca| Arc::new(forgetful(ca))).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    again(&it).await;
    assert_eq!(it.state(request).await.state, RequestState::Completed);
    one_alive(&it, &device, request).await;
    assert_eq!(it.stray(&device).await.len(), 1);
}

async fn a_ca_that_cannot_be_reached_is_tried_again(db: TestDatabase) {
    let scripts = vec![Script::Fail; 3];
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, scripts))).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    for _ in 0..3 {
        assert_eq!(it.state(request).await.state, RequestState::KeyGenerated);
        again(&it).await;
    }
    assert_eq!(it.state(request).await.state, RequestState::Completed);
}

async fn a_worker_that_was_overtaken_can_state_nothing_but_loses_no_certificate(db: TestDatabase) {
    let it = Installation::new(db).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    let hand = ByHand::new(&it);
    let (slow, order) = hand.claim().await;
    let_lease_run_out(&it, slow).await;
    let (fast, order_again) = hand.claim().await;
    assert_eq!((fast.job, fast.fence), (slow.job, slow.fence + 1));
    let late = hand.port.record_intent(slow, request, ByHand::intent(&order)).await;
    assert!(matches!(late, Err(PortError::LeaseLost)), "{late:?}");
    let intent = ByHand::intent(&order_again);
    let stored = hand.port.record_intent(fast, request, intent.clone()).await.unwrap();
    assert_eq!(stored, IntentAnswer::Stored);
    let same = hand.port.record_intent(fast, request, ByHand::intent(&order)).await.unwrap();
    assert!(matches!(same, IntentAnswer::Already { intent: first } if first.csr == intent.csr));
    let (first, second) =
        (sign(&it, &order, &intent, "first").await, sign(&it, &order, &intent, "second").await);
    hand.port.record_answer(fast, request, first.clone()).await.unwrap();
    for late in [first, second] {
        let refused = hand.port.record_answer(slow, request, late).await;
        assert!(matches!(refused, Err(PortError::LeaseLost)), "{refused:?}");
    }
    it.work().await;
    one_alive(&it, &device, request).await;
    let known = it.stray(&device).await;
    assert_eq!(known.len(), 2);
    let surplus = known.iter().find(|c| c.standing == Standing::Surplus).unwrap();
    assert_eq!((surplus.status, surplus.reason), (CertificateStatus::Revoked, Some(Reason::Superseded)));
}

async fn two_connectors_bring_one_certificate_for_each_request(db: TestDatabase) {
    let it = Installation::new(db).await;
    let mut asked = Vec::new();
    for _ in 0..8 {
        let device = it.enrol().await;
        let request = it.request(&device, 1).await;
        asked.push((device, request));
    }
    let connectors: Vec<_> = (0..2)
        .map(|_| {
            let mut authorities = Authorities::new();
            authorities.insert("builtin".into(), Arc::new(it.builtin.clone()));
            let port = InProcess::new(Arc::clone(&it.pipeline), it.identity.clone());
            Arc::new(Connector::new(port, authorities, KeyPool::new(1).unwrap()))
        })
        .collect();
    let mut working = tokio::task::JoinSet::new();
    for connector in connectors {
        working.spawn(async move { while run_once(&connector, 2).await.unwrap() > 0 {} });
    }
    while let Some(ended) = working.join_next().await {
        ended.unwrap();
    }
    it.work().await;
    for (device, request) in asked {
        assert_eq!(it.state(request).await.state, RequestState::Completed);
        one_alive(&it, &device, request).await;
    }
}

pub(super) async fn call_off(it: &Installation, request: RequestId) -> bool {
    it.change(async |tx, now, random| {
        let why = (Reason::KeyCompromise, Trigger::DeviceLost);
        change::cancel(tx, request, why, now, random).await.unwrap()
    })
    .await
}

async fn a_request_is_called_off_before_anything_left(db: TestDatabase) {
    let it = Installation::new(db).await;
    let device = it.enrol().await;
    // Before anybody has taken it.
    let request = it.request(&device, 1).await;
    assert!(call_off(&it, request).await);
    it.work().await;
    // After a connector has taken it, and before the intent.
    let taken = it.request(&device, 1).await;
    let hand = ByHand::new(&it);
    let (lease, order) = hand.claim().await;
    assert!(call_off(&it, taken).await);
    let answer = hand.port.record_intent(lease, taken, ByHand::intent(&order)).await.unwrap();
    assert_eq!(answer, IntentAnswer::NotWanted);
    hand.port.record_answer(lease, taken, Answer::Nothing).await.unwrap();
    it.work().await;
    for request in [request, taken] {
        assert_eq!(it.state(request).await.state, RequestState::Cancelled);
        assert!(!call_off(&it, request).await);
    }
    assert!(it.stray(&device).await.is_empty());
    assert_eq!(jobs::count_open(&mut it.db.read().await.unwrap()).await.unwrap(), 0);
}

async fn a_request_is_called_off_while_the_ca_decides(db: TestDatabase) {
    let at = certporter_model::Timestamp::from_millis(1_763_803_800_000).plus(Duration::from_secs(86_400));
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, [Script::Later(at)]))).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    assert!(call_off(&it, request).await);
    it.clock.set(at);
    it.work().await;
    late_one_is_revoked(&it, &device, request).await;
}

async fn a_request_is_called_off_when_the_ca_has_signed_unheard(db: TestDatabase) {
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, [Script::SignAndFail]))).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    assert!(call_off(&it, request).await);
    again(&it).await;
    late_one_is_revoked(&it, &device, request).await;
}

pub(super) async fn late_one_is_revoked(it: &Installation, device: &EnrolledDevice, request: RequestId) {
    assert_eq!(it.state(request).await.state, RequestState::Cancelled);
    let known = it.stray(device).await;
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].standing, Standing::Surplus);
    assert_eq!((known[0].status, known[0].reason), (CertificateStatus::Revoked, Some(Reason::KeyCompromise)));
    every_issued_one_is_known(it, device).await;
    assert!(it.copies(device).await.is_empty());
    assert!(it.state(request).await.escrowed_key_id.is_none());
}
