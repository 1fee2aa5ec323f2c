//! Every reading route of the API, as the document lists them, asked by a helpdesk that is limited to a group: nothing of
//! another group's people and devices is in any answer, and nothing that happens to them changes one.

use std::collections::{BTreeMap, BTreeSet};

use certporter::clock::Clock as _;
use certporter::service::sign_in;
use certporter::service::tokens::{self, TokenDraft};
use certporter_model::access::Role;
use http::Method;
use serde_json::{Value, json};

use super::flow::{device, id};
use super::helpdesk::{assigned, person};
use super::program::Program;
use super::works::Works;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    no_route_shows_a_limited_helpdesk_another_group_s,
}

/// What every name of theirs has in it, and no other.
const MARK: &str = "theirs";
/// A part of it, to search by: what was searched for is none of theirs.
const PART: &str = "heirs";

/// What is theirs: an id of each kind.
struct Theirs {
    ids: Vec<(&'static str, String)>,
}

impl Theirs {
    fn of(&self, kind: &str) -> &str {
        let found = self.ids.iter().find(|(known, _)| *known == kind);
        &found.unwrap_or_else(|| panic!("no {kind}")).1
    }

    /// What stands for a parameter of a query, where it names something.
    fn named(&self, parameter: &str) -> Option<String> {
        let kind = match parameter {
            "q" => return Some(PART.to_owned()),
            "day" | "date" => return Some("2026-01-02".to_owned()),
            "user" | "owner" | "person" => "user",
            "device" => "device",
            "group" => "group",
            "profile" => "profile",
            "certificate" => "certificate",
            _ => return None,
        };
        Some(self.of(kind).to_owned())
    }
}

/// The addresses of a route: each parameter of the path is each id, and each of the query by itself.
fn addresses(path: &str, described: &Value, theirs: &Theirs) -> Vec<String> {
    let mut paths = vec![String::new()];
    for piece in path.split('/').skip(1) {
        let values: Vec<String> = if piece.starts_with('{') {
            theirs.ids.iter().map(|(_, id)| id.clone()).collect()
        } else {
            vec![piece.to_owned()]
        };
        let longer =
            |begun: &String| values.iter().map(|value| format!("{begun}/{value}")).collect::<Vec<_>>();
        paths = paths.iter().flat_map(longer).collect();
    }
    let parameters: Vec<&Value> = described["parameters"].as_array().into_iter().flatten().collect();
    let asked = parameters.iter().filter(|it| it["in"] == "query").filter_map(|it| {
        let name = it["name"].as_str()?;
        Some((name.to_owned(), theirs.named(name)?, it["required"] == true))
    });
    let asked: Vec<(String, String, bool)> = asked.collect();
    let needed: Vec<String> =
        asked.iter().filter(|it| it.2).map(|(name, value, _)| format!("{name}={value}")).collect();
    let mut queries = vec![needed.join("&")];
    for (name, value, _) in asked.iter().filter(|it| !it.2) {
        let mut query = needed.clone();
        query.push(format!("{name}={value}"));
        queries.push(query.join("&"));
    }
    let whole =
        |path: &String| queries.iter().map(move |query| format!("{path}?{query}")).collect::<Vec<_>>();
    paths.iter().flat_map(whole).collect()
}

/// Asks every route; what each address answered.
async fn walk(program: &Program, token: &str, theirs: &Theirs) -> BTreeMap<(String, String), (u16, String)> {
    let document = program.ask(Method::GET, "/api/v1/openapi.json").token(None).send().await.ok();
    let mut answers = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if item.get("get").is_none() {
            continue;
        }
        for address in addresses(path, &item["get"], theirs) {
            let answered = program.ask(Method::GET, &address).token(token.to_owned()).send().await;
            let text = String::from_utf8_lossy(&answered.octets).into_owned();
            answers.insert((path.clone(), address), (answered.status.as_u16(), text));
        }
    }
    answers
}

/// Somebody with a laptop that holds certificates, and a request that waits for a value; and a shared device of their
/// group.
async fn furnish(program: &Program, works: &Works, name: &str, number: u32) -> Theirs {
    let (user, group, laptop) = person(program, name, number).await;
    let lacking = json!({"subject": "CN={{UserPrincipalName}}", "features": ["wifi"]});
    let profile = assigned(program, &format!("By UPN {number}"), &group, lacking).await;
    assigned(program, &format!("Wi-Fi {number}"), &group, json!({"escrow": "until_delivered"})).await;
    let of_device =
        json!({"subject_type": "device", "subject": "CN={{DeviceName}}", "subject_alternative_names": []});
    assigned(program, &format!("Screens {number}"), &group, of_device).await;
    let screen = device(program, &format!("{name}-screen"), None).await;
    let member = json!({"kind": "device", "id": id(&screen)});
    program.post(&format!("/groups/{group}/members"), &member).await.ok();
    let mut enrolled = works.enrol(program, &laptop).await;
    works.sync(program, &mut enrolled).await;
    let mut shared = works.enrol(program, id(&screen)).await;
    works.sync(program, &mut shared).await;
    let first = |page: &Value| id(&page["data"][0]).to_owned();
    let certificate = first(&program.get(&format!("/certificates?device={laptop}")).await.ok());
    let request = first(&program.get(&format!("/requests?user={user}")).await.ok());
    let copy = enrolled.held.first().unwrap().to_string();
    let ids = vec![
        ("user", user),
        ("device", laptop),
        ("shared", id(&screen).to_owned()),
        ("certificate", certificate),
        ("request", request),
        ("copy", copy),
        ("group", group),
        ("profile", profile),
    ];
    Theirs { ids }
}

