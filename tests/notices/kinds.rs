//! Each kind of notice: who gets it, once, and what it says.

use std::time::Duration;

use certporter::kra::Kra;
use certporter::service::action::ActionDraft;
use certporter::service::hand_outs::{self, ChannelDraft, HandOutDesk, HandOutDraft, HandOutMade};
use certporter::service::{Portal, security_events, sign_in_codes};
use certporter_model::access::{Caller, Grant, Role};
use certporter_model::delivery::Channel;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{AccountId, DeviceId, Timestamp};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::scene::{Scene, id, set_up};
use super::server::{Arrived, MailServer};
use crate::rest::program::wifi;
use crate::support::database::TestDatabase;

const HOUR: Duration = Duration::from_secs(3600);

/// A portal with so many devices of Maria's, and mail set up for two operators; nothing is told but this kind.
async fn told_of(kind: &str, devices: usize) -> (Scene, MailServer) {
    let scene = Scene::new(TestDatabase::sqlite().await, devices).await;
    let server = MailServer::start();
    let operators = json!({"operators": ["ops@example.org", "pki@example.org"]});
    set_up(&scene.program, &server, operators).await.ok();
    scene.switch_on(kind).await;
    scene.notices().await;
    assert!(server.arrived().is_empty(), "nothing happened yet");
    (scene, server)
}

/// The letters that come by looking once more, after so many: each once, however often it is looked.
async fn next(scene: &Scene, server: &MailServer, before: usize) -> Vec<Arrived> {
    scene.notices().await;
    let count = server.arrived().len();
    scene.notices().await;
    scene.notices().await;
    let mut arrived = server.arrived();
    assert_eq!(arrived.len(), count, "told again");
    arrived.split_off(before)
}

/// The one letter, which goes to Maria.
fn to_maria(letters: Vec<Arrived>) -> Arrived {
    let count = letters.len();
    let Ok([letter]) = <[Arrived; 1]>::try_from(letters) else { panic!("{count} letters") };
    assert_eq!(letter.to, "maria@example.org");
    assert!(letter.body.starts_with("Hello Mar\u{ed}a Ortiz,"), "{}", letter.body);
    letter
}

/// The two letters that say the same to each operator: what they say.
fn to_operators(letters: &[Arrived]) -> &Arrived {
    let mut to: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["ops@example.org", "pki@example.org"]);
    assert_eq!(letters[0].body, letters[1].body);
    &letters[0]
}

fn says(letter: &Arrived, subject: &str, parts: &[&str]) {
    assert!(letter.head.contains(&format!("Subject: {subject}\n")), "{}", letter.head);
    for part in parts {
        assert!(letter.body.contains(part), "{part}: {}", letter.body);
    }
}

/// A moment as letters have it.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

#[tokio::test]
async fn a_crl_that_is_not_made_anew_is_told_to_operators_before_it_runs_out() {
    let (scene, server) = told_of("crl_trouble", 1).await;
    let builtin = &scene.program.builtin;
    let next_update = builtin.publish().await.unwrap()[0].next_update;
    scene.program.clock.advance(HOUR);
    assert!(next(&scene, &server, 0).await.is_empty(), "most of its time is left");
    scene.program.clock.advance(HOUR + HOUR / 4);
    let letters = next(&scene, &server, 0).await;
    let expected = format!("- the CRL of builtin issuing 1 runs out {}\n", moment(next_update));
    let parts =
        [expected.as_str(), "relying parties refuse every certificate", "http://127.0.0.1:3000/authorities"];
    says(to_operators(&letters), "A CRL runs out", &parts);
    // Once it is made anew all is well, until the next one isn't.
    let next_update = builtin.publish().await.unwrap()[0].next_update;
    scene.program.clock.advance(HOUR);
    assert!(next(&scene, &server, 2).await.is_empty());
    scene.program.clock.advance(HOUR * 3);
    let letters = next(&scene, &server, 2).await;
    let expected = format!("- the CRL of builtin issuing 1 ran out {}\n", moment(next_update));
    says(to_operators(&letters), "A CRL runs out", &[&expected]);
}

