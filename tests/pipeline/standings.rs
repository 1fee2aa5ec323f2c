//! Very many revocations, holds and releases at once: together to the CA, each with its own proof.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use certporter::connector::in_process::InProcess;
use certporter::connector::port::{ConnectorPort, PortError};
use certporter::pipeline::revoke::{self, Why};
use certporter::pki::crl::Crl;
use certporter::store::certificates::Certificate;
use certporter::store::revocations::{self, Revocation};
use certporter::store::{audit_events, certificates, jobs, timeline};
use certporter::wire::connector::{Answer, Lease, Order, RevokeAnswer, Task};
use certporter_model::certificate::CertificateStatus;
use certporter_model::job::{JobKind, JobState};
use certporter_model::request::Step;
use certporter_model::revocation::{Reason, Trigger};

use super::fixture::Installation;
use super::interrupted::let_lease_run_out;
use super::scripted::ScriptedCa;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    many_go_to_the_ca_together_and_each_has_its_own_proof,
    what_fails_for_one_keeps_no_other,
    a_ca_that_takes_them_one_by_one_gets_all,
    answers_under_a_lost_lease_are_passed_over,
    what_was_asked_last_counts,
    many_under_a_lost_lease_are_brought_again,
    what_is_asked_meanwhile_waits,
}

/// More than fit into one list of a statement would take too long to issue; enough to be several of everything.
const MANY: usize = 12;

/// Certificates of as many devices.
async fn issued(it: &Installation) -> Vec<Certificate> {
    let mut requests = Vec::new();
    for _ in 0..MANY {
        let device = it.enrol().await;
        requests.push(it.request(&device, 1).await);
    }
    it.work().await;
    let mut found = Vec::new();
    for request in requests {
        let id = it.state(request).await.certificate_id.unwrap();
        found.push(certificates::get(&mut it.db.read().await.unwrap(), id).await.unwrap());
    }
    it.builtin.publish().await.unwrap();
    it.clock.advance(Duration::from_secs(60));
    found
}

async fn ask(it: &Installation, all: &[Certificate], why: &Why) {
    let asked: Vec<_> = all.iter().map(|certificate| (certificate.id, why.clone())).collect();
    it.change(async |tx, now, random| revoke::ask_for_all(tx, &asked, now, random).await.unwrap()).await;
}

async fn revocation(it: &Installation, certificate: &Certificate) -> Revocation {
    let mut conn = it.db.read().await.unwrap();
    revocations::of_certificate(&mut conn, certificate.id).await.unwrap().pop().unwrap()
}

async fn list(it: &Installation) -> Crl {
    Crl::parse(&it.builtin.published("issuing-1.crl").await.unwrap().unwrap().octets).unwrap()
}

async fn many_go_to_the_ca_together_and_each_has_its_own_proof(db: TestDatabase) {
    let it = Installation::new(db).await;
    let all = issued(&it).await;
    let before = list(&it).await.number().unwrap();
    ask(&it, &all, &Why::revoked(Reason::PrivilegeWithdrawn, Trigger::LeftGroup)).await;
    it.work().await;
    let list = list(&it).await;
    assert_eq!((list.number().unwrap(), list.len()), (before + 1, MANY), "one list for all of them");
    let mut conn = it.db.read().await.unwrap();
    let filter = audit_events::AuditFilter {
        action: Some("revocation.at_ca".into()),
        ..audit_events::AuditFilter::default()
    };
    let audited = audit_events::list(&mut conn, &filter, None, 1_000).await.unwrap();
    let about: BTreeSet<_> = audited.iter().filter_map(|event| event.target_id).collect();
    assert_eq!(about, all.iter().map(|certificate| certificate.id.as_uuid()).collect());
    for certificate in &all {
        assert_eq!(list.entry(&certificate.serial).unwrap().reason, Reason::PrivilegeWithdrawn);
        let row = certificates::get(&mut conn, certificate.id).await.unwrap();
        assert_eq!((row.status, row.reason), (CertificateStatus::Revoked, Some(Reason::PrivilegeWithdrawn)));
        assert!(row.revoked_at.is_some() && row.version > certificate.version);
        let of = timeline::Of::Certificate(certificate.id);
        let events = timeline::list(&mut conn, of, None, 100).await.unwrap();
        let steps: Vec<Step> = events.iter().rev().map(|event| event.step).collect();
        let expected = [Step::RevocationRequested, Step::RevokedAtCa, Step::InCrl];
        assert_eq!(steps[steps.len() - 3..], expected, "{steps:?}");
        let proof = revocations::of_certificate(&mut conn, certificate.id).await.unwrap().remove(0);
        assert_eq!(proof.crl_number, Some(i64::try_from(before + 1).unwrap()));
        assert!(proof.at_ca_at.is_some() && proof.in_crl_at.is_some(), "{proof:?}");
        assert!(proof.crl_until.is_some() && proof.ocsp_until.is_some(), "{proof:?}");
    }
    assert_eq!(jobs::count_open(&mut conn).await.unwrap(), 1, "the next CRL alone");
}

