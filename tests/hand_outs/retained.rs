//! A key that is kept in escrow goes to the person alone.

use certporter::service::helpdesk::history::{self, HistoryQuery};
use certporter::service::{ServiceError, hand_outs};
use certporter_model::SignInCodeId;
use certporter_model::access::{Caller, StaffCode};
use certporter_model::delivery::Channel;
use certporter_model::security_event::SecurityEventKind;
use serde_json::json;

use super::scene::{Scene, mail, network};

fn refused<T: std::fmt::Debug>(answer: &Result<T, ServiceError>, word: &str) {
    assert!(matches!(answer, Err(ServiceError::Conflict { detail }) if detail.contains(word)), "{answer:?}");
}

fn with_code(scene: &Scene, confirmed: bool) -> Caller {
    let id = SignInCodeId::new(scene.portal.now(), [3; 10]);
    Caller::person(scene.maria, "maria".into(), StaffCode { id, issuer: None, confirmed })
}

#[tokio::test]
async fn staff_and_whoever_came_with_a_code_get_no_retained_key() {
    let scene = Scene::new().await;
    scene.assign(&mail()).await;
    let phone = scene.device("other", Channel::Download).await;
    assert!(scene.waiting(phone).await.retained);
    let draft = scene.draft(phone).await;
    let prepare = async |caller: &Caller| hand_outs::prepare(&scene.portal, caller, phone, &draft).await;
    refused(&prepare(&scene.staff()).await, "given to the person themselves");
    refused(&prepare(&with_code(&scene, false)).await, "confirm first");
    let made = prepare(&with_code(&scene, true)).await.unwrap();
    scene.fetch(&made).await.unwrap();
    // It is kept: the person gets it again.
    let made = prepare(&scene.person()).await.unwrap();
    scene.fetch(&made).await.unwrap();
}

#[tokio::test]
async fn staff_hands_out_what_is_not_kept_and_the_person_is_told_who_enrolled_the_device() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    scene.assign(&mail()).await;
    let thing = scene.register("other").await;
    let staff = scene.program.administrator().await;
    scene.choose(&staff, thing, Channel::Download).await.unwrap();
    // A device that staff enrolled gets no copy of a key that other devices have, until its person confirms it.
    assert!(!scene.waiting(thing).await.retained);
    let draft = scene.draft(thing).await;
    let made = hand_outs::prepare(&scene.portal, &staff, thing, &draft).await.unwrap();
    scene.fetch(&made).await.unwrap();
    let told = certporter::service::security_events::list(&scene.portal, &scene.person()).await.unwrap();
    assert!(told.iter().any(|it| it.kind == SecurityEventKind::DeviceEnrolled), "{told:?}");
}

#[tokio::test]
async fn a_device_that_a_code_enrolled_gets_no_kept_key_of_its_own_either() {
    let scene = Scene::new().await;
    let mut kept = network();
    kept["escrow"] = json!("retained");
    scene.assign(&kept).await;
    let thing = scene.register("other").await;
    scene.choose(&with_code(&scene, false), thing, Channel::Download).await.unwrap();
    let draft = scene.draft(thing).await;
    let answer = hand_outs::prepare(&scene.portal, &scene.person(), thing, &draft).await;
    refused(&answer, "confirm the device first");
}

#[tokio::test]
async fn what_was_handed_out_stands_in_the_person_s_timeline() {
    let scene = Scene::new().await;
    scene.assign(&mail()).await;
    let phone = scene.device("other", Channel::Download).await;
    let made = scene.prepare(phone).await;
    scene.fetch(&made).await.unwrap();
    let query = HistoryQuery { device: Some(phone), ..HistoryQuery::default() };
    let past = history::history(&scene.portal, &scene.staff(), scene.maria, &query).await.unwrap().data;
    let of = |action: &str| {
        let found = past.iter().find(|it| it.action.as_deref() == Some(action));
        found.unwrap_or_else(|| panic!("no {action} in {past:#?}")).actor.as_str()
    };
    assert_eq!(of("hand_outs.prepare"), of("hand_outs.choose_channel"));
    assert_eq!(of("hand_outs.fetch"), "somebody with the link");
}
