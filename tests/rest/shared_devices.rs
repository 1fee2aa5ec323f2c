//! A device that is nobody's, on a page of its own: what is wrong, what is on it and why, what happened, and to whom it
//! is shown.

use std::time::Duration;

use certporter::service::action::ActionDraft;
use certporter::service::helpdesk::diagnosis::Severity;
use certporter::service::helpdesk::grid::CellState;
use certporter::service::helpdesk::history::{self, HistoryQuery};
use certporter::service::helpdesk::search::{self, PeopleQuery};
use certporter::service::helpdesk::why::{self, CheckAbout};
use certporter::service::reach::Outcome;
use certporter::service::{ServiceError, devices, helpdesk};
use certporter_model::DeviceId;
use serde_json::{Value, json};

use super::flow::{device, id};
use super::helpdesk::{assigned, desk, person};
use super::program::Program;
use super::works::Works;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_shared_device_is_understood_by_itself,
    a_shared_device_is_shown_to_whoever_helps_its_group,
    what_was_before_it_became_shared_stays_its_person_s,
}

/// A profile whose certificates name the device.
fn of_device() -> Value {
    json!({
        "subject_type": "device", "subject": "CN={{DeviceName}}", "subject_alternative_names": [],
        "features": ["wifi"], "escrow": "until_delivered",
    })
}

/// A screen that is nobody's, in a group.
async fn screen(program: &Program, name: &str, group: &str) -> DeviceId {
    let made = device(program, name, None).await;
    let member = json!({"kind": "device", "id": id(&made)});
    program.post(&format!("/groups/{group}/members"), &member).await.ok();
    id(&made).parse().unwrap()
}

async fn group(program: &Program, name: &str) -> String {
    id(&program.post("/groups", &json!({ "name": name })).await.ok()).to_owned()
}

async fn a_shared_device_is_understood_by_itself(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let lobby = group(&program, "Lobby").await;
    let screen = screen(&program, "lobby-screen", &lobby).await;
    let (portal, everyone) = (&program.portal, program.administrator().await);
    let look = async || helpdesk::device(portal, &everyone, screen).await.unwrap();

    // Before it is enrolled.
    let view = look().await;
    assert!(view.shared && view.person.is_none(), "{view:?}");
    assert_eq!(view.findings[0].sentence, "lobby-screen is registered, but has never enrolled.");
    assert!(view.findings[0].next_step.contains("whoever uses it"), "{view:?}");
    // Enrolled, but reached by nothing.
    let mut enrolled = works.enrol(&program, &screen.to_string()).await;
    let view = look().await;
    assert_eq!(view.findings[0].sentence, "No profile reaches lobby-screen.");
    assert_eq!(view.findings[0].device, Some(screen));

    // What names a person never comes to it, and that is told; what names the device does.
    let person_s = assigned(&program, "Wi-Fi for staff", &lobby, json!({"features": ["wifi"]})).await;
    let device_s = assigned(&program, "Wi-Fi for screens", &lobby, of_device()).await;
    works.sync(&program, &mut enrolled).await;
    let view = look().await;
    let of = |profile: &str| {
        let row = view.grid.rows.iter().find(|row| row.profile.id.to_string() == profile).unwrap();
        assert_eq!(row.cells.len(), 1);
        row.cells[0].state
    };
    assert_eq!((of(&device_s), of(&person_s)), (CellState::Installed, CellState::None));
    let told: Vec<_> = view.findings.iter().map(|it| (it.severity, it.sentence.as_str())).collect();
    assert_eq!(told, [(Severity::Note, "Wi-Fi for staff does not come to lobby-screen.")]);
    assert!(view.findings[0].cause.contains("nobody's"), "{view:?}");

    // Why, for either; of the device there is no person to be looked at.
    let why =
        async |profile: &str| why::why(portal, &everyone, screen, profile.parse().unwrap()).await.unwrap();
    let got = why(&device_s).await;
    assert_eq!((got.outcome, got.cells.len()), (Outcome::Gets, 1));
    assert_eq!(got.cells[0].cell.state, CellState::Installed);
    assert!(got.checks.iter().all(|check| check.passed && check.about != CheckAbout::Person), "{got:?}");
    let refused = why(&person_s).await;
    assert_eq!(refused.outcome, Outcome::None);
    assert_eq!(refused.findings.len(), 1, "{refused:?}");

    // It is away, and somebody beside it is asked, not its person.
    program.clock.advance(Duration::from_secs(9 * 86_400));
    let view = look().await;
    let away = view.findings.iter().find(|it| it.sentence.contains("has not checked in for 9 days")).unwrap();
    assert!(away.next_step.starts_with("Ask whoever uses it"), "{away:?}");

    // By REST the same, and one timeline of what the portal, the CA and the device did.
    let grid = program.get(&format!("/devices/{screen}/grid")).await.ok();
    assert_eq!(grid["devices"][0]["name"], "lobby-screen");
    let findings = program.get(&format!("/devices/{screen}/diagnosis")).await.ok();
    assert_eq!(findings.as_array().unwrap().len(), view.findings.len());
    let past = program.get(&format!("/devices/{screen}/history?limit=200")).await.ok();
    let entries = past["data"].as_array().unwrap();
    for source in ["portal", "connector", "ca", "device"] {
        assert!(entries.iter().any(|it| it["source"] == source), "nothing of the {source}: {past}");
    }
    assert!(entries.iter().any(|it| it["action"] == "devices.create"), "{past}");
    // Page by page it is the same.
    let mut paged = Vec::new();
    let mut path = format!("/devices/{screen}/history?limit=3");
    loop {
        let page = program.get(&path).await.ok();
        paged.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/devices/{screen}/history?limit=3&cursor={next}");
    }
    assert_eq!(&paged, entries);
    let another = device(&program, "another", None).await;
    let path = format!("/devices/{screen}/history?device={}", id(&another));
    program.get(&path).await.problem(422, &["device"]);
}