async fn no_route_shows_a_limited_helpdesk_another_group_s(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let mine = furnish(&program, &works, "mine", 1).await;
    let theirs = furnish(&program, &works, MARK, 2).await;
    // Groups are seen by name; what is in them is not.
    let renamed = json!({"name": "Another team"});
    let path = format!("/groups/{}", theirs.of("group"));
    let etag = program.get(&path).await.etag();
    program.put(&path, &etag, &renamed).await.ok();

    let here = mine.of("group");
    let grants = json!([{"role": "administrator"}, {"role": "helpdesk", "groups": [here]}]);
    let account = program.post("/accounts", &json!({"name": "both", "grants": grants})).await.ok();
    let maker = sign_in::caller_of(&program.portal, id(&account).parse().unwrap()).await.unwrap().unwrap();
    let draft = TokenDraft { name: "desk".into(), roles: vec![Role::Helpdesk], expires_in_days: 30 };
    let limited = tokens::create(&program.portal, &maker, &draft).await.unwrap().token;

    // Whoever may see everybody finds them by these ways: the walk goes where something is to be seen.
    let everything = program.new_token(Role::Administrator).await;
    let seen: BTreeSet<String> = walk(&program, &everything, &theirs)
        .await
        .into_iter()
        .filter(|(_, (_, text))| text.contains(MARK))
        .map(|((path, _), _)| path)
        .collect();
    for path in [
        "/helpdesk/people",
        "/users",
        "/users/{id}",
        "/users/{id}/grid",
        "/users/{id}/diagnosis",
        "/users/{id}/history",
        "/devices",
        "/devices/{id}",
        "/devices/{id}/grid",
        "/devices/{id}/history",
        "/devices/{id}/profiles/{profile}",
        "/groups/{id}/members",
        "/certificates",
        "/certificates/{id}",
        "/requests",
        "/requests/{id}",
    ] {
        assert!(seen.contains(&format!("/api/v1{path}")), "{path} shows nothing of theirs: {seen:?}");
    }

    let moment = program.clock.now();
    let before = walk(&program, &limited, &theirs).await;
    let ids: Vec<&str> = theirs.ids[..6].iter().map(|(_, id)| id.as_str()).collect();
    for ((path, address), (status, text)) in &before {
        assert!(!text.contains(MARK), "{address}: {status} {text}");
        // What was asked for may be named as what is not there.
        let told = ids.iter().find(|id| text.contains(**id) && !address.contains(**id));
        assert_eq!(told, None, "{address}: {status} {text}");
        assert!(*status < 500, "{address}: {status} {text}");
        let of_theirs = ["users/{id}", "devices/{id}", "certificates/{id}", "requests/{id}"];
        if of_theirs.iter().any(|it| path.starts_with(&format!("/api/v1/{it}"))) {
            assert!(matches!(status, 403 | 404), "{address}: {status} {text}");
        }
    }
    // What is theirs own is seen: the walk is not merely refused.
    let own = walk(&program, &limited, &mine).await;
    let found = own.iter().filter(|(_, (status, text))| *status == 200 && text.contains("mine")).count();
    assert!(found > 16, "{found}");

    // Nothing that happens over there changes an answer: no count, no list, no cursor.
    furnish(&program, &works, "theirs-too", 3).await;
    let other = json!({"kind": "device", "id": theirs.of("shared")});
    let fourth = program.post("/groups", &json!({"name": "Nobody's"})).await.ok();
    program.post(&format!("/groups/{}/members", id(&fourth)), &other).await.ok();
    let body = json!({"reason": "key_compromise", "explanation": "seen elsewhere"});
    program.post(&format!("/certificates/{}/revoke", theirs.of("certificate")), &body).await.ok();
    program.post(&format!("/users/{}/block", theirs.of("user")), &json!({})).await.ok();
    works.work().await;
    // Answers say of when they are.
    program.clock.set(moment);
    let after = walk(&program, &limited, &theirs).await;
    for ((path, address), answer) in &before {
        // Groups and profiles are the organisation's: another one is seen by its name.
        if ["groups", "profiles"].iter().any(|it| path.starts_with(&format!("/api/v1/{it}"))) {
            continue;
        }
        assert_eq!(after.get(&(path.clone(), address.clone())), Some(answer), "{address}");
    }
}
