//! Who gets a file, how often, and what is left behind.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use certporter::service::{ServiceError, hand_outs};
use certporter_model::access::{Caller, Grant, Role};
use certporter_model::copy::CopyState;
use certporter_model::delivery::{Channel, HandOutState};
use certporter_model::device::DeviceState;
use certporter_model::{AccountId, UserId};
use serde_json::json;

use super::apple::contains;
use super::scene::{Scene, network, token};

fn is_gone<T: std::fmt::Debug>(answer: &Result<T, ServiceError>) {
    assert!(matches!(answer, Err(ServiceError::NotFound { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_link_works_once_and_the_key_is_destroyed_then() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let waiting = scene.waiting(thing).await;
    assert_eq!((waiting.state, waiting.available), (CopyState::Pending, true));
    assert_eq!(waiting.features.len(), 3);
    let made = scene.prepare(thing).await;
    // Programs that open every address they see use nothing up.
    for _ in 0..3 {
        let seen = hand_outs::look_at(&scene.portal, &Caller::anonymous(), token(&made)).await.unwrap();
        assert_eq!(seen.file_name, made.file_name);
    }
    scene.fetch(&made).await.unwrap();
    is_gone(&scene.fetch(&made).await);
    is_gone(&hand_outs::look_at(&scene.portal, &Caller::anonymous(), token(&made)).await);

    let view = scene.list(thing).await;
    assert_eq!(view.hand_outs[0].state, HandOutState::Fetched);
    assert_eq!(view.hand_outs[0].fetched_from.as_deref(), Some("198.51.100.7"));
    assert_eq!(view.certificates[0].state, CopyState::HandedOut);
    let why = view.certificates[0].obstacle.clone().unwrap();
    assert!(why.contains("have it reissued"), "{why}");
    let draft = scene.draft(thing).await;
    let again = hand_outs::prepare(&scene.portal, &scene.person(), thing, &draft).await;
    assert!(matches!(again, Err(ServiceError::Conflict { .. })), "{again:?}");
    // The device's page and the certificate's timeline say so too.
    let device = scene.program.get(&format!("/devices/{thing}")).await.ok();
    assert!(
        device["copies"].as_array().unwrap().iter().all(|copy| copy["state"] == "handed_out"),
        "{device}"
    );
    let timeline =
        scene.program.get(&format!("/certificates/{}/timeline", waiting.certificate.id)).await.ok();
    let steps: Vec<&str> =
        timeline["data"].as_array().unwrap().iter().filter_map(|it| it["step"].as_str()).collect();
    assert_eq!(steps.iter().filter(|step| **step == "handed_out").count(), 3, "{steps:?}");
    assert!(steps.contains(&"key_destroyed"), "{steps:?}");
}

#[tokio::test]
async fn of_two_at_once_one_gets_it() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let made = scene.prepare(thing).await;
    let (one, other) = tokio::join!(scene.fetch(&made), scene.fetch(&made));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_link_ends_after_an_hour_or_when_it_is_withdrawn_or_replaced() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let late = scene.prepare(thing).await;
    scene.program.clock.advance(Duration::from_secs(3601));
    is_gone(&scene.fetch(&late).await);
    let replaced = scene.prepare(thing).await;
    let withdrawn = scene.prepare(thing).await;
    is_gone(&scene.fetch(&replaced).await);
    hand_outs::withdraw(&scene.portal, &scene.person(), thing).await.unwrap();
    is_gone(&scene.fetch(&withdrawn).await);
    let states: Vec<HandOutState> = scene.list(thing).await.hand_outs.iter().map(|it| it.state).collect();
    assert_eq!(states, [HandOutState::Withdrawn, HandOutState::Withdrawn, HandOutState::Expired]);
    // Nothing was handed out, and another link can be made.
    let last = scene.prepare(thing).await;
    scene.fetch(&last).await.unwrap();
}

#[tokio::test]
async fn somebody_else_makes_no_link_and_guesses_none() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let draft = scene.draft(thing).await;
    let now = scene.portal.now();
    let noah = UserId::new(now, [9; 10]);
    let grants = vec![Grant { role: Role::User, groups: None }];
    let noah = Caller::account(AccountId::new(now, [9; 10]), "noah".into(), grants, Some(noah));
    is_gone(&hand_outs::prepare(&scene.portal, &noah, thing, &draft).await);
    is_gone(&hand_outs::list(&scene.portal, &noah, thing).await);
    is_gone(&scene.choose(&noah, thing, Channel::Export).await);
    let nobody = hand_outs::prepare(&scene.portal, &Caller::anonymous(), thing, &draft).await;
    assert!(matches!(nobody, Err(ServiceError::Unauthenticated)), "{nobody:?}");
    // Another device's certificate is not to be had through one's own.
    let other = scene.device("other", Channel::Download).await;
    is_gone(&hand_outs::prepare(&scene.portal, &scene.person(), other, &draft).await);

    let guess = |number: u32| format!("guess-{number}");
    let thief = Caller::anonymous().at("203.0.113.9");
    for number in 0..20 {
        is_gone(&hand_outs::fetch(&scene.portal, &thief, &guess(number)).await);
    }
    let more = hand_outs::fetch(&scene.portal, &thief, &guess(20)).await;
    assert!(matches!(more, Err(ServiceError::TooMany { .. })), "{more:?}");
}

#[tokio::test]
async fn what_is_not_wanted_any_more_is_not_handed_out() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let made = scene.prepare(thing).await;
    scene.program.post(&format!("/devices/{thing}/block"), &json!({})).await.ok();
    scene.works.work().await;
    let blocked = scene.fetch(&made).await;
    assert!(matches!(blocked, Err(ServiceError::Conflict { .. })), "{blocked:?}");
    scene.program.post(&format!("/devices/{thing}/unblock"), &json!({})).await.ok();
    scene.works.work().await;
    let made = scene.prepare(thing).await;
    let certificate = scene.waiting(thing).await.certificate.id;
    let reason = json!({"reason": "key_compromise", "explanation": "left in a train"});
    scene.program.post(&format!("/certificates/{certificate}/revoke"), &reason).await.ok();
    let revoked = scene.fetch(&made).await;
    assert!(matches!(revoked, Err(ServiceError::Conflict { .. })), "{revoked:?}");
}

#[tokio::test]
async fn revoking_what_was_handed_out_counts_at_once() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let certificate = scene.waiting(thing).await.certificate;
    let made = scene.prepare(thing).await;
    scene.fetch(&made).await.unwrap();
    scene.program.post(&format!("/devices/{thing}/lost"), &json!({})).await.ok();
    scene.works.work().await;
    let path = format!("/certificates/{}", certificate.id);
    let revoked = scene.program.get(&path).await.ok();
    assert_eq!(
        (&revoked["status"], &revoked["revocations"][0]["reason"]),
        (&json!("revoked"), &json!("key_compromise")),
        "{revoked}"
    );
    // Nobody waits for a device that never answers: CA, CRL and OCSP are what there is.
    let proof = scene.program.get(&format!("{path}/revocation")).await.ok();
    assert_eq!(proof["open"], json!([]), "{proof}");
    assert!(proof["devices"].as_array().unwrap().iter().all(|it| it["state"] == "handed_out"), "{proof}");
}

