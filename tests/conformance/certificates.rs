//! Lists of certificates: sorted, in pages, searched by anything that people know of one.

use std::collections::BTreeSet;

use certporter::generate::{Fleet, generate};
use certporter::store::certificate_search::{SortedBy, find, ids};
use certporter::store::certificates::{Certificate, CertificateFilter, CertificateState};
use certporter::store::{SortedPage, devices, users};
use certporter_model::CertificateId;
use certporter_model::access::Visibility;

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::{THEN, event, permit};

on_both_engines!(
    pages_of_every_order_hold_every_certificate_once,
    a_certificate_is_found_by_whatever_is_known_of_it,
    who_is_renamed_is_found_by_the_new_name,
    every_state_is_told_apart,
    letters_at_the_very_end_of_a_name_are_found,
);

const ORDERS: [SortedBy; 3] = [SortedBy::Issue, SortedBy::Expiry, SortedBy::Subject];

async fn page(
    db: &TestDatabase,
    filter: &CertificateFilter,
    by: SortedBy,
    page: &SortedPage<CertificateId>,
) -> Vec<Certificate> {
    let mut conn = db.read().await.unwrap();
    find(&mut conn, &Visibility::All, filter, by, page).await.unwrap()
}

async fn searched(db: &TestDatabase, typed: &str) -> Vec<CertificateId> {
    let filter = CertificateFilter { search: Some(typed.to_owned()), ..CertificateFilter::default() };
    let first = SortedPage { after: None, limit: 200, descending: true };
    let found: Vec<_> = page(db, &filter, SortedBy::Issue, &first).await.iter().map(|row| row.id).collect();
    for by in ORDERS {
        let others: BTreeSet<_> = page(db, &filter, by, &first).await.iter().map(|row| row.id).collect();
        assert_eq!(others, found.iter().copied().collect(), "{typed} sorted by {by:?}");
    }
    let mut conn = db.read().await.unwrap();
    let chosen: BTreeSet<_> =
        ids(&mut conn, &Visibility::All, &filter, 1000).await.unwrap().into_iter().collect();
    assert_eq!(chosen, found.iter().copied().collect(), "{typed}");
    found
}

async fn pages_of_every_order_hold_every_certificate_once(db: TestDatabase) {
    generate(&db, &Fleet::new(5, THEN, 40)).await.unwrap();
    let filter = CertificateFilter::default();
    for by in ORDERS {
        for descending in [false, true] {
            let all = page(&db, &filter, by, &SortedPage { after: None, limit: 1000, descending }).await;
            assert!(all.len() > 50);
            let mut paged = Vec::new();
            let mut after = None;
            loop {
                let rows = page(&db, &filter, by, &SortedPage { after, limit: 7, descending }).await;
                let Some(last) = rows.last() else { break };
                after = Some((by.key_of(last), last.id));
                paged.extend(rows);
            }
            assert_eq!(paged, all, "{by:?} {descending}");
            let mut sorted = all.clone();
            match by {
                SortedBy::Issue => sorted.sort_by_key(|row| row.id),
                SortedBy::Expiry => sorted.sort_by_key(|row| (row.not_after, row.id)),
                SortedBy::Subject => {
                    sorted.sort_by_key(|row| (certporter::store::fold(&row.subject), row.id));
                }
            }
            if descending {
                sorted.reverse();
            }
            assert_eq!(all, sorted, "{by:?} {descending}");
        }
    }
}

async fn a_certificate_is_found_by_whatever_is_known_of_it(db: TestDatabase) {
    generate(&db, &Fleet::new(1, THEN, 20)).await.unwrap();
    let first = SortedPage { after: None, limit: 200, descending: true };
    let all = page(&db, &CertificateFilter::default(), SortedBy::Issue, &first).await;
    for certificate in &all {
        let serial = certificate.serial.to_string();
        let decimal = u128::from_str_radix(&serial, 16).unwrap().to_string();
        for typed in [
            certificate.serial.with_colons().to_uppercase(),
            format!("  {serial} "),
            serial[..9].to_owned(),
            decimal,
            certificate.thumbprint.to_string()[..40].to_owned(),
            certificate.sha1_thumbprint.to_string()[..20].to_owned(),
        ] {
            assert_eq!(searched(&db, &typed).await, [certificate.id], "{typed}");
        }
        assert!(searched(&db, &certificate.subject).await.contains(&certificate.id));
    }
    let mut conn = db.read().await.unwrap();
    let of_device = all.iter().find(|row| row.device_id.is_some()).unwrap();
    let device = devices::get(&mut conn, of_device.device_id.unwrap()).await.unwrap();
    let of_user = all.iter().find(|row| row.user_id.is_some()).unwrap();
    let user = users::get(&mut conn, of_user.user_id.unwrap()).await.unwrap();
    drop(conn);
    assert!(searched(&db, device.name.as_str()).await.contains(&of_device.id));
    assert!(searched(&db, &user.display_name.as_str().to_uppercase()).await.contains(&of_user.id));
    assert_eq!(searched(&db, "100%").await, []);
    assert_eq!(searched(&db, "\" OR 1=1 --").await, []);
}

