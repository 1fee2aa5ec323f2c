//! What would follow: shown before a change, and held to when it is made.

use certporter::generate::{Fleet, generate};
use http::Method;
use serde_json::{Value, json};

use super::flow::{device, enrol, id, user};
use super::program::{NOW, Program, wifi};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_preview_tells_what_then_happens_and_does_nothing,
    what_was_shown_is_done_or_refused,
    a_preview_refuses_what_the_change_refuses,
    what_was_shown_for_many_is_held_to_by_who_is_concerned,
}

/// Maria with an enrolled laptop, in a group; the profile Wi-Fi waits to be assigned to it.
async fn scene(program: &Program) -> (Value, Value, String) {
    let maria = user(program, "maria").await;
    let laptop = device(program, "Laptop", Some(id(&maria))).await;
    enrol(program, id(&laptop)).await;
    let group = program.post("/groups", &json!({"name": "Staff"})).await.ok();
    let members = format!("/groups/{}/members", id(&group));
    program.post(&members, &json!({"kind": "user", "id": id(&maria)})).await.ok();
    let profile = program.post("/profiles", &wifi()).await.ok();
    (laptop, group, format!("/profiles/{}/assignments", id(&profile)))
}

/// Everything that a change leaves behind.
async fn traces(program: &Program) -> Value {
    json!({
        "audit": program.get("/audit-events?limit=200").await.ok()["data"].as_array().unwrap().len(),
        "requests": program.get("/requests").await.ok(),
        "devices": program.get("/devices").await.ok(),
        "groups": program.get("/groups").await.ok(),
        "tokens": program.get("/tokens").await.ok()["data"].as_array().unwrap().len(),
    })
}

async fn a_preview_tells_what_then_happens_and_does_nothing(database: TestDatabase) {
    let program = Program::new(database).await;
    let (laptop, group, assignments) = scene(&program).await;
    let body = json!({"group_id": id(&group), "mode": "include"});
    let before = traces(&program).await;
    let shown = program.post(&format!("{assignments}?preview=true"), &body).await.ok();
    assert_eq!(shown["summary"]["issued"], 1, "{shown}");
    assert_eq!((&shown["holders"], &shown["sample"][0]["effect"]), (&json!(1), &json!("issued")), "{shown}");
    assert_eq!(shown["sample"][0]["device"]["name"], "Laptop");
    assert_eq!(shown["sample"][0]["profile"]["name"], "Wi-Fi");
    // A change that has no consequences for anybody's certificates, and one that finds nothing to do.
    let nothing = program.post("/groups?preview=true", &json!({"name": "Another"})).await.ok();
    assert_eq!(nothing["holders"], 0, "{nothing}");
    let token = json!({"name": "ci", "roles": ["auditor"], "expires_in_days": 1});
    let nothing = program.post("/tokens?preview=true", &token).await.ok();
    assert_eq!((nothing.get("token"), &nothing["holders"]), (None, &json!(0)), "{nothing}");
    assert_eq!(traces(&program).await, before, "a preview left something behind");

    program.post(&assignments, &body).await.ok();
    let requests = program.get("/requests").await.ok();
    assert_eq!(requests["data"].as_array().unwrap().len(), 1, "{requests}");

    let path = format!("/devices/{}/retire", id(&laptop));
    let before = traces(&program).await;
    let shown = program.post(&format!("{path}?preview=true"), &json!({})).await.ok();
    assert_eq!(
        (&shown["summary"]["cancelled"], &shown["summary"]["issued"]),
        (&json!(1), &json!(0)),
        "{shown}"
    );
    assert_eq!(traces(&program).await, before, "a preview left something behind");
    program.post(&path, &json!({})).await.ok();
    let requests = program.get("/requests").await.ok();
    assert_eq!(requests["data"][0]["state"], "cancelled", "{requests}");
    // Asked twice is done once: the second time nothing would follow.
    let again = program.post(&format!("{path}?preview=true"), &json!({})).await.ok();
    assert_eq!(again["holders"], 0, "{again}");
}

async fn what_was_shown_is_done_or_refused(database: TestDatabase) {
    let program = Program::new(database).await;
    let (_, group, assignments) = scene(&program).await;
    let body = json!({"group_id": id(&group), "mode": "include"});
    let shown = program.post(&format!("{assignments}?preview=true"), &body).await.ok();
    let digest = shown["digest"].as_str().unwrap().to_owned();
    let with = async |digest: &str| {
        let asked = program.ask(Method::POST, &assignments).header("if-consequences", digest.to_owned());
        asked.json(&body).send().await
    };
    // Another colleague with a device joins in the meantime.
    let omar = user(&program, "omar").await;
    let phone = device(&program, "Phone", Some(id(&omar))).await;
    enrol(&program, id(&phone)).await;
    let members = format!("/groups/{}/members", id(&group));
    let member = program.post(&members, &json!({"kind": "user", "id": id(&omar)})).await.ok();
    let refused = with(&digest).await.problem(409, &[]);
    assert_eq!(refused["type"], "/problems/consequences-changed");
    assert_eq!(refused["consequences"]["summary"]["issued"], 2, "{refused}");
    assert_eq!(program.get("/requests").await.ok()["data"], json!([]), "nothing is done");
    assert_eq!(program.get(&assignments).await.ok(), json!([]));
    let now = refused["consequences"]["digest"].as_str().unwrap();
    assert_ne!(now, digest);
    // He leaves again: what was shown first would follow now, what was shown last would not.
    program.ask(Method::DELETE, &format!("{members}/{}", id(&member))).send().await.ok();
    with(now).await.problem(409, &[]);
    with(&digest).await.ok();
    assert_eq!(program.get("/requests").await.ok()["data"].as_array().unwrap().len(), 1);
    with("nonsense").await.problem(400, &[]);
}

