//! The OpenAPI document says what is there.

use serde_json::Value;

use super::program::Program;
use crate::support::database::TestDatabase;

#[tokio::test]
async fn the_document_is_public_and_whole() {
    let program = Program::new(TestDatabase::sqlite().await).await;
    let answered = program.ask(http::Method::GET, "/api/v1/openapi.json").token(None).send().await;
    assert_eq!(answered.headers["content-type"], "application/json");
    let document = answered.ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    // Every reference leads somewhere.
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.push(reference.clone());
            }
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(members) => members.iter().for_each(|member| collect(member, found)),
        _ => {}
    }
}
