//! Every page that can be read, as the pages' own sources list them, opened by somebody of the helpdesk who is limited to
//! a group: nothing of another group's person or devices is on any, in what they follow live, or in what they download.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE};
use serde_json::{Value, json};

use super::installation::Installation;
use super::staff::{id, profile};

/// What every name of theirs has in it, and no other.
const MARK: &str = "strangers";
/// A part of it, to search by: pages say what was searched for.
const PART: &str = "tranger";
const PASSWORD: &str = "seven words are more than enough";

/// The addresses of pages, as they are routed; a part in braces stands for any.
fn routes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/pages")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.extend(routed(&path));
            }
        }
    }
    found
}

fn routed(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let routes = text.split(".route(").skip(1).filter_map(|route| {
        let (path, handlers) = route.split_once('"')?.1.split_once('"')?;
        handlers.contains("get(").then(|| path.to_owned())
    });
    routes.filter(|path| !path.starts_with("/pkg/")).collect()
}

/// Somebody signed in.
struct Visitor {
    client: reqwest::Client,
    portal: String,
    cookie: String,
}

impl Visitor {
    async fn new(portal: &Installation, name: &str, grants: Value) -> Self {
        let account = id(&portal.post("/accounts", &json!({"name": name, "grants": grants})).await);
        portal.put(&format!("/accounts/{account}/password"), &json!({ "password": PASSWORD })).await;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let portal = format!("http://{}", portal.listen());
        let body = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let request = client.post(format!("{portal}/sign-in")).header(ORIGIN, &portal);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_redirection(), "{name} can't sign in: {}", answer.status());
        let cookies = answer.headers().get_all(SET_COOKIE).iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok()?.split(';').next());
        let cookie = cookies.collect::<Vec<_>>().join("; ");
        assert!(!cookie.is_empty(), "{name} has no session");
        Self { client, portal, cookie }
    }

    /// What an address answers; of what never ends the first part.
    async fn get(&self, address: &str) -> (u16, String) {
        let request = self.client.get(format!("{}{address}", self.portal)).header(COOKIE, &self.cookie);
        let mut answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let streams = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let octets = if streams {
            answer.chunk().await.unwrap().unwrap_or_default().to_vec()
        } else {
            answer.bytes().await.unwrap().to_vec()
        };
        (status, String::from_utf8_lossy(&octets).into_owned())
    }
}

/// A person of a group with a laptop that holds a certificate, and a screen of the group that is nobody's; their ids.
async fn furnish(
    portal: &Installation,
    group: &str,
    name: &str,
    number: usize,
) -> Vec<(&'static str, String)> {
    let group = id(&portal.post("/groups", &json!({ "name": group })).await);
    let person = json!({"user_name": name, "display_name": name, "email": format!("{name}@example.org")});
    let user = id(&portal.post("/users", &person).await);
    let laptop = json!({"name": format!("{name}-laptop"), "platform": "linux", "owner": user});
    let laptop = id(&portal.post("/devices", &laptop).await);
    let screen = json!({"name": format!("{name}-screen"), "platform": "linux"});
    let screen = id(&portal.post("/devices", &screen).await);
    for (kind, member) in [("user", &user), ("device", &screen)] {
        let member = json!({"kind": kind, "id": member});
        portal.post(&format!("/groups/{group}/members"), &member).await;
    }
    let wifi = profile(&format!("Wi-Fi {number}"), json!({}));
    let wifi = id(&portal.post("/profiles", &wifi).await);
    let assignment = json!({"group_id": group, "mode": "include"});
    portal.post(&format!("/profiles/{wifi}/assignments"), &assignment).await;
    portal.enrol_as(&laptop, name).await;
    let first = |page: Value| id(&page["data"][0]);
    let certificate = first(portal.get(&format!("/certificates?device={laptop}")).await);
    let request = first(portal.get(&format!("/requests?user={user}")).await);
    let held = portal.get(&format!("/certificates/{certificate}")).await;
    let copy = id(&held["copies"][0]);
    vec![
        ("user", user),
        ("laptop", laptop),
        ("screen", screen),
        ("certificate", certificate),
        ("request", request),
        ("copy", copy),
        ("group", group),
        ("profile", wifi),
    ]
}

