//! A clock that is ahead for a while and is set right again: what was put off by it goes on at once.

use std::time::Duration;

use certporter::clock::Clock as _;
use certporter::pki::crl::Crl;
use certporter::store::jobs::{self, Claim, Job};
use certporter::store::{approvals, device_contacts};
use certporter_model::Timestamp;
use certporter_model::job::{JobKind, JobState};

use super::fixture::Installation;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    what_a_clock_ahead_put_off_goes_on_when_it_is_set_right,
    what_was_decided_by_a_wrong_clock_does_not_count,
    a_clock_that_was_ahead_for_a_moment_is_noticed_by_what_was_put_off,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Installation {
    /// As the portal does several times a minute.
    async fn note_alive(&self) {
        self.pipeline.note_alive(self.identity.id, false).await.unwrap();
    }

    async fn waiting(&self) -> Vec<Job> {
        let mut conn = self.db.read().await.unwrap();
        jobs::list(&mut conn, JobState::Ready, None, 100).await.unwrap()
    }

    /// The moment before which everything regular comes round again.
    async fn last_due(&self) -> Timestamp {
        self.waiting().await.iter().map(|job| job.not_before).max().unwrap()
    }

    async fn crl(&self) -> Crl {
        let file = self.builtin.published("issuing-1.crl").await.unwrap().unwrap();
        Crl::parse(&file.octets).unwrap()
    }

    fn count(&self, what: &str) -> String {
        self.db.asked_by_hand(&format!("SELECT count(*) FROM {what}")).trim().to_owned()
    }
}

async fn what_a_clock_ahead_put_off_goes_on_when_it_is_set_right(db: TestDatabase) {
    let it = Installation::new(db).await;
    let device = it.enrol().await;
    it.pipeline.schedule_upkeep().await.unwrap();
    it.note_alive().await;
    it.work().await;
    let right = it.clock.now();
    assert!(it.last_due().await < right.plus(2 * DAY));

    it.clock.advance(300 * DAY);
    it.note_alive().await;
    it.work().await;
    let ahead = it.clock.now();
    let wrong = it.crl().await;
    assert!(it.waiting().await.iter().all(|job| job.not_before > right.plus(299 * DAY)));
    assert!(wrong.this_update() > right.plus(299 * DAY));
    let mut books = it.db.bookkeeping().await.unwrap();
    device_contacts::touch(&mut books, device.id, ahead).await.unwrap();
    // A worker that died by that clock: its lease ends by the database's, which was ahead too.
    let pools = ["portal".to_owned()];
    let claim = Claim { pools: &pools, owner: "dead", lease: 300 * DAY, most: 1 };
    let due = ahead.plus(2 * DAY);
    let held = jobs::claim_kind(&mut books, &claim, JobKind::Housekeeping, due).await.unwrap().remove(0);
    books.commit().await.unwrap();

    it.clock.set(right.plus(Duration::from_secs(60)));
    let now = it.clock.now();
    it.note_alive().await;
    assert!(it.waiting().await.iter().all(|job| job.not_before <= now), "all of it is due");
    let held = jobs::get(&mut it.db.read().await.unwrap(), held.id).await.unwrap();
    assert!(held.lease_until.unwrap() < it.db.now().await.unwrap().plus(DAY), "{held:?}");
    let later = format!("devices WHERE last_contact_at > {}", now.as_millis());
    assert_eq!(it.count(&later), "0");
    assert_eq!(it.count("audit_events WHERE action = 'clock.set_back'"), "1");
    // Nobody has to decide on a leap that is over.
    let decided = approvals::list(&mut it.db.read().await.unwrap(), None, 10).await.unwrap();
    assert_eq!(decided.iter().map(|it| it.state.as_str()).collect::<Vec<_>>(), ["outdated"]);

    it.work().await;
    assert!(it.last_due().await < now.plus(2 * DAY), "regular work has its next time by the right clock");
    assert!(it.waiting().await.iter().any(|job| job.kind == JobKind::PublishCrl));
    let anew = it.crl().await;
    assert!(anew.this_update() <= now && anew.next_update().unwrap() < now.plus(DAY));
    assert!(anew.number() > wrong.number());
    // Noticed once.
    it.note_alive().await;
    assert_eq!(it.count("audit_events WHERE action = 'clock.set_back'"), "1");
    assert!(
        it.waiting().await.iter().all(|job| job.not_before > now),
        "and nothing is brought forward again"
    );
}

async fn what_was_decided_by_a_wrong_clock_does_not_count(db: TestDatabase) {
    let it = Installation::new(db).await;
    it.note_alive().await;
    let right = it.clock.now();
    it.clock.advance(700 * DAY);
    it.note_alive().await;
    let waiting = async || {
        let waiting = approvals::list(&mut it.db.read().await.unwrap(), Some("waiting"), 10).await.unwrap();
        waiting.into_iter().map(|it| (it.id, it.summary["from"].clone())).collect::<Vec<_>>()
    };
    let first = waiting().await.remove(0);
    it.change(async |tx, now, _| {
        let approved = approvals::Decided { state: "approved", by: "somebody", explanation: None };
        approvals::decide(tx, first.0, &approved, now).await.unwrap();
    })
    .await;
    it.note_alive().await;
    // Half of it was wrong: the rest is a leap still, from the same time, and somebody is asked again.
    it.clock.set(right.plus(350 * DAY));
    it.note_alive().await;
    let again = waiting().await;
    assert_eq!(again.len(), 1);
    assert!(again[0].0 != first.0 && again[0].1 == first.1, "{again:?} {first:?}");
    it.note_alive().await;
    assert_eq!(waiting().await, again, "it is noted to be alive, and waits all the same");
    // Now it is right, and a leap from here is noticed again.
    it.clock.set(right.plus(DAY));
    it.note_alive().await;
    assert_eq!(waiting().await, []);
    it.clock.advance(20 * DAY);
    it.note_alive().await;
    assert_eq!(waiting().await[0].1, right.plus(DAY).to_string());
}

async fn a_clock_that_was_ahead_for_a_moment_is_noticed_by_what_was_put_off(db: TestDatabase) {
    let it = Installation::new(db).await;
    it.pipeline.schedule_upkeep().await.unwrap();
    it.note_alive().await;
    it.work().await;
    let right = it.clock.now();
    it.clock.advance(300 * DAY);
    // Nobody notes that the portal is alive before the clock is right again.
    it.work_one().await;
    it.clock.set(right.plus(Duration::from_secs(10)));
    let now = it.clock.now();
    assert!(it.last_due().await > right.plus(299 * DAY));
    it.note_alive().await;
    assert_eq!(it.count("audit_events WHERE action = 'clock.set_back'"), "1");
    assert!(it.last_due().await < now.plus(2 * DAY));
    it.work().await;
    assert!(it.crl().await.this_update() <= now);
}
