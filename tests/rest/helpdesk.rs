//! The helpdesk: people found by anything of theirs, who may see whom, and that a look-up is noted.

use std::time::Duration;

use certporter::service::certificates::{self, CertificatesQuery};
use certporter::service::helpdesk::history::{self, HistoryQuery};
use certporter::service::helpdesk::search::{self, PeopleQuery};
use certporter::service::helpdesk::{self, why};
use certporter::service::tokens::{self, TokenDraft};
use certporter::service::{ServiceError, devices, groups, profiles, requests, sign_in, users};
use certporter_model::access::{Caller, Role};
use http::Method;
use serde_json::{Value, json};

use super::flow::{device, id, user};
use super::program::{Program, wifi};
use super::works::Works;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    people_are_found_by_anything_of_theirs_the_best_first,
    a_limited_helpdesk_reaches_nobody_else_by_any_way,
    a_look_up_is_noted_once_an_hour,
}

/// A person of that name in a group of that name, with a laptop that has a serial number and an IMEI.
pub(super) async fn person(program: &Program, name: &str, number: u32) -> (String, String, String) {
    let who = user(program, name).await;
    let group = program.post("/groups", &json!({"name": format!("Team {name}")})).await.ok();
    let members = format!("/groups/{}/members", id(&group));
    program.post(&members, &json!({"kind": "user", "id": id(&who)})).await.ok();
    let body = json!({
        "name": format!("{name}-laptop"), "platform": "linux", "owner": id(&who),
        "serial_number": format!("SN-{number}-{name}"), "imei": format!("35209900176148{number}"),
    });
    let laptop = program.post("/devices", &body).await.ok();
    (id(&who).to_owned(), id(&group).to_owned(), id(&laptop).to_owned())
}

/// A profile that is assigned to the group.
pub(super) async fn assigned(program: &Program, name: &str, group: &str, further: Value) -> String {
    let mut body = wifi();
    body["name"] = json!(name);
    for (field, value) in further.as_object().unwrap() {
        body[field] = value.clone();
    }
    let profile = program.post("/profiles", &body).await.ok();
    let assignment = json!({"group_id": group, "mode": "include"});
    program.post(&format!("/profiles/{}/assignments", id(&profile)), &assignment).await.ok();
    id(&profile).to_owned()
}

async fn found(program: &Program, q: &str) -> Vec<(String, String, bool)> {
    let q: String = q.bytes().map(|octet| format!("%{octet:02X}")).collect();
    let answer = program.get(&format!("/helpdesk/people?q={q}")).await.ok();
    let people = answer["people"].as_array().unwrap().iter();
    people
        .map(|it| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&it["user"]["user_name"]), text(&it["matched"]["kind"]), it["exact"].as_bool().unwrap())
        })
        .collect()
}

async fn people_are_found_by_anything_of_theirs_the_best_first(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let body = json!({"user_name": "jorg", "display_name": "Jörg Ångström", "upn": "jorg@corp.example",
                      "email": "j.angstrom@example.org"});
    let jorg = program.post("/users", &body).await.ok();
    for name in ["ann", "anna", "joanna"] {
        user(&program, name).await;
    }
    let group = program.post("/groups", &json!({"name": "Staff"})).await.ok();
    let members = format!("/groups/{}/members", id(&group));
    program.post(&members, &json!({"kind": "user", "id": id(&jorg)})).await.ok();
    let body = json!({"name": "berg-tablet", "platform": "linux", "owner": id(&jorg),
                      "serial_number": "C02XL0GYJGH5", "imei": "352099001761481"});
    let tablet = program.post("/devices", &body).await.ok();
    device(&program, "lobby-screen", None).await;
    assigned(&program, "Wi-Fi", id(&group), json!({})).await;
    let mut enrolled = works.enrol(&program, id(&tablet)).await;
    works.sync(&program, &mut enrolled).await;
    let page = program.get(&format!("/certificates?device={}", id(&tablet))).await.ok();
    let certificate = program.get(&format!("/certificates/{}", id(&page["data"][0]))).await.ok();
    let text = |field: &str| certificate[field].as_str().unwrap().to_owned();
    let colons = |digits: String| {
        digits
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap())
            .collect::<Vec<_>>()
            .join(":")
    };

    for (typed, kind, exact) in [
        ("angstrom", "name", false),
        ("JÖRG ångström", "name", true),
        ("Jorg", "user_name", true),
        ("jorg@corp.example", "upn", true),
        ("J.ANGSTROM@example.org", "email", true),
        ("gstr", "name", false),
        ("berg-tab", "device", false),
        ("c02xl0gyjgh5", "device_serial", true),
        ("35-209900-176148-1", "imei", true),
        ("0990017614", "imei", false),
    ] {
        assert_eq!(found(&program, typed).await, [("jorg".to_owned(), kind.to_owned(), exact)], "{typed}");
    }
    for typed in [
        text("serial"),
        colons(text("serial")).to_uppercase(),
        text("serial_decimal"),
        text("thumbprint"),
        colons(text("sha1_thumbprint")),
        text("thumbprint")[..12].to_owned(),
    ] {
        assert_eq!(found(&program, &typed).await, [("jorg".into(), "certificate".into(), true)], "{typed}");
    }
    // Whoever is called just so comes first, then whose name begins so, then the others.
    let names: Vec<String> = found(&program, "ann").await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["ann", "anna", "joanna"]);
    assert_eq!(found(&program, "nobody at all").await, []);
    assert_eq!(found(&program, "100%").await, []);
    // A device of nobody leads to itself.
    let lobby = program.get("/helpdesk/people?q=lobby").await.ok();
    assert_eq!((lobby["people"].clone(), &lobby["devices"][0]["name"]), (json!([]), &json!("lobby-screen")));
    let long = "x".repeat(201);
    program.get(&format!("/helpdesk/people?q={long}")).await.problem(422, &["q"]);
    program.get("/helpdesk/people").await.problem(422, &["q"]);
}

