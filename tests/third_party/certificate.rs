//! Certificates and CRLs by pkilint, which knows RFC 5280 by heart.

use certporter::pki::{Asked, PrivateKey};
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::key::KeyAlgorithm;
use certporter_model::profile::StrongMapping;
use certporter_model::subject_alternative_name::{SanKind, SubjectAlternativeName};

use super::smime::{Mail, mail};
use super::tools::run;
use super::{World, person};

/// The findings of a linter, one a line; none is said by an empty text.
fn lint(linter: &str, path: &str) -> Vec<String> {
    // Notices are remarks, not findings.
    let said = run(linter, &["lint", "-s", "WARNING", "-f", "CSV", path]);
    let lines = said.text.lines().map(str::to_owned).collect::<Vec<_>>();
    lines.into_iter().filter(|line| !line.starts_with("node_path,") && !line.trim().is_empty()).collect()
}

#[tokio::test]
async fn pkilint_finds_nothing_in_what_is_issued() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let world = World::new(ca_key).await;
        for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa2048] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let issued = world.issue(&key, person(&key)).await;
            let path = world.write("leaf.pem", issued.certificate.to_pem());
            assert_eq!(lint("lint_pkix_cert", &path), Vec::<String>::new());
            for certificate in world.chain(&issued).await {
                let path = world.write("ca.pem", certificate.to_pem());
                assert_eq!(lint("lint_pkix_cert", &path), Vec::<String>::new());
            }
        }
    }
}

#[tokio::test]
async fn pkilint_objects_to_nothing_but_the_syntax_of_the_sid_s_uri() {
    let world = World::new(KeyAlgorithm::EcP256).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let asked = Asked { strong_mapping: StrongMapping::Uri, ..person(&key) };
    let issued = world.issue(&key, asked).await;
    let path = world.write("leaf.pem", issued.certificate.to_pem());
    let found = lint("lint_pkix_cert", &path);
    // Microsoft's tag: URI (KB5014754) has a colon more than RFC 4151 allows.
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("uri") && found[0].contains("tag:microsoft.com"), "{found:?}");
}

/// A device's certificate: named by its id, so that it can be found from outside.
fn device(key: &PrivateKey) -> Asked {
    let id = "5b0c7a1e-3c55-4a7e-9a52-4a1f0de70f0b";
    let name = |kind, value: &str| SubjectAlternativeName::new(kind, value).unwrap();
    Asked {
        subject: Some(DistinguishedName::parse(&format!("CN={id},O=Beispiel")).unwrap()),
        alternative_names: vec![name(SanKind::Dns, "laptop-17.example.org")],
        sid: None,
        strong_mapping: StrongMapping::None,
        ..person(key)
    }
}

#[tokio::test]
async fn pkilint_takes_certificates_of_devices_and_for_mail() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let world = World::new(ca_key).await;
        for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let asked = Mail::ALL.map(|what| mail(&key, what));
            for (number, asked) in asked.into_iter().chain([device(&key)]).enumerate() {
                // The same key in several certificates, as a renewal that keeps it.
                let issued = world.issue_as(&format!("{algorithm} {number}"), &key, asked).await;
                let path = world.write("leaf.pem", issued.certificate.to_pem());
                assert_eq!(lint("lint_pkix_cert", &path), Vec::<String>::new(), "{algorithm} {number}");
            }
        }
    }
}

#[tokio::test]
async fn pkilint_takes_crls() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        crls_are_taken(ca_key).await;
    }
}

async fn crls_are_taken(ca_key: KeyAlgorithm) {
    let world = World::new(ca_key).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let issued = world.issue(&key, person(&key)).await;
    world.revoke(&issued, certporter_model::revocation::Reason::KeyCompromise).await;
    for name in ["root-1.crl", "issuing-1.crl"] {
        let path = world.write(name, world.crl(name).await);
        let said = run("lint_crl", &["lint", "-t", "CRL", "-p", "PKIX", "-s", "WARNING", "-f", "CSV", &path]);
        assert!(said.well, "{}", said.text);
    }
}
