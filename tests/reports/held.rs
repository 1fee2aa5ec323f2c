//! Who held what on a day, after it has changed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::notices::scene::{Scene, id};
use crate::support::database::TestDatabase;

const DAY: Duration = Duration::from_secs(86_400);

async fn rows(scene: &Scene, path: &str) -> Vec<Value> {
    let page = scene.program.get(&format!("/reports/held{path}")).await.ok();
    page["data"].as_array().unwrap().clone()
}

async fn the_past_stays(database: TestDatabase) {
    // 2026-01-01: Maria has a laptop with a certificate.
    let mut scene = Scene::new(database, 1).await;
    let maria = scene.maria.clone();
    let held = rows(&scene, "?day=2026-01-01").await;
    let [certificate] = &held[..] else { panic!("{held:?}") };
    assert_eq!(certificate["user"]["id"], maria.as_str());
    assert!(!certificate["copies"].as_array().unwrap().is_empty(), "{certificate}");
    let laptop = certificate["device"]["id"].as_str().unwrap().to_owned();
    // 2026-01-03: the laptop is Jo's from now on, and Maria leaves the group.
    scene.program.clock.advance(2 * DAY);
    let body =
        json!({"user_name": "jo", "display_name": "Jo", "email": "jo@example.org", "upn": "jo@example.org"});
    let jo = id(&scene.program.post("/users", &body).await.ok());
    let read = scene.program.get(&format!("/devices/{laptop}")).await.etag();
    let path = format!("/devices/{laptop}/hand-over");
    let asked = scene.program.ask(http::Method::POST, &path).header("if-match", read);
    asked.json(&json!({"owner": jo})).send().await.ok();
    let members = scene.program.get(&format!("/groups/{}/members", scene.group)).await.ok();
    let membership = id(&members["data"][0]);
    let path = format!("/groups/{}/members/{membership}", scene.group);
    scene.program.delete(&path, "").await.ok();
    scene.sync().await;
    // 2026-01-06
    scene.program.clock.advance(3 * DAY);
    let today = rows(&scene, "").await;
    assert!(today.is_empty(), "it was revoked and removed: {today:?}");
    let before = rows(&scene, &format!("?day=2026-01-02&user={maria}")).await;
    assert_eq!(before.len(), 1, "{before:?}");
    assert!(before[0]["revoked_at"].is_string(), "what is known today is told: {}", before[0]);
    assert_eq!(rows(&scene, &format!("?day=2026-01-02&user={jo}")).await.len(), 0);
    assert_eq!(rows(&scene, &format!("?day=2026-01-02&device={laptop}")).await.len(), 1);
    let owner = |rows: Vec<Value>| rows.iter().map(|row| row["user"]["id"].clone()).collect::<Vec<_>>();
    let devices = |day: &str| format!("/devices?device={laptop}&day={day}");
    assert_eq!(owner(rows(&scene, &devices("2026-01-02")).await), [json!(maria)]);
    assert_eq!(owner(rows(&scene, &devices("2026-01-03")).await).len(), 2, "both had it on that day");
    assert_eq!(owner(rows(&scene, &devices("2026-01-05")).await), [json!(jo)]);
    let group = &scene.group;
    let then = rows(&scene, &format!("/memberships?group={group}&day=2026-01-02")).await;
    assert_eq!(then[0]["user"]["id"], maria.as_str());
    assert!(rows(&scene, &format!("/memberships?group={group}")).await.is_empty());
    // Those who were in the group on that day, whoever is in it now.
    assert_eq!(rows(&scene, &format!("?group={group}&day=2026-01-02")).await.len(), 1);
    assert_eq!(rows(&scene, &format!("/assignments?user={maria}&day=2026-01-02")).await.len(), 1);
    assert!(rows(&scene, &format!("/assignments?user={maria}")).await.is_empty());
    assert!(rows(&scene, "?day=2025-12-31").await.is_empty());
    let csv = scene.program.get(&format!("/reports/held.csv?day=2026-01-02&user={maria}")).await;
    let text = String::from_utf8(csv.octets).unwrap();
    let kinds: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert!(kinds.contains(&"copy") && kinds.contains(&"device"), "{text}");
    assert!(kinds.contains(&"membership") && kinds.contains(&"assignment"), "{text}");
    scene.program.get("/reports/held?day=2026-02-01").await.problem(422, &["day"]);
    scene.program.get("/reports/held?day=tomorrow").await.problem(422, &["day"]);
    let two = format!("/reports/held?user={maria}&group={group}");
    scene.program.get(&two).await.problem(422, &["group"]);
}

#[tokio::test]
async fn the_past_stays_on_sqlite() {
    the_past_stays(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn the_past_stays_on_postgres() {
    the_past_stays(TestDatabase::postgres().await).await;
}

#[tokio::test]
async fn pages_and_the_file_have_every_row_once_and_no_formula() {
    let scene = Scene::new(TestDatabase::sqlite().await, 0).await;
    for number in 0..7 {
        let name = if number == 3 { "=HYPERLINK(\"x\")".to_owned() } else { format!("Laptop {number}") };
        let body = json!({"name": name, "platform": "linux", "owner": scene.maria});
        scene.program.post("/devices", &body).await.ok();
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = scene.program.get(&format!("/reports/held/devices?limit=3{cursor}")).await.ok();
        seen.extend(page["data"].as_array().unwrap().iter().map(|row| row["device"]["id"].to_string()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
    let csv = scene.program.get("/reports/held.csv").await;
    let text = String::from_utf8(csv.octets).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("device,")).count(), 7, "{text}");
    assert!(text.contains("\"'=HYPERLINK(\"\"x\"\")\""), "{text}");
}
