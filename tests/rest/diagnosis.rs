//! What is wrong with what a person holds, found, mended and confirmed; why, and what was done about it.

use std::time::Duration;

use certporter::store::certificates as stored;
use certporter::wire::device::{CopyStatus, ReportedState};
use certporter_model::text::Explanation;
use serde_json::{Value, json};

use super::flow::{device, id, user};
use super::helpdesk::{assigned, person};
use super::program::{Program, wifi};
use super::works::{Enrolled, Works};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    what_is_wrong_is_found_mended_and_confirmed,
    why_a_device_gets_a_profile_or_not_is_told,
    the_history_joins_portal_connector_ca_and_device,
}

/// A device whose wireless certificate could not be installed.
async fn broken(program: &Program, works: &Works) -> (String, String, Enrolled, CopyStatus) {
    let (who, group, laptop) = person(program, "maria", 1).await;
    assigned(program, "Wi-Fi", &group, json!({"escrow": "until_delivered"})).await;
    let mut enrolled = works.enrol(program, &laptop).await;
    works.sync(program, &mut enrolled).await;
    let grid = program.get(&format!("/users/{who}/grid")).await.ok();
    let row = grid["rows"].as_array().unwrap().iter().find(|row| row["feature"] == "wifi").unwrap();
    let copy = row["cells"][0]["copy"].as_str().unwrap().parse().unwrap();
    let certificate = row["cells"][0]["certificate"].as_str().unwrap().parse().unwrap();
    let mut conn = program.database.db.read().await.unwrap();
    let thumbprint = stored::get(&mut conn, certificate).await.unwrap().thumbprint;
    (who, laptop, enrolled, CopyStatus { copy, thumbprint, state: ReportedState::Installed, cause: None })
}

async fn cells(program: &Program, who: &str) -> Vec<(String, String)> {
    let grid = program.get(&format!("/users/{who}/grid")).await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = grid["rows"].as_array().unwrap().iter();
    rows.map(|row| (text(&row["feature"]), text(&row["cells"][0]["state"]))).collect()
}

fn of(cells: &[(&str, &str)]) -> Vec<(String, String)> {
    cells.iter().map(|(feature, state)| ((*feature).to_owned(), (*state).to_owned())).collect()
}

async fn what_is_wrong_is_found_mended_and_confirmed(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let (who, laptop, mut enrolled, installed) = broken(&program, &works).await;
    let diagnosis = format!("/users/{who}/diagnosis");
    assert_eq!(program.get(&diagnosis).await.ok(), json!([]), "nothing is wrong");
    assert_eq!(cells(&program, &who).await, of(&[("vpn", "installed"), ("wifi", "installed")]));
    let again = format!("/copies/{}/deliver-again", installed.copy);
    let body = json!({"explanation": "The Wi-Fi does not work."});
    // All are confirmed: the key is gone, and it is said what to do instead.
    let refused = program.post(&again, &body).await.problem(409, &[]);
    assert!(refused["detail"].as_str().unwrap().contains("have it reissued"), "{refused}");

    // The certificate is reissued; this time the device can't install it for one feature.
    program.clock.advance(Duration::from_secs(60));
    let certificate = program.get(&format!("/certificates?device={laptop}")).await.ok();
    let reissue = format!("/certificates/{}/reissue", id(&certificate["data"][0]));
    program.post(&reissue, &body).await.ok();
    works.work().await;
    let (copy, thumbprint) = current_copy(&program, &laptop, "wifi").await;
    let cause = Some(Explanation::parse("the store is locked").unwrap());
    let failed = CopyStatus { copy, thumbprint, state: ReportedState::Failed, cause };
    works.report(&enrolled, vec![failed]).await;
    let found = program.get(&diagnosis).await.ok();
    let finding = &found[0];
    assert_eq!((&finding["severity"], &finding["feature"]), (&json!("problem"), &json!("wifi")), "{found}");
    assert_eq!(finding["cause"], "The store is locked.");
    assert_eq!(finding["action"], json!({"kind": "deliver_again", "copy": copy}));

    let again = format!("/copies/{copy}/deliver-again");
    let shown = program.post(&format!("{again}?preview=true"), &body).await.ok();
    assert_eq!(shown["summary"]["delivered"], 1, "{shown}");
    let state = async || program.get(&diagnosis).await.ok()[0]["severity"].clone();
    assert_eq!(state().await, "problem", "a preview does nothing");
    let done = program.post(&again, &body).await.ok();
    assert_eq!((&done["state"], &done["feature"]), (&json!("pending"), &json!("wifi")), "{done}");
    let refused = program.post(&again, &body).await.problem(409, &[]);
    assert!(refused["detail"].as_str().unwrap().contains("prepared already"), "{refused}");
    // The device's own word ends it.
    works.sync(&program, &mut enrolled).await;
    works.sync(&program, &mut enrolled).await;
    assert_eq!(cells(&program, &who).await, of(&[("vpn", "installed"), ("wifi", "installed")]));
    assert_eq!(program.get(&diagnosis).await.ok(), json!([]));
    let past = program.get(&format!("/users/{who}/history?limit=200")).await.ok();
    let asked = past["data"].as_array().unwrap().iter().find(|it| it["action"] == "copies.deliver_again");
    assert_eq!(asked.unwrap()["detail"], "The Wi-Fi does not work.", "{past}");

    // A device that is not heard of, and one that is blocked.
    program.clock.advance(Duration::from_secs(9 * 86_400));
    let found = program.get(&diagnosis).await.ok();
    assert_eq!(found[0]["sentence"], "maria-laptop has not checked in for 9 days.");
    program.post(&format!("/devices/{laptop}/block"), &json!({})).await.ok();
    let found = program.get(&diagnosis).await.ok();
    assert_eq!(found[0]["action"], json!({"kind": "unblock_device", "device": laptop}), "{found}");
    program.post(&again, &body).await.problem(409, &[]);
}

