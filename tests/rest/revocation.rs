//! The proof of a revocation, as somebody outside can check it against what is published.

use std::time::Duration;

use certporter::clock::Clock as _;
use certporter::pki::crl::Crl;
use certporter::pki::ocsp::CertId;
use certporter_model::Timestamp;
use serde_json::{Value, json};

use super::certificates::{certificates, scene};
use super::flow::{device, id};
use super::program::Program;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    the_proof_says_until_when_anybody_may_accept_it,
    a_hold_is_proved_and_a_release_ends_the_proof,
    a_longer_list_of_before_counts,
    blocking_a_person_takes_everything_on_all_devices,
    a_role_chooses_among_its_own_reasons,
    what_was_never_blocked_is_not_released,
}

const HOUR: Duration = Duration::from_secs(3600);
/// How far a clock may be behind.
const SKEW: Duration = Duration::from_secs(600);

async fn published(program: &Program) -> Crl {
    Crl::parse(&program.builtin.published("issuing-1.crl").await.unwrap().unwrap().octets).unwrap()
}

fn json_of(at: Timestamp) -> Value {
    serde_json::to_value(at).unwrap()
}

async fn proof(program: &Program, certificate: &str) -> Value {
    program.get(&format!("/certificates/{certificate}/revocation")).await.ok()
}

/// A list from before the revocation, and the certificate of a laptop.
async fn before(program: &Program) -> (super::works::Works, super::works::Enrolled, String, Crl) {
    let (works, enrolled, laptop) = scene(program, "maria").await;
    program.builtin.publish().await.unwrap();
    let certificate = id(&certificates(program, &laptop).await[0]).to_owned();
    let path = format!("/certificates/{certificate}/revocation");
    program.get(&path).await.problem(404, &[]);
    program.clock.advance(Duration::from_secs(60));
    (works, enrolled, certificate, published(program).await)
}

async fn the_proof_says_until_when_anybody_may_accept_it(database: TestDatabase) {
    let program = Program::new(database).await;
    let (works, mut enrolled, certificate, list) = before(&program).await;
    let asked_at = program.clock.now();
    let body = json!({"reason": "key_compromise", "explanation": "it was copied"});
    program.post(&format!("/certificates/{certificate}/revoke"), &body).await.ok();

    let asked = proof(&program, &certificate).await;
    assert_eq!(asked["open"], json!(["at_ca", "in_crl", "removed"]), "{asked}");
    assert_eq!(asked["refused_after"], Value::Null, "nobody knows yet: {asked}");
    let revocation = &asked["revocation"];
    assert_eq!(revocation["requested_at"], json_of(asked_at));
    assert_eq!((&revocation["reason"], &revocation["explanation"]), (&body["reason"], &body["explanation"]));
    assert_eq!(revocation["trigger"], "asked");
    assert!(revocation["actor"].as_str().is_some_and(|actor| !actor.is_empty()), "{revocation}");

    works.work().await;
    let told = proof(&program, &certificate).await;
    assert_eq!(told["open"], json!(["removed"]), "{told}");
    let now = program.clock.now();
    // What is published says the same.
    let after = published(&program).await;
    let serial = told["certificate"]["serial"].as_str().unwrap().parse().unwrap();
    assert_eq!(list.entry(&serial), None);
    assert!(after.entry(&serial).is_some());
    assert_eq!(told["crl"]["number"], json!(after.number()));
    assert_eq!(told["crl"]["published_at"], json_of(now));
    let crl_until = list.next_update().unwrap();
    assert_eq!(told["crl"]["good_without_until"], json_of(crl_until));
    let issuer = program.builtin.issuing_certificate().unwrap();
    let answer = program.builtin.ocsp(&CertId::request(&issuer, &serial, false).unwrap()).await.unwrap();
    let ocsp_until = answer.fresh_until.unwrap();
    assert_eq!(told["ocsp"]["answered_since"], json_of(now));
    assert_eq!(
        told["ocsp"]["good_without_until"],
        json_of(ocsp_until),
        "the last answer of before is as old"
    );
    let latest = crl_until.max(ocsp_until);
    assert_eq!(told["refused_after"], json_of(latest.plus(SKEW)));
    assert_eq!(told["clock_skew_seconds"], 600);

    works.sync(&program, &mut enrolled).await;
    works.sync(&program, &mut enrolled).await;
    program.clock.advance(HOUR);
    program.builtin.publish().await.unwrap();
    let done = proof(&program, &certificate).await;
    assert_eq!(done["open"], json!([]), "{done}");
    assert!(done["devices"].as_array().unwrap().iter().all(|it| it["removed_at"].is_string()), "{done}");
    for kept in ["crl", "ocsp", "refused_after"] {
        assert_eq!(done[kept], told[kept], "later lists change nothing about it");
    }
}