/// A certificate that the CA does not know.
async fn forget_one(it: &Installation, all: &[Certificate]) {
    let serial = all[3].serial.to_string();
    let engine_literal = match it.db.db.engine() {
        certporter::store::Engine::Sqlite => format!("x'{serial}'"),
        certporter::store::Engine::Postgres => format!("'\\x{serial}'::bytea"),
    };
    let forget = format!("DELETE FROM issued_certificates WHERE serial = {engine_literal}");
    it.db.by_hand(&forget).await;
}

async fn one_is_given_up_and_the_others_are_in_the_list(it: &Installation, all: &[Certificate]) {
    forget_one(it, all).await;
    ask(it, all, &Why::held(Trigger::Blocked)).await;
    it.work().await;
    let list = list(it).await;
    assert_eq!(list.len(), MANY - 1);
    for (place, certificate) in all.iter().enumerate() {
        let proof = revocation(it, certificate).await;
        let known = place != 3;
        assert_eq!(
            (proof.at_ca_at.is_some(), proof.in_crl_at.is_some()),
            (known, known),
            "{place}: {proof:?}"
        );
        assert_eq!(list.entry(&certificate.serial).is_some(), known);
    }
    let mut conn = it.db.read().await.unwrap();
    let dead = jobs::list(&mut conn, JobState::Dead, None, 10).await.unwrap();
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!((dead[0].kind, dead[0].dedup_key.clone()), (JobKind::Revoke, Some(all[3].id.to_string())));
    assert!(dead[0].cause.as_deref().is_some_and(|cause| cause.contains("does not know")), "{dead:?}");
}

async fn what_fails_for_one_keeps_no_other(db: TestDatabase) {
    let it = Installation::new(db).await;
    let all = issued(&it).await;
    one_is_given_up_and_the_others_are_in_the_list(&it, &all).await;
}

async fn a_ca_that_takes_them_one_by_one_gets_all(db: TestDatabase) {
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, []))).await;
    let all = issued(&it).await;
    one_is_given_up_and_the_others_are_in_the_list(&it, &all).await;
}

async fn answers_under_a_lost_lease_are_passed_over(db: TestDatabase) {
    let it = Installation::new(db).await;
    let all = issued(&it).await;
    // A few at a time: each has its own job.
    for some in all.chunks(MANY / 2) {
        ask(&it, some, &Why::revoked(Reason::KeyCompromise, Trigger::DeviceLost)).await;
    }
    let port = InProcess::new(Arc::clone(&it.pipeline), it.identity.clone());
    // One is asked for; all of them come.
    let orders = port.claim(1).await.unwrap();
    assert_eq!(orders.len(), MANY);
    let lost: Lease = orders[0].lease;
    let overtaken = orders[0].clone();
    let_lease_run_out(&it, lost).await;
    let taken = port.claim(1).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].lease.job == lost.job && taken[0].lease.fence > lost.fence);
    port.record_revoked(orders.into_iter().map(answer).collect()).await.unwrap();
    let refused = port.record_revoked(vec![answer(overtaken)]).await;
    assert!(matches!(refused, Err(PortError::LeaseLost)), "{refused:?}");
    let mut open = 0;
    for certificate in &all {
        open += usize::from(revocation(&it, certificate).await.at_ca_at.is_none());
    }
    assert_eq!(open, 1, "the one that another worker has");
    port.record_revoked(taken.into_iter().map(answer).collect()).await.unwrap();
    for certificate in &all {
        assert!(revocation(&it, certificate).await.at_ca_at.is_some());
    }
}

/// The CA has carried it out.
fn answer(order: Order) -> RevokeAnswer {
    let Task::Revoke(revoke) = order.task else { panic!("{order:?}") };
    RevokeAnswer { lease: order.lease, order: revoke, answer: Answer::Revoked { duration_ms: 1 } }
}

