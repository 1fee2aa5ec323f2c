//! The built-in CA and the device CA, on both engines.

mod lists;
mod ocsp;
mod shards;

use std::sync::Arc;
use std::time::Duration;

use certporter::ca::{
    BuiltinCa, BuiltinSettings, CaError, DeviceCa, Issued, IssuingCa, RevocationOrder, SignOutcome,
    SignRequest,
};
use certporter::clock::{Clock, ManualClock};
use certporter::pki::check::differences;
use certporter::pki::crl::Crl;
use certporter::pki::secret_box::MasterKey;
use certporter::pki::{Asked, Certificate, PrivateKey, csr};
use certporter::random::SystemRandom;
use certporter::store::{AuditEvent, Db, Target, crls};
use certporter_model::Timestamp;
use certporter_model::certificate::RevocationKind;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::ids::EnrolmentId;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);
const HOUR: Duration = Duration::from_secs(3600);

struct World {
    database: TestDatabase,
    master: MasterKey,
    clock: Arc<ManualClock>,
    ca: BuiltinCa,
}

impl World {
    async fn new(database: TestDatabase) -> Self {
        let master = MasterKey::generate(&SystemRandom);
        let clock = Arc::new(ManualClock::new(NOW));
        let ca = open(&database, &master, &clock).await.unwrap();
        Self { database, master, clock, ca }
    }

    async fn sign(&self, request: &SignRequest) -> Issued {
        match self.ca.sign(request).await.unwrap() {
            SignOutcome::Issued(issued) => *issued,
            other => panic!("{other:?}"),
        }
    }

    async fn revoke(&self, issued: &Issued, kind: RevocationKind, reason: Reason) -> Option<Reason> {
        let serial = issued.certificate.serial().clone();
        let order =
            RevocationOrder { generation: issued.generation, serial, kind, reason, at: self.clock.now() };
        let standings = self.ca.revoke(&[order]).await.unwrap();
        standings[0].map(|(_, reason)| reason)
    }

    /// The published CRL of the issuing CA, as relying parties get it.
    async fn crl(&self) -> Crl {
        let file = self.ca.published("issuing-1.crl").await.unwrap().unwrap();
        assert_eq!(file.media_type, "application/pkix-crl");
        let written = std::fs::read(self.database.folder().join("pki/issuing-1.crl")).unwrap();
        assert_eq!(file.octets, written);
        let crl = Crl::parse(&file.octets).unwrap();
        assert!(crl.is_signed_by(&self.ca.issuing_certificate().unwrap()));
        crl
    }
}

async fn open(
    database: &TestDatabase,
    master: &MasterKey,
    clock: &Arc<ManualClock>,
) -> Result<BuiltinCa, CaError> {
    open_with(database, master, clock, settings(database)).await
}

fn settings(database: &TestDatabase) -> BuiltinSettings {
    BuiltinSettings {
        organisation: "Example".to_owned(),
        key: KeyAlgorithm::EcP256,
        pki_url: "http://pki.example.org".to_owned(),
        publish_dir: database.folder().join("pki"),
        crl_interval: HOUR,
        crl_lifetime: 3 * HOUR,
        crl_shards: 1,
    }
}

async fn open_with(
    database: &TestDatabase,
    master: &MasterKey,
    clock: &Arc<ManualClock>,
    settings: BuiltinSettings,
) -> Result<BuiltinCa, CaError> {
    let clock: Arc<dyn Clock> = clock.clone();
    BuiltinCa::open(Db::clone(database), master, clock, Arc::new(SystemRandom), settings).await
}

fn request(reference: &str, key: &PrivateKey) -> SignRequest {
    SignRequest {
        reference: reference.to_owned(),
        csr: csr::create(key, None).unwrap(),
        asked: Asked {
            subject: Some(DistinguishedName::parse("CN=Maria Ortiz,O=Example").unwrap()),
            alternative_names: Vec::new(),
            key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
            extended_key_usages: vec![Oid::parse(Oid::CLIENT_AUTH).unwrap()],
            validity_days: 30,
            sid: None,
            strong_mapping: StrongMapping::None,
        },
        template: String::new(),
    }
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcP256).unwrap()
}

