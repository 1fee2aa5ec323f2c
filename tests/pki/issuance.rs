//! Certificates and revocation lists, written and read.

use certporter::pki::check::differences;
use certporter::pki::crl::{Crl, CrlBuilder};
use certporter::pki::issuance::{Issuance, Issuer, Prepared, Validity};
use certporter::pki::{Asked, Certificate, PkiError, PrivateKey};
use certporter_model::Timestamp;
use certporter_model::distinguished_name::{AttributeType, DistinguishedName};
use certporter_model::identity::Sid;
use certporter_model::key::KeyAlgorithm;
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use certporter_model::subject_alternative_name::{SanKind, SubjectAlternativeName};
use proptest::prelude::*;

use super::{Authority, NOW, asked, serial, urls};

const SID: &str = "S-1-5-21-1004336348-1177238915-682003330-512";

fn name(kind: SanKind, value: &str) -> SubjectAlternativeName {
    SubjectAlternativeName::new(kind, value).unwrap()
}

/// Everything that a profile can ask for.
fn everything() -> Asked {
    let mut asked =
        asked("CN=Jürgen\\, \"Größe\\\",OU=Sales\\, East,O=Example,C=DE".replace('"', "").as_str());
    asked.alternative_names = vec![
        name(SanKind::Upn, "jürgen@exämple.org"),
        name(SanKind::Email, "juergen@example.org"),
        name(SanKind::Dns, "laptop.example.org"),
        name(SanKind::Uri, "urn:device:4711"),
    ];
    asked.sid = Some(Sid::parse(SID).unwrap());
    asked.strong_mapping = StrongMapping::Extension;
    asked
}

#[test]
fn a_certificate_says_what_was_asked_and_its_chain_holds() {
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcP256, KeyAlgorithm::EcP384] {
        let root = Authority::root(algorithm);
        let ca = root.below(algorithm);
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let asked = everything();
        let issuance = Issuance::for_holder(&asked, key.public_key().clone(), NOW).unwrap();
        let issued = ca.issue(issuance, 9);
        let found = differences(&issued, &asked, key.public_key_hash(), &ca.certificate, NOW).unwrap();
        assert!(found.is_empty(), "{found:?}");
        assert!(issued.is_signed_by(&ca.certificate) && ca.certificate.is_signed_by(&root.certificate));
        assert!(!issued.is_signed_by(&root.certificate));
        assert_eq!(issued.serial(), &serial(9));
        assert_eq!(issued.sid().map(AsRef::as_ref), Some(SID));
        assert_eq!(issued.not_before(), NOW.minus(std::time::Duration::from_secs(600)));
        assert_eq!(issued.authority_key_id(), ca.certificate.subject_key_id());
        assert_eq!(issued.crl_urls(), ["http://pki.example.org/ca.crl"]);
        assert_eq!(issued.ocsp_urls(), ["http://pki.example.org/ocsp"]);
        assert_eq!(issued.ca_issuers_urls(), ["http://pki.example.org/ca.crt"]);
        assert!(!issued.is_ca() && ca.certificate.is_ca() && ca.certificate.path_length() == Some(0));
        assert_eq!(Certificate::parse_pem(&issued.to_pem()).unwrap(), [issued]);
    }
}

#[test]
fn a_sid_can_go_in_as_a_uri_and_an_empty_subject_makes_the_names_critical() {
    let ca = Authority::root(KeyAlgorithm::EcP256).below(KeyAlgorithm::EcP256);
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let mut asked = everything();
    asked.subject = None;
    asked.strong_mapping = StrongMapping::Uri;
    let issuance = Issuance::for_holder(&asked, key.public_key().clone(), NOW).unwrap();
    let issued = ca.issue(issuance, 1);
    let uri = format!("tag:microsoft.com,2022-09-14:sid:{SID}");
    assert!(issued.alternative_names().contains(&name(SanKind::Uri, &uri)));
    assert_eq!(issued.sid().map(AsRef::as_ref), Some(SID));
    assert_eq!(issued.subject_text(), "");
    // OID 2.5.29.17 followed by TRUE
    let critical = [0x06, 0x03, 0x55, 0x1d, 0x11, 0x01, 0x01, 0xff];
    assert!(issued.as_der().windows(critical.len()).any(|window| window == critical));
    assert!(differences(&issued, &asked, key.public_key_hash(), &ca.certificate, NOW).unwrap().is_empty());
}

