//! Chain and CRL, before and after a revocation.

use certporter::pki::{Certificate, PrivateKey, pem};
use certporter_model::key::KeyAlgorithm;
use certporter_model::revocation::Reason;

use super::tools::{nss_database, run};
use super::{World, chain_pem, person};

/// A certificate and another that is revoked; the CRLs before and after.
struct Case {
    world: World,
    bad: Certificate,
    good: Certificate,
    chain: Vec<Certificate>,
    before: [Vec<u8>; 2],
    before_pem: String,
    after: [Vec<u8>; 2],
    after_pem: String,
}

async fn case(ca_key: KeyAlgorithm) -> Case {
    let world = World::new(ca_key).await;
    let (one, two) = (
        PrivateKey::generate(KeyAlgorithm::EcP256).unwrap(),
        PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap(),
    );
    let (bad, good) = (world.issue(&one, person(&one)).await, world.issue(&two, person(&two)).await);
    world.ca.publish().await.unwrap();
    let crls = async || [world.crl("root-1.crl").await, world.crl("issuing-1.crl").await];
    let (before, before_pem) = (crls().await, world.crls_pem("before.pem").await);
    world.revoke(&bad, Reason::KeyCompromise).await;
    let (after, after_pem) = (crls().await, world.crls_pem("after.pem").await);
    let chain = world.chain(&bad).await;
    let (bad, good) = (bad.certificate, good.certificate);
    Case { world, bad, good, chain, before, before_pem, after, after_pem }
}

#[tokio::test]
async fn openssl_sees_the_revocation() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let case = case(ca_key).await;
        let root = case.world.write("root.pem", case.chain[1].to_pem());
        let issuing = case.world.write("issuing.pem", case.chain[0].to_pem());
        let verify = |certificate: &Certificate, crls: &str| {
            let leaf = case.world.write("leaf.pem", certificate.to_pem());
            let arguments = ["verify", "-x509_strict", "-purpose", "sslclient", "-crl_check_all"];
            let files = ["-CAfile", &root, "-untrusted", &issuing, "-CRLfile", crls, &leaf];
            run("openssl", &[&arguments[..], &files[..]].concat())
        };
        verify(&case.bad, &case.before_pem).well();
        verify(&case.good, &case.before_pem).well();
        verify(&case.bad, &case.after_pem).refused("certificate revoked");
        verify(&case.good, &case.after_pem).well();
        let crl = case.world.write("after.crl", &case.after[1]);
        run("openssl", &["crl", "-inform", "DER", "-in", &crl, "-noout", "-text"])
            .says("Key Compromise")
            .well();
    }
}

#[tokio::test]
async fn nss_sees_the_revocation() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let case = case(ca_key).await;
        let database = nss_database(case.world.folder(), "nss");
        let add = |name: &str, trust: &str, certificate: &Certificate| {
            let path = case.world.write("added.pem", certificate.to_pem());
            run("certutil", &["-A", "-d", &database, "-n", name, "-t", trust, "-i", &path]).well();
        };
        add("root", "CT,C,C", &case.chain[1]);
        add("issuing", ",,", &case.chain[0]);
        add("bad", ",,", &case.bad);
        add("good", ",,", &case.good);
        let import = |crls: &[Vec<u8>]| {
            for crl in crls {
                let path = case.world.write("import.crl", crl);
                run("crlutil", &["-I", "-d", &database, "-i", &path]).well();
            }
        };
        let verify = |name: &str| run("certutil", &["-V", "-d", &database, "-n", name, "-u", "C", "-e"]);
        import(&case.before);
        verify("bad").says("certificate is valid").well();
        verify("good").says("certificate is valid").well();
        import(&case.after[1..]);
        verify("bad").refused("revoked");
        verify("good").says("certificate is valid").well();
    }
}

#[tokio::test]
async fn gnutls_sees_the_revocation() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let case = case(ca_key).await;
        let root = case.world.write("root.pem", case.chain[1].to_pem());
        let verify = |certificate: &Certificate, crls: &str| {
            let chain = [certificate.to_pem(), chain_pem(&case.chain[..1])].concat();
            let chain = case.world.write("chain.pem", chain);
            let files = ["--infile", &chain, "--load-ca-certificate", &root, "--load-crl", crls];
            run("certtool", &[&["--verify"], &files[..]].concat())
        };
        verify(&case.bad, &case.before_pem).well();
        verify(&case.good, &case.before_pem).well();
        verify(&case.bad, &case.after_pem).refused("revoked");
        verify(&case.good, &case.after_pem).well();
        // GnuTLS verifies the list's own signature too.
        let issuing = case.world.write("issuing.pem", case.chain[0].to_pem());
        let crl = case.world.write("issuing-crl.pem", pem::encode("X509 CRL", &case.after[1]));
        let files = ["--verify-crl", "--infile", &crl, "--load-ca-certificate", &issuing];
        run("certtool", &files).says("verified").well();
    }
}

