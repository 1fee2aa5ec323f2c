//! Jobs: claimed once, lost to nobody, given up with cause and remedy.

use std::sync::Arc;
use std::time::Duration;

use certporter::clock::{Clock, ManualClock};
use certporter::pipeline::queue::{Outcome, Queue};
use certporter::pipeline::work::{PORTAL, Work};
use certporter::random::SeededRandom;
use certporter::store::jobs::{self, Claim};
use certporter::store::{AuditEvent, StoreError, Target};
use certporter_model::Timestamp;
use certporter_model::access::{Caller, Permission, Scope};
use certporter_model::job::JobState;

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

struct Fixture {
    db: TestDatabase,
    clock: Arc<ManualClock>,
    random: Arc<SeededRandom>,
    queue: Queue,
}

fn pools() -> Vec<String> {
    vec![PORTAL.to_owned()]
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(n: u8) -> T {
    format!("0198c2f0-7d1e-7cc3-98c4-dc0c0c0739{n:02x}").parse().unwrap()
}

impl Fixture {
    fn new(db: TestDatabase) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_763_803_800_000)));
        let random = Arc::new(SeededRandom::new(1));
        let queue = Queue::new(db.db.clone(), clock.clone(), random.clone());
        Self { db, clock, random, queue }
    }

    async fn enqueue(&self, work: &Work) {
        let permit = Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap();
        let mut tx = self.db.write(&permit).await.unwrap();
        let now = self.clock.now();
        work.enqueue(&mut tx, now, self.random.as_ref()).await.unwrap();
        tx.commit(AuditEvent::new(now, "test.enqueue", Target::none("job"))).await.unwrap();
    }

    async fn claim(&self, owner: &str) -> Vec<jobs::Job> {
        self.queue.claim(&pools(), owner, 10).await.unwrap()
    }

    /// Claims with a lease that has run out already: as of a worker that died.
    async fn claim_and_die(&self) -> Vec<jobs::Job> {
        let mut books = self.db.bookkeeping().await.unwrap();
        let pools = pools();
        let claim = Claim { pools: &pools, owner: "dead", lease: Duration::ZERO, most: 10 };
        let claimed = jobs::claim(&mut books, &claim, self.clock.now()).await.unwrap();
        books.commit().await.unwrap();
        // The lease ends by the database's clock, at the millisecond of the claim.
        let start = self.db.now().await.unwrap();
        while self.db.now().await.unwrap() <= start {}
        claimed
    }

    async fn state(&self, job: &jobs::Job) -> jobs::Job {
        jobs::get(&mut self.db.read().await.unwrap(), job.id).await.unwrap()
    }
}

on_both_engines! {
    the_same_work_waits_once,
    a_job_is_claimed_by_one_of_many_workers,
    a_dead_workers_job_goes_to_another_and_its_own_step_is_refused,
    failures_wait_longer_each_time_and_end_with_cause_and_remedy,
    progress_counts_attempts_anew,
    work_that_is_asked_for_again_while_it_runs_runs_again_afterwards,
}

async fn the_same_work_waits_once(db: TestDatabase) {
    let fixture = Fixture::new(db);
    for _ in 0..3 {
        fixture.enqueue(&Work::Seal { certificate: id(1) }).await;
    }
    fixture.enqueue(&Work::Seal { certificate: id(2) }).await;
    assert_eq!(fixture.claim("one").await.len(), 2);
    assert!(fixture.claim("two").await.is_empty());
}

async fn a_job_is_claimed_by_one_of_many_workers(db: TestDatabase) {
    let fixture = Arc::new(Fixture::new(db));
    for n in 0..40 {
        fixture.enqueue(&Work::Seal { certificate: id(n) }).await;
    }
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..4 {
        let fixture = Arc::clone(&fixture);
        workers.spawn(async move {
            let mut got = Vec::new();
            loop {
                let claimed = fixture.queue.claim(&pools(), &format!("worker {n}"), 3).await.unwrap();
                if claimed.is_empty() {
                    return got;
                }
                got.extend(claimed.iter().map(|job| job.id));
            }
        });
    }
    let mut all: Vec<_> = workers.join_all().await.concat();
    all.sort();
    let claims = all.len();
    all.dedup();
    assert_eq!((claims, all.len()), (40, 40));
}