#[test]
fn every_field_that_a_ca_changes_is_named() {
    let root = Authority::root(KeyAlgorithm::EcP256);
    let (ca, stranger) = (root.below(KeyAlgorithm::EcP256), root.below(KeyAlgorithm::EcP256));
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let asked = everything();
    let fields = |issued: &Certificate| -> Vec<&str> {
        let found = differences(issued, &asked, key.public_key_hash(), &ca.certificate, NOW).unwrap();
        found.iter().map(|difference| difference.field).collect()
    };
    let with = |change: &dyn Fn(&mut Asked)| {
        let mut changed = asked.clone();
        change(&mut changed);
        ca.issue(Issuance::for_holder(&changed, key.public_key().clone(), NOW).unwrap(), 3)
    };
    assert_eq!(fields(&with(&|a| a.subject = Some(DistinguishedName::parse("CN=x").unwrap()))), ["subject"]);
    let less = with(&|a| a.alternative_names.retain(|n| n.kind() == SanKind::Email));
    assert_eq!(fields(&less), ["subject_alternative_names"]);
    assert_eq!(fields(&with(&|a| a.key_usage.key_agreement = true)), ["key_usage"]);
    let more = with(&|a| a.extended_key_usages.push(Oid::parse(Oid::EMAIL_PROTECTION).unwrap()));
    assert_eq!(fields(&more), ["extended_key_usages"]);
    assert_eq!(fields(&with(&|a| a.validity_days = 30)), ["validity_days"]);
    assert_eq!(fields(&with(&|a| a.validity_days = 700)), ["validity_days"]);
    assert_eq!(fields(&with(&|a| a.strong_mapping = StrongMapping::None)), ["sid"]);
    let issuance = |key: &PrivateKey| Issuance::for_holder(&asked, key.public_key().clone(), NOW).unwrap();
    assert_eq!(fields(&ca.issue(issuance(&other), 4)), ["public_key"]);
    assert_eq!(fields(&stranger.issue(issuance(&key), 5)), ["issuer"]);
}

