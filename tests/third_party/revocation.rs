//! Chain and CRL, before and after a revocation.

use certporter::ca::Issued;
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

/// Certificates in two shards; one of the first is revoked.
struct Shards {
    world: World,
    /// Revoked, and another, both in the first shard; then one of the second.
    bad: Certificate,
    good: Certificate,
    other: Certificate,
    chain: Vec<Certificate>,
    /// The lists of the two shards, by the names that the certificates have for them.
    own: String,
    foreign: String,
}

async fn shards(ca_key: KeyAlgorithm) -> Shards {
    let world = World::sharded(ca_key, 2).await;
    let list = |certificate: &Certificate| {
        let url = certificate.crl_urls().first().unwrap();
        url.rsplit_once('/').unwrap().1.to_owned()
    };
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let mut issued = Vec::new();
    let (own, foreign) = ("issuing-1-1.crl", "issuing-1-2.crl");
    let of = |issued: &[Issued], name: &str| -> Vec<Issued> {
        issued.iter().filter(|it| list(&it.certificate) == name).cloned().collect()
    };
    while of(&issued, own).len() < 2 || of(&issued, foreign).is_empty() {
        assert!(issued.len() < 100, "all certificates are in the same shard");
        issued.push(world.issue_as(&format!("shard {}", issued.len()), &key, person(&key)).await);
    }
    let first = of(&issued, own);
    world.revoke(&first[0], Reason::KeyCompromise).await;
    let chain = world.chain(&first[0]).await;
    let other = of(&issued, foreign)[0].certificate.clone();
    let (bad, good) = (first[0].certificate.clone(), first[1].certificate.clone());
    Shards { world, bad, good, other, chain, own: own.to_owned(), foreign: foreign.to_owned() }
}

#[tokio::test]
async fn openssl_takes_a_certificates_own_shard_and_no_other() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let case = shards(ca_key).await;
        let root = case.world.write("root.pem", case.chain[1].to_pem());
        let issuing = case.world.write("issuing.pem", case.chain[0].to_pem());
        let mut files = Vec::new();
        for name in [case.own.as_str(), case.foreign.as_str(), "issuing-1.crl"] {
            let der = case.world.crl(name).await;
            files.push(case.world.write(&format!("{name}.pem"), pem::encode("X509 CRL", &der)));
        }
        let [own, foreign, full] = files.as_slice() else { panic!("{files:?}") };
        let verify = |certificate: &Certificate, crl: &str| {
            let leaf = case.world.write("leaf.pem", certificate.to_pem());
            let arguments = ["verify", "-x509_strict", "-purpose", "sslclient", "-crl_check"];
            let files = ["-CAfile", &root, "-untrusted", &issuing, "-CRLfile", crl, &leaf];
            run("openssl", &[&arguments[..], &files[..]].concat())
        };
        verify(&case.bad, own).refused("certificate revoked");
        verify(&case.good, own).well();
        verify(&case.other, foreign).well();
        // The shard that a certificate is not in says nothing of it.
        for certificate in [&case.bad, &case.good] {
            verify(certificate, foreign).refused("different CRL scope");
        }
        verify(&case.other, own).refused("different CRL scope");
        // The full list says everything of all.
        verify(&case.bad, full).refused("certificate revoked");
        verify(&case.good, full).well();
        verify(&case.other, full).well();
        let text = run("openssl", &["crl", "-in", own, "-noout", "-text"]).well();
        assert!(text.contains("X509v3 Issuing Distribution Point: critical"), "{text}");
        assert!(text.contains("http://pki.example.org/issuing-1-1.crl"), "{text}");
    }
}

#[tokio::test]
async fn pkilint_takes_shards() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let case = shards(ca_key).await;
        for name in [case.own.as_str(), case.foreign.as_str(), "issuing-1.crl"] {
            let path = case.world.write(name, case.world.crl(name).await);
            let said =
                run("lint_crl", &["lint", "-t", "CRL", "-p", "PKIX", "-s", "WARNING", "-f", "CSV", &path]);
            assert!(said.well, "{name}: {}", said.text);
        }
    }
}

/// Neither knows shards: both go by the full list, whatever list a certificate names.
#[tokio::test]
async fn nss_and_gnutls_see_the_revocation_of_a_sharded_certificate_in_the_full_list() {
    for ca_key in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        let case = shards(ca_key).await;
        let database = nss_database(case.world.folder(), "nss");
        let named = [("root", &case.chain[1], "CT,C,C"), ("issuing", &case.chain[0], ",,")];
        let leaves = [("bad", &case.bad, ",,"), ("good", &case.good, ",,"), ("other", &case.other, ",,")];
        for (name, certificate, trust) in named.into_iter().chain(leaves) {
            let path = case.world.write("added.pem", certificate.to_pem());
            run("certutil", &["-A", "-d", &database, "-n", name, "-t", trust, "-i", &path]).well();
        }
        for list in ["root-1.crl", "issuing-1.crl"] {
            let path = case.world.write("import.crl", case.world.crl(list).await);
            run("crlutil", &["-I", "-d", &database, "-i", &path]).well();
        }
        let verify = |name: &str| run("certutil", &["-V", "-d", &database, "-n", name, "-u", "C", "-e"]);
        verify("bad").refused("revoked");
        verify("good").says("certificate is valid").well();
        verify("other").says("certificate is valid").well();

        let root = case.world.write("root.pem", case.chain[1].to_pem());
        let crls = case.world.crls_pem("full.pem").await;
        let verify = |certificate: &Certificate| {
            let chain = [certificate.to_pem(), chain_pem(&case.chain[..1])].concat();
            let chain = case.world.write("chain.pem", chain);
            let files = ["--infile", &chain, "--load-ca-certificate", &root, "--load-crl", &crls];
            run("certtool", &[&["--verify"], &files[..]].concat())
        };
        verify(&case.bad).refused("revoked");
        verify(&case.good).well();
        verify(&case.other).well();
    }
}
