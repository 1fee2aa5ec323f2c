//! What follows for many is looked at outside of the transaction that only shows what would be: it comes to the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use certporter::generate::{Fleet, generate};
use certporter::pipeline::planner::{Concerned, Preview, WhatIf, Whom, preview};
use certporter::plan::Limits;
use certporter::store::memberships::Member;
use certporter::store::{WriteTx, assignments, groups, memberships, profiles};
use certporter_model::assignment::MemberKind;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{DeviceId, GroupId, ProfileId, UserId};

use super::fixture::permit;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::THEN;

on_both_engines! {
    deleting_a_profile_comes_to_the_same,
    deleting_a_group_comes_to_the_same,
    a_digest_holds_while_the_same_concerns_the_same,
}

/// Rehearses a change: what the transaction itself would tell, and what is looked at after it.
struct Rehearsed {
    within: Preview,
    concerned: Arc<Concerned>,
}

async fn rehearse(db: &TestDatabase, mut tx: WriteTx, whom: &Whom, left: &[GroupId]) -> Rehearsed {
    let within = preview(&mut tx, whom, Limits::default(), THEN).await.unwrap();
    let what_if = WhatIf::read(&mut tx, whom, left).await.unwrap();
    tx.rollback().await.unwrap();
    let mut conn = db.snapshot().await.unwrap();
    Rehearsed { within, concerned: Arc::new(what_if.concerning(&mut conn).await.unwrap()) }
}

async fn comes_to_the_same(db: &TestDatabase, rehearsed: Rehearsed) {
    let Rehearsed { within, concerned } = rehearsed;
    assert!(concerned.are_many(), "only {} are concerned", concerned.holders());
    assert!(within.summary.revocations() > 300, "{within:?}");
    let looked_at = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&looked_at);
    let looking = move |more| {
        count.fetch_add(more, Ordering::Relaxed);
    };
    let after = concerned.look(db, Limits::default(), THEN, looking).await.unwrap();
    assert_eq!((&after.summary, after.holders), (&within.summary, within.holders));
    assert_eq!(after.sample.len(), within.sample.len());
    assert_eq!(looked_at.load(Ordering::Relaxed), concerned.holders());
}

async fn fleet(db: &TestDatabase) -> Vec<ProfileId> {
    generate(db, &Fleet { profiles: 4, ..Fleet::new(3, THEN, 900) }).await.unwrap();
    let mut conn = db.read().await.unwrap();
    profiles::all(&mut conn).await.unwrap().into_iter().map(|head| head.id).collect()
}

async fn delete_profile(tx: &mut WriteTx, id: ProfileId) {
    let head = profiles::get(tx, id).await.unwrap();
    let head = profiles::ProfileHead { deleted_at: Some(THEN), updated_at: THEN, ..head };
    profiles::update(tx, &head).await.unwrap();
    assignments::end_all_of(tx, id, THEN).await.unwrap();
}

async fn deleting_a_profile_comes_to_the_same(db: TestDatabase) {
    let mut many = 0;
    for id in fleet(&db).await {
        let mut tx = db.write(&permit()).await.unwrap();
        delete_profile(&mut tx, id).await;
        let rehearsed = rehearse(&db, tx, &Whom::profile(id), &[]).await;
        if rehearsed.within.summary.revocations() > 300 {
            many += 1;
            comes_to_the_same(&db, rehearsed).await;
        }
    }
    assert!(many > 0, "no profile is on many devices");
}

/// The group with most members, as deleting it touches it.
async fn largest_group(tx: &mut WriteTx) -> (GroupId, Whom) {
    let mut largest = (None, Whom::default());
    let mut ids: Vec<GroupId> =
        assignments::all(tx).await.unwrap().into_iter().map(|it| it.group_id).collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        let mut whom = Whom::default();
        for member in memberships::members_within(tx, &[id]).await.unwrap() {
            match member.kind {
                MemberKind::User => whom.users.push(UserId::from_uuid(member.id)),
                MemberKind::Device => whom.devices.push(DeviceId::from_uuid(member.id)),
                MemberKind::Group => {}
            }
        }
        if whom.users.len() + whom.devices.len() > largest.1.users.len() + largest.1.devices.len() {
            largest = (Some(id), whom);
        }
    }
    (largest.0.expect("no group has a member"), largest.1)
}

async fn deleting_a_group_comes_to_the_same(db: TestDatabase) {
    fleet(&db).await;
    let mut tx = db.write(&permit()).await.unwrap();
    let (id, whom) = largest_group(&mut tx).await;
    let group = groups::get(&mut tx, id).await.unwrap();
    let group = groups::Group { deleted_at: Some(THEN), updated_at: THEN, ..group };
    groups::update(&mut tx, &group).await.unwrap();
    memberships::end_all_in(&mut tx, id, THEN).await.unwrap();
    memberships::end_all_of(&mut tx, Member::from(id), THEN).await.unwrap();
    assignments::end_all_to(&mut tx, id, THEN).await.unwrap();
    let rehearsed = rehearse(&db, tx, &whom, &[id]).await;
    comes_to_the_same(&db, rehearsed).await;
}

async fn digest_of_deleting(db: &TestDatabase, id: ProfileId) -> ContentDigest {
    let mut tx = db.write(&permit()).await.unwrap();
    delete_profile(&mut tx, id).await;
    rehearse(db, tx, &Whom::profile(id), &[]).await.concerned.digest()
}

async fn a_digest_holds_while_the_same_concerns_the_same(db: TestDatabase) {
    let all = fleet(&db).await;
    let first = digest_of_deleting(&db, all[0]).await;
    assert_eq!(first, digest_of_deleting(&db, all[0]).await);
    assert_ne!(first, digest_of_deleting(&db, all[1]).await);
    let mut tx = db.write(&permit()).await.unwrap();
    assignments::end_all_of(&mut tx, all[0], THEN).await.unwrap();
    let ended = rehearse(&db, tx, &Whom::profile(all[0]), &[]).await;
    assert_ne!(first, ended.concerned.digest(), "its assignments end, and it isn't deleted");
    // Within the transaction of the change itself it is the same as it was when it was rehearsed.
    let mut tx = db.write(&permit()).await.unwrap();
    delete_profile(&mut tx, all[0]).await;
    let what_if = WhatIf::read(&mut tx, &Whom::profile(all[0]), &[]).await.unwrap();
    assert_eq!(what_if.concerning(&mut tx).await.unwrap().digest(), first);
    tx.rollback().await.unwrap();
}
