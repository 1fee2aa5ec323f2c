//! A request from the plan's wish to the device, and a revocation back.

use std::sync::Arc;
use std::time::Duration;

use certporter::clock::Clock;
use certporter::delivery::envelope;
use certporter::pipeline::change;
use certporter::pipeline::reports::{self, Effect, Reported};
use certporter::pipeline::revoke::{self, Why};
use certporter::pki::crl::Crl;
use certporter::pki::pkcs12;
use certporter::store::{certificates, copies, device_contacts, escrowed_keys, revocations};
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::escrow::EscrowState;
use certporter_model::names::Names;
use certporter_model::request::{RequestState, Step};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::variable::Variable;

use super::fixture::{EnrolledDevice, Installation, profile};
use super::scripted::{Script, ScriptedCa};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_request_ends_as_a_pfx_that_only_the_device_opens,
    a_key_is_kept_as_the_profile_says,
    a_revocation_reaches_the_ca_the_crl_and_the_device,
    a_hold_is_in_the_crl_and_out_again,
    an_answer_that_takes_days_is_waited_for,
    a_refusal_fails_the_request_with_cause_and_remedy,
    a_certificate_that_differs_is_revoked_and_the_field_named,
    a_missing_value_is_named_and_the_request_goes_on_when_it_comes,
    renewal_makes_the_one_before_the_predecessor,
}

async fn installed(it: &Installation, device: &EnrolledDevice, report: &Reported) {
    for copy in it.copies(device).await {
        let mut conn = it.db.read().await.unwrap();
        let certificate = certificates::get(&mut conn, copy.certificate_id).await.unwrap();
        drop(conn);
        let about = (copy.id, certificate.thumbprint);
        it.change(async |tx, now, random| {
            reports::take(tx, device.id, about, report, now, random).await.unwrap();
        })
        .await;
    }
}

async fn certificate_of(
    it: &Installation,
    request: certporter_model::RequestId,
) -> certificates::Certificate {
    let id = it.state(request).await.certificate_id.unwrap();
    certificates::get(&mut it.db.read().await.unwrap(), id).await.unwrap()
}

async fn a_request_ends_as_a_pfx_that_only_the_device_opens(db: TestDatabase) {
    let it = Installation::new(db).await;
    let (device, other) = (it.enrol().await, it.enrol().await);
    let request = it.request(&device, 1).await;
    it.work().await;
    assert_eq!(it.state(request).await.state, RequestState::Completed, "{:?}", it.state(request).await);
    let certificate = certificate_of(&it, request).await;
    assert_eq!((certificate.status, certificate.standing), (CertificateStatus::Valid, Standing::Current));
    let copies = it.copies(&device).await;
    assert_eq!(copies.len(), 2);
    for copy in &copies {
        assert_eq!(copy.state, CopyState::Offered);
        let mut conn = it.db.read().await.unwrap();
        let cms = device_contacts::envelope(&mut conn, copy.envelope_id.unwrap()).await.unwrap();
        drop(conn);
        assert!(envelope::open(&other.certificate, &other.key, &cms).is_err());
        let contents = envelope::open(&device.certificate, &device.key, &cms).unwrap();
        assert_eq!((contents.feature, contents.thumbprint), (copy.feature, certificate.thumbprint));
        let pfx = pkcs12::open(&contents.pfx, &contents.password).unwrap();
        assert_eq!(pfx.certificate.thumbprint(), certificate.thumbprint);
        assert_eq!(pfx.certificate.subject_text(), "CN=maria.ortiz,O=Example");
        assert_eq!(pfx.chain.len(), 2);
    }
    use Step as S;
    let expected = [
        S::Claimed,
        S::KeyGenerated,
        S::Submitted,
        S::Issued,
        S::Sealed,
        S::Offered,
        S::Sealed,
        S::Offered,
        S::KeyDestroyed,
    ];
    assert_eq!(it.steps(request).await, expected);
    installed(&it, &device, &Reported::Installed).await;
    assert!(it.copies(&device).await.iter().all(|copy| copy.state == CopyState::Installed));
    // What is installed needs no envelope any more.
    assert!(it.copies(&device).await.iter().all(|copy| copy.envelope_id.is_none()));
    let stranger = (copies[0].id, certificate.thumbprint);
    let effect = it
        .change(async |tx, now, random| {
            reports::take(tx, other.id, stranger, &Reported::Missing, now, random).await.unwrap()
        })
        .await;
    assert_eq!(effect, Effect::NotTheirs);
}

