//! The portal is killed at every boundary between two steps, and started again: one live certificate, none that
//! nobody knows of, no request lost.
#[path = "../../../tests/support/database.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod database;
mod directory;
mod portal;

use std::time::Duration;

use certporter::clock::{Clock, SystemClock};
use certporter::delivery::envelope;
use certporter::pipeline::fault;
use certporter::pipeline::revoke::{self, Why};
use certporter::pipeline::work::{ReplanScope, Work};
use certporter::pki::{crl::Crl, pkcs12};
use certporter::random::SystemRandom;
use certporter::store::certificates::{self, Certificate, CertificateFilter};
use certporter::store::{
    AuditEvent, Db, Page, Target, copies, device_contacts, issued_certificates, jobs, requests, revocations,
};
use certporter_model::access::Visibility;
use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::job::JobState;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};

use database::TestDatabase;
use directory::{Assigned, permit};
use portal::Portal;

/// As long as anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Makes a test for each place, so that they run side by side.
macro_rules! killed_at {
    ($function:ident($engine:ident): $($point:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $point() {
            super::$function(super::TestDatabase::$engine().await, stringify!($point)).await;
        }
    )+};
}

mod request {
    killed_at! { dies_over_a_request(sqlite):
        after_claim, after_key, before_intent_commit, after_intent, after_sign, before_issued_commit, after_issued,
        after_seal, before_offer_commit, after_offer,
    }
}

mod one_of_two {
    killed_at! { dies_beside_another(sqlite): after_intent, after_sign }
}

mod one_of_two_on_postgres {
    killed_at! { dies_beside_another(postgres): after_claim, after_intent, after_sign, before_offer_commit }
}

mod request_on_postgres {
    killed_at! { dies_over_a_request(postgres): after_intent, after_sign, before_offer_commit }
}

mod revocation {
    killed_at! { dies_over_a_revocation(sqlite):
        before_revoke, after_revoke_at_ca, after_revoked, after_crl, after_crl_recorded,
    }
}

mod revocation_on_postgres {
    killed_at! { dies_over_a_revocation(postgres): after_revoke_at_ca }
}

#[test]
fn every_place_has_its_test() {
    let tested = "after_claim after_key before_intent_commit after_intent after_sign before_issued_commit after_issued \
                  after_seal before_offer_commit after_offer before_revoke after_revoke_at_ca after_revoked after_crl \
                  after_crl_recorded";
    assert_eq!(fault::POINTS, tested.split_whitespace().collect::<Vec<_>>());
}

/// What a killed process leaves leased goes to the next at once, and not only when the lease has run out.
async fn let_leases_run_out(db: &Db) {
    let leased = jobs::list(&mut db.read().await.unwrap(), JobState::Leased, None, 100).await.unwrap();
    let leases: Vec<_> = leased.iter().map(|job| (job.id, job.fence)).collect();
    let mut books = db.bookkeeping().await.unwrap();
    jobs::heartbeat(&mut books, &leases, Duration::ZERO).await.unwrap();
    books.commit().await.unwrap();
}

/// Asks again and again until the answer is there.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let answer = async {
        loop {
            tick.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    match tokio::time::timeout(DEADLINE, answer).await {
        Ok(answer) => answer,
        Err(_) => panic!("{what}: not within {DEADLINE:?}"),
    }
}

async fn all_certificates(db: &Db) -> Vec<Certificate> {
    let mut conn = db.read().await.unwrap();
    let filter = CertificateFilter::default();
    certificates::list(&mut conn, &Visibility::All, &filter, Page::first(100)).await.unwrap()
}

async fn all_requests(db: &Db) -> Vec<requests::Request> {
    let mut conn = db.read().await.unwrap();
    let filter = requests::RequestFilter::default();
    requests::list(&mut conn, &Visibility::All, &filter, Page::first(100)).await.unwrap()
}

/// Waits until the device's copies are there, and opens them with its key.
async fn delivered(db: &Db, assigned: &Assigned) -> Certificate {
    let request = until("the request is completed", async || {
        let all = all_requests(db).await;
        all.into_iter().find(|request| request.state == RequestState::Completed)
    })
    .await;
    let mut conn = db.read().await.unwrap();
    let certificate = certificates::get(&mut conn, request.certificate_id.unwrap()).await.unwrap();
    let offered = copies::of_device(&mut conn, assigned.device).await.unwrap();
    assert_eq!(offered.len(), 2);
    for copy in offered {
        assert_eq!((copy.state, copy.certificate_id), (CopyState::Offered, certificate.id));
        let cms = device_contacts::envelope(&mut conn, copy.envelope_id.unwrap()).await.unwrap();
        let contents = envelope::open(&assigned.certificate, &assigned.key, &cms).unwrap();
        let pfx = pkcs12::open(&contents.pfx, &contents.password).unwrap();
        assert_eq!(pfx.certificate.thumbprint(), certificate.thumbprint);
    }
    certificate
}

