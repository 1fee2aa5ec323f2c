//! Public-key cryptography from outside: what is written is read again, by ourselves and by OpenSSL.

mod issuance;
mod tls;
mod transport;

use certporter::pki::issuance::{Issuance, Issuer, IssuerUrls, Validity};
use certporter::pki::{Asked, Certificate, PrivateKey};
use certporter_model::Timestamp;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::serial::SerialNumber;

/// 2026-01-01T00:00:00Z
const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// A CA whose key is at hand.
struct Authority {
    key: PrivateKey,
    certificate: Certificate,
}

impl Authority {
    fn root(algorithm: KeyAlgorithm) -> Self {
        let key = PrivateKey::generate(algorithm).unwrap();
        let name = DistinguishedName::parse("CN=Root,O=Example").unwrap();
        let issuance = Issuance::authority(name, key.public_key().clone(), 1, Validity::days(NOW, 7300));
        let certificate = issuance.prepare(&serial(1), Issuer::Itself).unwrap().sign(&key).unwrap();
        Self { key, certificate }
    }

    fn below(&self, algorithm: KeyAlgorithm) -> Self {
        let key = PrivateKey::generate(algorithm).unwrap();
        let name = DistinguishedName::parse("CN=Issuing,O=Example").unwrap();
        let issuance = Issuance::authority(name, key.public_key().clone(), 0, Validity::days(NOW, 3650));
        let issuer = Issuer::Ca(&self.certificate, &urls());
        let certificate = issuance.prepare(&serial(2), issuer).unwrap().sign(&self.key).unwrap();
        Self { key, certificate }
    }

    fn issue(&self, issuance: Issuance, number: u8) -> Certificate {
        let issuer = Issuer::Ca(&self.certificate, &urls());
        issuance.prepare(&serial(number), issuer).unwrap().sign(&self.key).unwrap()
    }
}

fn serial(number: u8) -> SerialNumber {
    SerialNumber::from_octets(&[0x7f, number]).unwrap()
}

fn urls() -> IssuerUrls {
    IssuerUrls {
        ca_issuers: Some("http://pki.example.org/ca.crt".to_owned()),
        ocsp: Some("http://pki.example.org/ocsp".to_owned()),
        crl: Some("http://pki.example.org/ca.crl".to_owned()),
    }
}

fn asked(subject: &str) -> Asked {
    Asked {
        subject: Some(DistinguishedName::parse(subject).unwrap()),
        alternative_names: Vec::new(),
        key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
        extended_key_usages: vec![Oid::parse(Oid::CLIENT_AUTH).unwrap()],
        validity_days: 365,
        sid: None,
        strong_mapping: StrongMapping::None,
    }
}