async fn a_key_is_kept_as_the_profile_says(db: TestDatabase) {
    let it = Installation::new(db).await;
    for (version, policy, expected) in [
        (1, "none", EscrowState::Destroyed),
        (2, "until_delivered", EscrowState::Stored),
        (3, "retained", EscrowState::Stored),
    ] {
        if version > 1 {
            it.save_profile(version, profile(policy)).await;
        }
        let device = it.enrol().await;
        let request = it.request(&device, version).await;
        it.work().await;
        let key = it.state(request).await.escrowed_key_id.unwrap();
        let key = escrowed_keys::get(&mut it.db.read().await.unwrap(), key).await.unwrap();
        assert_eq!(key.state, expected, "{policy}");
        assert_eq!(key.sealed.is_none(), expected == EscrowState::Destroyed, "{policy}");
    }
}

async fn a_revocation_reaches_the_ca_the_crl_and_the_device(db: TestDatabase) {
    let it = Installation::new(db).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    installed(&it, &device, &Reported::Installed).await;
    let certificate = certificate_of(&it, request).await;
    it.clock.advance(Duration::from_secs(60));
    let asked = it
        .change(async |tx, now, random| {
            let why = Why::revoked(Reason::KeyCompromise, Trigger::DeviceLost);
            revoke::ask_for(tx, certificate.id, &why, now, random).await.unwrap()
        })
        .await
        .unwrap();
    it.work().await;
    let revocation = revocations::get(&mut it.db.read().await.unwrap(), asked).await.unwrap();
    assert!(revocation.at_ca_at.is_some() && revocation.in_crl_at.is_some(), "{revocation:?}");
    assert_eq!(revocation.finished_at, None, "the device still has it");
    let crl = it.builtin.published("issuing-1.crl").await.unwrap().unwrap();
    let crl = Crl::parse(&crl.octets).unwrap();
    assert_eq!(crl.entry(&certificate.serial).unwrap().reason, Reason::KeyCompromise);
    assert_eq!(crl.number(), revocation.crl_number.map(|number| u64::try_from(number).unwrap()));
    for copy in it.copies(&device).await {
        it.change(async |tx, now, _| {
            let mut copy = certporter::store::steps::copies::lock(tx, copy.id).await.unwrap();
            copy.go(CopyState::Removing).unwrap();
            certporter::store::steps::copies::save(tx, &copy, now).await.unwrap();
        })
        .await;
    }
    installed(&it, &device, &Reported::Removed).await;
    let revocation = revocations::get(&mut it.db.read().await.unwrap(), asked).await.unwrap();
    assert!(revocation.removed_at.is_some() && revocation.finished_at.is_some(), "{revocation:?}");
    // A second time, and for a lesser reason, nothing happens.
    let again = it
        .change(async |tx, now, random| {
            let why = Why::revoked(Reason::Superseded, Trigger::Renewal);
            revoke::ask_for(tx, certificate.id, &why, now, random).await.unwrap()
        })
        .await;
    assert_eq!(again, None);
}

async fn a_hold_is_in_the_crl_and_out_again(db: TestDatabase) {
    let it = Installation::new(db).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    let certificate = certificate_of(&it, request).await;
    for (why, reason) in [
        (Why::held(Trigger::Blocked), Some(Reason::CertificateHold)),
        (Why::released(Trigger::Unblocked), None),
        (Why::held(Trigger::Blocked), Some(Reason::CertificateHold)),
        (Why::revoked(Reason::PrivilegeWithdrawn, Trigger::HoldExpired), Some(Reason::PrivilegeWithdrawn)),
    ] {
        it.clock.advance(Duration::from_secs(60));
        let asked = it
            .change(async |tx, now, random| {
                revoke::ask_for(tx, certificate.id, &why, now, random).await.unwrap()
            })
            .await
            .unwrap();
        it.work().await;
        let crl = it.builtin.published("issuing-1.crl").await.unwrap().unwrap();
        let crl = Crl::parse(&crl.octets).unwrap();
        assert_eq!(crl.entry(&certificate.serial).map(|entry| entry.reason), reason, "{why:?}");
        let revocation = revocations::get(&mut it.db.read().await.unwrap(), asked).await.unwrap();
        assert!(revocation.in_crl_at.is_some(), "{why:?}: {revocation:?}");
    }
    assert_eq!(certificate_of(&it, request).await.status, CertificateStatus::Revoked);
}

