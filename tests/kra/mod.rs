//! The key recovery agent, on both engines.

use std::sync::Arc;

use certporter::clock::{Clock, ManualClock};
use certporter::delivery::envelope;
use certporter::kra::{Kra, KraError, ResealOrder};
use certporter::pki::issuance::{Issuance, Issuer, Validity};
use certporter::pki::secret_box::MasterKey;
use certporter::pki::{Certificate, PkiError, PrivateKey, pkcs12};
use certporter::random::{SystemRandom, octets};
use certporter::store::escrowed_keys::{self, EscrowedKey};
use certporter::store::{Db, devices, profiles, requests};
use certporter_model::Timestamp;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::escrow::{EscrowPolicy, EscrowState};
use certporter_model::feature::Feature;
use certporter_model::ids::{EscrowedKeyId, KraGenerationId, RequestId};
use certporter_model::key::KeyAlgorithm;
use certporter_model::profile::PfxFormat;
use certporter_model::revocation::Trigger;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::PublicKeyHash;

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::{Sample, event, permit};

const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

async fn open(database: &TestDatabase, master: &Arc<MasterKey>) -> Result<Kra, KraError> {
    let clock = ManualClock::new(NOW);
    Kra::open(Db::clone(database), Arc::clone(master), &clock as &dyn Clock, Arc::new(SystemRandom)).await
}

/// A key and a certificate of its own.
fn holder(name: &str) -> (PrivateKey, Certificate) {
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let name = DistinguishedName::parse(name).unwrap();
    let issuance = Issuance::management(name, key.public_key().clone(), Validity::days(NOW, 30));
    let serial = SerialNumber::from_octets(&octets::<8>(&SystemRandom)).unwrap();
    let certificate = issuance.prepare(&serial, Issuer::Itself).unwrap().sign(&key).unwrap();
    (key, certificate)
}

/// As a row would be, without the request that the database wants.
fn escrowed(generation: KraGenerationId, sealed: Vec<u8>, hash: PublicKeyHash) -> EscrowedKey {
    EscrowedKey {
        id: EscrowedKeyId::new(NOW, [1; 10]),
        request_id: RequestId::new(NOW, [2; 10]),
        public_key_hash: hash,
        kra_generation_id: generation,
        sealed: Some(sealed),
        state: EscrowState::Transport,
        policy: EscrowPolicy::Retained,
        created_at: NOW,
        stored_at: None,
        destroyed_at: None,
        destroyed_trigger: None,
    }
}

on_both_engines! {
    a_key_comes_out_only_inside_an_envelope_for_its_device,
    a_rotation_changes_what_seals_and_nothing_of_what_opens,
    a_key_goes_into_storage_and_out_of_the_world,
}

async fn a_key_comes_out_only_inside_an_envelope_for_its_device(database: TestDatabase) {
    let master = Arc::new(MasterKey::generate(&SystemRandom));
    let kra = open(&database, &master).await.unwrap();
    let (key, certificate) = holder("CN=Maria");
    let (device_key, device) = holder("CN=device");
    let sealed = kra.transport_key().unwrap().seal(&key).unwrap();
    let pkcs8 = key.to_pkcs8().unwrap();
    assert!(!sealed.octets.windows(32).any(|window| pkcs8.windows(32).any(|secret| secret == window)));
    let row = escrowed(sealed.generation, sealed.octets, key.public_key_hash());
    let order = ResealOrder {
        recipient: device.clone(),
        certificate: certificate.clone(),
        chain: Vec::new(),
        format: PfxFormat::Modern,
        friendly_name: "VPN für Jürgen".to_owned(),
        feature: Feature::Vpn,
    };
    let (one, two) = (kra.reseal(&row, &order).await.unwrap(), kra.reseal(&row, &order).await.unwrap());
    let contents = envelope::open(&device, &device_key, &one).unwrap();
    assert!(contents.password.len() >= 24);
    assert_ne!(contents.password, envelope::open(&device, &device_key, &two).unwrap().password);
    assert_eq!((contents.feature, contents.thumbprint), (Feature::Vpn, certificate.thumbprint()));
    let pfx = pkcs12::open(&contents.pfx, &contents.password).unwrap();
    assert_eq!(pfx.key.public_key_hash(), key.public_key_hash());
    let (other_key, other) = holder("CN=another device");
    assert!(envelope::open(&other, &other_key, &one).is_err());
    // A key under another's certificate or name does not leave.
    let order = ResealOrder { certificate: other, ..order };
    assert!(matches!(kra.reseal(&row, &order).await, Err(KraError::Pki(PkiError::Unfit { .. }))));
    let swapped = EscrowedKey { public_key_hash: other_key.public_key_hash(), ..row.clone() };
    assert!(matches!(kra.csr(&swapped, None).await, Err(KraError::Pki(PkiError::Damaged(_)))));
    let gone = EscrowedKey { sealed: None, ..row.clone() };
    assert!(matches!(kra.reseal(&gone, &order).await, Err(KraError::Destroyed)));
    assert_eq!(kra.csr(&row, None).await.unwrap().public_key_hash(), key.public_key_hash());
}