/// One request, one certificate, and the CA has issued nothing that the portal does not know.
async fn nothing_twice_nothing_lost(db: &Db) {
    assert_eq!(all_requests(db).await.len(), 1);
    let known = all_certificates(db).await;
    let alive = known.iter().filter(|certificate| certificate.status == CertificateStatus::Valid).count();
    assert_eq!((known.len(), alive), (1, 1), "{known:?}");
    let mut conn = db.read().await.unwrap();
    assert_eq!(issued_certificates::count_signed(&mut conn).await.unwrap(), 1);
    assert_eq!(jobs::count(&mut conn, JobState::Dead).await.unwrap(), 0);
}

async fn dies_over_a_request(db: TestDatabase, point: &'static str) {
    let assigned = Assigned::new(&db).await;
    let portal = Portal::start(&db, Some(point)).await;
    portal.dies(point).await;
    let_leases_run_out(&db).await;
    let portal = Portal::start(&db, None).await;
    delivered(&db, &assigned).await;
    nothing_twice_nothing_lost(&db).await;
    portal.stops().await;
}

async fn dies_over_a_revocation(db: TestDatabase, point: &'static str) {
    let assigned = Assigned::new(&db).await;
    let portal = Portal::start(&db, None).await;
    let certificate = delivered(&db, &assigned).await;
    portal.stops().await;
    let now = SystemClock.now();
    let mut tx = db.write(&permit()).await.unwrap();
    let why = Why::revoked(Reason::KeyCompromise, Trigger::DeviceLost);
    let asked = revoke::ask_for(&mut tx, certificate.id, &why, now, &SystemRandom).await.unwrap().unwrap();
    assigned.lost(&mut tx, now).await;
    tx.commit(AuditEvent::new(now, "test.lost", Target::none("test"))).await.unwrap();
    let portal = Portal::start(&db, Some(point)).await;
    portal.dies(point).await;
    let_leases_run_out(&db).await;
    let portal = Portal::start(&db, None).await;
    until("the CRL has it", async || {
        let revocation = revocations::get(&mut db.read().await.unwrap(), asked).await.unwrap();
        revocation.in_crl_at
    })
    .await;
    let crl = std::fs::read(db.folder().join("portal/published/issuing-1.crl")).unwrap();
    let entry = Crl::parse(&crl).unwrap().entry(&certificate.serial).unwrap();
    assert_eq!(entry.reason, Reason::KeyCompromise);
    let known = all_certificates(&db).await;
    assert!(known.iter().all(|certificate| certificate.status == CertificateStatus::Revoked), "{known:?}");
    portal.stops().await;
}

/// Two portals on one database: the one with the work in hand dies, and the other, which runs all the time, goes on by
/// itself once the lease has run out.
async fn dies_beside_another(db: TestDatabase, point: &'static str) {
    let assigned = Assigned::new(&db).await;
    let other = Portal::start(&db, None).await;
    let first = delivered(&db, &assigned).await;
    until("nothing is left to do", async || {
        let mut conn = db.read().await.unwrap();
        (jobs::list(&mut conn, JobState::Leased, None, 10).await.unwrap().is_empty()).then_some(())
    })
    .await;
    // It must not take the work that is to be left behind.
    other.stands_still(true).await;
    let portal = Portal::start(&db, Some(point)).await;
    let now = SystemClock.now();
    let mut tx = db.write(&permit()).await.unwrap();
    let why = Why::revoked(Reason::Superseded, Trigger::Asked);
    revoke::ask_for(&mut tx, first.id, &why, now, &SystemRandom).await.unwrap();
    let scope = ReplanScope::Device { id: assigned.device };
    Work::Replan { scope }.enqueue(&mut tx, now, &SystemRandom).await.unwrap();
    tx.commit(AuditEvent::new(now, "test.revoke", Target::none("test"))).await.unwrap();
    portal.dies(point).await;
    let died = SystemClock.now();
    other.stands_still(false).await;
    let request = until("the other has taken over", async || {
        let all = all_requests(&db).await.into_iter();
        all.filter(|request| request.state == RequestState::Completed)
            .find(|request| request.certificate_id != Some(first.id))
    })
    .await;
    println!("{point}: taken over after {:?}", SystemClock.now().since(died));
    assert_eq!(all_requests(&db).await.len(), 2);
    let known = all_certificates(&db).await;
    let of = |status| known.iter().filter(move |it| it.status == status).map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(of(CertificateStatus::Revoked), [first.id]);
    assert_eq!(of(CertificateStatus::Valid), [request.certificate_id.unwrap()]);
    let mut conn = db.read().await.unwrap();
    assert_eq!(issued_certificates::count_signed(&mut conn).await.unwrap(), 2);
    assert_eq!(jobs::count(&mut conn, JobState::Dead).await.unwrap(), 0);
    drop(conn);
    other.stops().await;
}
