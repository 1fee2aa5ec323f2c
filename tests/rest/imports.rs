//! CSV files: checked, and carried out whole or not at all.

use http::Method;
use serde_json::{Value, json};

use super::program::{Answered, Program};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_file_of_users_is_imported_whole_and_again_changes_nothing,
    one_bad_row_and_nothing_is_imported,
    devices_and_memberships_follow_their_people,
    what_a_file_leaves_out_stays_and_what_it_empties_goes,
    a_file_that_is_no_longer_right_is_refused,
}

async fn check(program: &Program, text: &str) -> Answered {
    program.ask(Method::POST, "/imports").csv(text).send().await
}

/// Checks a file that is right, and carries it out.
async fn bring(program: &Program, text: &str) -> Value {
    let checked = check(program, text).await.ok();
    assert_eq!(checked["errors"], json!([]), "{checked}");
    let carry_out = format!("/imports/{}/carry-out", checked["id"].as_str().unwrap());
    program.post(&carry_out, &json!({})).await.ok()
}

fn counts(import: &Value) -> [i64; 4] {
    ["created", "updated", "removed", "unchanged"].map(|name| import["counts"][name].as_i64().unwrap())
}

async fn names(program: &Program, area: &str, field: &str) -> Vec<String> {
    let list = program.get(&format!("/{area}?limit=200")).await.ok();
    let mut names: Vec<String> =
        list["data"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

const PEOPLE: &str = "user_name;display_name;email;upn;attribute.CostCentre\r\n\
    anna;\"Åström; Anna \"\"A\"\"\";anna@example.org;anna@example.org;4711\r\n\
    josé;José Núñez;;;\r\n";

async fn a_file_of_users_is_imported_whole_and_again_changes_nothing(database: TestDatabase) {
    let program = Program::new(database).await;
    let checked = check(&program, PEOPLE).await.ok();
    assert_eq!(
        (&checked["state"], &checked["kind"], &checked["rows"]),
        (&json!("checked"), &json!("users"), &json!(2))
    );
    assert_eq!(counts(&checked), [2, 0, 0, 0]);
    assert!(names(&program, "users", "user_name").await.is_empty(), "checking imports nothing");

    let done = bring(&program, PEOPLE).await;
    assert_eq!((&done["state"], counts(&done)), (&json!("done"), [2, 0, 0, 0]));
    let anna = program.get("/users?q=anna").await.ok()["data"][0].clone();
    assert_eq!(anna["display_name"], "Åström; Anna \"A\"");
    assert_eq!((&anna["source"], &anna["attributes"]), (&json!("import"), &json!({"CostCentre": "4711"})));

    let again = bring(&program, &format!("\u{feff}{PEOPLE}")).await;
    assert_eq!(counts(&again), [0, 0, 0, 2]);
    assert_eq!(program.get("/users?q=anna").await.ok()["data"][0], anna);
    let preview = program.ask(Method::POST, "/imports?preview=true").csv(PEOPLE);
    assert!(preview.send().await.ok()["digest"].is_string());
    assert_eq!(program.get("/imports").await.ok()["data"].as_array().unwrap().len(), 3);
}

async fn one_bad_row_and_nothing_is_imported(database: TestDatabase) {
    let program = Program::new(database).await;
    program.post("/users", &json!({"user_name": "omar", "upn": "omar@example.org"})).await.ok();
    let text = "user_name,email,upn\nanna,anna@example.org,\nbo,nonsense,\n,x@example.org,\nANNA,,\n\
                eve,,Omar@Example.org\nshort\n";
    let checked = check(&program, text).await.ok();
    let wrong: Vec<(i64, &str)> = checked["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["line"].as_i64().unwrap(), error["column"].as_str().unwrap()))
        .collect();
    // An empty name is no display name either.
    let wrong: Vec<_> = wrong.into_iter().filter(|(_, column)| *column != "display_name").collect();
    assert_eq!(wrong, [(3, "email"), (4, "user_name"), (5, "user_name"), (6, "upn"), (7, "")]);
    let said = |line: i64| {
        let errors = checked["errors"].as_array().unwrap();
        errors.iter().find(|error| error["line"] == line).unwrap()["message"].as_str().unwrap().to_owned()
    };
    assert!(said(5).contains("line 2") && said(6).contains("omar") && said(7).contains("3 columns"));
    let carry_out = format!("/imports/{}/carry-out", checked["id"].as_str().unwrap());
    program.post(&carry_out, &json!({})).await.problem(409, &[]);
    assert_eq!(names(&program, "users", "user_name").await, ["omar"]);
    for (text, what) in [
        ("name,colour\na,b\n", "user_name"),
        ("user_name,colour\na,b\n", "colour"),
        ("user_name\n", "nothing below"),
        ("user_name\n\"a", "line 2"),
    ] {
        let problem = check(&program, text).await.problem(422, &["file"]);
        assert!(problem["errors"][0]["message"].as_str().unwrap().contains(what), "{problem}");
    }
}

async fn devices_and_memberships_follow_their_people(database: TestDatabase) {
    let program = Program::new(database).await;
    bring(&program, PEOPLE).await;
    let devices =
        "name,platform,owner,serial_number\nlaptop,linux,Anna,S1\nlaptop,windows,josé,S2\nkiosk,ios,,\n";
    assert_eq!(counts(&bring(&program, devices).await), [3, 0, 0, 0]);
    assert_eq!(counts(&bring(&program, devices).await), [0, 0, 0, 3]);
    let moved = devices.replace("josé,S2", "anna@example.org,S2");
    assert_eq!(counts(&bring(&program, &moved).await), [0, 1, 0, 2]);
    let second = program.get("/devices?q=S2").await.ok()["data"][0].clone();
    assert_eq!(second["owner"]["user_name"], "anna");

    let text = "group,kind,member\nSales,,anna\nSales,device,laptop\nNowhere,user,josé\nSales,robot,x\n";
    let checked = check(&program, text).await.ok();
    let lines: Vec<&Value> = checked["errors"].as_array().unwrap().iter().map(|it| &it["line"]).collect();
    // There is no group yet, and two devices are called laptop.
    assert_eq!(lines, [2, 3, 3, 4, 5], "{checked}");
    let sales = program.post("/groups", &json!({"name": "Sales"})).await.ok();
    let all = program.post("/groups", &json!({"name": "All"})).await.ok();
    let text = "group;kind;member;action\nSALES;;anna;\nSales;device;S1;add\nAll;group;Sales;add\n";
    assert_eq!(counts(&bring(&program, text).await), [3, 0, 0, 0]);
    assert_eq!(counts(&bring(&program, text).await), [0, 0, 0, 3]);
    let members = program.get(&format!("/groups/{}/members", sales["id"].as_str().unwrap())).await.ok();
    assert_eq!(members["data"].as_array().unwrap().len(), 2);
    let circle = check(&program, "group,kind,member\nSales,group,All\n").await.ok();
    assert!(circle["errors"][0]["message"].as_str().unwrap().contains("circle"));
    assert_eq!(
        counts(&bring(&program, "group,member,action\nSales,anna,remove\nSales,josé,remove\n").await),
        [0, 0, 1, 1]
    );
    assert_eq!(program.get(&format!("/groups/{}", all["id"].as_str().unwrap())).await.ok()["members"], 1);
}

async fn what_a_file_leaves_out_stays_and_what_it_empties_goes(database: TestDatabase) {
    let program = Program::new(database).await;
    bring(&program, PEOPLE).await;
    let done = bring(&program, "user_name,upn,attribute.CostCentre,attribute.room\nanna,,,7\n").await;
    assert_eq!(counts(&done), [0, 1, 0, 0]);
    let anna = program.get("/users?q=anna").await.ok()["data"][0].clone();
    assert_eq!((&anna["upn"], &anna["email"]), (&Value::Null, &json!("anna@example.org")));
    assert_eq!(anna["attributes"], json!({"room": "7"}));
}

async fn a_file_that_is_no_longer_right_is_refused(database: TestDatabase) {
    let program = Program::new(database).await;
    let checked = check(&program, "user_name,upn\nanna,anna@example.org\n").await.ok();
    let path = |what: &str| format!("/imports/{}/{what}", checked["id"].as_str().unwrap());
    program.post("/users", &json!({"user_name": "b", "upn": "anna@example.org"})).await.ok();
    let problem = program.post(&path("carry-out"), &json!({})).await.problem(409, &[]);
    assert!(problem["detail"].as_str().unwrap().contains("line 2"), "{problem}");
    let discarded = program.post(&path("discard"), &json!({})).await.ok();
    assert_eq!(discarded["state"], "discarded");
    program.post(&path("carry-out"), &json!({})).await.problem(409, &[]);
    program.post(&path("discard"), &json!({})).await.problem(409, &[]);
    assert_eq!(names(&program, "users", "user_name").await, ["b"]);
}
