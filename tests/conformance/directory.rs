//! Users, groups, devices: names that are taken, memberships, what is found and what is seen.

use certporter::store::device_owners::{self, Ownership};
use certporter::store::devices::{self, DeviceFilter};
use certporter::store::memberships::{self, Member};
use certporter::store::users::{self, UserFilter};
use certporter::store::{Page, groups, profiles};
use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::hardware::HardwareSerial;
use certporter_model::identity::Upn;

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::{Sample, THEN, event, permit};

on_both_engines!(
    a_taken_name_names_its_constraint,
    awkward_names_stay_as_they_are,
    groups_nest_and_never_in_a_circle,
    a_person_is_found_by_any_part_of_a_name,
    a_limited_caller_sees_its_groups_only,
    pages_follow_each_other,
    a_device_s_owners_are_remembered,
);

async fn a_taken_name_names_its_constraint(db: TestDatabase) {
    let sample = Sample::new();
    let mut first = sample.user("Müller", "A");
    first.upn = Some(Upn::parse("a@example.org").unwrap());
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &first).await.unwrap();
    let (head, version) = sample.profile("Wi-Fi");
    profiles::insert(&mut tx, &head, &version).await.unwrap();
    tx.commit(event()).await.unwrap();

    let mut tx = db.write(&permit()).await.unwrap();
    let error = users::insert(&mut tx, &sample.user("MULLER", "B")).await.unwrap_err();
    assert!(error.is_conflict("users__user_name_key"), "{error}");
    drop(tx);
    let mut tx = db.write(&permit()).await.unwrap();
    let mut same_upn = sample.user("b", "B");
    same_upn.upn = Some(Upn::parse("A@EXAMPLE.org").unwrap());
    let error = users::insert(&mut tx, &same_upn).await.unwrap_err();
    assert!(error.is_conflict("users__upn_key"), "{error}");
    drop(tx);
    let mut tx = db.write(&permit()).await.unwrap();
    let mut same_id = sample.user("c", "C");
    same_id.id = first.id;
    let error = users::insert(&mut tx, &same_id).await.unwrap_err();
    assert!(error.is_conflict("users_pkey"), "{error}");
    drop(tx);
    let mut tx = db.write(&permit()).await.unwrap();
    let (mut head, mut version) = sample.profile("x");
    (head.name, version.version) = ("wi-fi".parse().unwrap(), 1);
    let error = profiles::insert(&mut tx, &head, &version).await.unwrap_err();
    assert!(error.is_conflict("profiles__name_key"), "{error}");
    drop(tx);
    // A tombstone doesn't keep its name.
    let mut tx = db.write(&permit()).await.unwrap();
    first.deleted_at = Some(THEN);
    users::update(&mut tx, &first).await.unwrap();
    users::insert(&mut tx, &sample.user("muller", "B")).await.unwrap();
    tx.commit(event()).await.unwrap();
}

async fn awkward_names_stay_as_they_are(db: TestDatabase) {
    let sample = Sample::new();
    let mut tx = db.write(&permit()).await.unwrap();
    for name in [
        "  leading",
        "a,b+c=d;e\"f\\g",
        "O'Brien; DROP TABLE users",
        "\u{200f}שלום",
        &"ü".repeat(200),
        "%_\\",
    ] {
        let user = sample.user(name, name);
        users::insert(&mut tx, &user).await.unwrap();
        assert_eq!(users::get(&mut tx, user.id).await.unwrap(), user);
        let found = users::by_user_name(&mut tx, name).await.unwrap();
        assert_eq!(found.map(|u| u.id), Some(user.id), "{name}");
    }
}

