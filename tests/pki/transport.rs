//! PFX files and envelopes.

use certporter::pki::issuance::{Issuance, Validity};
use certporter::pki::pkcs12::{self, Pfx};
use certporter::pki::{Certificate, PkiError, PrivateKey, cms};
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::key::KeyAlgorithm;
use certporter_model::profile::PfxFormat;

use super::{Authority, NOW, asked};

const PASSWORD: &str = "correct horse battery staple 4711";

fn pfx(algorithm: KeyAlgorithm) -> Pfx {
    let root = Authority::root(KeyAlgorithm::EcP384);
    let ca = root.below(KeyAlgorithm::EcP256);
    let key = PrivateKey::generate(algorithm).unwrap();
    let certificate =
        ca.issue(Issuance::for_holder(&asked("CN=Maria"), key.public_key().clone(), NOW).unwrap(), 1);
    Pfx { key, certificate, chain: vec![ca.certificate, root.certificate] }
}

#[test]
fn a_pfx_opens_again_in_both_formats() {
    for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa2048] {
        let pfx = pfx(algorithm);
        for format in [PfxFormat::Modern, PfxFormat::Compat] {
            let der = pkcs12::build(&pfx, format, PASSWORD, "Wi-Fi für Jürgen").unwrap();
            let opened = pkcs12::open(&der, PASSWORD).unwrap();
            assert_eq!(opened.key.public_key_hash(), pfx.key.public_key_hash());
            assert_eq!(opened.certificate, pfx.certificate);
            assert_eq!(opened.chain, pfx.chain);
            assert!(matches!(pkcs12::open(&der, "another"), Err(PkiError::WrongPassword)));
            assert!(matches!(pkcs12::open(&der, "nul\0"), Err(PkiError::WrongPassword)));
            assert!(pkcs12::open(&der[..der.len() - 1], PASSWORD).is_err());
        }
    }
}

#[test]
fn what_readers_refuse_is_not_written() {
    let mut pfx = pfx(KeyAlgorithm::EcP256);
    let field =
        |pfx: &Pfx, password: &str, name: &str| match pkcs12::build(pfx, PfxFormat::Modern, password, name) {
            Err(PkiError::Unfit { field, .. }) => field,
            other => panic!("{other:?}"),
        };
    assert_eq!(field(&pfx, "nul\0", "x"), "password");
    assert_eq!(field(&pfx, "größe", "x"), "password");
    assert_eq!(field(&pfx, "", "x"), "password");
    assert_eq!(field(&pfx, PASSWORD, "nul\0"), "friendly_name");
    pfx.key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    assert_eq!(field(&pfx, PASSWORD, "x"), "key");
}

#[test]
fn an_envelope_opens_for_its_recipient_only_and_unchanged_only() {
    let ca = Authority::root(KeyAlgorithm::EcP256);
    let recipient = |algorithm, number| -> (PrivateKey, Certificate) {
        let key = PrivateKey::generate(algorithm).unwrap();
        let name = DistinguishedName::parse(&format!("CN=device {number}")).unwrap();
        let issuance = Issuance::management(name, key.public_key().clone(), Validity::days(NOW, 365));
        let certificate = ca.issue(issuance, number);
        (key, certificate)
    };
    let contents = b"octets \r\n with \n line ends \0".repeat(100);
    for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa2048] {
        let (key, certificate) = recipient(algorithm, 10);
        let (other_key, other) = recipient(algorithm, 11);
        let sealed = cms::seal(&certificate, &contents).unwrap();
        assert_eq!(cms::open(&certificate, &key, &sealed).unwrap().as_slice(), contents);
        assert!(cms::open(&other, &other_key, &sealed).is_err());
        let mut changed = sealed.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        assert!(cms::open(&certificate, &key, &changed).is_err());
        assert!(cms::open(&certificate, &key, b"no envelope").is_err());
    }
}