async fn a_preview_refuses_what_the_change_refuses(database: TestDatabase) {
    let program = Program::new(database).await;
    let (laptop, ..) = scene(&program).await;
    let path = format!("/devices/{}/retire", id(&laptop));
    program.post(&format!("{path}?preview=maybe"), &json!({})).await.problem(422, &["preview"]);
    program.post(&format!("{path}?preveiw=true"), &json!({})).await.problem(422, &["preveiw"]);
    let nobody = "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f";
    program.post(&format!("/devices/{nobody}/retire?preview=true"), &json!({})).await.problem(404, &[]);
    program.post("/users?preview=true", &json!({"user_name": "MARIA"})).await.problem(422, &["user_name"]);
    let auditor = program.new_token(certporter_model::access::Role::Auditor).await;
    let asked = program.ask(Method::POST, &format!("{path}?preview=true")).token(auditor);
    asked.json(&json!({})).send().await.problem(403, &[]);
    // A preview takes no idempotency key: the change itself can still be sent with it.
    let keyed = |path: &str| program.ask(Method::POST, path).header("idempotency-key", "k").json(&json!({}));
    keyed(&format!("{path}?preview=true")).send().await.ok();
    let done = keyed(&path).send().await.ok();
    assert_eq!(done["state"], "retired");
}

async fn what_was_shown_for_many_is_held_to_by_who_is_concerned(database: TestDatabase) {
    let program = Program::new(database).await;
    generate(&program.database, &Fleet::new(4, NOW, 700)).await.unwrap();
    let profiles = program.get("/profiles").await.ok();
    let mut largest = (0, Value::Null, Value::Null);
    for profile in profiles["data"].as_array().unwrap() {
        let path = format!("/profiles/{}", id(profile));
        let etag = program.get(&path).await.etag();
        let asked = program.ask(Method::DELETE, &format!("{path}?preview=true")).header("if-match", etag);
        let shown = asked.send().await.ok();
        assert_eq!(shown.get("counting"), None, "a program is told when it is known: {shown}");
        let holders = shown["holders"].as_u64().unwrap();
        if holders > largest.0 {
            largest = (holders, profile.clone(), shown);
        }
    }
    let (holders, profile, shown) = largest;
    assert!(holders > 300, "no profile concerns many: {holders}");
    let path = format!("/profiles/{}", id(&profile));
    let delete = async |digest: &str| {
        let etag = program.get(&path).await.etag();
        let asked = program.ask(Method::DELETE, &path).header("if-match", etag);
        asked.header("if-consequences", digest.to_owned()).send().await
    };
    // The profile reaches one more group than was shown.
    let group = program.post("/groups", &json!({"name": "Newcomers"})).await.ok();
    let assignments = format!("{path}/assignments");
    let added = program.post(&assignments, &json!({"group_id": id(&group), "mode": "include"})).await.ok();
    let omar = user(&program, "omar.newcomer").await;
    let members = format!("/groups/{}/members", id(&group));
    program.post(&members, &json!({"kind": "user", "id": id(&omar)})).await.ok();
    let digest = shown["digest"].as_str().unwrap();
    let refused = delete(digest).await.problem(409, &[]);
    assert_eq!(refused["type"], "/problems/consequences-changed");
    let total = refused["consequences"]["counting"]["total"].as_u64().unwrap();
    assert!(total > 300, "{refused}");
    assert!(program.get(&path).await.status.is_success(), "nothing is done");
    // The group goes again: nobody else is concerned than was shown, and what was shown is done.
    program.ask(Method::DELETE, &format!("{assignments}/{}", id(&added))).send().await.ok();
    let now = refused["consequences"]["digest"].as_str().unwrap();
    assert_ne!(now, digest);
    let shown = program.ask(Method::DELETE, &format!("{path}?preview=true"));
    let shown = shown.header("if-match", program.get(&path).await.etag()).send().await.ok();
    assert_eq!(shown["holders"], json!(holders), "{shown}");
    delete(shown["digest"].as_str().unwrap()).await.ok();
    program.get(&path).await.problem(404, &[]);
}

/// A handler that took the portal itself would do what was only to be previewed.
#[test]
fn every_handler_of_a_change_takes_what_it_is_asked_for() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/rest");
    let mut changes = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for handler in text.split("#[utoipa::path(").skip(1) {
            let handler = handler.split("\n}").next().unwrap();
            if handler.starts_with("get,") {
                continue;
            }
            changes += 1;
            assert!(handler.contains("Acting(portal): Acting"), "{}: {handler}", path.display());
        }
    }
    assert!(changes > 25, "only {changes} handlers were found");
}