#[tokio::test]
async fn requests_that_fail_are_told_to_operators_and_more_of_them_an_hour_later() {
    let (mut scene, server) = told_of("requests_failing", 2).await;
    // No CA can issue for longer than it lives, and what fits today does not the day after tomorrow.
    let mut profile = wifi();
    profile["name"] = json!("Ten years");
    profile["validity_days"] = json!(3649);
    let profile = id(&scene.program.post("/profiles", &profile).await.ok());
    scene.program.clock.advance(HOUR * 48);
    let body = json!({"group_id": scene.group, "mode": "include"});
    scene.program.post(&format!("/profiles/{profile}/assignments"), &body).await.ok();
    scene.works.work().await;
    let failed = scene.program.get("/requests?state=failed").await.ok();
    assert_eq!(failed["data"].as_array().unwrap().len(), 2, "{failed}");
    let letters = next(&scene, &server, 0).await;
    let parts = [
        "- 2 times: validity_days: the certificate would be good until",
        "choose a shorter validity",
        "http://127.0.0.1:3000/requests/troubles",
    ];
    says(to_operators(&letters), "2 requests for certificates failed", &parts);
    let body = json!({"name": "Laptop 2", "platform": "linux", "owner": scene.maria});
    let laptop = id(&scene.program.post("/devices", &body).await.ok());
    let enrolled = scene.works.enrol(&scene.program, &laptop).await;
    scene.devices.push(enrolled);
    scene.works.work().await;
    assert!(next(&scene, &server, 2).await.is_empty(), "a letter an hour");
    scene.program.clock.advance(HOUR);
    let letters = next(&scene, &server, 2).await;
    says(to_operators(&letters), "1 request for certificates failed", &["- validity_days: "]);
}

#[tokio::test]
async fn a_person_is_told_that_a_certificate_is_about_to_be_replaced() {
    let (mut scene, server) = told_of("replacement", 2).await;
    let certificates = scene.certificates().await;
    let path = format!("/certificates/{}/reissue", id(&certificates[0]));
    scene.program.post(&path, &json!({"explanation": "The Wi-Fi does not work."})).await.ok();
    let letter = to_maria(next(&scene, &server, 0).await);
    let laptop = certificates[0]["device"]["name"].as_str().unwrap();
    let until: Timestamp = certificates[0]["not_after"].as_str().unwrap().parse().unwrap();
    let line = format!("- Wi-Fi on {laptop}: CN=maria,O=Example, valid until {}\n", moment(until));
    let parts = ["1 certificate of yours will be replaced by a new one", line.as_str()];
    says(&letter, "Your certificate is about to be replaced", &parts);
    scene.sync().await;
    scene.sync().await;
    assert!(next(&scene, &server, 1).await.is_empty(), "it has been replaced");
    // What comes after one that was revoked replaces nothing.
    let path = format!("/certificates/{}/revoke", id(&certificates[1]));
    let body = json!({"reason": "key_compromise", "explanation": "found on the internet"});
    scene.program.post(&path, &body).await.ok();
    assert!(next(&scene, &server, 1).await.is_empty(), "it was revoked");
}

#[tokio::test]
async fn a_person_is_told_of_codes_to_sign_in_as_them_and_never_the_code() {
    let (scene, server) = told_of("sign_in_code", 0).await;
    let portal = &scene.program.portal;
    let staff = scene.program.administrator().await;
    let maria = scene.maria.parse().unwrap();
    let made = sign_in_codes::issue(portal, &staff, maria, &ActionDraft::default()).await.unwrap();
    let issued =
        format!("a one-time code to sign in as you was issued, by maria, on {}\n", moment(portal.now()));
    let letter = to_maria(next(&scene, &server, 0).await);
    says(&letter, "A sign-in code was issued for you", &[&issued]);
    assert!(!letter.body.contains(&made.code), "{}", letter.body);
    let anonymous = Caller::anonymous().at("192.0.2.9");
    let code = Zeroizing::new(made.code.clone());
    sign_in_codes::sign_in(portal, &anonymous, "maria", code).await.unwrap();
    let letter = to_maria(next(&scene, &server, 1).await);
    says(
        &letter,
        "A sign-in code was issued for you",
        &["- somebody signed in as you with a one-time code, by "],
    );
    assert!(!letter.body.contains("was issued, by"), "told already: {}", letter.body);
}

#[tokio::test]
async fn a_person_is_told_that_staff_enrolled_a_device_in_their_name() {
    let (scene, server) = told_of("enrolled_by_staff", 0).await;
    let body = json!({"name": "Tablet", "platform": "linux", "owner": scene.maria});
    let tablet = id(&scene.program.post("/devices", &body).await.ok());
    let code = scene.program.post(&format!("/devices/{tablet}/enrolment-codes"), &json!({})).await.ok();
    let code = code["code"].as_str().unwrap();
    scene.works.enrol_with(code).await;
    // What happens together is one letter.
    let letter = to_maria(next(&scene, &server, 0).await);
    let parts = [
        "- an enrolment code for a device of yours was issued (Tablet), by ",
        "- a device was enrolled for you with a code from staff (Tablet), by ",
    ];
    says(&letter, "A device was enrolled for you", &parts);
    assert!(!letter.body.contains(code), "{}", letter.body);
}