/// Somebody of the helpdesk for one group.
pub(super) async fn desk(program: &Program, name: &str, group: &str) -> Caller {
    let body = json!({"name": name, "grants": [{"role": "helpdesk", "groups": [group]}]});
    let account = program.post("/accounts", &body).await.ok();
    sign_in::caller_of(&program.portal, id(&account).parse().unwrap()).await.unwrap().unwrap()
}

fn hidden<T: std::fmt::Debug>(what: &str, answer: Result<T, ServiceError>) {
    let error = answer.unwrap_err();
    assert!(matches!(error, ServiceError::NotFound { .. }), "{what}: {error:?}");
}

async fn a_limited_helpdesk_reaches_nobody_else_by_any_way(database: TestDatabase) {
    let program = Program::new(database).await;
    let works = Works::of(&program).await;
    let (mine, here, my_laptop) = person(&program, "mine", 1).await;
    let (theirs, there, their_laptop) = person(&program, "theirs", 2).await;
    let mut copies = Vec::new();
    let mut profile = String::new();
    for (group, laptop) in [(&here, &my_laptop), (&there, &their_laptop)] {
        // This one waits for a value.
        let lacking = json!({"subject": "CN={{UserPrincipalName}}"});
        assigned(&program, &format!("By UPN {group}"), group, lacking).await;
        profile =
            assigned(&program, &format!("Wi-Fi {group}"), group, json!({"escrow": "until_delivered"})).await;
        let mut enrolled = works.enrol(&program, laptop).await;
        works.sync(&program, &mut enrolled).await;
        copies.push(*enrolled.held.first().unwrap());
    }
    let desk = desk(&program, "desk", &here).await;
    let portal = &program.portal;
    let their_id = theirs.parse().unwrap();
    let page = program.get(&format!("/certificates?device={their_laptop}")).await.ok();
    let serial = page["data"][0]["serial"].as_str().unwrap();

    for typed in [
        "theirs",
        "theirs-laptop",
        "SN-2-theirs",
        "352099001761482",
        "theirs@example.org",
        serial,
        &theirs,
        &their_laptop,
    ] {
        let found = search::find(portal, &desk, &PeopleQuery { q: typed.to_owned() }).await.unwrap();
        assert!(found.people.is_empty() && found.devices.is_empty() && !found.more, "{typed}: {found:?}");
    }
    let found = search::find(portal, &desk, &PeopleQuery { q: "laptop".into() }).await.unwrap();
    let names: Vec<&str> = found.people.iter().map(|it| it.user.user_name.as_str()).collect();
    assert_eq!(names, ["mine"]);

    hidden("person", helpdesk::person(portal, &desk, their_id).await);
    hidden("look-up", helpdesk::look_up(portal, &desk, their_id).await);
    hidden("history", history::history(portal, &desk, their_id, &HistoryQuery::default()).await);
    let (laptop, of) = (their_laptop.parse().unwrap(), profile.parse().unwrap());
    hidden("why", why::why(portal, &desk, laptop, of).await);
    // By the address of somebody whom they may see.
    hidden("why for", why::why_for(portal, &desk, mine.parse().unwrap(), laptop, of).await);
    hidden("copy", helpdesk::deliver_again(portal, &desk, copies[1], &Default::default()).await);
    assert!(helpdesk::looked_up(portal, &desk).await.unwrap().is_empty());

    // Lists, exports and counts are of their people alone.
    let all = CertificatesQuery::default();
    let listed = certificates::list(portal, &desk, &all).await.unwrap();
    assert!(listed.data.iter().all(|it| it.user.as_ref().is_some_and(|user| user.user_name == "mine")));
    assert_eq!(listed.data.len(), 1);
    let csv = exported(portal, &desk, &all).await;
    assert!(csv.contains("mine-laptop") && !csv.contains("theirs"), "{csv}");
    let shown = users::list(portal, &desk, &users::UsersQuery::default()).await.unwrap();
    assert_eq!(shown.data.len(), 1);
    let shown = devices::list(portal, &desk, &devices::DevicesQuery::default()).await.unwrap();
    assert_eq!(shown.data.len(), 1);
    let shown = requests::list(portal, &desk, &requests::RequestsQuery::default()).await.unwrap();
    assert_eq!(shown.data.len(), 2);
    assert!(shown.data.iter().all(|it| it.user.as_ref().is_some_and(|user| user.user_name == "mine")));
    let counted: u64 =
        requests::pipeline(portal, &desk).await.unwrap().iter().map(|it| u64::from(it.count)).sum();
    let everyone = program.administrator().await;
    let of_all: u64 =
        requests::pipeline(portal, &everyone).await.unwrap().iter().map(|it| u64::from(it.count)).sum();
    assert_eq!((counted, of_all), (1, 2));
    let members = groups::list(portal, &desk, &groups::GroupsQuery::default()).await.unwrap();
    let of = |group: &str| members.data.iter().find(|it| it.id.to_string() == group).unwrap().members;
    assert_eq!((of(&here), of(&there)), (1, 0), "members whom the caller may not see are counted");
    let reached = profiles::list(portal, &desk, &profiles::ProfilesQuery::default()).await.unwrap();
    let used: u32 = reached.data.iter().map(|it| it.reach.certificates).sum();
    assert_eq!(used, 1, "certificates whom the caller may not see are counted");

    // REST with a token that is limited as its maker is.
    let body = json!({"name": "both", "grants": [{"role": "administrator"}, {"role": "helpdesk", "groups": [here]}]});
    let account = program.post("/accounts", &body).await.ok();
    let maker = sign_in::caller_of(portal, id(&account).parse().unwrap()).await.unwrap().unwrap();
    let draft = TokenDraft { name: "desk".into(), roles: vec![Role::Helpdesk], expires_in_days: 30 };
    let token = tokens::create(portal, &maker, &draft).await.unwrap().token;
    let get = async |path: String| program.ask(Method::GET, &path).token(token.clone()).send().await;
    for part in ["diagnosis", "grid", "history"] {
        get(format!("/users/{theirs}/{part}")).await.problem(404, &[]);
        get(format!("/users/{mine}/{part}")).await.ok();
    }
    get(format!("/devices/{their_laptop}/profiles/{profile}")).await.problem(404, &[]);
    let found = get("/helpdesk/people?q=theirs".into()).await.ok();
    assert_eq!((&found["people"], &found["devices"]), (&json!([]), &json!([])));
    let again =
        program.ask(Method::POST, &format!("/copies/{}/deliver-again", copies[1])).token(token.clone());
    again.json(&json!({})).send().await.problem(404, &[]);
    let listed = get("/users".into()).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

async fn exported(
    portal: &certporter::service::Portal,
    caller: &Caller,
    query: &CertificatesQuery,
) -> String {
    use futures::StreamExt;
    let export = certificates::export(portal, caller, query).await.unwrap();
    let portions: Vec<_> = export.portions().collect().await;
    portions.into_iter().map(Result::unwrap).collect()
}

async fn a_look_up_is_noted_once_an_hour(database: TestDatabase) {
    let program = Program::new(database).await;
    let (mine, here, _) = person(&program, "mine", 1).await;
    let (other, ..) = person(&program, "other", 2).await;
    let desk = desk(&program, "desk", &here).await;
    let everyone = program.administrator().await;
    let portal = &program.portal;
    let look =
        async |caller: &Caller, user: &str| helpdesk::look_up(portal, caller, user.parse().unwrap()).await;
    let noted = async || {
        let path = "/audit-events?action=users.look_up&limit=200";
        let events = program.get(path).await.ok();
        let events = events["data"].as_array().unwrap().clone();
        assert!(
            events.iter().all(|event| event["target_kind"] == "user" && event["intact"] == true),
            "{events:?}"
        );
        events.len()
    };
    for _ in 0..3 {
        look(&desk, &mine).await.unwrap();
    }
    assert_eq!(noted().await, 1, "opening the page again goes on with the same look-up");
    look(&everyone, &mine).await.unwrap();
    assert_eq!(noted().await, 2, "somebody else's is another");
    program.clock.advance(Duration::from_secs(3_601));
    look(&desk, &mine).await.unwrap();
    look(&everyone, &other).await.unwrap();
    assert_eq!(noted().await, 4);
    look(&desk, &other).await.unwrap_err();
    assert_eq!(noted().await, 4, "nobody was looked up");
    // By REST too.
    program.get(&format!("/users/{other}/diagnosis")).await.ok();
    program.get(&format!("/users/{other}/grid")).await.ok();
    assert_eq!(noted().await, 5);

    let latest = async |caller: &Caller| {
        let latest = helpdesk::looked_up(portal, caller).await.unwrap();
        latest.into_iter().map(|it| it.user.user_name).collect::<Vec<_>>()
    };
    assert_eq!(latest(&everyone).await, ["other", "mine"]);
    assert_eq!(latest(&desk).await, ["mine"]);
    // It is no part of what happened to the person.
    let past = program.get(&format!("/users/{mine}/history")).await.ok();
    assert!(!past.to_string().contains("look_up"), "{past}");
}