#[test]
fn what_must_not_be_issued_is_refused_by_field() {
    let root = Authority::root(KeyAlgorithm::EcP256);
    let ca = root.below(KeyAlgorithm::EcP256);
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let refused = |change: &dyn Fn(&mut Asked)| {
        let mut changed = everything();
        change(&mut changed);
        match Issuance::for_holder(&changed, key.public_key().clone(), NOW) {
            Err(PkiError::Unfit { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&|a| a.sid = None), "sid");
    assert_eq!(refused(&|a| a.extended_key_usages.clear()), "extended_key_usages");
    let server = |a: &mut Asked| a.extended_key_usages.push(Oid::parse(Oid::SERVER_AUTH).unwrap());
    assert_eq!(refused(&server), "extended_key_usages");
    assert_eq!(refused(&|a| a.key_usage.key_encipherment = true), "key_usage");
    assert_eq!(refused(&|a| a.key_usage = Default::default()), "key_usage");
    // Longer than its CA.
    let mut long = everything();
    long.validity_days = 3651;
    let issuance = Issuance::for_holder(&long, key.public_key().clone(), NOW).unwrap();
    let error = issuance.prepare(&serial(1), Issuer::Ca(&ca.certificate, &urls())).unwrap_err();
    assert!(error.to_string().starts_with("validity_days: ") && error.to_string().contains("renew the CA"));
    // Below somebody who is no CA, and a CA below one that may have none.
    let leaf = ca.issue(Issuance::for_holder(&everything(), key.public_key().clone(), NOW).unwrap(), 7);
    let issuance = Issuance::for_holder(&everything(), key.public_key().clone(), NOW).unwrap();
    assert!(issuance.prepare(&serial(1), Issuer::Ca(&leaf, &urls())).is_err());
    let name = DistinguishedName::parse("CN=Third").unwrap();
    let third = Issuance::authority(name, key.public_key().clone(), 0, Validity::days(NOW, 1));
    assert!(third.prepare(&serial(1), Issuer::Ca(&ca.certificate, &urls())).is_err());
}

#[test]
fn an_intent_can_be_taken_up_again_and_only_its_issuer_signs_it() {
    let root = Authority::root(KeyAlgorithm::EcP384);
    let (ca, other) = (root.below(KeyAlgorithm::EcP256), Authority::root(KeyAlgorithm::EcP256));
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let issuance = Issuance::for_holder(&everything(), key.public_key().clone(), NOW).unwrap();
    let prepared = issuance.prepare(&serial(5), Issuer::Ca(&ca.certificate, &urls())).unwrap();
    let tbs = prepared.tbs().to_vec();
    assert!(prepared.sign(&root.key).is_err());
    assert!(Prepared::resume(tbs.clone(), &other.certificate).is_err());
    let issued = Prepared::resume(tbs, &ca.certificate).unwrap().sign(&ca.key).unwrap();
    assert!(issued.is_signed_by(&ca.certificate));
}

#[test]
fn a_list_names_the_revoked_with_time_and_reason() {
    let ca = Authority::root(KeyAlgorithm::EcP256).below(KeyAlgorithm::EcP256);
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let issuance = || Issuance::for_holder(&everything(), key.public_key().clone(), NOW).unwrap();
    let (good, bad) = (ca.issue(issuance(), 1), ca.issue(issuance(), 2));
    let next = NOW.plus(std::time::Duration::from_secs(86_400));
    let mut builder = CrlBuilder::new(300, NOW, next);
    builder.revoke(bad.serial(), NOW, Reason::KeyCompromise);
    // High bit set, over 127 octets of entries, a date after 2049.
    let far = SerialNumber::from_octets(&[0xff; 19]).unwrap();
    builder.revoke(&far, "2051-01-02T03:04:05Z".parse().unwrap(), Reason::Unspecified);
    for (index, reason) in Reason::ALL.iter().enumerate() {
        builder.revoke(&serial(100 + u8::try_from(index).unwrap()), NOW, *reason);
    }
    let crl = Crl::parse(&builder.sign(&ca.certificate, &ca.key).unwrap()).unwrap();
    assert!(crl.is_signed_by(&ca.certificate));
    assert_eq!((crl.number(), crl.this_update(), crl.next_update()), (Some(300), NOW, Some(next)));
    assert_eq!(crl.entry(bad.serial()).unwrap().reason, Reason::KeyCompromise);
    assert_eq!(crl.entry(&far).unwrap().at, "2051-01-02T03:04:05Z".parse::<Timestamp>().unwrap());
    assert_eq!(crl.entry(good.serial()), None);
    for (index, reason) in Reason::ALL.iter().enumerate() {
        assert_eq!(crl.entry(&serial(100 + u8::try_from(index).unwrap())).unwrap().reason, *reason);
    }
    assert!(crl.openssl_revokes(&bad).unwrap() && !crl.openssl_revokes(&good).unwrap());
    let empty = CrlBuilder::new(1, NOW, next).sign(&ca.certificate, &ca.key).unwrap();
    assert!(Crl::parse(&empty).unwrap().is_empty());
    assert!(CrlBuilder::new(1, NOW, next).sign(&ca.certificate, &key).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn awkward_names_go_byte_for_byte_through_a_certificate(
        plain in "\\PC{1,64}",
        marks in "[ ,+=;\"\\\\#<>\u{200f}\u{202e}äöüßé]{1,64}",
    ) {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        for value in [plain, marks] {
            let rdns = vec![vec![(AttributeType::CommonName, value.clone())]];
            let Ok(subject) = DistinguishedName::new(rdns) else { continue };
            let validity = Validity::days(NOW, 1);
            let issuance = Issuance::authority(subject.clone(), key.public_key().clone(), 0, validity);
            let issued = issuance.prepare(&serial(1), Issuer::Itself).unwrap().sign(&key).unwrap();
            prop_assert_eq!(issued.subject(), Some(subject));
            let openssl = openssl::x509::X509::from_der(issued.as_der()).unwrap();
            let common = openssl.subject_name().entries().next().unwrap();
            prop_assert_eq!(common.data().as_slice(), value.as_bytes());
        }
    }

    #[test]
    fn no_octets_make_the_readers_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _unread = (Certificate::parse(&octets), certporter::pki::Csr::parse(&octets), Crl::parse(&octets));
    }
}
