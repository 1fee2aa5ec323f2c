//! Files of more rows than somebody waits for: they go on by themselves, part by part; and imports that wait for an
//! approval, short and long.

use std::fmt::Write as _;

use certporter::generate::{Fleet, generate};
use http::Method;
use serde_json::{Value, json};

use super::program::{NOW, Program};
use super::works::Works;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_long_file_goes_on_by_itself,
    a_long_file_with_one_bad_row_is_not_begun,
    what_stops_a_long_file_leaves_whole_parts_and_the_rest_can_be_gone_on_with,
    whoever_changes_groups_in_a_long_file_keeps_what_stays_theirs,
    an_import_that_would_revoke_many_waits_for_an_approval,
    a_long_import_that_would_revoke_many_waits_too,
}

async fn check(program: &Program, text: &str) -> Value {
    program.ask(Method::POST, "/imports").csv(text).send().await.ok()
}

fn path(import: &Value, what: &str) -> String {
    format!("/imports/{}{what}", import["id"].as_str().unwrap())
}

async fn state(program: &Program, import: &Value) -> Value {
    program.get(&path(import, "")).await.ok()
}

/// Checks a long file, and waits until that has ended.
async fn checked(program: &Program, works: &Works, text: &str) -> Value {
    let import = check(program, text).await;
    assert_eq!(import["state"], "checking");
    works.work().await;
    state(program, &import).await
}

async fn carry_out(program: &Program, import: &Value) -> Value {
    program.post(&path(import, "/carry-out"), &json!({})).await.ok()
}

/// So many users, each with a UPN.
fn people(count: u32) -> String {
    (1..=count).fold("user_name,upn\n".to_owned(), |mut text, number| {
        writeln!(text, "person-{number},person-{number}@example.org").unwrap();
        text
    })
}

async fn is_there(program: &Program, number: u32) -> bool {
    let found = program.get(&format!("/users?q=person-{number}@")).await.ok();
    found["data"].as_array().unwrap().len() == 1
}

async fn a_long_file_goes_on_by_itself(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let import = checked(&program, &works, &people(900)).await;
    assert_eq!((&import["state"], &import["counts"]["created"]), (&json!("checked"), &json!(900)));
    assert!(!is_there(&program, 1).await, "checking imports nothing");

    let begun = carry_out(&program, &import).await;
    assert_eq!((&begun["state"], &begun["done"]), (&json!("starting"), &json!(0)));
    for what in ["/carry-out", "/discard"] {
        program.post(&path(&import, what), &json!({})).await.problem(409, &[]);
    }
    works.work().await;
    let done = state(&program, &import).await;
    assert_eq!((&done["state"], &done["to_do"], &done["done"]), (&json!("done"), &json!(900), &json!(900)));
    assert!(is_there(&program, 1).await && is_there(&program, 900).await);

    // The same again, with one row that differs: that one is written, and nothing else.
    let text = people(900).replace("person-450,person-450@example.org", "person-450,");
    let again = checked(&program, &works, &text).await;
    assert_eq!((&again["counts"]["updated"], &again["counts"]["unchanged"]), (&json!(1), &json!(899)));
    carry_out(&program, &again).await;
    works.work().await;
    assert_eq!(state(&program, &again).await["state"], "done");
    assert!(!is_there(&program, 450).await && is_there(&program, 451).await);
}

async fn a_long_file_with_one_bad_row_is_not_begun(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let text = people(600).replace("person-599@example.org", "nonsense");
    let import = checked(&program, &works, &text).await;
    assert_eq!((&import["wrong"], &import["errors"][0]["line"]), (&json!(1), &json!(600)));
    program.post(&path(&import, "/carry-out"), &json!({})).await.problem(409, &[]);

    // Right when it was checked, and no longer when it begins: nothing of it is written.
    let import = checked(&program, &works, &people(600)).await;
    program.post("/users", &json!({"user_name": "other", "upn": "person-600@example.org"})).await.ok();
    carry_out(&program, &import).await;
    works.work().await;
    let stopped = state(&program, &import).await;
    assert_eq!((&stopped["state"], &stopped["done"]), (&json!("stopped"), &json!(0)));
    assert_eq!(stopped["errors"][0]["line"], 601);
    assert!(!is_there(&program, 1).await);
    assert_eq!(program.post(&path(&import, "/discard"), &json!({})).await.ok()["state"], "discarded");
}

async fn what_stops_a_long_file_leaves_whole_parts_and_the_rest_can_be_gone_on_with(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let count = 5_300;
    let import = checked(&program, &works, &people(count)).await;
    carry_out(&program, &import).await;
    // Looked at once more, then the first parts.
    for _ in 0..2 {
        works.once().await;
    }
    let begun = state(&program, &import).await;
    let done = begun["done"].as_u64().unwrap();
    assert_eq!(begun["state"], "importing");
    assert!(done > 0 && done < u64::from(count) && done % 200 == 0, "{done}");
    assert!(is_there(&program, 1).await && !is_there(&program, count).await);

    let other = json!({"user_name": "other", "upn": format!("person-{count}@example.org")});
    let other = program.post("/users", &other).await;
    let etag = other.etag();
    let other = other.ok();
    works.work().await;
    let stopped = state(&program, &import).await;
    assert_eq!((&stopped["state"], &stopped["done"]), (&json!("stopped"), &begun["done"]));
    assert_eq!(
        (&stopped["errors"][0]["line"], &stopped["errors"][0]["column"]),
        (&json!(count + 1), &json!("upn"))
    );

    program.delete(&format!("/users/{}", other["id"].as_str().unwrap()), &etag).await.ok();
    carry_out(&program, &import).await;
    works.work().await;
    let ended = state(&program, &import).await;
    assert_eq!(
        (&ended["state"], &ended["done"], &ended["to_do"]),
        (&json!("done"), &json!(count), &json!(count))
    );
    assert!(is_there(&program, count).await);
}

