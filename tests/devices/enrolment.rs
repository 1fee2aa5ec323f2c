//! Enrolling, and what is refused.

use std::time::Duration;

use certporter::agent::AgentError;
use certporter::agent::client::DeviceClient;
use certporter::agent::enrolment;
use certporter::pki::csr;
use certporter::pki::key::PrivateKey;
use certporter::random::{SystemRandom, octets};
use certporter::wire::device::{CsrOctets, EnrolRequest, EnrolmentCode, VERSION, problem};
use certporter_model::key::KeyAlgorithm;
use certporter_model::thumbprint::Thumbprint;

use super::portal::{Portal, facts};

fn refused_with(error: &AgentError, status: u16, name: &str) {
    match error {
        AgentError::Refused { problem, .. } => {
            assert!(problem.is(name), "{problem:?}");
            assert_eq!(problem.status, status);
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_same_code_with_the_same_key_gets_the_same_answer_and_another_key_none() {
    let portal = Portal::start().await;
    let device = portal.device().await;
    let code = portal.code(device).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let ask = |key| enrolment::request(&portal.server, portal.anchor(), code.clone(), facts(), key);
    let first = ask(&key).await.unwrap();
    assert_eq!(first.device, device);
    assert_eq!(ask(&key).await.unwrap(), first);
    assert_eq!(portal.device_state(device).await, "enrolled");
    assert_eq!(portal.audited("device.enrol").await, 1);
    let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    refused_with(&ask(&other).await.unwrap_err(), 403, problem::CODE_REFUSED);
}

#[tokio::test]
async fn wrong_expired_and_blocked_are_not_told_apart() {
    let portal = Portal::start().await;
    let wrong = EnrolmentCode::new(octets(&SystemRandom), &portal.ca.certificate().thumbprint());
    let device = portal.device().await;
    let expired = portal.code(device).await;
    portal.clock.advance(Duration::from_secs(3600));
    let blocked_device = portal.device().await;
    let blocked = portal.code(blocked_device).await;
    portal.put_device(blocked_device, "blocked").await;
    let mut said = Vec::new();
    for code in [wrong, expired, blocked] {
        let error = portal.try_enrol(code).await.err().unwrap();
        refused_with(&error, 403, problem::CODE_REFUSED);
        said.push(error.to_string());
    }
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(portal.device_state(blocked_device).await, "blocked");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_a_good_code_still_works_later() {
    let portal = Portal::start().await;
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

#[tokio::test]
async fn a_csr_that_is_damaged_or_oversized_is_refused_and_the_code_stays_good() {
    let portal = Portal::start().await;
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

#[tokio::test]
async fn enrolling_again_ends_the_enrolment_before() {
    let portal = Portal::start().await;
    let first = portal.enrolled().await;
    let code = portal.code(first.id()).await;
    let second = portal.try_enrol(code).await.unwrap();
    assert_eq!(second.id(), first.id());
    let error = first.client().retire().await.unwrap_err();
    refused_with(&error, 403, problem::REMOVALS_ONLY);
    second.client().retire().await.unwrap();
}

#[tokio::test]
async fn an_agent_does_not_enrol_at_a_server_that_its_code_was_not_made_for() {
    let portal = Portal::start().await;
    let directory = tempfile::tempdir().unwrap();
    let code = EnrolmentCode::new(octets(&SystemRandom), &Thumbprint::from_octets([7; 32]));
    let error = enrolment::enrol(directory.path(), &portal.server, code, facts(), &portal.surroundings())
        .await
        .unwrap_err();
    assert!(matches!(error, AgentError::OtherServer), "{error}");
}