async fn a_dead_workers_job_goes_to_another_and_its_own_step_is_refused(db: TestDatabase) {
    let fixture = Fixture::new(db);
    fixture.enqueue(&Work::Sweep).await;
    let dead = fixture.claim_and_die().await;
    let alive = fixture.claim("alive").await;
    assert_eq!((dead[0].id, dead[0].fence, alive[0].fence), (alive[0].id, 1, 2));
    let mut books = fixture.db.bookkeeping().await.unwrap();
    let refused = jobs::complete(&mut books, dead[0].id, dead[0].fence, fixture.clock.now()).await;
    assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
    drop(books);
    // What the dead one says of its outcome changes nothing either.
    let outcome = Outcome::Dead { cause: "late".into(), remedy: "none".into() };
    fixture.queue.settle(&dead[0], &outcome).await.unwrap();
    assert_eq!(fixture.state(&dead[0]).await.state, JobState::Leased);
    fixture.queue.settle(&alive[0], &Outcome::Done).await.unwrap();
    assert_eq!(fixture.state(&dead[0]).await.state, JobState::Done);
}

async fn failures_wait_longer_each_time_and_end_with_cause_and_remedy(db: TestDatabase) {
    let fixture = Fixture::new(db);
    fixture.enqueue(&Work::Seal { certificate: id(1) }).await;
    let failed = Outcome::Failed { cause: "no network".into(), remedy: "Plug it in.".into() };
    let mut attempts = 0;
    let job = loop {
        let claimed = fixture.claim("one").await;
        let Some(job) = claimed.first() else { panic!("attempt {attempts} was not followed by another") };
        attempts += 1;
        fixture.queue.settle(job, &failed).await.unwrap();
        let now = fixture.state(job).await;
        if now.state == JobState::Dead {
            break now;
        }
        assert!(fixture.claim("one").await.is_empty(), "it waits");
        fixture.clock.set(now.not_before);
    };
    assert_eq!(attempts, job.max_attempts);
    assert_eq!((job.cause.as_deref(), job.remedy.as_deref()), (Some("no network"), Some("Plug it in.")));
    let permit = Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap();
    let mut tx = fixture.db.write(&permit).await.unwrap();
    jobs::put_back(&mut tx, job.id, fixture.clock.now()).await.unwrap();
    tx.commit(AuditEvent::new(fixture.clock.now(), "job.put_back", Target::none("job"))).await.unwrap();
    assert_eq!(fixture.claim("one").await[0].attempt, 1);
}

async fn progress_counts_attempts_anew(db: TestDatabase) {
    let fixture = Fixture::new(db);
    fixture.enqueue(&Work::Sweep).await;
    for _ in 0..50 {
        let claimed = fixture.claim("one").await;
        assert_eq!(claimed[0].attempt, 1);
        let later = fixture.clock.now().plus(Duration::from_secs(3600));
        fixture.queue.settle(&claimed[0], &Outcome::Later(later)).await.unwrap();
        assert!(fixture.claim("one").await.is_empty());
        fixture.clock.set(later);
    }
}

async fn work_that_is_asked_for_again_while_it_runs_runs_again_afterwards(db: TestDatabase) {
    let fixture = Fixture::new(db);
    let work = Work::Seal { certificate: id(1) };
    fixture.enqueue(&work).await;
    let first = fixture.claim("one").await;
    fixture.enqueue(&work).await;
    assert!(fixture.claim("two").await.is_empty(), "two workers on the same certificate");
    fixture.queue.settle(&first[0], &Outcome::Done).await.unwrap();
    let second = fixture.claim("two").await;
    assert_eq!(second.len(), 1);
    assert_ne!(second[0].id, first[0].id);
    // Asked for a third time while it fails: one of the two is enough.
    fixture.enqueue(&work).await;
    let failed = Outcome::Failed { cause: "not now".into(), remedy: "Wait.".into() };
    fixture.queue.settle(&second[0], &failed).await.unwrap();
    assert_eq!(fixture.claim("three").await.len(), 1);
    assert_eq!(jobs::count_open(&mut fixture.db.read().await.unwrap()).await.unwrap(), 1);
}
