//! The planner on both engines: reads, decides, and carries out in the transaction of the change.

mod fixture;
mod sweeping;
mod what_if;

use std::time::Duration;

use certporter::pipeline::planner::{PutOff, Whom, replan_in_waves, sweep};
use certporter::pipeline::work::{ReplanScope, Work};
use certporter::plan::Limits;
use certporter::store::certificates::{self, Certificate};
use certporter::store::memberships::{self, Member};
use certporter::store::requests::{self, Request};
use certporter::store::{approvals, devices, jobs, revocations, users};
use certporter_model::assignment::HolderKind;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::device::{DeviceState, UserState};
use certporter_model::escrow::EscrowPolicy;
use certporter_model::job::{JobKind, JobState};
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::{PublicKeyHash, Sha1Thumbprint, Thumbprint};
use certporter_model::{CertificateId, DeviceId, Timestamp, UserId};

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use fixture::{Fixture, permit};

on_both_engines! {
    a_target_is_asked_for_once,
    retiring_revokes_and_removes,
    leaving_cancels_what_is_in_flight,
    a_preview_is_the_plan_of_the_state_that_would_be,
    many_are_planned_for_in_jobs,
    a_sweep_finds_what_was_missed_and_large_ones_wait,
    a_sweep_sees_what_is_on_hold_and_since_when,
    reissues_come_in_waves_and_stop_when_they_fail,
}

impl Fixture {
    async fn requests(&self) -> Vec<Request> {
        self.requests_of(&[self.device]).await
    }

    async fn requests_of(&self, devices: &[DeviceId]) -> Vec<Request> {
        let ids: Vec<_> = devices.iter().map(|id| id.as_uuid()).collect();
        let mut conn = self.db.read().await.unwrap();
        requests::in_flight_of(&mut conn, HolderKind::Device, &ids).await.unwrap()
    }

    async fn jobs(&self, kind: JobKind) -> usize {
        let mut conn = self.db.read().await.unwrap();
        let all = jobs::list(&mut conn, JobState::Ready, None, 1000).await.unwrap();
        all.iter().filter(|job| job.kind == kind).count()
    }