on_both_engines! {
    the_first_start_makes_a_chain_and_the_second_finds_it,
    the_same_request_gets_the_same_certificate,
    what_the_ca_will_not_sign_is_refused_with_the_field,
    a_revocation_is_in_the_next_crl_and_stays_there_until_a_crl_after_expiry,
    a_hold_comes_and_goes_and_the_graver_reason_stands,
    crls_come_by_themselves_at_the_interval_and_their_numbers_once,
    the_device_ca_is_another_one,
    ocsp_says_what_the_ledger_says,
    a_process_that_has_not_seen_a_rotation_signs_with_the_new_key_all_the_same,
    a_clock_that_was_ahead_makes_lists_anew,
    a_rotation_is_done_once_and_other_processes_go_on_with_both_keys,
}

async fn the_first_start_makes_a_chain_and_the_second_finds_it(database: TestDatabase) {
    let world = World::new(database).await;
    let again = open(&world.database, &world.master, &world.clock).await.unwrap();
    assert_eq!(again.issuing_certificate().unwrap(), world.ca.issuing_certificate().unwrap());
    let other = open(&world.database, &MasterKey::generate(&SystemRandom), &world.clock).await;
    let error = other.unwrap_err().to_string();
    assert!(error.contains("is sealed with the master key"), "{error}");
    let issued = world.sign(&request("1", &key())).await;
    let chain = world.ca.chain(issued.generation).await.unwrap();
    assert_eq!(chain.len(), 2);
    assert!(issued.certificate.is_signed_by(&chain[0]) && chain[0].is_signed_by(&chain[1]));
    assert!(chain[1].is_signed_by(&chain[1]));
    assert_eq!(issued.certificate.crl_urls(), ["http://pki.example.org/issuing-1.crl"]);
    assert_eq!(issued.certificate.ca_issuers_urls(), ["http://pki.example.org/issuing-1.crt"]);
    assert_eq!(chain[0].crl_urls(), ["http://pki.example.org/root-1.crl"]);
    let file = world.ca.published("issuing-1.crt").await.unwrap().unwrap();
    assert_eq!(Certificate::parse(&file.octets).unwrap(), chain[0]);
    assert_eq!(world.ca.published("../master.key").await.unwrap(), None);
    assert!(world.ca.health().await.well);
}

