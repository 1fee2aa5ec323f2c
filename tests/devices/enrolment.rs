//! Enrolling, and what is refused.

use std::time::Duration;

use certporter::agent::AgentError;
use certporter::agent::client::DeviceClient;
use certporter::agent::enrolment;
use certporter::pki::csr;
use certporter::pki::key::PrivateKey;
use certporter::random::{SystemRandom, octets};
use certporter::wire::device::{CsrOctets, EnrolRequest, EnrolmentCode, VERSION, problem};
use certporter_model::device::DeviceState;
use certporter_model::key::KeyAlgorithm;
use certporter_model::thumbprint::Thumbprint;

use super::portal::{Portal, facts};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    the_same_code_with_the_same_key_gets_the_same_answer_and_another_key_none,
    wrong_expired_and_blocked_are_not_told_apart,
    guessing_is_slowed_down_and_a_good_code_still_works_later,
    a_csr_that_is_damaged_or_oversized_is_refused_and_the_code_stays_good,
    enrolling_again_ends_the_enrolment_before,
    an_agent_does_not_enrol_at_a_server_that_its_code_was_not_made_for,
    a_key_that_is_weak_or_of_another_kind_is_refused_with_what_is_wrong,
}

fn refused_with(error: &AgentError, status: u16, name: &str) {
    match error {
        AgentError::Refused { problem, .. } => {
            assert!(problem.is(name), "{problem:?}");
            assert_eq!(problem.status, status);
        }
        other => panic!("{other}"),
    }
}

async fn the_same_code_with_the_same_key_gets_the_same_answer_and_another_key_none(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.device().await;
    let code = portal.code(device).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let ask = |key| enrolment::request(&portal.server, portal.anchor(), code.clone(), facts(), key);
    let first = ask(&key).await.unwrap();
    assert_eq!(first.device, device);
    assert_eq!(ask(&key).await.unwrap(), first);
    assert_eq!(portal.device_state(device).await, DeviceState::Enrolled);
    assert_eq!(portal.audited("device.enrol").await, 1);
    let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    refused_with(&ask(&other).await.unwrap_err(), 403, problem::CODE_REFUSED);
}

async fn wrong_expired_and_blocked_are_not_told_apart(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let wrong = EnrolmentCode::new(octets(&SystemRandom), &portal.ca.certificate().thumbprint());
    let device = portal.device().await;
    let expired = portal.code(device).await;
    portal.clock.advance(Duration::from_secs(3600));
    let blocked_device = portal.device().await;
    let blocked = portal.code(blocked_device).await;
    portal.put_device(blocked_device, DeviceState::Blocked).await;
    let mut said = Vec::new();
    for code in [wrong, expired, blocked] {
        let error = portal.try_enrol(code).await.err().unwrap();
        refused_with(&error, 403, problem::CODE_REFUSED);
        said.push(error.to_string());
    }
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(portal.device_state(blocked_device).await, DeviceState::Blocked);
}

async fn guessing_is_slowed_down_and_a_good_code_still_works_later(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let mut last = None;
    for _ in 0..21 {
        let code = EnrolmentCode::new(octets(&SystemRandom), &portal.ca.certificate().thumbprint());
        last = portal.try_enrol(code).await.err();
    }
    let error = last.unwrap();
    refused_with(&error, 429, problem::TOO_MANY_ATTEMPTS);
    assert!(matches!(error, AgentError::Refused { retry_after: Some(after), .. } if after.as_secs() <= 600));
    portal.clock.advance(Duration::from_secs(600));
    portal.enrolled().await;
}

async fn a_csr_that_is_damaged_or_oversized_is_refused_and_the_code_stays_good(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.device().await;
    let code = portal.code(device).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let good = csr::create(&key, None).unwrap().as_der().to_vec();
    let mut unsigned = good.clone();
    let last = unsigned.len() - 1;
    unsigned[last] ^= 1;
    let client = DeviceClient::trusting(&portal.server, portal.anchor(), None).unwrap();
    for octets in [unsigned, b"no CSR".to_vec(), vec![0; 16_384]] {
        let csr = CsrOctets::new(octets).unwrap();
        let request = EnrolRequest { version: VERSION, code: code.clone(), csr, facts: facts() };
        let error = client.enrol(&request).await.unwrap_err();
        refused_with(&error, 422, problem::CSR_REFUSED);
        let AgentError::Refused { problem, .. } = error else { unreachable!() };
        assert_eq!(problem.errors[0].field, "csr");
    }
    portal.try_enrol(code).await.unwrap();
}

async fn enrolling_again_ends_the_enrolment_before(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let first = portal.enrolled().await;
    let code = portal.code(first.id()).await;
    let second = portal.try_enrol(code).await.unwrap();
    assert_eq!(second.id(), first.id());
    let error = first.client().retire().await.unwrap_err();
    refused_with(&error, 403, problem::REMOVALS_ONLY);
    second.client().retire().await.unwrap();
}

async fn an_agent_does_not_enrol_at_a_server_that_its_code_was_not_made_for(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let directory = tempfile::tempdir().unwrap();
    let code = EnrolmentCode::new(octets(&SystemRandom), &Thumbprint::from_octets([7; 32]));
    let error = enrolment::enrol(directory.path(), &portal.server, code, facts(), &portal.surroundings())
        .await
        .unwrap_err();
    assert!(matches!(error, AgentError::OtherServer), "{error}");
}

/// A CSR as OpenSSL's own tool makes it.
fn csr_by_openssl(arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new("openssl")
        .current_dir(&folder)
        .args(["req", "-new", "-nodes", "-keyout", "key.pem", "-subj", "/CN=device", "-outform", "DER"])
        .args(["-out", "csr.der"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(folder.path().join("csr.der")).unwrap()
}

async fn a_key_that_is_weak_or_of_another_kind_is_refused_with_what_is_wrong(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.device().await;
    let code = portal.code(device).await;
    let client = DeviceClient::trusting(&portal.server, portal.anchor(), None).unwrap();
    for (arguments, says) in [
        (&["-newkey", "rsa:1024"][..], "1024"),
        (&["-newkey", "ed25519"], "EC"),
        (&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "P-256"),
        (&["-newkey", "rsa:2048", "-sha1"], "SHA-256"),
    ] {
        let csr = CsrOctets::new(csr_by_openssl(arguments)).unwrap();
        let request = EnrolRequest { version: VERSION, code: code.clone(), csr, facts: facts() };
        let error = client.enrol(&request).await.unwrap_err();
        refused_with(&error, 422, problem::CSR_REFUSED);
        let AgentError::Refused { problem, .. } = error else { unreachable!() };
        assert_eq!(problem.errors[0].field, "csr");
        assert!(problem.errors[0].message.contains(says), "{arguments:?}: {problem:?}");
    }
    assert_eq!(portal.device_state(device).await, DeviceState::Registered);
    // More octets than any CSR has: refused before anything of it is parsed.
    let good = CsrOctets::new(csr_by_openssl(&["-newkey", "rsa:2048"])).unwrap();
    let request = EnrolRequest { version: VERSION, code: code.clone(), csr: good, facts: facts() };
    let mut message = serde_json::to_value(&request).unwrap();
    message["csr"] = serde_json::Value::String("A".repeat(40_000));
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_der(portal.anchor()).unwrap()])
        .no_proxy()
        .build()
        .unwrap();
    let address = format!("{}/device/v1/enrol", portal.server.as_str());
    let answer = http.post(address).body(message.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("at most 16384 octets"));
    client.enrol(&request).await.unwrap();
}