/// Maria herself, signed in with her own account.
fn herself(scene: &Scene) -> Caller {
    let account = AccountId::new(scene.program.portal.now(), [7; 10]);
    let grants = vec![Grant { role: Role::User, groups: None }];
    Caller::account(account, "maria.ortiz".into(), grants, Some(scene.maria.parse().unwrap())).at("192.0.2.1")
}

/// A portal that hands out files.
async fn with_hand_outs(scene: &Scene) -> Portal {
    let program = &scene.program;
    let (db, clock) = (program.database.db.clone(), program.clock.as_ref());
    let kra = Kra::open(db, program.master.clone(), clock, program.random.clone()).await.unwrap();
    program.portal.clone().with_hand_outs(HandOutDesk { kra, builtin: program.builtin.clone() })
}

/// A profile for devices without the agent.
async fn assign_files(scene: &Scene) {
    let mut profile = wifi();
    profile["name"] = json!("Files");
    profile["platforms"] = json!(["other"]);
    profile["features"] = json!(["wifi"]);
    profile["escrow"] = json!("until_delivered");
    let profile = id(&scene.program.post("/profiles", &profile).await.ok());
    let body = json!({"group_id": scene.group, "mode": "include"});
    scene.program.post(&format!("/profiles/{profile}/assignments"), &body).await.ok();
}

/// A file with a key for a new device of Maria's that somebody prepares.
async fn prepared(scene: &Scene, portal: &Portal, by: &Caller, name: &str) -> HandOutMade {
    let body = json!({"name": name, "platform": "other", "owner": scene.maria});
    let device: DeviceId = id(&scene.program.post("/devices", &body).await.ok()).parse().unwrap();
    let channel = ChannelDraft { channel: Channel::Download };
    hand_outs::choose(portal, by, device, channel).await.unwrap();
    scene.works.work().await;
    let waiting = hand_outs::list(portal, by, device).await.unwrap();
    assert_eq!(waiting.certificates.len(), 1, "{waiting:?}");
    let certificate = waiting.certificates[0].certificate.id;
    let draft = HandOutDraft { certificate, format: None, recipient_certificate: None };
    hand_outs::prepare(portal, by, device, &draft).await.unwrap()
}

fn holds_no_secret(letter: &Arrived, made: &HandOutMade) {
    let token = made.link.rsplit('/').next().unwrap();
    assert!(!letter.body.contains(token), "{}", letter.body);
    assert!(!letter.body.contains(made.password.as_deref().unwrap()), "{}", letter.body);
}

#[tokio::test]
async fn a_person_is_told_that_a_file_with_a_key_of_theirs_was_prepared() {
    let (scene, server) = told_of("key_handed_out", 0).await;
    let portal = with_hand_outs(&scene).await;
    assign_files(&scene).await;
    let made = prepared(&scene, &portal, &herself(&scene), "Camera").await;
    let line =
        format!("- Files on Camera: CN=maria,O=Example, by maria.ortiz, on {}\n", moment(portal.now()));
    let letter = to_maria(next(&scene, &server, 0).await);
    says(&letter, "A file with a key of yours was prepared", &[&line]);
    holds_no_secret(&letter, &made);
}

#[tokio::test]
async fn a_person_is_told_that_a_key_of_theirs_left_escrow_for_somebody_else() {
    let (scene, server) = told_of("key_recovered", 0).await;
    let portal = with_hand_outs(&scene).await;
    assign_files(&scene).await;
    let preview = async || -> Value {
        scene.program.post("/notice-templates/key_recovered/preview", &json!({})).await.ok()
    };
    assert_eq!(preview().await["real"], false);
    // What she takes herself she knows of.
    prepared(&scene, &portal, &herself(&scene), "Camera").await;
    assert!(next(&scene, &server, 0).await.is_empty());
    let staff = scene.program.administrator().await;
    let made = prepared(&scene, &portal, &staff, "Printer").await;
    let line =
        format!("- a private key of yours left escrow (Printer), by maria, on {}\n", moment(portal.now()));
    let letter = to_maria(next(&scene, &server, 0).await);
    says(&letter, "A key of yours left escrow", &["was given to somebody else", &line]);
    holds_no_secret(&letter, &made);
    let shown = preview().await;
    assert_eq!(shown["real"], true, "{shown}");
    assert!(shown["body"].as_str().unwrap().contains(line.trim()), "{shown}");
    // It stands on her own pages too, whether or not notices are sent.
    let told = security_events::list(&portal, &herself(&scene)).await.unwrap();
    let left: Vec<_> = told.iter().filter(|it| it.kind == SecurityEventKind::KeyLeftEscrow).collect();
    assert_eq!(left.len(), 1, "{told:?}");
    assert_eq!((left[0].actor.as_str(), left[0].device.as_deref()), ("maria", Some("Printer")));
}