async fn groups_nest_and_never_in_a_circle(db: TestDatabase) {
    let sample = Sample::new();
    let (all, sales, team) = (sample.group("All"), sample.group("Sales"), sample.group("Team"));
    let ann = sample.user("ann", "Ann");
    let mut tx = db.write(&permit()).await.unwrap();
    for group in [&all, &sales, &team] {
        groups::insert(&mut tx, group).await.unwrap();
    }
    users::insert(&mut tx, &ann).await.unwrap();
    for membership in [
        sample.membership(all.id, sales.id),
        sample.membership(sales.id, team.id),
        sample.membership(team.id, ann.id),
    ] {
        memberships::insert(&mut tx, &membership).await.unwrap();
    }
    let mut every = vec![all.id, sales.id, team.id];
    every.sort();
    assert_eq!(memberships::groups_of(&mut tx, &[ann.id.into()]).await.unwrap(), every);
    assert_eq!(groups::within(&mut tx, &[all.id]).await.unwrap(), every);
    assert_eq!(groups::around(&mut tx, &[team.id]).await.unwrap(), every);
    assert_eq!(memberships::members_within(&mut tx, &[all.id]).await.unwrap(), [Member::from(ann.id)]);

    let error = memberships::insert(&mut tx, &sample.membership(team.id, all.id)).await.unwrap_err();
    assert!(error.is_conflict("memberships_circle"), "{error}");
    memberships::end(&mut tx, team.id, ann.id.into(), Timestamp::from_millis(THEN.as_millis() + 5))
        .await
        .unwrap();
    assert!(memberships::groups_of(&mut tx, &[ann.id.into()]).await.unwrap().is_empty());
    assert_eq!(memberships::of_member(&mut tx, ann.id.into()).await.unwrap().len(), 1);
    memberships::insert(&mut tx, &sample.membership(team.id, ann.id)).await.unwrap();
    let error = memberships::insert(&mut tx, &sample.membership(team.id, ann.id)).await.unwrap_err();
    assert!(error.is_conflict("memberships__group_id__member_kind__member_id"), "{error}");
}

async fn a_person_is_found_by_any_part_of_a_name(db: TestDatabase) {
    let sample = Sample::new();
    let mut tx = db.write(&permit()).await.unwrap();
    for (user_name, display_name) in [
        ("jg", "Jürgen Größe"),
        ("lz", "Łukasz Żółć"),
        ("nt", "نور الهدى"),
        ("pc", "100%_sure"),
        ("wx", "王小明"),
    ] {
        users::insert(&mut tx, &sample.user(user_name, display_name)).await.unwrap();
    }
    for (typed, found) in [
        ("grosse", "jg"),
        ("GRÖSSE jür", "jg"),
        ("urge", "jg"),
        ("zolc", "lz"),
        ("الهدى", "nt"),
        ("0%_s", "pc"),
        ("%_", "pc"),
        ("小明", "wx"),
        ("\"", ""),
        ("grosse zolc", ""),
    ] {
        let filter = UserFilter { search: Some(typed.into()), ..UserFilter::default() };
        let users = users::list(&mut tx, &Visibility::All, &filter, Page::first(10)).await.unwrap();
        let names: Vec<&str> = users.iter().map(|u| u.user_name.as_str()).collect();
        assert_eq!(names.concat(), found, "{typed}");
        assert_eq!(users::count(&mut tx, &Visibility::All, &filter).await.unwrap(), names.len() as u64);
    }
    // A changed name is found, the old one no more.
    let mut user = users::by_user_name(&mut tx, "jg").await.unwrap().unwrap();
    user.display_name = "Jürgen Klein".parse().unwrap();
    users::update(&mut tx, &user).await.unwrap();
    for (typed, count) in [("klein", 1), ("grosse", 0)] {
        let filter = UserFilter { search: Some(typed.into()), ..UserFilter::default() };
        assert_eq!(users::count(&mut tx, &Visibility::All, &filter).await.unwrap(), count, "{typed}");
    }
}

