//! From people to what they are assigned, by REST alone.

use http::StatusCode;
use serde_json::{Value, json};

use super::program::{NOW, Program, wifi};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    an_organisation_is_set_up_and_taken_down_again,
    what_was_changed_by_somebody_else_is_not_overwritten,
    devices_are_blocked_lost_and_handed_over,
    lists_come_in_pages_and_are_searched_without_accents,
    a_profile_is_saved_in_versions,
    an_enrolled_device_gets_a_request_that_waits_for_a_missing_value,
}

pub(super) fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap_or_else(|| panic!("{value}"))
}

pub(super) async fn user(program: &Program, name: &str) -> Value {
    let body = json!({"user_name": name, "email": format!("{name}@example.org"), "display_name": name});
    program.post("/users", &body).await.ok()
}

pub(super) async fn device(program: &Program, name: &str, owner: Option<&str>) -> Value {
    program.post("/devices", &json!({"name": name, "platform": "linux", "owner": owner})).await.ok()
}

async fn an_organisation_is_set_up_and_taken_down_again(database: TestDatabase) {
    let program = Program::new(database).await;
    let maria = user(&program, "maria").await;
    let made = program.post("/groups", &json!({"name": "Staff", "description": "Everybody"})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let group = made.json();
    assert_eq!(made.headers["location"], format!("/api/v1/groups/{}", id(&group)));
    assert_eq!(made.etag(), "\"1\"");

    let members = format!("/groups/{}/members", id(&group));
    let member = program.post(&members, &json!({"kind": "user", "id": id(&maria)})).await.ok();
    assert_eq!(member["name"], "maria");
    let laptop = device(&program, "Marias Laptop", Some(id(&maria))).await;
    assert_eq!(laptop["state"], "registered");
    assert_eq!(laptop["owner"]["user_name"], "maria");

    let code = program.post(&format!("/devices/{}/enrolment-codes", id(&laptop)), &json!({})).await.ok();
    assert_eq!(code["code"].as_str().unwrap().split('-').count(), 9, "{code}");
    assert_eq!(code["server"], "https://127.0.0.1:3443");

    let profile = program.post("/profiles", &wifi()).await.ok();
    let assignments = format!("/profiles/{}/assignments", id(&profile));
    let body = json!({"group_id": id(&group), "mode": "include"});
    let assignment = program.post(&assignments, &body).await.ok();
    assert_eq!(assignment["group"]["name"], "Staff");
    program.post(&assignments, &body).await.problem(422, &["group_id"]);

    let read = program.get(&format!("/devices/{}", id(&laptop))).await;
    assert_eq!(read.etag(), format!("\"{}\"", read.json()["version"]));

    let audit = program.get("/audit-events?limit=200").await.ok();
    let actions: Vec<&str> =
        audit["data"].as_array().unwrap().iter().filter_map(|e| e["action"].as_str()).collect();
    for action in
        ["users.create", "groups.members.add", "devices.enrolment_codes.issue", "assignments.create"]
    {
        assert!(actions.contains(&action), "{action} is not in {actions:?}");
    }
    assert!(audit["data"].as_array().unwrap().iter().all(|event| event["intact"] == true));
    assert!(!audit.to_string().contains(code["code"].as_str().unwrap()), "a code is in the audit trail");

    program.ask(http::Method::DELETE, &format!("{assignments}/{}", id(&assignment))).send().await.ok();
    program.ask(http::Method::DELETE, &format!("{members}/{}", id(&member))).send().await.ok();
    program.ask(http::Method::DELETE, &format!("/devices/{}", id(&laptop))).send().await.ok();
    program.get(&format!("/devices/{}", id(&laptop))).await.problem(404, &[]);
    let etag = program.get(&format!("/groups/{}", id(&group))).await.etag();
    program.delete(&format!("/groups/{}", id(&group)), &etag).await.ok();
    let etag = program.get(&format!("/profiles/{}", id(&profile))).await.etag();
    program.delete(&format!("/profiles/{}", id(&profile)), &etag).await.ok();
    let etag = program.get(&format!("/users/{}", id(&maria))).await.etag();
    program.delete(&format!("/users/{}", id(&maria)), &etag).await.ok();
    assert_eq!(program.get("/users").await.ok()["data"], json!([]));
    // The name is free again.
    user(&program, "maria").await;
}

async fn what_was_changed_by_somebody_else_is_not_overwritten(database: TestDatabase) {
    let program = Program::new(database).await;
    let maria = user(&program, "maria").await;
    let path = format!("/users/{}", id(&maria));
    let body = json!({"user_name": "maria", "attributes": {"cost-centre": "4711"}});
    let changed = program.put(&path, "\"1\"", &body).await;
    assert_eq!(changed.etag(), "\"2\"");
    assert_eq!(changed.json()["attributes"]["cost-centre"], "4711");
    assert_eq!(changed.json()["email"], Value::Null, "what is left out is emptied");
    program.put(&path, "\"1\"", &body).await.problem(412, &[]);
    program.ask(http::Method::PUT, &path).json(&body).send().await.problem(428, &[]);
    program.put(&path, "2", &body).await.problem(400, &[]);
    let without = program.put(&path, "\"2\"", &json!({"user_name": "maria"})).await.ok();
    assert_eq!(without["attributes"], json!({}));
}

async fn devices_are_blocked_lost_and_handed_over(database: TestDatabase) {
    let program = Program::new(database).await;
    let (maria, omar) = (user(&program, "maria").await, user(&program, "omar").await);
    let laptop = device(&program, "Laptop", Some(id(&maria))).await;
    let path = format!("/devices/{}", id(&laptop));
    // Only what is enrolled can be blocked: the answer says what it is.
    let refused = program.post(&format!("{path}/block"), &json!({})).await.problem(409, &[]);
    assert!(refused["detail"].as_str().unwrap().contains("registered"), "{refused}");
    program.post(&format!("{path}/unblock"), &json!({})).await.problem(409, &[]);
    let body = json!({"owner": id(&omar), "explanation": "Maria has a new one"});
    let handed = program.post(&format!("{path}/hand-over"), &body).await.ok();
    assert_eq!(handed["owner"]["user_name"], "omar");
    let nobody = "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f";
    program.post(&format!("{path}/hand-over"), &json!({"owner": nobody})).await.problem(422, &["owner"]);
    let lost = program.post(&format!("{path}/lost"), &json!({"explanation": "left on a train"})).await.ok();
    assert_eq!(lost["state"], "lost");
    // Asked twice is done once.
    let again = program.post(&format!("{path}/lost"), &json!({})).await.ok();
    assert_eq!(again["version"], lost["version"]);
    let blocked = program.post(&format!("/users/{}/block", id(&omar)), &json!({})).await.ok();
    assert_eq!(blocked["state"], "blocked");
    program.post(&format!("/users/{}/enable", id(&omar)), &json!({})).await.problem(409, &[]);
    let unblocked = program.post(&format!("/users/{}/unblock", id(&omar)), &json!({})).await.ok();
    assert_eq!(unblocked["state"], "enabled");
}

async fn lists_come_in_pages_and_are_searched_without_accents(database: TestDatabase) {
    let program = Program::new(database).await;
    for name in ["Ångström", "Jürgen Größe", "山田太郎", "O'Brien, Ann"] {
        program.post("/users", &json!({"user_name": name})).await.ok();
    }
    let mut seen = Vec::new();
    let mut path = "/users?limit=3".to_owned();
    loop {
        let page = program.get(&path).await.ok();
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|u| u["user_name"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/users?limit=3&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    for (words, found) in
        [("angstrom", 1), ("GROSSE", 1), ("%E5%B1%B1%E7%94%B0", 1), ("brien", 1), ("nobody", 0)]
    {
        let page = program.get(&format!("/users?q={words}")).await.ok();
        assert_eq!(page["data"].as_array().unwrap().len(), found, "{words}");
    }
}

/// Puts a device into the state that it has once it is enrolled; enrolling itself is the devices' own protocol.
pub(super) async fn enrol(program: &Program, device: &str) {
    use certporter::store::enrolments::{self, EnrolmentRow};
    use certporter::store::{AuditEvent, Target, devices};
    use certporter_model::EnrolmentId;
    use certporter_model::access::{Caller, Permission, Scope};
    use certporter_model::device::{DeviceState, EnrolmentState};
    use certporter_model::thumbprint::PublicKeyHash;

    let permit = Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap();
    let mut tx = program.database.write(&permit).await.unwrap();
    let id = device.parse().unwrap();
    let row = devices::get(&mut tx, id).await.unwrap();
    devices::update(
        &mut tx,
        &devices::Device { state: DeviceState::Enrolled, last_contact_at: Some(NOW), ..row },
    )
    .await
    .unwrap();
    let enrolment = EnrolmentRow {
        id: EnrolmentId::new(NOW, program.portal.octets()),
        device_id: id,
        state: EnrolmentState::Active,
        public_key_hash: PublicKeyHash::from_octets(program.portal.octets()),
        staff_issued_code: true,
        confirmed_at: None,
        started_at: NOW,
        ended_at: None,
    };
    enrolments::insert(&mut tx, &enrolment).await.unwrap();
    tx.commit(AuditEvent::new(NOW, "test.enrol", Target::none("device"))).await.unwrap();
}

async fn an_enrolled_device_gets_a_request_that_waits_for_a_missing_value(database: TestDatabase) {
    let program = Program::new(database).await;
    let maria = program.post("/users", &json!({"user_name": "maria"})).await.ok();
    let laptop = device(&program, "Laptop", Some(id(&maria))).await;
    enrol(&program, id(&laptop)).await;
    let group = program.post("/groups", &json!({"name": "Staff"})).await.ok();
    let profile = program.post("/profiles", &wifi()).await.ok();
    let assignment = json!({"group_id": id(&group), "mode": "include"});
    program.post(&format!("/profiles/{}/assignments", id(&profile)), &assignment).await.ok();
    let members = format!("/groups/{}/members", id(&group));
    let member = program.post(&members, &json!({"kind": "user", "id": id(&maria)})).await.ok();

    let state = async || {
        let list = program.get(&format!("/requests?device={}", id(&laptop))).await.ok();
        list["data"][0].clone()
    };
    let waits = state().await;
    assert_eq!(waits["state"], "waiting", "{waits}");
    assert_eq!(waits["profile"]["name"], "Wi-Fi");
    assert!(waits["cause"].as_str().unwrap_or_default().contains("EmailAddress"), "{waits}");
    // The value comes, and the request goes on.
    let body = json!({"user_name": "maria", "email": "maria@example.org"});
    program.put(&format!("/users/{}", id(&maria)), "\"1\"", &body).await.ok();
    let goes_on = state().await;
    assert_eq!(goes_on["state"], "requested", "{goes_on}");
    let timeline = program.get(&format!("/requests/{}/timeline", id(&goes_on))).await.ok();
    assert!(!timeline["data"].as_array().unwrap().is_empty());
    program.post(&format!("/requests/{}/retry", id(&goes_on)), &json!({})).await.problem(409, &[]);
    // She leaves the group: nothing is asked for any more.
    program.ask(http::Method::DELETE, &format!("{members}/{}", id(&member))).send().await.ok();
    let cancelled = program.get(&format!("/requests/{}", id(&goes_on))).await.ok();
    assert_eq!(cancelled["state"], "cancelled", "{cancelled}");
}

async fn a_profile_is_saved_in_versions(database: TestDatabase) {
    let program = Program::new(database).await;
    let made = program.post("/profiles", &wifi()).await;
    let etag = made.etag();
    let profile = made.ok();
    let path = format!("/profiles/{}", id(&profile));
    let mut edited = wifi();
    edited["validity_days"] = json!(90);
    let saved = program.put(&path, &etag, &json!({"profile": edited, "on_edit": "at_renewal"})).await;
    assert_eq!(saved.json()["current_version"], 2);
    assert_eq!(saved.json()["profile"]["validity_days"], 90);
    program.put(&path, &etag, &json!({"profile": edited})).await.problem(412, &[]);
    let versions = program.get(&format!("{path}/versions")).await.ok();
    let days: Vec<_> =
        versions.as_array().unwrap().iter().map(|v| v["profile"]["validity_days"].clone()).collect();
    assert_eq!(days, [json!(90), json!(365)]);
    let mut wrong = wifi();
    wrong["subject"] = json!("CN={{Nobody}}");
    let refused = program.put(&path, &saved.etag(), &json!({"profile": wrong})).await;
    refused.problem(422, &["profile.subject"]);
}