async fn a_hold_is_proved_and_a_release_ends_the_proof(database: TestDatabase) {
    let program = Program::new(database).await;
    let (works, _, certificate, list) = before(&program).await;
    let laptop = program.get("/devices").await.ok();
    let laptop = id(&laptop["data"][0]).to_owned();
    let act = async |action: &str| {
        program.post(&format!("/devices/{laptop}/{action}"), &json!({"explanation": "why"})).await.ok();
        works.work().await;
    };
    act("block").await;
    let held = proof(&program, &certificate).await;
    assert_eq!((&held["revocation"]["kind"], &held["status"]), (&json!("hold"), &json!("held")), "{held}");
    let until = list.next_update().unwrap().max(program.clock.now().plus(HOUR)).plus(SKEW);
    assert_eq!(held["refused_after"], json_of(until));

    // Revoked for good later: it was refused from the hold on.
    program.clock.advance(2 * HOUR);
    act("lost").await;
    let lost = proof(&program, &certificate).await;
    assert_eq!(lost["revocation"]["reason"], "key_compromise", "{lost}");
    assert_eq!(lost["refused_after"], json_of(until));
    assert_eq!(lost["earlier"][0]["kind"], "hold", "{lost}");

    let other = Program::new(TestDatabase::sqlite().await).await;
    let (works, _, certificate, _) = before(&other).await;
    let laptop = other.get("/devices").await.ok();
    let laptop = id(&laptop["data"][0]).to_owned();
    for action in ["block", "unblock"] {
        other.post(&format!("/devices/{laptop}/{action}"), &json!({"explanation": "why"})).await.ok();
        other.clock.advance(Duration::from_secs(60));
        works.work().await;
    }
    let released = proof(&other, &certificate).await;
    assert_eq!(released["revocation"]["kind"], "release", "{released}");
    assert_eq!(released["refused_after"], Value::Null, "{released}");
}

/// A list that was made when lists were made seldom is good for long, and somebody may have kept it.
async fn a_longer_list_of_before_counts(database: TestDatabase) {
    let program = Program::new(database).await;
    let (works, _, laptop) = scene(&program, "maria").await;
    let certificate = id(&certificates(&program, &laptop).await[0]).to_owned();
    let mut settings = program.settings();
    settings.crl_lifetime = 72 * HOUR;
    program.another_builtin(settings).await.publish().await.unwrap();
    let long = published(&program).await.next_update().unwrap();
    for _ in 0..4 {
        program.clock.advance(HOUR);
        program.builtin.publish().await.unwrap();
    }
    assert!(published(&program).await.next_update().unwrap() < long, "the newest is good for less");
    let body = json!({"reason": "key_compromise", "explanation": "it was copied"});
    program.post(&format!("/certificates/{certificate}/revoke"), &body).await.ok();
    works.work().await;
    let told = proof(&program, &certificate).await;
    assert_eq!(told["crl"]["good_without_until"], json_of(long), "{told}");
    assert_eq!(told["refused_after"], json_of(long.plus(SKEW)));
}