#[tokio::test]
async fn a_block_and_its_end_leave_what_was_handed_out_as_it_is() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let certificate = scene.waiting(thing).await.certificate.id.to_string();
    let made = scene.prepare(thing).await;
    scene.fetch(&made).await.unwrap();
    for (action, status) in [("block", "held"), ("unblock", "valid")] {
        scene.program.post(&format!("/devices/{thing}/{action}"), &json!({})).await.ok();
        scene.works.work().await;
        assert_eq!(scene.certificate(&certificate).await["status"], status);
    }
    let requests = scene.program.get(&format!("/requests?device={thing}")).await.ok();
    assert_eq!(requests["data"].as_array().unwrap().len(), 1, "nothing is asked for again: {requests}");
}

#[tokio::test]
async fn a_renewal_waits_to_be_fetched_and_then_takes_over() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let first = scene.waiting(thing).await.certificate.id.to_string();
    let made = scene.prepare(thing).await;
    scene.fetch(&made).await.unwrap();
    scene.program.clock.advance(Duration::from_secs(320 * 86_400));
    let mut program = scene;
    program.program.authenticate_anew().await;
    let scene = program;
    // Any change replans; a sweep would do it as well.
    scene.program.post(&format!("/devices/{thing}/block"), &json!({})).await.ok();
    scene.program.post(&format!("/devices/{thing}/unblock"), &json!({})).await.ok();
    scene.works.work().await;
    let view = scene.list(thing).await;
    assert_eq!(view.certificates.len(), 2, "{view:?}");
    let new = view.certificates.iter().find(|it| it.state == CopyState::Pending).unwrap();
    assert_eq!(scene.certificate(&first).await["status"], "valid");
    let draft = hand_outs::HandOutDraft {
        certificate: new.certificate.id,
        format: None,
        recipient_certificate: None,
    };
    let made = hand_outs::prepare(&scene.portal, &scene.person(), thing, &draft).await.unwrap();
    scene.fetch(&made).await.unwrap();
    assert_eq!(scene.certificate(&first).await["status"], "revoked");
    assert_eq!(scene.certificate(&new.certificate.id.to_string()).await["status"], "valid");
}