/// The copy of the newest certificate for a feature.
async fn current_copy(
    program: &Program,
    laptop: &str,
    feature: &str,
) -> (certporter_model::CopyId, certporter_model::thumbprint::Thumbprint) {
    let page = program.get(&format!("/certificates?device={laptop}")).await.ok();
    let certificate = program.get(&format!("/certificates/{}", id(&page["data"][0]))).await.ok();
    let copies = certificate["copies"].as_array().unwrap();
    let copy = copies.iter().find(|copy| copy["feature"] == feature).unwrap();
    let thumbprint = certificate["thumbprint"].as_str().unwrap().parse().unwrap();
    (id(copy).parse().unwrap(), thumbprint)
}

async fn why_a_device_gets_a_profile_or_not_is_told(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let (who, group, laptop) = person(&program, "maria", 1).await;
    let gets = assigned(&program, "Wi-Fi", &group, json!({})).await;
    let other = assigned(&program, "Windows only", &group, json!({"platforms": ["windows"]})).await;
    let lacks =
        assigned(&program, "Named by UPN", &group, json!({"subject": "CN={{UserPrincipalName}}"})).await;
    let barred = assigned(&program, "Barred", &group, json!({})).await;
    let contractors = program.post("/groups", &json!({"name": "Contractors"})).await.ok();
    let members = format!("/groups/{}/members", id(&contractors));
    program.post(&members, &json!({"kind": "device", "id": laptop})).await.ok();
    let exclusion = json!({"group_id": id(&contractors), "mode": "exclude"});
    program.post(&format!("/profiles/{barred}/assignments"), &exclusion).await.ok();
    let mut body = wifi();
    body["name"] = json!("Of nobody");
    let nobody = program.post("/profiles", &body).await.ok();
    let nobody = id(&nobody).to_owned();
    let mut enrolled = works.enrol(&program, &laptop).await;
    works.sync(&program, &mut enrolled).await;

    let told = async |profile: &str| program.get(&format!("/devices/{laptop}/profiles/{profile}")).await.ok();
    let against = |told: &Value| -> Vec<(String, String)> {
        let checks = told["checks"].as_array().unwrap().iter().filter(|check| check["passed"] == false);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        checks.map(|check| (text(&check["about"]), text(&check["found"][0]["text"]))).collect()
    };
    let wifi = told(&gets).await;
    assert_eq!((&wifi["outcome"], against(&wifi)), (&json!("gets"), vec![]), "{wifi}");
    assert_eq!(wifi["owner"], json!(who));
    assert_eq!(wifi["checks"][3]["found"][0]["text"], "Brought by the user's group Team maria.");
    assert_eq!(wifi["cells"][0]["cell"]["state"], "installed");
    for (profile, outcome, about, text) in [
        (&other, "none", "profile", "The platform linux is not among the profile's."),
        (&lacks, "waits", "values", "The value {{UserPrincipalName}} of the person is missing."),
        (&barred, "none", "exclusions", "Barred by the device's group Contractors."),
        (&nobody, "none", "groups", "No group of the person or the device brings it."),
    ] {
        let told = told(profile).await;
        assert_eq!(told["outcome"], outcome, "{told}");
        assert_eq!(against(&told), [(about.to_owned(), text.to_owned())], "{told}");
    }
    // The person's page has all of it but the profile of nobody.
    let grid = program.get(&format!("/users/{who}/grid")).await.ok();
    let of = |name: &str| {
        let mut rows = grid["rows"].as_array().unwrap().iter();
        rows.find(|row| row["profile"]["name"] == name).map(|row| row["cells"][0]["state"].clone())
    };
    for (name, state) in [
        ("Wi-Fi", Some("installed")),
        ("Windows only", Some("other_platform")),
        ("Named by UPN", Some("waits_for_value")),
        ("Barred", Some("excluded")),
        ("Of nobody", None),
    ] {
        assert_eq!(of(name), state.map(|state| json!(state)), "{name}: {grid}");
    }
    // Blocked, it is the person's state that stands against it for now.
    program.post(&format!("/users/{who}/block"), &json!({})).await.ok();
    let held = told(&gets).await;
    assert_eq!(held["outcome"], "held");
    assert_eq!(against(&held)[0].0, "person");
    program.get(&format!("/devices/{laptop}/profiles/{who}")).await.problem(404, &[]);
}