async fn who_is_renamed_is_found_by_the_new_name(db: TestDatabase) {
    generate(&db, &Fleet::new(2, THEN, 10)).await.unwrap();
    let first = SortedPage { after: None, limit: 200, descending: true };
    let all = page(&db, &CertificateFilter::default(), SortedBy::Issue, &first).await;
    let theirs = all.iter().find(|row| row.user_id.is_some()).unwrap();
    let mut tx = db.write(&permit()).await.unwrap();
    let mut user = users::get(&mut tx, theirs.user_id.unwrap()).await.unwrap();
    user.display_name = "Zdzisława Żółć".parse().unwrap();
    users::update(&mut tx, &user).await.unwrap();
    tx.commit(event()).await.unwrap();
    let expected: BTreeSet<_> =
        all.iter().filter(|row| row.user_id == theirs.user_id).map(|row| row.id).collect();
    for typed in ["zdzislawa", "ZÓŁĆ", "isława żó"] {
        assert_eq!(searched(&db, typed).await.into_iter().collect::<BTreeSet<_>>(), expected, "{typed}");
    }
    let mut tx = db.write(&permit()).await.unwrap();
    let mut user = users::get(&mut tx, user.id).await.unwrap();
    user.display_name = "Somebody".parse().unwrap();
    users::update(&mut tx, &user).await.unwrap();
    tx.commit(event()).await.unwrap();
    assert_eq!(searched(&db, "zdzislawa").await, []);
}

async fn letters_at_the_very_end_of_a_name_are_found(db: TestDatabase) {
    generate(&db, &Fleet::new(3, THEN, 10)).await.unwrap();
    let first = SortedPage { after: None, limit: 200, descending: true };
    let all = page(&db, &CertificateFilter::default(), SortedBy::Issue, &first).await;
    let theirs = all.iter().find(|row| row.device_id.is_some()).unwrap();
    let mut tx = db.write(&permit()).await.unwrap();
    let mut device = devices::get(&mut tx, theirs.device_id.unwrap()).await.unwrap();
    // The last of what the certificates of a device are searched by; no other name has these letters.
    device.fqdn = Some("host.example.qz".parse().unwrap());
    devices::update(&mut tx, &device).await.unwrap();
    tx.commit(event()).await.unwrap();
    let expected: BTreeSet<_> =
        all.iter().filter(|row| row.device_id == theirs.device_id).map(|row| row.id).collect();
    for typed in ["qz", "e.qz host", "z example.q"] {
        let found: BTreeSet<_> = searched(&db, typed).await.into_iter().collect();
        assert_eq!(found, expected, "{typed}");
    }
    assert!(searched(&db, "z").await.contains(&theirs.id));
    assert_eq!(searched(&db, "qzz").await, []);
}

async fn every_state_is_told_apart(db: TestDatabase) {
    generate(&db, &Fleet::new(9, THEN, 60)).await.unwrap();
    let first = SortedPage { after: None, limit: 1000, descending: true };
    let all = page(&db, &CertificateFilter::default(), SortedBy::Issue, &first).await;
    // A moment at which some are over and others are not.
    let mut ends: Vec<_> = all.iter().map(|row| row.not_after).collect();
    ends.sort();
    let now = ends[ends.len() / 2];
    let mut count = 0;
    for state in [
        CertificateState::Valid,
        CertificateState::Held,
        CertificateState::Revoked,
        CertificateState::Expired,
    ] {
        let filter = CertificateFilter { state: Some((state, now)), ..CertificateFilter::default() };
        count += page(&db, &filter, SortedBy::Expiry, &first).await.len();
    }
    let over_and_held =
        all.iter().filter(|row| row.status.as_str() == "held" && row.not_after <= now).count();
    assert_eq!(count, all.len() + over_and_held, "each is in one state, and a held one may be over too");
    let soon =
        CertificateFilter { state: Some((CertificateState::Expiring, now)), ..CertificateFilter::default() };
    for row in page(&db, &soon, SortedBy::Expiry, &first).await {
        assert!(row.not_after > now && row.not_after.since(now).as_secs() <= 30 * 86_400);
    }
}