#[tokio::test]
async fn a_device_with_the_agent_is_not_handed_files() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let laptop = scene.register("linux").await;
    scene.works.enrol(&scene.program, &laptop.to_string()).await;
    let refused = scene.choose(&scene.person(), laptop, Channel::Download).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "{refused:?}");
    let agent = scene.choose(&scene.person(), laptop, Channel::Agent).await;
    assert!(matches!(agent, Err(ServiceError::Invalid(_))), "{agent:?}");
    // The other way round, the agent takes over: what was handed out is superseded.
    let thing = scene.device("linux", Channel::Download).await;
    let certificate = scene.waiting(thing).await.certificate.id.to_string();
    let made = scene.prepare(thing).await;
    scene.fetch(&made).await.unwrap();
    let mut enrolled = scene.works.enrol(&scene.program, &thing.to_string()).await;
    scene.works.sync(&scene.program, &mut enrolled).await;
    assert_eq!(scene.certificate(&certificate).await["status"], "revoked");
    assert_eq!(enrolled.held.len(), 3);
    assert_eq!(scene.list(thing).await.state, DeviceState::Enrolled);
    assert!(scene.list(thing).await.certificates.is_empty());
}

/// Takes down what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_link_nor_password_nor_key_is_in_log_trail_or_database() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::info!("what is logged is taken down");
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.device("other", Channel::Download).await;
    let made = scene.prepare(thing).await;
    let (password, link) = (made.password.clone().unwrap(), token(&made).to_owned());
    assert!(!format!("{made:?}").contains(&password) && !format!("{made:?}").contains(&link));
    let before = scene.database();
    let file = scene.fetch(&made).await.unwrap();
    let after = scene.database();
    let trail = scene.program.get("/audit-events").await;
    let log = log.0.lock().unwrap().clone();
    assert!(!log.is_empty());
    for place in [&log, &before, &after, &trail.octets] {
        for secret in [password.as_bytes(), link.as_bytes(), &file.octets[..64]] {
            assert!(!contains(place, secret));
        }
    }
    assert!(contains(&trail.octets, b"hand_outs.fetch"), "the fetch is in the trail");
}