async fn many_under_a_lost_lease_are_brought_again(db: TestDatabase) {
    let it = Installation::new(db).await;
    let all = issued(&it).await;
    ask(&it, &all, &Why::held(Trigger::Blocked)).await;
    let port = InProcess::new(Arc::clone(&it.pipeline), it.identity.clone());
    let overtaken = port.claim(1).await.unwrap();
    assert_eq!(overtaken.len(), MANY);
    assert!(overtaken.iter().all(|order| order.lease == overtaken[0].lease), "one job for all of them");
    let_lease_run_out(&it, overtaken[0].lease).await;
    let orders = port.claim(1).await.unwrap();
    assert_eq!(orders.len(), MANY);
    let refused = port.record_revoked(overtaken.into_iter().map(answer).collect()).await;
    assert!(matches!(refused, Err(PortError::LeaseLost)), "{refused:?}");
    for certificate in &all {
        assert!(revocation(&it, certificate).await.at_ca_at.is_none());
    }
    // For one of them the CA fails, and of another nothing is said.
    let mut answers: Vec<RevokeAnswer> = orders.into_iter().map(answer).collect();
    let failed = Answer::Failed { cause: "busy".into(), remedy: "wait".into(), outage: false };
    answers[4].answer = failed;
    let untold = answers.remove(6).order.certificate_id;
    let left = BTreeSet::from([answers[4].order.certificate_id, untold]);
    port.record_revoked(answers).await.unwrap();
    let open = async || {
        let mut open = BTreeSet::new();
        for certificate in &all {
            if revocation(&it, certificate).await.at_ca_at.is_none() {
                open.insert(certificate.id);
            }
        }
        open
    };
    assert_eq!(open().await, left);
    it.clock.advance(Duration::from_secs(600));
    it.work().await;
    assert_eq!(open().await, BTreeSet::new(), "each went by itself");
}

async fn what_is_asked_meanwhile_waits(db: TestDatabase) {
    let it = Installation::new(db).await;
    let all = issued(&it).await;
    ask(&it, &all, &Why::held(Trigger::Blocked)).await;
    let port = InProcess::new(Arc::clone(&it.pipeline), it.identity.clone());
    let orders = port.claim(1).await.unwrap();
    assert_eq!(orders.len(), MANY);
    it.clock.advance(Duration::from_secs(1));
    ask(&it, &all[..1], &Why::released(Trigger::Unblocked)).await;
    assert_eq!(port.claim(1).await.unwrap(), [], "its hold is under way");
    it.clock.advance(Duration::from_secs(1));
    // The other way round: many wait for one that is under way.
    port.record_revoked(orders.into_iter().map(answer).collect()).await.unwrap();
    it.clock.advance(Duration::from_secs(1));
    let one = port.claim(1).await.unwrap();
    assert_eq!(one.len(), 1, "{one:?}");
    ask(&it, &all, &Why::revoked(Reason::AffiliationChanged, Trigger::UserDisabled)).await;
    assert_eq!(port.claim(1).await.unwrap(), [], "a release is under way");
    port.record_revoked(one.into_iter().map(answer).collect()).await.unwrap();
    it.clock.advance(Duration::from_secs(1));
    it.work().await;
    let list = list(&it).await;
    for certificate in &all {
        assert_eq!(list.entry(&certificate.serial).unwrap().reason, Reason::AffiliationChanged);
    }
}

async fn what_was_asked_last_counts(db: TestDatabase) {
    let it = Installation::new(db).await;
    let all = issued(&it).await;
    ask(&it, &all, &Why::held(Trigger::Blocked)).await;
    it.clock.advance(Duration::from_secs(1));
    let (back, gone) = all.split_at(MANY / 2);
    ask(&it, back, &Why::released(Trigger::Unblocked)).await;
    ask(&it, gone, &Why::revoked(Reason::AffiliationChanged, Trigger::UserDisabled)).await;
    it.work().await;
    let list = list(&it).await;
    assert_eq!(list.len(), gone.len());
    for certificate in gone {
        assert_eq!(list.entry(&certificate.serial).unwrap().reason, Reason::AffiliationChanged);
    }
    for certificate in &all {
        let mut conn = it.db.read().await.unwrap();
        let proofs = revocations::of_certificate(&mut conn, certificate.id).await.unwrap();
        assert_eq!(proofs.len(), 2);
        assert!(proofs.iter().all(|it| it.at_ca_at.is_some() && it.in_crl_at.is_some()), "{proofs:?}");
    }
}
