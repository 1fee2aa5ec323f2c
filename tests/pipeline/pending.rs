//! A CA that answers after hours (simulated): the request waits, whatever happens to the portal in the meantime.

use std::sync::Arc;
use std::time::Duration;

use certporter::ca::IssuingCa;
use certporter_model::request::{RequestState, Step};
use certporter_model::{RequestId, Timestamp};

use super::fixture::{EnrolledDevice, Installation};
use super::interrupted::{call_off, late_one_is_revoked, one_alive};
use super::scripted::{Script, ScriptedCa};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_request_that_waits_at_the_ca_survives_a_restart,
    a_late_certificate_of_a_request_that_was_called_off_is_revoked_after_a_restart,
    an_answer_that_comes_later_still_is_asked_for_again,
}

const HOURS: Duration = Duration::from_secs(9 * 3600);

/// A request that the CA keeps until each of these times.
async fn waiting(
    db: TestDatabase,
    until: &[Timestamp],
) -> (Installation, Arc<dyn IssuingCa>, EnrolledDevice, RequestId) {
    let scripts: Vec<Script> = until.iter().map(|at| Script::Later(*at)).collect();
    let mut kept: Option<Arc<dyn IssuingCa>> = None;
    let it = Installation::with_ca(db, |ca| {
        let ca: Arc<dyn IssuingCa> = Arc::new(ScriptedCa::new(ca, scripts));
        kept = Some(Arc::clone(&ca));
        ca
    })
    .await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    assert_eq!(it.state(request).await.state, RequestState::Pending);
    (it, kept.unwrap(), device, request)
}

fn later() -> Timestamp {
    Timestamp::from_millis(1_763_803_800_000).plus(HOURS)
}

async fn a_request_that_waits_at_the_ca_survives_a_restart(db: TestDatabase) {
    let (mut it, ca, device, request) = waiting(db, &[later()]).await;
    let before = it.state(request).await;
    assert_eq!(before.ca_reference, Some(format!("ticket {request}")));
    it.clock.advance(HOURS / 3);
    it.restart(Arc::clone(&ca));
    it.work().await;
    let after = it.state(request).await;
    assert_eq!((after.state, after.poll_at), (RequestState::Pending, Some(later())));
    assert_eq!((after.ca_reference, after.public_key_hash), (before.ca_reference, before.public_key_hash));
    it.restart(ca);
    it.clock.set(later());
    it.work().await;
    assert_eq!(it.state(request).await.state, RequestState::Completed);
    one_alive(&it, &device, request).await;
    let steps = it.steps(request).await;
    assert_eq!(steps.iter().filter(|step| **step == Step::Pending).count(), 1, "{steps:?}");
}

async fn a_late_certificate_of_a_request_that_was_called_off_is_revoked_after_a_restart(db: TestDatabase) {
    let (mut it, ca, device, request) = waiting(db, &[later()]).await;
    it.clock.advance(HOURS / 3);
    assert!(call_off(&it, request).await);
    it.restart(ca);
    it.clock.set(later());
    it.work().await;
    late_one_is_revoked(&it, &device, request).await;
}

async fn an_answer_that_comes_later_still_is_asked_for_again(db: TestDatabase) {
    let (mut it, ca, device, request) = waiting(db, &[later()]).await;
    // Nobody was there when it was due.
    it.clock.set(later().plus(Duration::from_secs(5 * 86_400)));
    it.restart(ca);
    it.work().await;
    assert_eq!(it.state(request).await.state, RequestState::Completed);
    one_alive(&it, &device, request).await;
}
