//! What takes something away goes before what delivers, also when it is a part of a large change; what only brings
//! something waits for its turn.

use std::collections::BTreeSet;
use std::time::Duration;

use certporter::clock::Clock as _;
use certporter::generate::{Fleet, generate};
use certporter::pipeline::work::{ReplanScope, Work};
use certporter::pki::crl::Crl;
use certporter::random::octets;
use certporter::store::Page;
use certporter::store::assignments::{self, Assignment};
use certporter::store::audit_events::{self, AuditFilter};
use certporter::store::groups::{self, Group};
use certporter::store::jobs;
use certporter::store::memberships::{self, Member, Membership};
use certporter::store::users::{self, UserFilter};
use certporter_model::access::Visibility;
use certporter_model::assignment::{AssignmentMode, Source};
use certporter_model::certificate::CertificateStatus;
use certporter_model::job::{JobKind, JobState};
use certporter_model::text::Name;
use certporter_model::{AssignmentId, GroupId, MembershipId, RequestId, UserId};

use super::fixture::{EnrolledDevice, Installation};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_block_goes_before_what_delivers,
    what_only_brings_something_comes_in_its_turn,
    of_very_much_that_is_taken_away_relying_parties_learn_first,
}

impl Installation {
    /// So many deliveries wait, asked for before anything else.
    async fn backlog(&self, count: u8) {
        for _ in 0..count {
            let request = RequestId::new(self.clock.now(), octets(self.random.as_ref()));
            let work = Work::Deliver { request };
            self.change(async |tx, now, random| work.enqueue(tx, now, random).await.unwrap()).await;
        }
    }

    /// The plan for a device is a job of its own, as in a change for very many.
    async fn replan(&self, device: &EnrolledDevice) {
        let scope = ReplanScope::Some { users: Vec::new(), devices: vec![device.id] };
        let work = Work::Replan { scope };
        self.change(async |tx, now, random| work.enqueue(tx, now, random).await.unwrap()).await;
    }

    /// How many jobs of a kind wait that nobody has begun.
    async fn untouched(&self, kind: JobKind) -> usize {
        let mut conn = self.db.read().await.unwrap();
        let all = jobs::list(&mut conn, JobState::Ready, None, 100).await.unwrap();
        all.iter().filter(|job| job.kind == kind && job.attempt == 0).count()
    }

