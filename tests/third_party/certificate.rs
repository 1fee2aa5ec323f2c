//! Certificates and CRLs by pkilint, which knows RFC 5280 by heart.

use certporter::pki::{Asked, PrivateKey};
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;

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

#[tokio::test]
async fn pkilint_takes_certificates_for_mail_and_crls() {
    let world = World::new(KeyAlgorithm::EcP256).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let asked = Asked {
        key_usage: KeyUsage { key_agreement: true, ..KeyUsage::default() },
        extended_key_usages: vec![Oid::parse(Oid::EMAIL_PROTECTION).unwrap()],
        sid: None,
        strong_mapping: StrongMapping::None,
        ..person(&key)
    };
    let issued = world.issue(&key, asked).await;
    let path = world.write("mail.pem", issued.certificate.to_pem());
    assert_eq!(lint("lint_pkix_cert", &path), Vec::<String>::new());
    world.revoke(&issued, certporter_model::revocation::Reason::KeyCompromise).await;
    for name in ["root-1.crl", "issuing-1.crl"] {
        let path = world.write(name, world.crl(name).await);
        let said = run("lint_crl", &["lint", "-t", "CRL", "-p", "PKIX", "-s", "WARNING", "-f", "CSV", &path]);
        assert!(said.well, "{}", said.text);
    }
}