async fn a_rotation_changes_what_seals_and_nothing_of_what_opens(database: TestDatabase) {
    let master = Arc::new(MasterKey::generate(&SystemRandom));
    let kra = open(&database, &master).await.unwrap();
    let (key, _) = holder("CN=Maria");
    let before = kra.transport_key().unwrap();
    assert_eq!(open(&database, &master).await.unwrap().transport_key().unwrap(), before);
    let old = before.seal(&key).unwrap();
    // Another process rotates: this one opens what is sealed to the new generation too.
    let another = open(&database, &master).await.unwrap();
    another.rotate(NOW).await.unwrap();
    let after = another.transport_key().unwrap();
    assert_ne!(after, before);
    for sealed in [old, after.seal(&key).unwrap()] {
        let row = escrowed(sealed.generation, sealed.octets, key.public_key_hash());
        assert_eq!(kra.csr(&row, None).await.unwrap().public_key_hash(), key.public_key_hash());
        assert_eq!(another.csr(&row, None).await.unwrap().public_key_hash(), key.public_key_hash());
    }
    let wrong = open(&database, &Arc::new(MasterKey::generate(&SystemRandom))).await.unwrap_err();
    assert!(matches!(wrong, KraError::Pki(PkiError::OtherMasterKey { .. })));
}

async fn a_key_goes_into_storage_and_out_of_the_world(database: TestDatabase) {
    let master = Arc::new(MasterKey::generate(&SystemRandom));
    let kra = open(&database, &master).await.unwrap();
    let sample = Sample::new();
    let (head, version) = sample.profile("VPN");
    let device = sample.device("laptop", None);
    let request = sample.request(head.id, &device);
    let (key, _) = holder("CN=Maria");
    let sealed = kra.transport_key().unwrap().seal(&key).unwrap();
    let mut tx = database.write(&permit()).await.unwrap();
    profiles::insert(&mut tx, &head, &version).await.unwrap();
    devices::insert(&mut tx, &device).await.unwrap();
    requests::insert(&mut tx, &request).await.unwrap();
    let (policy, hash) = (EscrowPolicy::Retained, key.public_key_hash());
    let id = kra.escrow(&mut tx, request.id, hash, sealed.clone(), policy, NOW).await.unwrap();
    tx.commit(event()).await.unwrap();
    let row = async || escrowed_keys::get(&mut database.read().await.unwrap(), id).await.unwrap();
    assert_eq!(
        (row().await.state, row().await.sealed),
        (EscrowState::Transport, Some(sealed.octets.clone()))
    );

    let for_storage = kra.for_storage(&row().await).await.unwrap().unwrap();
    // Storing twice is storing once; what was given up stays where it was.
    for commits in [false, true, true] {
        let mut tx = database.write(&permit()).await.unwrap();
        kra.store(&mut tx, id, &for_storage, NOW).await.unwrap();
        if commits {
            tx.commit(event()).await.unwrap();
        } else {
            tx.rollback().await.unwrap();
            assert_eq!(row().await.state, EscrowState::Transport);
        }
    }
    let stored = row().await;
    assert_eq!((stored.state, stored.stored_at), (EscrowState::Stored, Some(NOW)));
    assert_ne!(stored.sealed.as_ref(), Some(&sealed.octets));
    assert_eq!(stored.sealed.as_ref(), Some(&for_storage.octets));
    assert_eq!(kra.csr(&stored, None).await.unwrap().public_key_hash(), hash);

    for trigger in [Trigger::DeviceRetired, Trigger::LeftGroup] {
        let mut tx = database.write(&permit()).await.unwrap();
        kra.destroy(&mut tx, id, Some(trigger), NOW).await.unwrap();
        tx.commit(event()).await.unwrap();
    }
    let gone = row().await;
    assert_eq!((gone.state, gone.sealed.as_ref()), (EscrowState::Destroyed, None));
    assert_eq!((gone.destroyed_at, gone.destroyed_trigger), (Some(NOW), Some(Trigger::DeviceRetired)));
    assert!(matches!(kra.csr(&gone, None).await, Err(KraError::Destroyed)));
    let mut tx = database.write(&permit()).await.unwrap();
    assert!(matches!(kra.store(&mut tx, id, &for_storage, NOW).await, Err(KraError::Destroyed)));
    assert!(matches!(kra.for_storage(&gone).await, Err(KraError::Destroyed)));
}
