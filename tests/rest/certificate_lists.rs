//! Lists of certificates as programs ask for them: sorted, exported, many at once.

use certporter::clock::Clock as _;
use certporter::generate::{Fleet, generate};
use certporter_model::access::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::program::Program;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_sorted_list_comes_in_pages,
    an_export_holds_what_the_list_holds_and_is_noted,
    many_are_previewed_and_begun_by_those_who_may,
}

async fn with_fleet(database: TestDatabase) -> Program {
    let program = Program::new(database).await;
    generate(&program.database, &Fleet::new(6, program.clock.now(), 25)).await.unwrap();
    program
}

async fn all(program: &Program, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = program.get(&format!("/certificates?limit=20{query}{cursor}")).await.ok();
        rows.extend(page["data"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

async fn a_sorted_list_comes_in_pages(database: TestDatabase) {
    let program = with_fleet(database).await;
    let newest = all(&program, "").await;
    let by_expiry = all(&program, "&sort=expiry").await;
    assert_eq!(newest.len(), by_expiry.len());
    let ends: Vec<&str> = by_expiry.iter().map(|row| row["not_after"].as_str().unwrap()).collect();
    assert!(ends.is_sorted(), "{ends:?}");
    let first = program.get("/certificates?sort=expiry&limit=1").await.ok();
    let cursor = first["next"].as_str().unwrap();
    program.get(&format!("/certificates?sort=subject&cursor={cursor}")).await.problem(422, &["cursor"]);
    program.get("/certificates?sort=colour").await.problem(422, &["sort"]);
}

async fn an_export_holds_what_the_list_holds_and_is_noted(database: TestDatabase) {
    let program = with_fleet(database).await;
    let rows = all(&program, "&state=valid").await;
    let answer = program.get("/certificates.csv?state=valid").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    let text = String::from_utf8(answer.octets).unwrap();
    let mut lines = text.split_terminator("\r\n");
    assert!(lines.next().unwrap().starts_with("id,serial_number,subject,"));
    let exported: Vec<&str> = lines.map(|line| line.split(',').next().unwrap()).collect();
    let listed: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(exported, listed);
    let audit = program.get("/audit-events?limit=5").await.ok();
    let noted = audit["data"].as_array().unwrap().iter().find(|it| it["action"] == "certificates.export");
    assert!(noted.is_some(), "{audit}");
}

async fn many_are_previewed_and_begun_by_those_who_may(database: TestDatabase) {
    let program = with_fleet(database).await;
    let rows = all(&program, "&state=valid").await;
    let draft = json!({
        "kind": "revoke", "which": {"query": {"state": "valid"}},
        "reason": "cessation_of_operation", "explanation": "The office closes.",
    });
    let preview = program.post("/bulk-actions/preview", &draft).await.ok();
    assert_eq!((preview["total"].as_u64(), preview["unfit"].as_u64()), (Some(rows.len() as u64), Some(0)));

    let one = json!({"kind": "revoke", "which": {"certificates": [rows[0]["id"]]},
        "reason": "cessation_of_operation", "explanation": "Another.", "digest": preview["digest"]});
    program.post("/bulk-actions", &one).await.problem(409, &[]);
    let without = json!({"kind": "revoke", "which": {"query": {}}, "explanation": "Why"});
    program.post("/bulk-actions", &without).await.problem(422, &["reason"]);
    let none = json!({"kind": "reissue", "which": {"certificates": []}});
    program.post("/bulk-actions", &none).await.problem(422, &["which"]);

    let token = program.new_token(Role::Auditor).await;
    program.ask(Method::POST, "/bulk-actions").token(token).json(&draft).send().await.problem(403, &[]);
    let begun = program.post("/bulk-actions", &draft).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let view = begun.json();
    let place = begun.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(place, format!("/api/v1/bulk-actions/{}", view["id"].as_str().unwrap()));
    let read = program.get(&place).await.ok();
    assert_eq!((read["total"].as_u64(), read["done"].as_u64()), (Some(rows.len() as u64), Some(0)));
    assert_eq!(read["finished_at"], Value::Null);
}