async fn the_same_request_gets_the_same_certificate(database: TestDatabase) {
    let world = World::new(database).await;
    let (one, other) = (key(), key());
    let asked = request("4711", &one);
    let issued = world.sign(&asked).await;
    let issuer = world.ca.issuing_certificate().unwrap();
    let found = differences(&issued.certificate, &asked.asked, one.public_key_hash(), &issuer, NOW).unwrap();
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(world.sign(&asked).await, issued);
    // From another process, after a restart.
    let again = open(&world.database, &world.master, &world.clock).await.unwrap();
    let SignOutcome::Issued(polled) = again.poll("4711").await.unwrap() else { panic!() };
    assert_eq!(*polled, issued);
    assert_eq!(world.ca.find_by_key(&request("", &one).csr).await.unwrap(), std::slice::from_ref(&issued));
    assert!(matches!(world.ca.sign(&request("4711", &other)).await, Err(CaError::Changed(_))));
    assert!(matches!(world.ca.poll("4712").await, Err(CaError::Unknown(_))));
    // The same key in another request, as for renewal with the same key, is another certificate.
    assert_ne!(world.sign(&request("4712", &one)).await, issued);
    assert_eq!(world.ca.find_by_key(&request("", &one).csr).await.unwrap().len(), 2);
    // Many at once: one certificate.
    let asked = request("5000", &other);
    let all = futures::future::join_all((0..8).map(|_| world.sign(&asked))).await;
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

async fn what_the_ca_will_not_sign_is_refused_with_the_field(database: TestDatabase) {
    let world = World::new(database).await;
    let mut long = request("1", &key());
    long.asked.validity_days = 3650 + 1;
    let SignOutcome::Refused { cause, .. } = world.ca.sign(&long).await.unwrap() else { panic!() };
    assert!(cause.starts_with("validity_days: "), "{cause}");
    let mut server = request("2", &key());
    server.asked.extended_key_usages = vec![Oid::parse(Oid::SERVER_AUTH).unwrap()];
    let SignOutcome::Refused { cause, .. } = world.ca.sign(&server).await.unwrap() else { panic!() };
    assert!(cause.starts_with("extended_key_usages: "), "{cause}");
    assert!(matches!(world.ca.poll("1").await, Err(CaError::Unknown(_))));
}

async fn a_revocation_is_in_the_next_crl_and_stays_there_until_a_crl_after_expiry(database: TestDatabase) {
    let world = World::new(database).await;
    let (bad, good) = (world.sign(&request("1", &key())).await, world.sign(&request("2", &key())).await);
    world.ca.publish().await.unwrap();
    assert!(world.crl().await.is_empty());
    world.clock.advance(Duration::from_secs(60));
    world.revoke(&bad, RevocationKind::Revoke, Reason::KeyCompromise).await;
    let (standing, in_crl) = world.ca.standing(bad.generation, bad.certificate.serial()).await.unwrap();
    assert_eq!(standing, Some((world.clock.now(), Reason::KeyCompromise)));
    assert_eq!(in_crl, None);
    world.ca.publish().await.unwrap();
    let crl = world.crl().await;
    assert_eq!(crl.entry(bad.certificate.serial()).unwrap().reason, Reason::KeyCompromise);
    assert_eq!(crl.entry(good.certificate.serial()), None);
    assert_eq!((crl.number(), crl.next_update()), (Some(2), Some(world.clock.now().plus(3 * HOUR))));
    let (_, in_crl) = world.ca.standing(bad.generation, bad.certificate.serial()).await.unwrap();
    assert_eq!(in_crl, Some(2));
    // Two lists in a second differ in thisUpdate, or NSS would not take the second.
    world.revoke(&good, RevocationKind::Hold, Reason::CertificateHold).await;
    world.ca.publish().await.unwrap();
    assert!(world.crl().await.this_update() > crl.this_update());
    // Nothing changed: the same list.
    world.ca.publish().await.unwrap();
    assert_eq!(world.crl().await.number(), Some(3));
    // In the first list after its expiry, and in none after that.
    world.clock.set(bad.certificate.not_after().plus(HOUR));
    world.ca.publish().await.unwrap();
    assert!(world.crl().await.entry(bad.certificate.serial()).is_some());
    world.clock.advance(HOUR);
    world.ca.publish().await.unwrap();
    assert!(world.crl().await.entry(bad.certificate.serial()).is_none());
}

async fn a_hold_comes_and_goes_and_the_graver_reason_stands(database: TestDatabase) {
    use RevocationKind::{Hold, Release, Revoke};
    let world = World::new(database).await;
    let issued = world.sign(&request("1", &key())).await;
    let serial = issued.certificate.serial().clone();
    let listed = async || {
        world.ca.publish().await.unwrap();
        world.crl().await.entry(&serial).map(|entry| entry.reason)
    };
    let hold = Reason::CertificateHold;
    assert_eq!(world.revoke(&issued, Release, Reason::Unspecified).await, None);
    assert_eq!(world.revoke(&issued, Hold, hold).await, Some(hold));
    assert_eq!(world.revoke(&issued, Hold, hold).await, Some(hold));
    assert_eq!(listed().await, Some(hold));
    assert_eq!(world.revoke(&issued, Release, hold).await, None);
    assert_eq!(listed().await, None);
    assert_eq!(world.revoke(&issued, Hold, hold).await, Some(hold));
    let superseded = world.revoke(&issued, Revoke, Reason::Superseded).await;
    assert_eq!(superseded, Some(Reason::Superseded));
    assert_eq!(world.revoke(&issued, Release, hold).await, Some(Reason::Superseded));
    assert_eq!(world.revoke(&issued, Hold, hold).await, Some(Reason::Superseded));
    assert_eq!(listed().await, Some(Reason::Superseded));
    let compromised = world.revoke(&issued, Revoke, Reason::KeyCompromise).await;
    assert_eq!(compromised, Some(Reason::KeyCompromise));
    assert_eq!(world.revoke(&issued, Revoke, Reason::Superseded).await, Some(Reason::KeyCompromise));
    assert_eq!(listed().await, Some(Reason::KeyCompromise));
    let unknown = RevocationOrder {
        generation: issued.generation,
        serial: "4711".parse().unwrap(),
        kind: Revoke,
        reason: hold,
        at: NOW,
    };
    assert!(matches!(world.ca.revoke(&[unknown]).await, Err(CaError::Unknown(_))));
}

async fn crls_come_by_themselves_at_the_interval_and_their_numbers_once(database: TestDatabase) {
    let world = World::new(database).await;
    let others = [
        open(&world.database, &world.master, &world.clock).await.unwrap(),
        open(&world.database, &world.master, &world.clock).await.unwrap(),
    ];
    futures::future::join_all(
        [&world.ca, &others[0], &others[1]].map(|ca| async { ca.publish().await.unwrap() }),
    )
    .await;
    let numbers =
        async || -> Vec<u64> { world.ca.lists().await.unwrap().iter().map(|list| list.number).collect() };
    let first = numbers().await;
    // One that was begun by another process may be made again, under a number of its own.
    assert!(first.len() == 2 && first.iter().all(|number| (1..=3).contains(number)), "{first:?}");
    assert_eq!(world.ca.next_publication().await.unwrap(), NOW.plus(HOUR));
    world.ca.publish().await.unwrap();
    assert_eq!(numbers().await, first);
    world.clock.advance(HOUR);
    world.ca.publish().await.unwrap();
    assert_eq!(numbers().await, first.iter().map(|number| number + 1).collect::<Vec<_>>());
}

async fn the_device_ca_is_another_one(database: TestDatabase) {
    let world = World::new(database).await;
    let open = async || {
        let random = Arc::new(SystemRandom);
        DeviceCa::open(&world.database, &world.master, &*world.clock, random).await.unwrap()
    };
    let ca = open().await;
    assert_eq!(open().await.certificate(), ca.certificate());
    let key = key();
    let enrolment = EnrolmentId::new(NOW, [7; 10]);
    let certificate = ca.issue_management(enrolment, key.public_key().clone(), NOW).unwrap();
    assert!(certificate.is_signed_by(ca.certificate()));
    assert!(!certificate.is_signed_by(&world.ca.issuing_certificate().unwrap()));
    assert_eq!(certificate.subject_text(), format!("CN={enrolment}"));
    let hosts = ["127.0.0.1".to_owned(), "device.example.org".to_owned()];
    let identity = ca.server_identity(&hosts, NOW).unwrap();
    assert!(identity.certificate.is_signed_by(ca.certificate()));
    assert_eq!(identity.certificate.foreign_names(), ["ip:127.0.0.1"]);
}

async fn ocsp_says_what_the_ledger_says(database: TestDatabase) {
    use certporter::pki::ocsp::{CertId, MALFORMED_REQUEST, UNAUTHORIZED};
    let world = World::new(database).await;
    let issued = world.sign(&request("1", &key())).await;
    let issuing = world.ca.issuing_certificate().unwrap();
    let serial = issued.certificate.serial();
    let ask = async |serial: &SerialNumber, sha256| {
        world.ca.ocsp(&CertId::request(&issuing, serial, sha256).unwrap()).await.unwrap()
    };
    let good = ask(serial, false).await;
    assert_eq!(good.fresh_until, Some(NOW.plus(HOUR)));
    // Its states are told apart by third parties; here only that they are told apart.
    let says = |octets: &[u8], state: &[u8]| octets.windows(state.len()).any(|window| window == state);
    let (is_good, is_unknown) = ([0x80, 0x00, 0x18, 0x0f], [0x82, 0x00, 0x18, 0x0f]);
    assert!(says(&good.octets, &is_good) && !says(&good.octets, &is_unknown));
    assert!(says(&ask(serial, true).await.octets, &is_good));
    let never = ask(&"4711".parse().unwrap(), false).await;
    assert!(says(&never.octets, &is_unknown) && !says(&never.octets, &is_good));
    world.revoke(&issued, RevocationKind::Revoke, Reason::KeyCompromise).await;
    let revoked = ask(serial, false).await;
    // RevokedInfo with reason keyCompromise
    assert!(says(&revoked.octets, &[0xa0, 0x03, 0x0a, 0x01, 0x01]) && !says(&revoked.octets, &is_good));
    // Errors, which are never signed.
    assert_eq!(world.ca.ocsp(b"no request").await.unwrap().octets, MALFORMED_REQUEST);
    let stranger = DeviceCa::open(&world.database, &world.master, &*world.clock, Arc::new(SystemRandom));
    let foreign = CertId::request(stranger.await.unwrap().certificate(), serial, false).unwrap();
    assert_eq!(world.ca.ocsp(&foreign).await.unwrap().octets, UNAUTHORIZED);
    // The signer is on record as every certificate is, and is renewed in time.
    world.clock.advance(8 * 24 * HOUR);
    assert!(says(&ask(&"4711".parse().unwrap(), false).await.octets, &is_unknown));
}

async fn a_process_that_has_not_seen_a_rotation_signs_with_the_new_key_all_the_same(database: TestDatabase) {
    let world = World::new(database).await;
    let other = open(&world.database, &world.master, &world.clock).await.unwrap();
    assert_eq!(other.rotate(1).await.unwrap(), 2);
    // What this process knows of its generations is of before.
    assert_ne!(world.ca.issuing_certificate().unwrap(), other.issuing_certificate().unwrap());
    let issued = world.sign(&request("1", &key())).await;
    assert!(issued.certificate.is_signed_by(&other.issuing_certificate().unwrap()));
    assert_eq!(world.ca.issuing_certificate().unwrap(), other.issuing_certificate().unwrap());
}

async fn a_clock_that_was_ahead_makes_lists_anew(database: TestDatabase) {
    let world = World::new(database).await;
    let issued = world.sign(&request("1", &key())).await;
    world.revoke(&issued, RevocationKind::Revoke, Reason::KeyCompromise).await;
    let list = async || {
        world.ca.publish().await.unwrap();
        let file = world.ca.published("issuing-1.crl").await.unwrap().unwrap();
        Crl::parse(&file.octets).unwrap()
    };
    // So far ahead that the certificate has expired, and has left the list.
    world.clock.set(issued.certificate.not_after().plus(24 * HOUR));
    list().await;
    world.clock.advance(24 * HOUR);
    let ahead = list().await;
    assert!(ahead.entry(issued.certificate.serial()).is_none());
    world.clock.set(NOW.plus(HOUR));
    let now = list().await;
    assert!(now.this_update() <= NOW.plus(HOUR), "{}", now.this_update());
    assert!(now.next_update().unwrap() < ahead.this_update());
    assert!(now.number() > ahead.number());
    assert!(now.entry(issued.certificate.serial()).is_some(), "it has not expired");
    assert!(world.ca.next_publication().await.unwrap() <= NOW.plus(2 * HOUR));
    // The next one is later by the same clock.
    world.clock.advance(2 * HOUR);
    assert!(list().await.this_update() > now.this_update());
}

async fn a_rotation_is_done_once_and_other_processes_go_on_with_both_keys(database: TestDatabase) {
    let world = World::new(database).await;
    let other = open(&world.database, &world.master, &world.clock).await.unwrap();
    let asked = request("1", &key());
    let old = world.sign(&asked).await;
    // Two processes at once, and again: one new generation.
    let (one, two) = futures::future::join(world.ca.rotate(1), other.rotate(1)).await;
    assert_eq!((one.unwrap(), two.unwrap(), world.ca.rotate(1).await.unwrap()), (2, 2, 2));
    let new = world.sign(&request("2", &key())).await;
    assert_ne!(new.generation, old.generation);
    assert_eq!(new.certificate.crl_urls(), ["http://pki.example.org/issuing-2.crl"]);
    let chain = other.chain(new.generation).await.unwrap();
    assert!(new.certificate.is_signed_by(&chain[0]) && chain[0].is_signed_by(&chain[1]));
    assert_eq!(chain[1], other.chain(old.generation).await.unwrap()[1], "the same root");
    // What was asked before the rotation is answered as before.
    assert_eq!(world.sign(&asked).await, old);
    // Both keys sign their lists, and both lists have what is theirs, whoever revokes.
    for issued in [&old, &new] {
        let order = RevocationOrder {
            generation: issued.generation,
            serial: issued.certificate.serial().clone(),
            kind: RevocationKind::Revoke,
            reason: Reason::Superseded,
            at: world.clock.now(),
        };
        other.revoke(&[order]).await.unwrap();
    }
    assert_eq!(world.ca.publish().await.unwrap().len(), 3);
    for (name, issued, foreign) in [("issuing-1.crl", &old, &new), ("issuing-2.crl", &new, &old)] {
        let file = other.published(name).await.unwrap().unwrap();
        let crl = Crl::parse(&file.octets).unwrap();
        assert!(crl.is_signed_by(&world.ca.chain(issued.generation).await.unwrap()[0]));
        assert!(crl.entry(issued.certificate.serial()).is_some());
        assert!(crl.entry(foreign.certificate.serial()).is_none());
    }
    // A restart finds it so; and once the first one's certificate has ended, its list ends too.
    let again = open(&world.database, &world.master, &world.clock).await.unwrap();
    assert_eq!(again.issuing_certificate().unwrap(), chain[0]);
    world.clock.set(world.ca.chain(old.generation).await.unwrap()[0].not_after().plus(HOUR));
    assert!(again.publish().await.unwrap().iter().all(|list| list.name != "issuing-1"));
    assert!(again.next_publication().await.unwrap() > world.clock.now());
}