async fn a_shared_device_is_shown_to_whoever_helps_its_group(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let (lobby, elsewhere) = (group(&program, "Lobby").await, group(&program, "Elsewhere").await);
    let mine = screen(&program, "lobby-screen", &lobby).await;
    let theirs = screen(&program, "other-screen", &elsewhere).await;
    let profile = assigned(&program, "Screens", &elsewhere, of_device()).await;
    let mut enrolled = works.enrol(&program, &theirs.to_string()).await;
    works.sync(&program, &mut enrolled).await;
    let copy = *enrolled.held.first().unwrap();
    let desk = desk(&program, "desk", &lobby).await;
    let portal = &program.portal;

    let found = |q: &str| PeopleQuery { q: q.to_owned() };
    let seen = search::find(portal, &desk, &found("screen")).await.unwrap();
    let names: Vec<&str> = seen.devices.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["lobby-screen"]);
    helpdesk::device(portal, &desk, mine).await.unwrap();

    let hidden = |answer: Result<(), ServiceError>| {
        assert!(matches!(answer, Err(ServiceError::NotFound { .. })), "{answer:?}");
    };
    hidden(helpdesk::device(portal, &desk, theirs).await.map(drop));
    hidden(helpdesk::look_up_device(portal, &desk, theirs).await);
    hidden(history::of_device(portal, &desk, theirs, &HistoryQuery::default()).await.map(drop));
    hidden(why::why(portal, &desk, theirs, profile.parse().unwrap()).await.map(drop));
    hidden(helpdesk::deliver_again(portal, &desk, copy, &ActionDraft::default()).await.map(drop));
    hidden(devices::retire(portal, &desk, theirs, &ActionDraft::default()).await.map(drop));

    // A look-up is in the audit trail, once an hour.
    let noted = async || {
        let events = program.get("/audit-events?action=devices.look_up&limit=200").await.ok();
        events["data"].as_array().unwrap().len()
    };
    for _ in 0..3 {
        helpdesk::look_up_device(portal, &desk, mine).await.unwrap();
    }
    assert_eq!(noted().await, 1);
    program.clock.advance(Duration::from_secs(3_601));
    helpdesk::look_up_device(portal, &desk, mine).await.unwrap();
    assert_eq!(noted().await, 2);
    program.get(&format!("/devices/{mine}/diagnosis")).await.ok();
    program.get(&format!("/devices/{mine}/grid")).await.ok();
    assert_eq!(noted().await, 3);
    let past = program.get(&format!("/devices/{mine}/history")).await.ok();
    assert!(!past.to_string().contains("look_up"), "it is no part of what happened to the device: {past}");
}

async fn what_was_before_it_became_shared_stays_its_person_s(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let (user, team, laptop) = person(&program, "maria", 1).await;
    assigned(&program, "Wi-Fi", &team, json!({"features": ["wifi"]})).await;
    let mut enrolled = works.enrol(&program, &laptop).await;
    works.sync(&program, &mut enrolled).await;
    let (portal, everyone) = (&program.portal, program.administrator().await);
    let id: DeviceId = laptop.parse().unwrap();
    // While it is somebody's, their page shows it.
    let view = helpdesk::device(portal, &everyone, id).await.unwrap();
    assert_eq!(view.person.map(|id| id.to_string()), Some(user.clone()));
    assert!(!view.shared);
    // Who helps the device's group alone sees it without its person.
    let pool = group(&program, "Pool").await;
    let member = json!({"kind": "device", "id": laptop});
    program.post(&format!("/groups/{pool}/members"), &member).await.ok();
    let desk = desk(&program, "desk", &pool).await;
    let view = helpdesk::device(portal, &desk, id).await.unwrap();
    assert_eq!((view.person, view.shared, view.grid.devices.len()), (None, false, 1));
    assert!(!format!("{:?}", view.findings).contains("maria "), "{view:?}");

    program.clock.advance(Duration::from_secs(60));
    program.post(&format!("/devices/{laptop}/hand-over"), &json!({"explanation": "for the pool"})).await.ok();
    works.sync(&program, &mut enrolled).await;
    let past = history::of_device(portal, &desk, id, &HistoryQuery::default()).await.unwrap();
    let actions: Vec<&str> = past.data.iter().filter_map(|it| it.action.as_deref()).collect();
    assert!(actions.contains(&"devices.hand_over"), "{actions:?}");
    assert!(!actions.contains(&"device.enrol"), "it enrolled while it was hers: {actions:?}");
    let view = helpdesk::device(portal, &desk, id).await.unwrap();
    assert!(view.shared, "{view:?}");
    let hers = program.get(&format!("/users/{user}/history?limit=200")).await.ok();
    assert!(hers.to_string().contains("device.enrol"), "{hers}");
}