async fn a_limited_caller_sees_its_groups_only(db: TestDatabase) {
    let sample = Sample::new();
    let (outer, inner) = (sample.group("Outer"), sample.group("Inner"));
    let (ann, bob) = (sample.user("ann", "Ann"), sample.user("bob", "Bob"));
    let (hers, his, shared) = (
        sample.device("hers", Some(ann.id)),
        sample.device("his", Some(bob.id)),
        sample.device("shared", None),
    );
    let mut tx = db.write(&permit()).await.unwrap();
    for group in [&outer, &inner] {
        groups::insert(&mut tx, group).await.unwrap();
    }
    for user in [&ann, &bob] {
        users::insert(&mut tx, user).await.unwrap();
    }
    for device in [&hers, &his, &shared] {
        devices::insert(&mut tx, device).await.unwrap();
    }
    for membership in [
        sample.membership(outer.id, inner.id),
        sample.membership(inner.id, ann.id),
        sample.membership(inner.id, shared.id),
    ] {
        memberships::insert(&mut tx, &membership).await.unwrap();
    }
    for (visibility, people, things) in [
        (Visibility::All, 2, 3),
        (Visibility::Groups(vec![outer.id], None), 1, 2),
        (Visibility::Groups(vec![outer.id], Some(bob.id)), 2, 3),
        (Visibility::Groups(vec![], None), 0, 0),
        (Visibility::Own(bob.id), 1, 1),
    ] {
        let users = users::list(&mut tx, &visibility, &UserFilter::default(), Page::first(9)).await.unwrap();
        let devices =
            devices::list(&mut tx, &visibility, &DeviceFilter::default(), Page::first(9)).await.unwrap();
        assert_eq!((users.len(), devices.len()), (people, things), "{visibility:?}");
        let counted = devices::count(&mut tx, &visibility, &DeviceFilter::default()).await.unwrap();
        assert_eq!(counted, things as u64);
    }
}

async fn pages_follow_each_other(db: TestDatabase) {
    let sample = Sample::new();
    let mut tx = db.write(&permit()).await.unwrap();
    for number in 0..7 {
        let mut device = sample.device(&format!("device {number}"), None);
        device.serial_number = Some(HardwareSerial::parse(&format!("SN-{number:04}")).unwrap());
        devices::insert(&mut tx, &device).await.unwrap();
    }
    for newest_first in [false, true] {
        let mut page = Page { after: None, limit: 3, newest_first };
        let mut seen = Vec::new();
        loop {
            let found =
                devices::list(&mut tx, &Visibility::All, &DeviceFilter::default(), page).await.unwrap();
            let Some(last) = found.last() else { break };
            page.after = Some(last.id);
            seen.extend(found.iter().map(|d| d.id));
        }
        assert_eq!(seen.len(), 7);
        assert!(seen.is_sorted_by(|a, b| (a < b) != newest_first));
    }
    let filter = DeviceFilter { search: Some("sn-0004".into()), ..DeviceFilter::default() };
    assert_eq!(devices::count(&mut tx, &Visibility::All, &filter).await.unwrap(), 1);
}

async fn a_device_s_owners_are_remembered(db: TestDatabase) {
    let sample = Sample::new();
    let (ann, bob) = (sample.user("ann", "Ann"), sample.user("bob", "Bob"));
    let device = sample.device("laptop", None);
    let at = |seconds: i64| Timestamp::from_millis(THEN.as_millis() + seconds * 1000);
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &ann).await.unwrap();
    users::insert(&mut tx, &bob).await.unwrap();
    devices::insert(&mut tx, &device).await.unwrap();
    assert!(device_owners::hand_over(&mut tx, device.id, Some(ann.id), at(1)).await.unwrap());
    assert!(!device_owners::hand_over(&mut tx, device.id, Some(ann.id), at(2)).await.unwrap());
    assert!(device_owners::hand_over(&mut tx, device.id, Some(bob.id), at(3)).await.unwrap());
    assert!(device_owners::hand_over(&mut tx, device.id, None, at(4)).await.unwrap());
    let owner = async |tx: &mut _, seconds| device_owners::at(tx, device.id, at(seconds)).await.unwrap();
    assert_eq!(owner(&mut tx, 0).await, None);
    assert_eq!(owner(&mut tx, 2).await, Some(ann.id));
    assert_eq!(owner(&mut tx, 3).await, Some(bob.id));
    assert_eq!(owner(&mut tx, 9).await, None);
    assert_eq!(devices::get(&mut tx, device.id).await.unwrap().owner_id, None);
    let all: Vec<Ownership> = device_owners::of_device(&mut tx, device.id).await.unwrap();
    assert_eq!(all.len(), 2);
}