/// What is done on pages of their own.
const ACTIONS: [&str; 14] = [
    "block",
    "unblock",
    "block-device",
    "unblock-device",
    "retire",
    "lost",
    "wiped",
    "delete",
    "deliver",
    "reissue",
    "revoke",
    "disable",
    "found",
    "remove",
];

/// The addresses of a route: of its parts in braces the first is each id or, where it is an action, each of those.
fn addresses(route: &str, ids: &[String]) -> Vec<String> {
    let mut found = vec![String::new()];
    for piece in route.split('/').skip(1) {
        let values: Vec<String> = match piece {
            "{action}" => ACTIONS.iter().map(ToString::to_string).collect(),
            piece if piece.starts_with('{') => ids.to_vec(),
            piece => vec![piece.to_owned()],
        };
        let longer =
            |begun: &String| values.iter().map(|value| format!("{begun}/{value}")).collect::<Vec<_>>();
        found = found.iter().flat_map(longer).collect();
    }
    // Lists are searched too, and looked at for a day on which everything was there.
    if !route.contains('{') {
        found.push(format!("{route}?q={PART}"));
    }
    found
}

#[tokio::test]
async fn no_page_shows_a_limited_helpdesk_another_group_s() {
    let mut portal = Installation::start().await;
    let mine = furnish(&portal, "Here", "neighbours", 1).await;
    let theirs = furnish(&portal, "There", MARK, 2).await;
    let of = |kind: &str| mine.iter().find(|(known, _)| *known == kind).unwrap().1.clone();
    let limited = json!([{"role": "helpdesk", "groups": [of("group")]}]);
    let limited = Visitor::new(&portal, "limited", limited).await;
    let everybody = Visitor::new(&portal, "everybody", json!([{"role": "administrator"}])).await;

    // The ids that pages are made from; those of the helpdesk's own person lead to pages on which theirs are targets.
    let mut ids: Vec<String> = theirs.iter().take(6).map(|(_, id)| id.clone()).collect();
    let strangers = ids.clone();
    ids.push(of("user"));
    let routes = routes();
    assert!(routes.len() > 60, "{routes:?}");
    let (mut seen, mut shown) = (BTreeSet::new(), Vec::new());
    for route in &routes {
        for address in addresses(route, &ids) {
            let (status, text) = limited.get(&address).await;
            assert!(status < 500, "{address}: {status} {text}");
            if text.contains(MARK) {
                shown.push(address.clone());
            }
            let other =
                strangers.iter().find(|id| text.contains(id.as_str()) && !address.contains(id.as_str()));
            shown.extend(other.map(|id| format!("{address} tells of {id}")));
            // The same page, where one may see everybody: the walk goes where something is to be seen.
            let actions = route.contains("{action}");
            if !actions && everybody.get(&address).await.1.contains(MARK) {
                seen.insert(route.as_str());
            }
        }
    }
    assert!(shown.is_empty(), "{shown:#?}");
    for route in [
        "/helpdesk",
        "/helpdesk/results",
        "/helpdesk/people/{id}",
        "/helpdesk/people/{id}/events",
        "/helpdesk/devices/{id}",
        "/helpdesk/devices/{id}/events",
        "/users",
        "/users/{id}",
        "/devices",
        "/devices/{id}",
        "/devices/{id}/events",
        "/certificates",
        "/certificates/{id}",
        "/requests/{id}",
    ] {
        assert!(seen.contains(route), "{route} shows nothing of theirs to anybody: {seen:?}");
    }
    // Their own they see.
    let (status, text) = limited.get(&format!("/helpdesk/people/{}", of("user"))).await;
    assert!(status == 200 && text.contains("neighbours-laptop"), "{status} {text}");
    portal.stop().await;
}
