//! What limited roles find among very much that they may not see: all of what is theirs, and nothing else.

use certporter::generate::{Fleet, generate};
use certporter::store::certificate_search::{SortedBy, find};
use certporter::store::certificates::CertificateFilter;
use certporter::store::{Page, SortedPage, devices, groups, memberships, people, search_key, users};
use certporter_model::access::Visibility;
use certporter_model::{CertificateId, UserId};

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::{Sample, THEN, event, permit};

on_both_engines!(
    people_are_found_among_more_than_are_asked_one_by_one,
    certificates_are_found_as_those_of_everybody_that_may_be_seen,
    a_device_of_nobody_is_not_the_caller_s_own,
);

/// More than are asked one by one.
const MANY: usize = 700;

async fn people_are_found_among_more_than_are_asked_one_by_one(db: TestDatabase) {
    let sample = Sample::new();
    let group = sample.group("Group");
    let mut all = Vec::new();
    for number in 0..MANY {
        all.push(sample.user(&format!("mass.{number:04}"), "Zoë Qin"));
    }
    all.push(sample.user("xq", "佐藤 健"));
    let mut tx = db.write(&permit()).await.unwrap();
    groups::insert(&mut tx, &group).await.unwrap();
    users::insert_all(&mut tx, &all).await.unwrap();
    // The first, the last, and one of those between.
    let mine: Vec<UserId> = [0, 333, MANY - 1, MANY].map(|place| all[place].id).into();
    for id in &mine {
        memberships::insert(&mut tx, &sample.membership(group.id, *id)).await.unwrap();
    }
    tx.commit(event()).await.unwrap();
    let mut conn = db.read().await.unwrap();
    let words = [
        "mass",
        "mass.0",
        "mass.0333",
        "m",
        "7",
        "qi",
        "zo qi",
        "佐藤",
        "健",
        "藤",
        "xq 健",
        "zz",
        "s.0",
        "%",
    ];
    for visibility in [
        Visibility::All,
        Visibility::Groups(vec![group.id], None),
        Visibility::Groups(vec![], Some(all[5].id)),
        Visibility::Own(all[5].id),
    ] {
        let seen = |id: UserId| match &visibility {
            Visibility::All => true,
            Visibility::Groups(groups, own) => *own == Some(id) || !groups.is_empty() && mine.contains(&id),
            Visibility::Own(own) => *own == id,
        };
        for typed in words {
            let key = |at: usize| {
                let user = &all[at];
                search_key([Some(user.user_name.as_str()), Some(user.display_name.as_str())])
            };
            let expected = |has: &dyn Fn(&str) -> bool| -> Vec<UserId> {
                (0..all.len()).filter(|at| has(&key(*at)) && seen(all[*at].id)).map(|at| all[at].id).collect()
            };
            let having = people::having(&mut conn, &visibility, typed, 2_000).await.unwrap();
            let mut having: Vec<UserId> = having.iter().map(|it| it.id).collect();
            having.sort_by_key(|id| all.iter().position(|it| it.id == *id));
            let parts = expected(&|key| typed.split(' ').all(|word| key.contains(word)));
            assert_eq!(having, parts, "{typed} {visibility:?}");
            let beginning = people::beginning(&mut conn, &visibility, typed, 3).await.unwrap();
            let beginning: Vec<UserId> = beginning.iter().map(|it| it.id).collect();
            let first: Vec<UserId> = expected(&|key| key.starts_with(typed)).into_iter().take(3).collect();
            assert_eq!(beginning, first, "{typed} {visibility:?}");
        }
    }
}

async fn a_device_of_nobody_is_not_the_caller_s_own(db: TestDatabase) {
    let sample = Sample::new();
    let group = sample.group("Group");
    let me = sample.user("me", "Me");
    let mine = sample.device("kiosk mine", Some(me.id));
    let nobodys = sample.device("kiosk nobody's", None);
    let shared = sample.device("kiosk shared", None);
    let mut tx = db.write(&permit()).await.unwrap();
    groups::insert(&mut tx, &group).await.unwrap();
    users::insert(&mut tx, &me).await.unwrap();
    devices::insert_all(&mut tx, &[mine, nobodys, shared.clone()]).await.unwrap();
    memberships::insert(&mut tx, &sample.membership(group.id, shared.id)).await.unwrap();
    tx.commit(event()).await.unwrap();
    let mut conn = db.read().await.unwrap();
    let visibility = Visibility::Groups(vec![group.id], Some(me.id));
    let found = people::devices_having(&mut conn, &visibility, "kiosk", 10).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(|it| it.name.to_string()).collect();
    found.sort();
    assert_eq!(found, ["kiosk mine", "kiosk shared"]);
    let found = people::devices_beginning(&mut conn, &visibility, "kiosk", 10).await.unwrap();
    assert_eq!(found.len(), 2);
}

async fn certificates_are_found_as_those_of_everybody_that_may_be_seen(db: TestDatabase) {
    generate(&db, &Fleet::new(5, THEN, 300)).await.unwrap();
    let mut conn = db.read().await.unwrap();
    let some = groups::list(&mut conn, None, Page::first(40)).await.unwrap();
    let whole = |descending| SortedPage::<CertificateId> { after: None, limit: 10_000, descending };
    let everything = CertificateFilter::default();
    let all = find(&mut conn, &Visibility::All, &everything, SortedBy::Issue, &whole(true)).await.unwrap();
    assert!(all.len() > MANY);
    let mut words: Vec<String> =
        ["example", "org", "o=example", "cn= example.org", "linux"].map(Into::into).into();
    for certificate in all.iter().step_by(all.len() / 5) {
        words.push(certificate.subject.clone());
        if let Some(user) = certificate.user_id {
            let user = users::get(&mut conn, user).await.unwrap();
            words.push(format!("{}@example.org", user.user_name));
            words.push(user.display_name.to_string());
        }
    }
    // The largest of them, and one that has no members of its own; for somebody who holds certificates, and not.
    let own = all.iter().find_map(|it| it.user_id);
    assert!(own.is_some());
    for (group, own) in [(&some[0], None), (&some[some.len() - 1], None), (&some[0], own)] {
        let visibility = Visibility::Groups(vec![group.id], own);
        for by in [SortedBy::Issue, SortedBy::Subject] {
            for descending in [true, false] {
                let mine = find(&mut conn, &visibility, &everything, by, &whole(descending)).await.unwrap();
                for typed in &words {
                    let filter = CertificateFilter { search: Some(typed.clone()), ..everything.clone() };
                    let theirs =
                        find(&mut conn, &Visibility::All, &filter, by, &whole(descending)).await.unwrap();
                    let expected: Vec<CertificateId> = theirs
                        .iter()
                        .map(|it| it.id)
                        .filter(|id| mine.iter().any(|it| it.id == *id))
                        .collect();
                    for limit in [60, 10_000] {
                        let page = SortedPage { limit, ..whole(descending) };
                        let found = find(&mut conn, &visibility, &filter, by, &page).await.unwrap();
                        let found: Vec<CertificateId> = found.iter().map(|it| it.id).collect();
                        let first: Vec<CertificateId> =
                            expected.iter().copied().take(usize::try_from(limit).unwrap()).collect();
                        assert_eq!(found, first, "{typed} by {by:?}, {descending}, {limit}");
                    }
                }
            }
        }
    }
}