/// Users of a fleet, and the groups that they are in.
struct Teams {
    /// User name and group name.
    of: Vec<(String, String)>,
}

/// A fleet with three profiles for everybody; the clock stands just after it was made.
async fn fleet(program: &Program, devices: u32) -> Teams {
    generate(&program.database.db, &Fleet::new(5, NOW, devices)).await.unwrap();
    let mut of = Vec::new();
    let groups = program.get("/groups?limit=200").await.ok();
    for group in groups["data"].as_array().unwrap() {
        let mut cursor = String::new();
        loop {
            let id = group["id"].as_str().unwrap();
            let page = program.get(&format!("/groups/{id}/members?limit=200{cursor}")).await.ok();
            for member in page["data"].as_array().unwrap().iter().filter(|member| member["kind"] == "user") {
                let user =
                    program.get(&format!("/users/{}", member["member_id"].as_str().unwrap())).await.ok();
                let name = |value: &Value| value.as_str().unwrap().to_owned();
                of.push((name(&user["user_name"]), name(&group["name"])));
            }
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
    }
    Teams { of }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

async fn whoever_changes_groups_in_a_long_file_keeps_what_stays_theirs(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let teams = fleet(&program, 400).await;
    // Everybody leaves their team in the first half of the file, and joins another in the second.
    let mut names: Vec<&String> = teams.of.iter().map(|(_, group)| group).collect();
    names.sort();
    names.dedup();
    let mut text = "group,member,action\n".to_owned();
    for (user, group) in &teams.of {
        writeln!(text, "{},{user},remove", quoted(group)).unwrap();
    }
    for (user, group) in &teams.of {
        let place = names.iter().position(|name| *name == group).unwrap();
        writeln!(text, "{},{user},add", quoted(names[(place + 1) % names.len()])).unwrap();
    }
    let import = checked(&program, &works, &text).await;
    assert_eq!(import["errors"], json!([]));
    let counts = &import["counts"];
    assert_eq!((&counts["created"], &counts["removed"]), (&json!(teams.of.len()), &json!(teams.of.len())));
    assert_eq!(import["consequences"]["summary"]["revoked"], json!({}), "{}", import["consequences"]);
    carry_out(&program, &import).await;
    works.work().await;
    assert_eq!(state(&program, &import).await["state"], "done");
    let revoked = program.get("/certificates?state=revoked").await.ok();
    assert_eq!(revoked["data"], json!([]));
}

async fn waits_for_an_approval(program: &Program, works: &Works, teams: &Teams, people: usize) {
    let mut text = "group,member,action\n".to_owned();
    for (user, group) in &teams.of[..people] {
        writeln!(text, "{},{user},remove", quoted(group)).unwrap();
    }
    let import = check(program, &text).await;
    works.work().await;
    let import = state(program, &import).await;
    let revoked = &import["consequences"]["summary"]["revoked"]["privilege_withdrawn"];
    assert!(revoked.as_u64().is_some_and(|count| count > 50), "{}", import["consequences"]);

    carry_out(program, &import).await;
    works.work().await;
    assert_eq!(state(program, &import).await["state"], "waiting");
    let waiting = || async {
        let all = program.get("/approvals").await.ok();
        let all = all["data"].as_array().or(all.as_array()).unwrap().clone();
        all.into_iter().filter(|it| it["kind"] == "import" && it["state"] == "waiting").collect::<Vec<_>>()
    };
    let asked = waiting().await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["digest"], import["consequences"]["digest"]);
    let shown = program.get(&format!("/approvals/{}", asked[0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(shown["sample"], import["consequences"]["sample"], "who decides sees what was shown");
    assert!(!shown["sample"].as_array().unwrap().is_empty(), "{shown}");
    // Asking again without an approval changes nothing.
    carry_out(program, &import).await;
    works.work().await;
    assert_eq!(state(program, &import).await["state"], "waiting");
    assert_eq!(waiting().await.len(), 1);
    assert_eq!(program.get("/certificates?state=revoked").await.ok()["data"], json!([]));

    let decide = format!("/approvals/{}/decide", asked[0]["id"].as_str().unwrap());
    program.post(&decide, &json!({"approve": true})).await.ok();
    assert_eq!(state(program, &import).await["approved"], true);
    carry_out(program, &import).await;
    // The import alone: what brings the revocations to the CA is not waited for.
    for _ in 0..100 {
        if state(program, &import).await["state"] == "done" {
            break;
        }
        works.once().await;
    }
    assert_eq!(state(program, &import).await["state"], "done");
    let revoked = program.get("/certificates?state=revoked&limit=200").await.ok();
    assert!(revoked["data"].as_array().unwrap().len() > 50);
}

async fn an_import_that_would_revoke_many_waits_for_an_approval(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let teams = fleet(&program, 60).await;
    waits_for_an_approval(&program, &works, &teams, 40).await;
}

async fn a_long_import_that_would_revoke_many_waits_too(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let teams = fleet(&program, 650).await;
    assert!(teams.of.len() > 500, "{}", teams.of.len());
    waits_for_an_approval(&program, &works, &teams, teams.of.len()).await;
}
