//! The contract of an issuing CA, by OpenBao itself.

use std::sync::Arc;
use std::time::Duration;

use certporter::ca::openbao::settings::OpenBaoDraft;
use certporter::ca::openbao::{KnownIssuer, OpenBao, OpenBaoSettings, Token};
use certporter::ca::{CaError, IssuingCa, RevocationOrder, SignOutcome, SignRequest};
use certporter::clock::Stopwatch;
use certporter::clock::{Clock, SystemClock};
use certporter::pki::crl::Crl;
use certporter::pki::{Asked, PrivateKey, check, csr};
use certporter_model::CaGenerationId;
use certporter_model::certificate::RevocationKind;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::identity::Sid;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::revocation::Reason;
use certporter_model::subject_alternative_name::{SanKind, SubjectAlternativeName};
use serde_json::json;

use super::server::{Bao, POLICY, ROOT};

const GENERATION: u128 = 0x0198_c2f0_7d1e_7cc3_98c4_dc0c_0c07_398f;

fn settings(bao: &Bao) -> OpenBaoSettings {
    let draft = OpenBaoDraft { address: bao.address.clone(), mount: "pki".into(), ..OpenBaoDraft::default() };
    OpenBaoSettings::parse(&draft).unwrap()
}

/// The CA with its own chain on record.
async fn open(bao: &Bao, token: &str) -> OpenBao {
    let token = Token::parse(token).unwrap();
    let bare = OpenBao::new(settings(bao), token.clone(), Arc::new(SystemClock), Vec::new()).unwrap();
    let chain = bare.issuer_chain().await.unwrap();
    let id = CaGenerationId::from_uuid(uuid::Uuid::from_u128(GENERATION));
    OpenBao::new(settings(bao), token, Arc::new(SystemClock), vec![KnownIssuer { id, chain }]).unwrap()
}

fn asked() -> Asked {
    let name = |kind, value| SubjectAlternativeName::new(kind, value).unwrap();
    Asked {
        subject: Some(
            DistinguishedName::parse("CN=Jürgen Größe\\, jr.,OU=Vertrieb\\+West,O=Beispiel,C=DE").unwrap(),
        ),
        alternative_names: vec![
            name(SanKind::Upn, "jürgen@beispiel.example"),
            name(SanKind::Email, "juergen@example.org"),
            name(SanKind::Uri, "urn:uuid:0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f"),
        ],
        key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
        extended_key_usages: vec![Oid::parse(Oid::CLIENT_AUTH).unwrap()],
        validity_days: 90,
        sid: Some(Sid::parse("S-1-5-21-1004336348-1177238915-682003330-512").unwrap()),
        strong_mapping: StrongMapping::Extension,
    }
}

fn request(key: &PrivateKey, asked: Asked, template: &str) -> SignRequest {
    let csr = csr::create_asking(key, &asked).unwrap();
    SignRequest { reference: "4711".into(), csr, asked, template: template.into() }
}

fn order(
    generation: CaGenerationId,
    serial: &certporter_model::serial::SerialNumber,
    kind: RevocationKind,
) -> RevocationOrder {
    let at = SystemClock.now();
    RevocationOrder { generation, serial: serial.clone(), kind, reason: Reason::KeyCompromise, at }
}

#[tokio::test]
async fn what_a_profile_asks_comes_as_it_is_and_is_found_and_revoked() {
    let bao = Bao::start().await;
    let ca = open(&bao, &bao.token(POLICY, json!({})).await).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let request = request(&key, asked(), "");
    let SignOutcome::Issued(issued) = ca.sign(&request).await.unwrap() else { panic!("not issued") };
    let chain = ca.chain(issued.generation).await.unwrap();
    assert_eq!(chain.len(), 2, "the issuer and the root");
    let found = check::differences(
        &issued.certificate,
        &asked(),
        key.public_key_hash(),
        &chain[0],
        SystemClock.now(),
    );
    assert_eq!(found.unwrap(), []);

    // The answer was lost: the certificate is found by its key, and no other's is.
    assert_eq!(ca.find_by_key(&request.csr).await.unwrap(), [(*issued).clone()]);
    let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let others = csr::create_asking(&other, &asked()).unwrap();
    assert_eq!(ca.find_by_key(&others).await.unwrap(), []);

    let serial = issued.certificate.serial();
    let crl = Crl::parse(&ca.crl(issued.generation).await.unwrap()).unwrap();
    assert!(crl.is_signed_by(&chain[0]) && crl.entry(serial).is_none());
    for _ in 0..2 {
        let standing = ca.revoke(&[order(issued.generation, serial, RevocationKind::Revoke)]).await.unwrap();
        // It takes no reason.
        assert_eq!(standing[0].unwrap().1, Reason::Unspecified);
    }
    let crl = Crl::parse(&ca.crl(issued.generation).await.unwrap()).unwrap();
    assert!(crl.is_signed_by(&chain[0]) && crl.entry(serial).is_some());
    assert!(crl.next_update().unwrap() > SystemClock.now());
    let health = ca.health().await;
    assert!(health.well && health.findings.is_empty(), "{health:?}");
}

