//! A generated fleet: the same for the same seed on both engines, and whole.

use std::collections::BTreeSet;
use std::time::Duration;

use certporter::generate::{Fleet, generate};
use certporter::pipeline::planner::sweep::{Swept, sweep};
use certporter::pki::Certificate;
use certporter::plan::Limits;
use certporter::random::SeededRandom;
use certporter::store::certificate_search::{SortedBy, find};
use certporter::store::certificates::{self, CertificateFilter};
use certporter::store::planning::{self, Holders};
use certporter::store::{Page, SortedPage, devices};
use certporter_model::access::{Caller, Permission, Scope, Visibility};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::THEN;

on_both_engines!(
    a_fleet_is_whole,
    the_plan_finds_nothing_to_do,
    certificates_say_what_their_rows_say,
    every_certificate_is_found_by_its_numbers,
);

async fn a_fleet_is_whole(db: TestDatabase) {
    let made = generate(&db, &Fleet::new(7, THEN, 200)).await.unwrap();
    // The same numbers on both engines: this test runs on both.
    assert_eq!((made.users, made.devices), (160, 200));
    let mut conn = db.snapshot().await.unwrap();
    let devices = planning::devices(&mut conn, &Holders::All).await.unwrap();
    let enrolled: BTreeSet<_> =
        devices.iter().filter(|d| d.state == DeviceState::Enrolled).map(|d| d.id).collect();
    assert!(enrolled.len() > 150 && enrolled.len() < 200);
    assert!(devices.iter().all(|d| d.enrolment_id.is_some() == enrolled.contains(&d.id)));
    assert!(devices.iter().all(|d| d.management_generation.is_some() == enrolled.contains(&d.id)));
    let held = planning::certificates(&mut conn, &Holders::All).await.unwrap();
    let copies = planning::copies(&mut conn, None).await.unwrap();
    assert_eq!((held.len(), copies.len()), (made.certificates, made.copies));
    assert!(copies.iter().all(|c| c.state == CopyState::Installed && c.sealed_for == Some(1)));
    let with_copies: BTreeSet<_> = copies.iter().map(|c| c.certificate_id).collect();
    assert!(held.iter().all(|c| with_copies.contains(&c.id) && c.not_after > THEN));

    // Some holders: the same rows as among all.
    let some = devices.iter().find(|d| enrolled.contains(&d.id) && d.owner_id.is_some()).unwrap();
    let of = Holders::Some { devices: vec![some.id], users: some.owner_id.into_iter().collect() };
    let theirs = planning::certificates(&mut conn, &of).await.unwrap();
    assert!(theirs.len() >= 3);
    assert!(theirs.iter().all(|c| held.contains(c)));
    assert_eq!(planning::devices(&mut conn, &of).await.unwrap(), std::slice::from_ref(some));
}

async fn the_plan_finds_nothing_to_do(db: TestDatabase) {
    generate(&db, &Fleet { profiles: 5, ..Fleet::new(11, THEN, 300) }).await.unwrap();
    let permit = Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap();
    let random = SeededRandom::new(1);
    let swept = sweep(&db, &permit, "test", Limits::default(), THEN, &random).await.unwrap();
    assert_eq!(swept, Swept::default());
    // Half a year later some are due: the sweep does look at them.
    let (half, year) = (Duration::from_secs(180 * 86_400), Duration::from_secs(360 * 86_400));
    let limits = Limits { contact: year, ..Limits::default() };
    let swept = sweep(&db, &permit, "test", limits, THEN.plus(half), &random).await.unwrap();
    assert!(swept.holders > 50 && swept.holders < 600, "{swept:?}");
}

async fn certificates_say_what_their_rows_say(db: TestDatabase) {
    generate(&db, &Fleet::new(5, THEN, 20)).await.unwrap();
    let mut conn = db.read().await.unwrap();
    let filter = CertificateFilter::default();
    let list = certificates::list(&mut conn, &Visibility::All, &filter, Page::first(100)).await.unwrap();
    assert!(list.len() > 30);
    for row in list {
        let read = Certificate::parse(&row.der).unwrap();
        assert_eq!((read.serial(), read.thumbprint()), (&row.serial, row.thumbprint));
        assert_eq!((read.not_before(), read.not_after()), (row.not_before, row.not_after));
        assert_eq!(read.public_key().unwrap().hash(), row.public_key_hash);
        assert_eq!(read.alternative_names(), row.sans);
        assert_eq!(read.subject_text(), row.subject);
    }
}

async fn every_certificate_is_found_by_its_numbers(db: TestDatabase) {
    generate(&db, &Fleet::new(1, THEN, 20)).await.unwrap();
    let mut conn = db.read().await.unwrap();
    let all = Visibility::All;
    let list =
        certificates::list(&mut conn, &all, &CertificateFilter::default(), Page::first(100)).await.unwrap();
    for certificate in &list {
        for typed in [
            certificate.serial.with_colons().to_uppercase(),
            certificate.thumbprint.to_string(),
            certificate.sha1_thumbprint.to_string()[..20].to_owned(),
        ] {
            let filter = CertificateFilter { search: Some(typed), ..CertificateFilter::default() };
            let page = SortedPage { after: None, limit: 100, descending: true };
            let found = find(&mut conn, &all, &filter, SortedBy::Issue, &page).await.unwrap();
            assert_eq!(found, std::slice::from_ref(certificate));
        }
        assert_eq!(certificates::by_serial(&mut conn, &certificate.serial).await.unwrap().len(), 1);
    }
    let device = list.iter().find_map(|c| c.device_id).unwrap();
    let filter = CertificateFilter { device: Some(device), ..CertificateFilter::default() };
    let on_device = certificates::count(&mut conn, &all, &filter).await.unwrap();
    let owner = devices::get(&mut conn, device).await.unwrap().owner_id;
    assert_eq!(on_device, if owner.is_some() { 3 } else { 1 });
}

/// What a fleet of this seed is, whatever the engine.
#[tokio::test]
async fn both_engines_hold_the_same() {
    let mut seen = Vec::new();
    for db in [TestDatabase::sqlite().await, TestDatabase::postgres().await] {
        generate(&db, &Fleet::new(3, THEN, 50)).await.unwrap();
        let mut conn = db.read().await.unwrap();
        let filter = CertificateFilter::default();
        let all = certificates::list(&mut conn, &Visibility::All, &filter, Page::first(500)).await.unwrap();
        let copies = planning::copies(&mut conn, None).await.unwrap();
        let users = planning::users(&mut conn, &Holders::All).await.unwrap();
        seen.push((all, users, copies.into_iter().map(|c| c.id).collect::<BTreeSet<_>>()));
    }
    assert_eq!(seen[0], seen[1]);
}