    /// As when the CA has answered: the request is done, its certificate is the current one.
    async fn issue(&self, request: Request) -> CertificateId {
        let mut tx = self.write().await;
        let id = CertificateId::new(self.now, self.octets());
        let certificate = Certificate {
            id,
            request_id: Some(request.id),
            profile_id: request.profile_id,
            profile_version: request.profile_version,
            holder_kind: request.holder_kind,
            holder_id: request.holder_id,
            user_id: request.user_id,
            device_id: request.device_id,
            enrolment_id: request.enrolment_id,
            trigger_kind: request.trigger_kind,
            escrow: EscrowPolicy::None,
            encryption: false,
            ca_generation_id: self.ca,
            serial: SerialNumber::from_random(self.octets()),
            thumbprint: Thumbprint::from_octets(self.octets()),
            sha1_thumbprint: Sha1Thumbprint::from_octets(self.octets()),
            subject: "CN=maria".into(),
            upn: None,
            sans: Vec::new(),
            der: vec![0],
            public_key_hash: PublicKeyHash::from_octets(self.octets()),
            not_before: self.now,
            not_after: self.now.plus(std::time::Duration::from_secs(365 * 86_400)),
            renew_at: Timestamp::MAX,
            status: CertificateStatus::Valid,
            standing: Standing::Current,
            held_at: None,
            revoked_at: None,
            reason: None,
            content_digest: request.content_digest,
            escrowed_key_id: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        certificates::insert_all(&mut tx, &[certificate]).await.unwrap();
        let done = Request { state: RequestState::Completed, certificate_id: Some(id), ..request };
        requests::update(&mut tx, &done).await.unwrap();
        self.commit(tx).await;
        id
    }
}

async fn a_target_is_asked_for_once(db: TestDatabase) {
    let fixture = Fixture::new(db).await;
    let mut tx = fixture.write().await;
    let outcome = fixture.replan(&mut tx, &Whom::user(fixture.user)).await;
    assert_eq!(outcome.summary.issued, 1);
    let again = fixture.replan(&mut tx, &Whom::device(fixture.device)).await;
    assert_eq!(again.summary, certporter::plan::summary::Summary::default());
    fixture.commit(tx).await;
    let request = fixture.requests().await.remove(0);
    assert_eq!((request.state, request.trigger_kind), (RequestState::Requested, Trigger::Targeted));
    assert_eq!((request.user_id, request.device_id), (Some(fixture.user), Some(fixture.device)));
    assert_eq!(request.names.ready().unwrap().subject.to_string(), "CN=maria");
    assert_eq!(fixture.jobs(JobKind::Request).await, 1);
}

async fn retiring_revokes_and_removes(db: TestDatabase) {
    let mut fixture = Fixture::new(db).await;
    let mut tx = fixture.write().await;
    fixture.replan(&mut tx, &Whom::profile(fixture.profile)).await;
    fixture.commit(tx).await;
    let certificate = fixture.issue(fixture.requests().await.remove(0)).await;
    fixture.later();
    let mut tx = fixture.write().await;
    // Without a key nothing can be delivered; a new one is asked for.
    let outcome = fixture.replan(&mut tx, &Whom::device(fixture.device)).await;
    assert_eq!((outcome.summary.delivered, outcome.summary.reissued), (0, 1));
    fixture.device_becomes(&mut tx, DeviceState::Lost).await;
    let outcome = fixture.replan(&mut tx, &Whom::device(fixture.device)).await;
    assert_eq!(outcome.summary.revoked, [(Reason::KeyCompromise, 1)].into());
    assert_eq!(outcome.summary.cancelled, 1);
    fixture.commit(tx).await;
    let mut conn = fixture.db.read().await.unwrap();
    let row = certificates::get(&mut conn, certificate).await.unwrap();
    assert_eq!((row.status, row.standing), (CertificateStatus::Revoked, Standing::Former));
    let revocation = revocations::of_certificate(&mut conn, certificate).await.unwrap().remove(0);
    assert_eq!((revocation.reason, revocation.trigger_kind), (Reason::KeyCompromise, Trigger::DeviceLost));
    drop(conn);
    assert_eq!(fixture.jobs(JobKind::Revoke).await, 1);
}

async fn leaving_cancels_what_is_in_flight(db: TestDatabase) {
    let mut fixture = Fixture::new(db).await;
    let mut tx = fixture.write().await;
    fixture.replan(&mut tx, &Whom::group(fixture.group)).await;
    fixture.commit(tx).await;
    let request = fixture.requests().await.remove(0);
    fixture.later();
    let mut tx = fixture.write().await;
    memberships::end(&mut tx, fixture.group, Member::from(fixture.user), fixture.now).await.unwrap();
    fixture.replan(&mut tx, &Whom::user(fixture.user)).await;
    fixture.commit(tx).await;
    let mut conn = fixture.db.read().await.unwrap();
    let request = requests::get(&mut conn, request.id).await.unwrap();
    assert_eq!(request.state, RequestState::Cancelled);
    assert_eq!(
        request.cancelled_reason.zip(request.cancelled_trigger),
        Some((Reason::PrivilegeWithdrawn, Trigger::LeftGroup))
    );
}

async fn a_preview_is_the_plan_of_the_state_that_would_be(db: TestDatabase) {
    let fixture = Fixture::new(db).await;
    let whom = Whom::user(fixture.user);
    let mut tx = fixture.write().await;
    let shown = fixture.preview(&mut tx, &whom).await;
    assert_eq!(shown.summary.issued, 1);
    let mut user = users::get(&mut tx, fixture.user).await.unwrap();
    user.state = UserState::Disabled;
    users::update(&mut tx, &user).await.unwrap();
    let without = fixture.preview(&mut tx, &whom).await;
    assert_eq!(without.summary.issued, 0);
    assert_ne!(without.digest, shown.digest);
    tx.rollback().await.unwrap();
    let mut tx = fixture.write().await;
    assert_eq!(fixture.preview(&mut tx, &whom).await, shown);
    assert_eq!(fixture.replan(&mut tx, &whom).await.summary, shown.summary);
}

async fn add_people(fixture: &Fixture, count: u32) -> Vec<DeviceId> {
    let mut devices = Vec::new();
    let mut tx = fixture.write().await;
    for n in 0..count {
        let user = UserId::new(fixture.now, fixture.octets());
        devices.push(DeviceId::new(fixture.now, fixture.octets()));
        fixture.add_person(&mut tx, user, &format!("person{n}"), &devices[devices.len() - 1..]).await;
    }
    fixture.commit(tx).await;
    devices
}

async fn many_are_planned_for_in_jobs(db: TestDatabase) {
    let fixture = Fixture::new(db).await;
    add_people(&fixture, 160).await;
    let mut tx = fixture.write().await;
    let outcome = fixture.replan(&mut tx, &Whom::group(fixture.group)).await;
    assert_eq!(outcome.deferred, 322);
    fixture.commit(tx).await;
    assert_eq!(fixture.jobs(JobKind::Replan).await, 2);
    assert!(fixture.requests().await.is_empty());
}

async fn a_sweep_finds_what_was_missed_and_large_ones_wait(db: TestDatabase) {
    let mut fixture = Fixture::new(db).await;
    let run = async |fixture: &Fixture| {
        let (now, random) = (fixture.now, fixture.random());
        sweep::sweep(&fixture.db.db, &permit(), "sweep", Limits::default(), now, random).await.unwrap()
    };
    let swept = run(&fixture).await;
    assert_eq!((swept.holders, swept.summary.issued, swept.waits), (1, 1, false));
    assert_eq!(fixture.jobs(JobKind::Replan).await, 1);
    // Sixty people whose certificates a mistake in the directory would take away.
    let devices = add_people(&fixture, 60).await;
    let mut tx = fixture.write().await;
    fixture.replan(&mut tx, &Whom::group(fixture.group)).await;
    fixture.commit(tx).await;
    for request in fixture.requests_of(&devices).await {
        fixture.issue(request).await;
    }
    fixture.later();
    let mut tx = fixture.write().await;
    memberships::end_all_in(&mut tx, fixture.group, fixture.now).await.unwrap();
    fixture.commit(tx).await;
    let swept = run(&fixture).await;
    assert_eq!((swept.summary.revocations(), swept.waits), (60, true));
    assert_eq!(fixture.jobs(JobKind::Replan).await, 1, "only the one from before");
    assert_eq!(run(&fixture).await, swept, "asked once");
    let mut conn = fixture.db.read().await.unwrap();
    let waiting = approvals::list(&mut conn, Some("waiting"), 10).await.unwrap();
    drop(conn);
    assert_eq!(waiting.len(), 1);
    let mut tx = fixture.write().await;
    let decided = approvals::Decided { state: "approved", by: "somebody", explanation: None };
    approvals::decide(&mut tx, waiting[0].id, &decided, fixture.now).await.unwrap();
    fixture.commit(tx).await;
    assert!(!run(&fixture).await.waits);
    assert_eq!(fixture.jobs(JobKind::Replan).await, 2);
}

async fn a_sweep_sees_what_is_on_hold_and_since_when(db: TestDatabase) {
    let mut fixture = Fixture::new(db).await;
    let mut tx = fixture.write().await;
    fixture.replan(&mut tx, &Whom::user(fixture.user)).await;
    fixture.commit(tx).await;
    let certificate = fixture.issue(fixture.requests().await.remove(0)).await;
    fixture.later();
    let mut tx = fixture.write().await;
    fixture.device_becomes(&mut tx, DeviceState::Blocked).await;
    assert_eq!(fixture.replan(&mut tx, &Whom::device(fixture.device)).await.summary.held, 1);
    fixture.commit(tx).await;
    let mut conn = fixture.db.read().await.unwrap();
    let row = certificates::get(&mut conn, certificate).await.unwrap();
    assert_eq!((row.status, row.held_at), (CertificateStatus::Held, Some(fixture.now)));
    assert_eq!(row.reason, Some(Reason::CertificateHold));
    drop(conn);
    let run = async |fixture: &Fixture| {
        let (now, random) = (fixture.now, fixture.random());
        sweep::sweep(&fixture.db.db, &permit(), "sweep", Limits::default(), now, random).await.unwrap()
    };
    let since = fixture.now;
    fixture.now = since.plus(Limits::default().hold).minus(Duration::from_secs(1));
    assert_eq!(run(&fixture).await.holders, 0, "it may still be lifted");
    fixture.now = since.plus(Limits::default().hold);
    let swept = run(&fixture).await;
    assert_eq!((swept.holders, swept.summary.revocations()), (1, 1), "{swept:?}");
}

async fn reissues_come_in_waves_and_stop_when_they_fail(db: TestDatabase) {
    let mut fixture = Fixture::new(db).await;
    let devices = add_people(&fixture, 24).await;
    let mut tx = fixture.write().await;
    fixture.replan(&mut tx, &Whom::group(fixture.group)).await;
    fixture.commit(tx).await;
    for request in fixture.requests_of(&devices).await {
        fixture.issue(request).await;
    }
    fixture.later();
    fixture.db.by_hand("UPDATE users SET user_name = user_name || ' Ortiz'").await;
    let limits = Limits { wave: 10, ..Limits::default() };
    let next = async |fixture: &Fixture, part: &[DeviceId]| {
        let mut tx = fixture.write().await;
        let whom = Whom { devices: part.to_vec(), ..Whom::default() };
        let outcome = replan_in_waves(&mut tx, &whom, limits, fixture.now, fixture.random()).await.unwrap();
        fixture.commit(tx).await;
        (outcome.summary.reissued, outcome.summary.revocations(), outcome.put_off)
    };
    let (first, second) = devices.split_at(12);
    assert_eq!(next(&fixture, first).await, (12, 0, None));
    assert_eq!(next(&fixture, second).await, (0, 0, Some(PutOff::UnderWay)));
    // What has to go does not wait.
    let mut tx = fixture.write().await;
    let retired = devices::get(&mut tx, second[0]).await.unwrap();
    let retired = devices::Device { state: DeviceState::Retired, ..retired };
    devices::update(&mut tx, &retired).await.unwrap();
    fixture.commit(tx).await;
    assert_eq!(next(&fixture, second).await, (0, 1, Some(PutOff::UnderWay)));
    // The wave is over, but two of it failed.
    let done = "UPDATE requests SET state = 'completed' WHERE id IN
                    (SELECT id FROM requests WHERE state = 'requested' LIMIT 10)";
    fixture.db.by_hand(done).await;
    fixture.db.by_hand("UPDATE requests SET state = 'failed' WHERE state = 'requested'").await;
    assert_eq!(next(&fixture, second).await, (0, 0, Some(PutOff::Failing)));
    // While what is left waits for its turn, a sweep does not ask for it again; else it does.
    let sweep = async |fixture: &Fixture| {
        let (now, random) = (fixture.now, fixture.random());
        let swept = sweep::sweep(&fixture.db.db, &permit(), "sweep", limits, now, random).await.unwrap();
        swept.summary.reissued
    };
    let mut tx = fixture.write().await;
    let scope = ReplanScope::Some { users: Vec::new(), devices: second.to_vec() };
    let (now, later) = (fixture.now, fixture.now.plus(Duration::from_secs(60)));
    Work::Replan { scope }.enqueue_at(&mut tx, later, now, fixture.random()).await.unwrap();
    fixture.commit(tx).await;
    assert_eq!(sweep(&fixture).await, 0);
    fixture.db.by_hand("DELETE FROM jobs WHERE kind = 'replan'").await;
    assert!(sweep(&fixture).await >= 11);
    // Somebody has seen to them.
    fixture.db.by_hand("UPDATE requests SET state = 'completed' WHERE state = 'failed'").await;
    assert_eq!(next(&fixture, second).await, (11, 0, None));
}
