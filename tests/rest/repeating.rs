//! A creation with an idempotency key is done once.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;

use super::program::Program;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    the_same_creation_again_gets_the_same_answer,
    a_key_for_another_request_is_refused,
    a_secret_in_an_answer_is_not_kept_in_the_clear,
}

async fn the_same_creation_again_gets_the_same_answer(database: TestDatabase) {
    let program = Program::new(database).await;
    let send = || {
        program.ask(Method::POST, "/users").header("idempotency-key", "k1").json(&json!({"user_name": "a"}))
    };
    let first = send().send().await;
    assert_eq!(first.status, StatusCode::CREATED);
    let second = send().send().await;
    assert_eq!(second.status, StatusCode::CREATED);
    assert_eq!(first.octets, second.octets);
    assert_eq!(first.headers["location"], second.headers["location"]);
    assert_eq!(first.headers["etag"], second.headers["etag"]);
    assert_eq!(program.get("/users").await.ok()["data"].as_array().unwrap().len(), 1);
    // Another program's key of the same name is another key.
    let other = program.new_token(certporter_model::access::Role::Administrator).await;
    send().token(other).send().await.problem(422, &["user_name"]);
    // A day later the key is forgotten: it would be done again, and the name is taken.
    program.clock.advance(Duration::from_secs(25 * 60 * 60));
    send().send().await.problem(422, &["user_name"]);
}

async fn a_key_for_another_request_is_refused(database: TestDatabase) {
    let program = Program::new(database).await;
    let send = |path: &str, name: &str| {
        program.ask(Method::POST, path).header("idempotency-key", "k1").json(&json!({"user_name": name}))
    };
    send("/users", "a").send().await.ok();
    let problem = send("/users", "b").send().await.problem(422, &[]);
    assert_eq!(problem["type"], "/problems/idempotency-key-reused");
    let wrong = program.ask(Method::POST, "/users").header("idempotency-key", "with space");
    wrong.json(&json!({"user_name": "c"})).send().await.problem(400, &[]);
    assert_eq!(program.get("/users").await.ok()["data"].as_array().unwrap().len(), 1);
}

async fn a_secret_in_an_answer_is_not_kept_in_the_clear(database: TestDatabase) {
    let program = Program::new(database).await;
    let body = json!({"name": "ci", "roles": ["auditor"], "expires_in_days": 1});
    let send = || program.ask(Method::POST, "/tokens").header("idempotency-key", "t1").json(&body);
    let token = send().send().await.ok()["token"].as_str().unwrap().to_owned();
    assert_eq!(send().send().await.ok()["token"], token.as_str(), "the same token again");
    if let certporter::store::Location::Sqlite(path) = &program.database.location {
        for suffix in ["", "-wal"] {
            let file = std::fs::read(format!("{}{suffix}", path.display())).unwrap_or_default();
            let found = file.windows(token.len()).any(|window| window == token.as_bytes());
            assert!(!found, "the token is in the database{suffix}");
        }
    }
}
