//! Bad input gets a clear error that names what is wrong, and nothing is kept of it.

use http::Method;
use serde_json::{Value, json};

use super::program::{Program, wifi};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    bodies_that_are_wrong_are_named,
    profiles_that_are_wrong_are_named,
    ids_and_parameters_that_are_none_are_named,
    awkward_names_survive_byte_for_byte,
    a_database_that_another_process_has_locked_says_when_to_try_again,
}

async fn bodies_that_are_wrong_are_named(database: TestDatabase) {
    let program = Program::new(database).await;
    for (body, status, fields) in [
        ("{", 400, &[][..]),
        (r#"{"user_name":"a"} trailing"#, 400, &[]),
        (r#"{"user_name":"a","colour":"red"}"#, 422, &["colour"]),
        (r#"{"user_name":7}"#, 422, &["user_name"]),
        (r#"{}"#, 422, &["user_name"]),
        (r#"["user_name"]"#, 422, &["body"]),
        (r#"{"user_name":"a","upn":"nobody","email":"x@y@z","sid":"S"}"#, 422, &["upn", "email", "sid"]),
        (r#"{"user_name":"a\nb"}"#, 422, &["user_name", "display_name"]),
        (r#"{"user_name":"a","attributes":{"a b":"c"}}"#, 422, &["attributes"]),
    ] {
        program.ask(Method::POST, "/users").text(body).send().await.problem(status, fields);
    }
    let long = format!(r#"{{"user_name":"{}"}}"#, "x".repeat(201));
    program.ask(Method::POST, "/users").text(long).send().await.problem(422, &["user_name", "display_name"]);
    let huge = format!(r#"{{"user_name":"{}"}}"#, "x".repeat(1 << 20));
    program.ask(Method::POST, "/users").text(huge).send().await.problem(413, &[]);
    let form = program.ask(Method::POST, "/users").header("content-type", "text/plain");
    form.send().await.problem(415, &[]);
    program.ask(Method::PATCH, "/users").send().await.problem(405, &[]);
    program.get("/nowhere").await.problem(404, &[]);

    program.post("/users", &json!({"user_name": "Maria", "upn": "maria@example.org"})).await.ok();
    program.post("/users", &json!({"user_name": "MARÍA"})).await.problem(422, &["user_name"]);
    program
        .post("/users", &json!({"user_name": "m2", "upn": "Maria@Example.org"}))
        .await
        .problem(422, &["upn"]);
    assert_eq!(program.get("/users").await.ok()["data"].as_array().unwrap().len(), 1);
}

async fn profiles_that_are_wrong_are_named(database: TestDatabase) {
    let program = Program::new(database).await;
    program.post("/profiles", &wifi()).await.ok();
    // From now on the CA's own certificate ends in less than ten years.
    program.clock.advance(std::time::Duration::from_secs(25 * 60 * 60));
    let with = |field: &str, value: Value| {
        let mut draft = wifi();
        draft["name"] = json!("Another");
        draft[field] = value;
        draft
    };
    for (draft, fields) in [
        (with("subject", json!("CN={{Favourite}}")), &["subject"][..]),
        (with("subject", json!("CN={{UserName")), &["subject"]),
        (with("name", json!("WI-FI")), &["name"]),
        (with("ca", json!("elsewhere")), &["ca"]),
        (with("validity_days", json!(3650)), &["validity_days"]),
        (with("validity_days", json!(0)), &["validity_days"]),
        (with("key_algorithm", json!("rsa-1024")), &["key_algorithm"]),
        (with("platforms", json!(["beos"])), &["platforms[0]"]),
        (with("extended_key_usages", json!(["1.3.6.1.5.5.7.3.1"])), &["extended_key_usages"]),
        (
            with("subject_alternative_names", json!([{"kind": "email", "value": "{{Nope}}"}])),
            &["subject_alternative_names[0]"],
        ),
        (with("colour", json!("red")), &["colour"]),
    ] {
        program.post("/profiles", &draft).await.problem(422, fields);
    }
    let nobody = "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f";
    let id = program.get("/profiles").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    let body = json!({"group_id": nobody, "mode": "include"});
    program.post(&format!("/profiles/{id}/assignments"), &body).await.problem(422, &["group_id"]);
}

async fn ids_and_parameters_that_are_none_are_named(database: TestDatabase) {
    let program = Program::new(database).await;
    for path in ["/users/42", "/devices/x", "/certificates/%C3%A4", "/requests/0", "/profiles/p", "/groups/-"]
    {
        let problem = program.get(path).await.problem(422, &["id"]);
        assert!(problem["errors"][0]["message"].as_str().unwrap().contains("UUID"), "{problem}");
    }
    let nobody = "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f";
    for area in ["users", "groups", "devices", "profiles", "requests", "certificates"] {
        program.get(&format!("/{area}/{nobody}")).await.problem(404, &[]);
    }
    for (path, field) in [
        ("/users?limit=0", "limit"),
        ("/users?limit=many", "limit"),
        ("/users?cursor=nonsense", "cursor"),
        ("/users?colour=red", "colour"),
        ("/devices?state=broken", "state"),
        ("/devices?owner=me", "owner"),
        ("/certificates?status=good", "status"),
        ("/audit-events?from=yesterday", "from"),
        ("/audit-events?target_id=7", "target_id"),
    ] {
        program.get(path).await.problem(422, &[field]);
    }
    let group = program.post("/groups", &json!({"name": "Staff"})).await.ok();
    let members = format!("/groups/{}/members", group["id"].as_str().unwrap());
    program.post(&members, &json!({"kind": "user", "id": nobody})).await.problem(422, &["id"]);
    program.post(&members, &json!({"kind": "user", "id": "7"})).await.problem(422, &["id"]);
    program.post(&members, &json!({"kind": "group", "id": group["id"]})).await.problem(422, &["id"]);
}

async fn awkward_names_survive_byte_for_byte(database: TestDatabase) {
    let program = Program::new(database).await;
    for name in ["  leading", r#"a,b+c=d;e"f\g"#, "Jürgen Größe", "\u{200f}שלום", &"ü".repeat(200)] {
        let user = program.post("/users", &json!({"user_name": name, "display_name": name})).await.ok();
        let read = program.get(&format!("/users/{}", user["id"].as_str().unwrap())).await.ok();
        assert_eq!(read["user_name"], name);
        assert_eq!(read["display_name"], name);
        let device = program.post("/devices", &json!({"name": name, "platform": "linux"})).await.ok();
        assert_eq!(device["name"], name);
    }
}

/// Another process that has the database's lock, until it is dropped.
struct Lock(std::process::Child);

impl Lock {
    fn on(database: &TestDatabase) -> Self {
        use std::io::{BufRead as _, BufReader, Write as _};
        let mut process = database.shell();
        let mut child =
            process.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let begin = match database.location {
            certporter::store::Location::Sqlite(_) => "BEGIN IMMEDIATE; SELECT 'locked';\n",
            certporter::store::Location::Postgres(_) => {
                "BEGIN; LOCK TABLE users IN EXCLUSIVE MODE; SELECT 'locked';\n"
            }
        };
        child.stdin.as_mut().unwrap().write_all(begin.as_bytes()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("locked")), "the lock was not taken");
        Self(child)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn a_database_that_another_process_has_locked_says_when_to_try_again(database: TestDatabase) {
    let program = Program::new(database).await;
    let lock = Lock::on(&program.database);
    let refused = program.post("/users", &json!({"user_name": "maria"})).await;
    let problem = refused.problem(503, &[]);
    assert!(refused.headers.contains_key("retry-after"), "{problem}");
    // Reading goes on all the while.
    assert_eq!(program.get("/users").await.ok()["data"], json!([]));
    drop(lock);
    program.post("/users", &json!({"user_name": "maria"})).await.ok();
}