async fn blocking_a_person_takes_everything_on_all_devices(database: TestDatabase) {
    let program = Program::new(database).await;
    let (works, first, laptop) = scene(&program, "maria").await;
    let maria = program.get("/users").await.ok();
    let maria = id(&maria["data"][0]).to_owned();
    let mut devices = vec![(laptop, first)];
    for name in ["Second", "Third"] {
        let another = device(&program, name, Some(&maria)).await;
        let mut enrolled = works.enrol(&program, id(&another)).await;
        works.sync(&program, &mut enrolled).await;
        devices.push((id(&another).to_owned(), enrolled));
    }
    let act = async |action: &str, query: &str| {
        let body = json!({"explanation": "the police called"});
        program.post(&format!("/users/{maria}/{action}{query}"), &body).await.ok()
    };
    let statuses = async || {
        let all = program.get(&format!("/certificates?user={maria}")).await.ok();
        let all = all["data"].as_array().unwrap().iter();
        all.map(|it| it["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let shown = act("block", "?preview=true").await;
    assert_eq!(shown["summary"]["held"], 3, "{shown}");
    assert_eq!(shown["summary"]["removed"], 6, "{shown}");
    assert_eq!(statuses().await, ["valid"; 3], "a preview does nothing");

    let progress = async || {
        let counted = program.get(&format!("/users/{maria}/revocations")).await.ok();
        ["asked", "at_ca", "in_crl", "removed", "finished"].map(|step| counted[step].as_i64().unwrap())
    };
    assert_eq!(progress().await, [0; 5], "nothing is going on");
    act("block", "").await;
    assert_eq!(progress().await, [3, 0, 0, 0, 0]);
    works.work().await;
    assert_eq!(progress().await, [3, 3, 3, 0, 0], "the devices have not been heard of");
    for (_, enrolled) in &mut devices {
        works.sync(&program, enrolled).await;
        works.sync(&program, enrolled).await;
        assert!(enrolled.held.is_empty(), "{:?}", enrolled.held);
    }
    assert_eq!(statuses().await, ["held"; 3]);
    assert_eq!(progress().await, [3; 5]);
    let list = published(&program).await;
    assert_eq!(list.len(), 3);
    for (device, _) in &devices {
        let certificate = id(&certificates(&program, device).await[0]).to_owned();
        let told = proof(&program, &certificate).await;
        assert_eq!(told["open"], json!([]), "{told}");
        assert_eq!(told["revocation"]["reason"], "certificate_hold", "{told}");
    }

    act("unblock", "").await;
    for (_, enrolled) in &mut devices {
        works.sync(&program, enrolled).await;
        works.sync(&program, enrolled).await;
        assert_eq!(enrolled.held.len(), 2, "what was on hold is delivered again");
    }
    let after = statuses().await;
    assert_eq!(after.iter().filter(|status| *status == "valid").count(), 3, "{after:?}");
    assert!(!after.contains(&"held".to_owned()), "{after:?}");
}

async fn a_role_chooses_among_its_own_reasons(database: TestDatabase) {
    let program = Program::new(database).await;
    let (_works, _enrolled, laptop) = scene(&program, "maria").await;
    let path = format!("/certificates/{}/revoke", id(&certificates(&program, &laptop).await[0]));
    let helpdesk = program.new_token(certporter_model::access::Role::Helpdesk).await;
    let ask = |body: Value| program.ask(http::Method::POST, &path).token(helpdesk.clone()).json(&body).send();
    for reason in ["affiliation_changed", "superseded", "certificate_hold"] {
        let refused = ask(json!({"reason": reason, "explanation": "x"})).await;
        let problem = refused.problem(422, &["reason"]);
        let message = problem["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("key_compromise") && !message.contains(reason), "{message}");
    }
    // Nobody puts a single certificate on hold: that follows from a block.
    let held = json!({"reason": "certificate_hold", "explanation": "x"});
    program.post(&path, &held).await.problem(422, &["reason"]);
    ask(json!({"reason": "key_compromise", "explanation": "it was copied"})).await.ok();
}

async fn what_was_never_blocked_is_not_released(database: TestDatabase) {
    let program = Program::new(database).await;
    let (_works, _enrolled, laptop) = scene(&program, "maria").await;
    let problem = program.post(&format!("/devices/{laptop}/unblock"), &json!({})).await.problem(409, &[]);
    assert!(problem["detail"].as_str().unwrap().contains("not blocked"), "{problem}");
    let maria = program.get("/users").await.ok()["data"][0].clone();
    // Asked of somebody who is not blocked, it is as if it had been done before.
    let same = program.post(&format!("/users/{}/unblock", id(&maria)), &json!({})).await.ok();
    assert_eq!(same["version"], maria["version"], "{same}");
    assert_eq!(certificates(&program, &laptop).await[0]["status"], "valid");
}