async fn the_history_joins_portal_connector_ca_and_device(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let (who, laptop, ..) = broken(&program, &works).await;
    let phone = device(&program, "maria-phone", Some(&who)).await;
    let mut enrolled = works.enrol(&program, id(&phone)).await;
    works.sync(&program, &mut enrolled).await;
    program.post(&format!("/devices/{laptop}/block"), &json!({"explanation": "left in a taxi"})).await.ok();
    works.work().await;
    let all = program.get(&format!("/users/{who}/history?limit=200")).await.ok();
    let all = all["data"].as_array().unwrap().clone();
    let sources = |source: &str| all.iter().filter(|it| it["source"] == source).count();
    for source in ["portal", "connector", "ca", "device"] {
        assert!(sources(source) > 0, "nothing of the {source}: {all:?}");
    }
    let block = all.iter().find(|it| it["action"] == "devices.block").unwrap();
    assert_eq!(
        (&block["detail"], &block["device"]["name"]),
        (&json!("left in a taxi"), &json!("maria-laptop"))
    );
    let installed = all.iter().find(|it| it["step"] == "installed").unwrap();
    assert_eq!((&installed["source"], &installed["profile"]["name"]), (&json!("device"), &json!("Wi-Fi")));
    let times: Vec<&str> = all.iter().map(|it| it["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "the newest first: {times:?}");
    let actions: Vec<&str> = all.iter().filter_map(|it| it["action"].as_str()).collect();
    for action in ["users.create", "devices.create", "devices.enrolment_codes.issue", "device.enrol"] {
        assert!(actions.contains(&action), "{action} is not in {actions:?}");
    }

    // In pages each is there once.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = program.get(&format!("/users/{who}/history?limit=7{cursor}")).await.ok();
        paged.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);

    // Of one device there is nothing of another, and nothing from before it was theirs.
    for (device, other) in [(laptop.as_str(), "maria-phone"), (id(&phone), "maria-laptop")] {
        let part = program.get(&format!("/users/{who}/history?limit=200&device={device}")).await.ok();
        let part = part["data"].as_array().unwrap();
        assert!(part.len() > 5 && part.len() < all.len());
        assert!(part.iter().all(|it| it["device"]["name"] != other && all.contains(it)), "{part:?}");
    }
    program.clock.advance(Duration::from_secs(60));
    let heir = user(&program, "heir").await;
    let handed = json!({"owner": id(&heir)});
    program.post(&format!("/devices/{}/hand-over", id(&phone)), &handed).await.ok();
    program.clock.advance(Duration::from_secs(60));
    program.post(&format!("/devices/{}/lost", id(&phone)), &json!({})).await.ok();
    let inherited = program.get(&format!("/users/{}/history?limit=200", id(&heir))).await.ok().to_string();
    assert!(inherited.contains("devices.lost") && !inherited.contains("device.enrol"), "{inherited}");
    let before = program.get(&format!("/users/{who}/history?limit=200")).await.ok().to_string();
    assert!(before.contains("devices.hand_over") && !before.contains("devices.lost"), "{before}");
}