#[tokio::test]
async fn what_it_can_t_it_says() {
    let bao = Bao::start().await;
    let ca = open(&bao, ROOT).await;
    let can = ca.capabilities();
    assert!(!can.hold && !can.reasons && !can.remembers_requests && !can.publishes && can.find_by_key);
    let generation = CaGenerationId::from_uuid(uuid::Uuid::from_u128(GENERATION));
    let serial = certporter_model::serial::SerialNumber::parse("0a1b").unwrap();
    let held = ca.revoke(&[order(generation, &serial, RevocationKind::Hold)]).await;
    assert!(matches!(held, Err(CaError::NotCapable(_))), "{held:?}");
    let revoked = ca.revoke(&[order(generation, &serial, RevocationKind::Revoke)]).await.unwrap_err();
    let CaError::Refused { cause, remedy } = &revoked else { panic!("{revoked}") };
    assert!(cause.contains("0a:1b") && remedy.contains("no_store"), "{cause} {remedy}");

    let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
    bao.role("elliptic", json!({"key_type": "ec", "key_bits": 256})).await;
    for (template, cause, remedy) in [
        ("nobody", "unknown role", "Make the role"),
        ("../sys/seal", "template", "name of a role"),
        ("elliptic", "key", "key_type=any"),
    ] {
        let outcome = ca.sign(&request(&key, asked(), template)).await.unwrap();
        let SignOutcome::Refused { cause: why, remedy: then } = outcome else {
            panic!("{template}: {outcome:?}")
        };
        assert!(why.contains(cause) && then.contains(remedy), "{template}: {why} {then}");
    }
}

#[tokio::test]
async fn troubles_are_told_apart() {
    let bao = Bao::start().await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let outage = async |ca: &OpenBao| match ca.sign(&request(&key, asked(), "")).await {
        Err(error) if error.is_outage() && error.is_transient() => {
            let CaError::Outage { cause, remedy } = error else { panic!() };
            format!("{cause}. {remedy}")
        }
        other => panic!("{other:?}"),
    };
    let secret = bao.token(POLICY, json!({})).await;
    let ca = open(&bao, &secret).await;

    bao.seal().await;
    assert!(outage(&ca).await.contains("is sealed. Unseal it"));
    let health = ca.health().await;
    assert!(!health.well && health.findings[0].contains("sealed"), "{health:?}");
    bao.unseal().await;

    let narrow =
        open(&bao, &bao.token("path \"pki/sign/*\" { capabilities = [\"update\"] }", json!({})).await).await;
    assert!(
        outage(&narrow).await.contains("policy in OpenBao does not permit pki/issuer/default/sign-verbatim")
    );
    let lacking = narrow.health().await.findings.join("; ");
    assert!(
        lacking.contains("lacks update on pki/revoke") && lacking.contains("pki/certs/detailed"),
        "{lacking}"
    );

    bao.revoke_token(&secret).await;
    let said = outage(&ca).await;
    assert!(said.contains("does not take the token") && !said.contains(&secret), "{said}");
    assert!(!format!("{ca:?}").contains(&secret));

    let address = bao.address.clone();
    drop(bao);
    // A connection that was kept open breaks; a new one is refused.
    let said = outage(&ca).await;
    assert!(said.contains(&format!("OpenBao at {address}")), "{said}");
    assert!(said.contains("can't be reached") || said.contains("broke"), "{said}");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let bao = Bao::start().await;
    let token = bao.token(POLICY, json!({"period": "6s"})).await;
    let ca = open(&bao, &token).await;
    let since = Stopwatch::start();
    let mut beat = tokio::time::interval(Duration::from_millis(250));
    // Asked again and again, it lives for longer than it was made for.
    while since.elapsed() < Duration::from_secs(8) {
        let health = ca.health().await;
        assert!(health.well, "after {:?}: {health:?}", since.elapsed());
        assert!(health.credential_ends_at.is_some());
        beat.tick().await;
    }
}
