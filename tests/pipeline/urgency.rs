//! What takes something away goes before what delivers, also when it is a part of a large change; what only brings
//! something waits for its turn.

use certporter::clock::Clock as _;
use certporter::pipeline::work::{ReplanScope, Work};
use certporter::random::octets;
use certporter::store::assignments::{self, Assignment};
use certporter::store::groups::{self, Group};
use certporter::store::jobs;
use certporter::store::memberships::{self, Member, Membership};
use certporter_model::assignment::{AssignmentMode, Source};
use certporter_model::certificate::CertificateStatus;
use certporter_model::job::{JobKind, JobState};
use certporter_model::text::Name;
use certporter_model::{AssignmentId, GroupId, MembershipId, RequestId};

use super::fixture::{EnrolledDevice, Installation};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_block_goes_before_what_delivers,
    what_only_brings_something_comes_in_its_turn,
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