    /// The profile reaches the user.
    async fn assign(&self) {
        let (now, random) = (self.clock.now(), self.random.as_ref());
        let group = GroupId::new(now, octets(random));
        let member = Member::from(self.user);
        let row = Group {
            id: group,
            source: Source::Local,
            external_id: None,
            name: Name::parse("Staff").unwrap(),
            description: String::new(),
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        let membership = Membership {
            id: MembershipId::new(now, octets(random)),
            group_id: group,
            member_kind: member.kind,
            member_id: member.id,
            source: Source::Local,
            valid_from: now,
            valid_until: None,
        };
        let assignment = Assignment {
            id: AssignmentId::new(now, octets(random)),
            profile_id: self.profile,
            group_id: group,
            mode: AssignmentMode::Include,
            valid_from: now,
            valid_until: None,
        };
        self.change(async |tx, _, _| {
            groups::insert(tx, &row).await.unwrap();
            memberships::insert(tx, &membership).await.unwrap();
            assignments::insert(tx, &assignment).await.unwrap();
        })
        .await;
        self.db.by_hand("UPDATE users SET upn = 'maria.ortiz@example.org'").await;
    }
}

async fn a_block_goes_before_what_delivers(db: TestDatabase) {
    let it = Installation::new(db).await;
    it.assign().await;
    let device = it.enrol().await;
    it.replan(&device).await;
    it.work().await;
    assert_eq!(it.stray(&device).await[0].status, CertificateStatus::Valid);
    it.backlog(5).await;
    it.db.by_hand("UPDATE devices SET state = 'blocked'").await;
    it.replan(&device).await;
    it.work_one().await;
    assert_eq!(it.stray(&device).await[0].status, CertificateStatus::Held);
    assert_eq!(it.untouched(JobKind::Deliver).await, 5);
}

async fn what_only_brings_something_comes_in_its_turn(db: TestDatabase) {
    let it = Installation::new(db).await;
    it.assign().await;
    let device = it.enrol().await;
    it.backlog(2).await;
    it.replan(&device).await;
    // It is seen that nothing is taken away; then it waits like any other.
    it.work_one().await;
    assert_eq!((it.untouched(JobKind::Replan).await, it.untouched(JobKind::Request).await), (1, 0));
    it.work_one().await;
    it.work_one().await;
    assert_eq!(it.untouched(JobKind::Deliver).await, 0);
    assert_eq!((it.untouched(JobKind::Replan).await, it.untouched(JobKind::Request).await), (1, 0));
    it.work_one().await;
    assert_eq!((it.untouched(JobKind::Replan).await, it.untouched(JobKind::Request).await), (0, 1));
    // Nothing is to be done for it any more: it does not go round.
    it.work().await;
    it.replan(&device).await;
    it.work_one().await;
    assert_eq!(it.untouched(JobKind::Replan).await, 0);
}

impl Installation {
    /// How many certificates are so, and how many copies of those.
    fn counted(&self, status: &str, copies: &str) -> (usize, usize) {
        let asked = |sql: String| self.db.asked_by_hand(&sql).trim().parse().unwrap();
        let certificates = format!("FROM certificates WHERE status = '{status}'");
        (
            asked(format!("SELECT count(*) {certificates}")),
            asked(format!(
                "SELECT count(*) FROM copies WHERE {copies} AND certificate_id IN (SELECT id {certificates})"
            )),
        )
    }
}

async fn of_very_much_that_is_taken_away_relying_parties_learn_first(db: TestDatabase) {
    let it = Installation::new(db).await;
    // The fleet brings a profile of the same name.
    it.db.by_hand("UPDATE profiles SET name = 'Another', name_key = 'another'").await;
    let fleet = Fleet { users: 1, profiles: 10, ..Fleet::new(7, it.clock.now(), 30) };
    generate(&it.db.db, &fleet).await.unwrap();
    it.work().await;
    let (held_before, _) = it.counted("held", "TRUE");
    let on_devices = "state NOT IN ('removing', 'removed')";
    it.db.by_hand("UPDATE users SET state = 'blocked'").await;
    let users: Vec<UserId> = {
        let page = Page::first(100);
        let mut conn = it.db.read().await.unwrap();
        let found = users::list(&mut conn, &Visibility::All, &UserFilter::default(), page).await.unwrap();
        found.into_iter().map(|user| user.id).filter(|id| *id != it.user).collect()
    };
    let work = Work::Replan { scope: ReplanScope::User { id: users[0] } };
    it.change(async |tx, now, random| work.enqueue(tx, now, random).await.unwrap()).await;

    it.work_one().await;
    let (held, copies) = it.counted("held", on_devices);
    assert!(held - held_before > 100, "{held} are held by now, {held_before} were before");
    assert!(copies > 100, "devices are not told yet, but {copies} copies of those are with them");
    it.work().await;
    assert_eq!(it.counted("held", on_devices), (held, copies), "the rest comes later");
    let lists = it.builtin.lists().await.unwrap();
    let list = lists.iter().find(|list| list.name == "issuing-1").unwrap();
    let published = it.builtin.published(&format!("{}.crl", list.name)).await.unwrap().unwrap();
    assert!(Crl::parse(&published.octets).unwrap().len() >= held - held_before, "relying parties know");
    // So many share events of the audit trail, which name each of them all the same.
    for (action, name) in [("revocation.at_ca", "revocations"), ("ca.hold", "serials")] {
        let filter = AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
        let mut conn = it.db.read().await.unwrap();
        let events = audit_events::list(&mut conn, &filter, None, 1_000).await.unwrap();
        let mut named = BTreeSet::new();
        for event in &events {
            let whole: serde_json::Value = serde_json::from_slice(&event.canonical).unwrap();
            let all = whole["details"][name].as_array().unwrap().clone();
            named.extend(all.into_iter().map(|one| one.as_str().unwrap().to_owned()));
        }
        assert_eq!(named.len(), held - held_before, "{action}");
        assert!(events.len() < 10, "{} events", events.len());
    }

    it.clock.advance(Duration::from_secs(3));
    it.work().await;
    let (still_held, copies) = it.counted("held", on_devices);
    assert_eq!((still_held, copies), (held, 0), "then devices are told");
    assert_eq!(it.untouched(JobKind::Replan).await, 0);
}