async fn an_answer_that_takes_days_is_waited_for(db: TestDatabase) {
    let days = Duration::from_secs(3 * 86_400);
    let at = certporter_model::Timestamp::from_millis(1_763_803_800_000).plus(days);
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, [Script::Later(at)]))).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    let pending = it.state(request).await;
    assert_eq!((pending.state, pending.poll_at), (RequestState::Pending, Some(at)));
    it.clock.advance(days / 2);
    it.work().await;
    assert_eq!(it.state(request).await.state, RequestState::Pending);
    it.clock.set(at);
    it.work().await;
    assert_eq!(it.state(request).await.state, RequestState::Completed);
    assert!(it.steps(request).await.starts_with(&[
        Step::Claimed,
        Step::KeyGenerated,
        Step::Submitted,
        Step::Pending,
        Step::Issued
    ]));
}

async fn a_refusal_fails_the_request_with_cause_and_remedy(db: TestDatabase) {
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, [Script::Refuse]))).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    let failed = it.state(request).await;
    assert_eq!(failed.state, RequestState::Failed);
    assert_eq!(failed.cause.as_deref(), Some("the template forbids it"));
    assert_eq!(failed.remedy.as_deref(), Some("Allow it in the template."));
    it.change(async |tx, now, random| change::retry(tx, request, now, random).await.unwrap()).await;
    it.work().await;
    let done = it.state(request).await;
    assert_eq!(done.state, RequestState::Completed);
    assert_eq!(done.public_key_hash, failed.public_key_hash, "the same CSR goes to the CA again");
}

async fn a_certificate_that_differs_is_revoked_and_the_field_named(db: TestDatabase) {
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, [Script::AddUsage]))).await;
    let device = it.enrol().await;
    let request = it.request(&device, 1).await;
    it.work().await;
    let failed = it.state(request).await;
    assert_eq!(failed.state, RequestState::Failed);
    let cause = failed.cause.clone().unwrap();
    assert!(cause.contains("extended_key_usages: asked for 1.3.6.1.5.5.7.3.2, issued with"), "{cause}");
    assert!(it.copies(&device).await.is_empty());
    let ledger = it.stray(&device).await;
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].standing, ledger[0].status), (Standing::Surplus, CertificateStatus::Revoked));
    let crl = it.builtin.published("issuing-1.crl").await.unwrap().unwrap();
    assert!(Crl::parse(&crl.octets).unwrap().entry(&ledger[0].serial).is_some());
    // The built-in CA would give the same stray for the same request: whoever retries gets a new key.
    it.change(async |tx, now, random| change::retry(tx, request, now, random).await.unwrap()).await;
    assert_eq!(it.state(request).await.state, RequestState::Requested);
}

async fn a_missing_value_is_named_and_the_request_goes_on_when_it_comes(db: TestDatabase) {
    let it = Installation::new(db).await;
    let device = it.enrol().await;
    let missing = Names::Missing { missing: vec![Variable::UserPrincipalName] };
    let request = it.request_with(&device, 1, missing).await;
    it.work().await;
    let waiting = it.state(request).await;
    assert_eq!(waiting.state, RequestState::Waiting);
    assert!(waiting.cause.unwrap().contains("{{UserPrincipalName}}"));
}

async fn renewal_makes_the_one_before_the_predecessor(db: TestDatabase) {
    let it = Installation::new(db).await;
    let device = it.enrol().await;
    let first = it.request(&device, 1).await;
    it.work().await;
    it.clock.advance(Duration::from_secs(300 * 86_400));
    let second = it.request(&device, 1).await;
    it.work().await;
    let (old, new) = (certificate_of(&it, first).await, certificate_of(&it, second).await);
    assert_eq!((old.standing, new.standing), (Standing::Predecessor, Standing::Current));
    assert_eq!(old.status, CertificateStatus::Valid, "good until the new one is confirmed");
    assert!(new.renew_at > it.clock.now() && new.renew_at < new.not_after);
    assert_eq!(copies::of_certificates(&mut it.db.read().await.unwrap(), &[new.id]).await.unwrap().len(), 2);
}