#[tokio::test]
async fn openssl_gnutls_and_pkilint_take_the_ocsp_answers() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let case = case(ca_key).await;
        let world = &case.world;
        let all = world.write("all.pem", chain_pem(&case.chain));
        let answers = [
            (&case.good, &case.chain[0], "good"),
            (&case.bad, &case.chain[0], "revoked"),
            (&case.chain[0], &case.chain[1], "good"),
        ];
        for (certificate, issuer, state) in answers {
            let leaf = world.write("leaf.pem", certificate.to_pem());
            let issuer = world.write("issuer.pem", issuer.to_pem());
            let request = world.folder().join("request.der").display().to_string();
            let ask = ["ocsp", "-issuer", &issuer, "-cert", &leaf, "-reqout", &request];
            run("openssl", &ask).well();
            let answer = world.ca.ocsp(&std::fs::read(&request).unwrap()).await.unwrap();
            // OpenSSL sends a nonce: such an answer is not to be kept.
            assert_eq!(answer.fresh_until, None);
            let response = world.write("response.der", &answer.octets);
            let read = ["ocsp", "-issuer", &issuer, "-cert", &leaf, "-reqin", &request, "-respin", &response];
            // Else it would put another nonce into the request that it reads.
            let trust = ["-no_nonce", "-CAfile", &all];
            let said = run("openssl", &[&read[..], &trust[..]].concat());
            said.says("Response verify OK").says(&format!("leaf.pem: {state}")).well();
            let verify = ["--verify-response", "--infile", &response, "--load-trust", &issuer];
            run("ocsptool", &verify).says("Success").well();
            let said = run("lint_ocsp_response", &["lint", "-s", "WARNING", "-f", "CSV", &response]);
            assert!(said.well, "{}", said.text);
        }
    }
}

/// What was issued before a new issuing key, and what is issued after it, both verify, each with the CRL of its own
/// issuer; and what was issued before can still be revoked.
#[tokio::test]
async fn openssl_verifies_what_was_issued_before_and_after_a_rotation() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let world = World::new(ca_key).await;
        let keys: Vec<PrivateKey> =
            (0..3).map(|_| PrivateKey::generate(KeyAlgorithm::EcP256).unwrap()).collect();
        let old = world.issue(&keys[0], person(&keys[0])).await;
        let lost = world.issue(&keys[1], person(&keys[1])).await;
        assert_eq!(world.ca.rotate(1).await.unwrap(), 2);
        let new = world.issue(&keys[2], person(&keys[2])).await;
        assert_ne!(new.generation, old.generation);
        world.revoke(&lost, Reason::KeyCompromise).await;
        let crls = ["root-1.crl", "issuing-1.crl", "issuing-2.crl"];
        let mut pem = String::new();
        for name in crls {
            pem.push_str(&pem::encode("X509 CRL", &world.crl(name).await));
        }
        let crls = world.write("all.crls", pem);
        for (issued, well) in [(&old, true), (&new, true), (&lost, false)] {
            let chain = world.chain(issued).await;
            let root = world.write("root.pem", chain[1].to_pem());
            let issuing = world.write("issuing.pem", chain[0].to_pem());
            let leaf = world.write("leaf.pem", issued.certificate.to_pem());
            let arguments = ["verify", "-x509_strict", "-purpose", "sslclient", "-crl_check_all"];
            let files = ["-CAfile", &root, "-untrusted", &issuing, "-CRLfile", &crls, &leaf];
            let said = run("openssl", &[&arguments[..], &files[..]].concat());
            if well {
                said.well();
            } else {
                said.refused("certificate revoked");
            }
            let request = world.folder().join("request.der").display().to_string();
            run("openssl", &["ocsp", "-issuer", &issuing, "-cert", &leaf, "-reqout", &request]).well();
            let answer = world.ca.ocsp(&std::fs::read(&request).unwrap()).await.unwrap();
            let response = world.write("response.der", &answer.octets);
            let all = world.write("all.pem", chain_pem(&chain));
            let read =
                ["ocsp", "-issuer", &issuing, "-cert", &leaf, "-reqin", &request, "-respin", &response];
            let said = run("openssl", &[&read[..], &["-no_nonce", "-CAfile", &all]].concat());
            let state = if well { "good" } else { "revoked" };
            said.says("Response verify OK").says(&format!("leaf.pem: {state}")).well();
        }
    }
}
