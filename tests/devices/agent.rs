//! The agent with its folder, against the real listener.

use std::fs;
use std::path::Path;
use std::time::Duration;

use certporter::agent::sync::{Outcome, Until, sync};
use certporter::agent::{AgentError, enrolment, retirement, status};
use certporter::clock::Clock as _;
use certporter::pki::{pem, pkcs12};
use certporter_model::DeviceId;
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;

use super::portal::{Portal, facts};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_copy_comes_is_repaired_and_goes,
    the_management_certificate_is_renewed_and_older_envelopes_still_open,
    who_is_not_renewed_any_more_still_removes_what_it_has,
    retiring_leaves_nothing_behind,
    an_interrupted_enrolment_goes_on_with_the_same_key,
}

const ONCE: Until = Until::Settled { within: 20 };

async fn enrol(portal: &Portal, directory: &Path) -> DeviceId {
    let device = portal.device().await;
    let code = portal.code(device).await;
    enrolment::enrol(directory, &portal.server, code, facts(), &portal.surroundings()).await.unwrap()
}

async fn a_copy_comes_is_repaired_and_goes(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let directory = tempfile::tempdir().unwrap();
    let device = enrol(&portal, directory.path()).await;
    let profile = portal.profile("Office / Wi-Fi").await;
    let offered = portal.offer(device, profile, Feature::Wifi).await;

    let outcome = sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    assert_eq!(outcome, Outcome { installed: 1, ..Outcome::default() });
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Installed);
    let place = directory.path().join("certificates/Office-Wi-Fi-wifi");
    let password = fs::read_to_string(place.join("certificate.pfx.password")).unwrap();
    let opened = pkcs12::open(&fs::read(place.join("certificate.pfx")).unwrap(), &password).unwrap();
    assert_eq!(opened.certificate.thumbprint(), offered.thumbprint);
    let key = fs::read_to_string(place.join("key.pem")).unwrap();
    assert_eq!(pem::decode(&["PRIVATE KEY"], &key).unwrap()[0], **opened.key.to_pkcs8().unwrap());
    assert!(status::of(directory.path()).unwrap().copies[0].whole);

    fs::remove_file(place.join("certificate.pfx")).unwrap();
    assert!(!status::of(directory.path()).unwrap().copies[0].whole);
    let outcome = sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    assert_eq!(outcome.missing, 1);
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Missing);
    portal.offer_again(device, offered.copy).await;
    sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    assert!(status::of(directory.path()).unwrap().copies[0].whole);
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Installed);

    portal.put_copy(device, offered.copy, CopyState::Removing).await;
    let outcome = sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    assert_eq!(outcome, Outcome { removed: 1, ..Outcome::default() });
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Removed);
    assert!(!place.exists());
}

async fn the_management_certificate_is_renewed_and_older_envelopes_still_open(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let directory = tempfile::tempdir().unwrap();
    let present = portal.clock.now();
    portal.clock.set(present.minus(Duration::from_secs(250 * 86_400)));
    let device = enrol(&portal, directory.path()).await;
    let profile = portal.profile("VPN").await;
    let offered = portal.offer(device, profile, Feature::Vpn).await;
    portal.clock.set(present);
    let before = fs::read(directory.path().join("management.pem")).unwrap();
    sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    assert_ne!(fs::read(directory.path().join("management.pem")).unwrap(), before);
    assert_eq!(fs::read(directory.path().join("management.previous.pem")).unwrap(), before);
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Installed);
    sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
}

async fn who_is_not_renewed_any_more_still_removes_what_it_has(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let directory = tempfile::tempdir().unwrap();
    let present = portal.clock.now();
    portal.clock.set(present.minus(Duration::from_secs(250 * 86_400)));
    let device = enrol(&portal, directory.path()).await;
    let profile = portal.profile("VPN").await;
    let offered = portal.offer(device, profile, Feature::Vpn).await;
    sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    // Lost meanwhile, and away until its management certificate is due.
    portal.put_device(device, DeviceState::Lost).await;
    portal.put_copy(device, offered.copy, CopyState::Removing).await;
    portal.clock.set(present);
    let before = fs::read(directory.path().join("management.pem")).unwrap();
    let outcome = sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    assert_eq!(outcome, Outcome { removed: 1, ..Outcome::default() });
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Removed);
    assert_eq!(fs::read_dir(directory.path().join("certificates")).unwrap().count(), 0);
    assert_eq!(fs::read(directory.path().join("management.pem")).unwrap(), before, "nothing was renewed");
    // Found and trusted again, it is renewed as ever.
    portal.put_device(device, DeviceState::Enrolled).await;
    sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    assert_ne!(fs::read(directory.path().join("management.pem")).unwrap(), before);
}

async fn retiring_leaves_nothing_behind(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let directory = tempfile::tempdir().unwrap();
    let device = enrol(&portal, directory.path()).await;
    let profile = portal.profile("VPN").await;
    let offered = portal.offer(device, profile, Feature::Vpn).await;
    sync(directory.path(), ONCE, &portal.surroundings()).await.unwrap();
    retirement::retire(directory.path(), false).await.unwrap();
    assert_eq!(portal.device_state(device).await, DeviceState::Retired);
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Removed);
    assert_eq!(fs::read_dir(directory.path().join("certificates")).unwrap().count(), 0);
    let left: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "certificates" || name == "lock"), "{left:?}");
    assert!(matches!(status::of(directory.path()), Err(AgentError::NotEnrolled(_))));
}

async fn an_interrupted_enrolment_goes_on_with_the_same_key(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let directory = tempfile::tempdir().unwrap();
    let device = portal.device().await;
    let code = portal.code(device).await;
    let surroundings = portal.surroundings();
    let enrol = |code| enrolment::enrol(directory.path(), &portal.server, code, facts(), &surroundings);
    enrol(code.clone()).await.unwrap();
    // As if the answer had been lost: the key is there, what came back is not.
    let management = fs::read_to_string(directory.path().join("management.pem")).unwrap();
    fs::write(directory.path().join("management.next.pem"), management).unwrap();
    fs::remove_file(directory.path().join("management.pem")).unwrap();
    fs::remove_file(directory.path().join("state.json")).unwrap();
    assert_eq!(enrol(code.clone()).await.unwrap(), device);
    assert!(matches!(enrol(code).await, Err(AgentError::AlreadyEnrolled(_))));
}
