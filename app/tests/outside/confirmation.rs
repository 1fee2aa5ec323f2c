//! A key that is kept for all of a person's devices, and devices that staff set up: real portal, real agents, and the
//! person at their pages and on another device.

use std::path::Path;

use serde_json::json;

use super::installation::{Installation, certporter, run};
use super::laptop::text;
use super::person::{Browser, PASSWORD, with_mail};
use super::serials;

fn sync(agent: &Path) {
    run(certporter(), &["agent", "sync", "--once", "--dir", agent.to_str().unwrap()]);
}

/// Looks at a device again until it holds something: on a busy machine it may look before anything is made for it.
fn synced(agent: &Path) -> Vec<String> {
    for _ in 0..20 {
        sync(agent);
        let found = serials(agent);
        if !found.is_empty() {
            return found;
        }
    }
    panic!("nothing arrives");
}

#[tokio::test]
async fn a_device_that_staff_set_up_gets_no_retained_key_until_its_person_confirms() {
    let portal = Installation::start().await;
    let (user, _) = with_mail(&portal, "noor", json!({})).await;

    // Her own laptop, which she sets up herself: the key comes.
    let mut own = Browser::signed_in(&portal, "noor").await;
    let (code, server) = own.adds("Laptop").await;
    let laptop = portal.data().parent().unwrap().join("laptop");
    let dir = laptop.to_str().unwrap();
    run(certporter(), &["agent", "enrol", "--server", &server, "--code", &code, "--dir", dir]);
    let key = synced(&laptop);
    assert_eq!(key.len(), 1);

    // A phone that staff sets up: it waits, and its page says why and what to do.
    let device = |name: &str| json!({"name": name, "platform": "linux", "owner": user});
    let phone = portal.post("/devices", &device("Phone")).await;
    let phone_agent = portal.enrol_as(text(&phone["id"]), "phone").await;
    assert!(serials(&phone_agent).is_empty(), "a retained key went out");
    let view = portal.get(&format!("/devices/{}", text(&phone["id"]))).await;
    let why = &view["enrolment"]["unconfirmed"];
    assert!(
        text(&why["cause"]).contains("code from staff") && text(&why["remedy"]).contains("confirm"),
        "{why}"
    );
    let page = own.get(&format!("/me/devices/{}", text(&phone["id"]))).await.text;
    assert!(page.contains("Waits for you to confirm it"), "{page}");
    // The portal's own log of copies has nothing for it either.
    assert_eq!(view["copies"], json!([]), "{view}");

    // On the laptop she says that the phone is hers; the phone can't say it of itself.
    let said = portal.fails(&["agent", "confirm", "--dir", phone_agent.to_str().unwrap()]);
    assert!(said.contains("waits to be confirmed itself"), "{said}");
    let listed = run(certporter(), &["agent", "confirm", "--dir", dir]);
    assert!(listed.contains("device Phone"), "{listed}");
    let line = listed.lines().find(|line| line.contains("if it is yours")).unwrap();
    run(certporter(), &["agent", "confirm", "--dir", dir, line.rsplit(' ').next().unwrap()]);
    assert_eq!(synced(&phone_agent), key, "the same key as on the laptop");

    // With a code that the helpdesk reads out she sets up a tablet: the session is not believed either.
    let code =
        portal.post(&format!("/users/{user}/sign-in-codes"), &json!({"explanation": "called back"})).await;
    let mut by_code = Browser::new(&portal);
    assert_eq!(by_code.post("/sign-in/code", "name=noor&code=2222-2222").await.status, 422);
    let form = format!("name=noor&code={}", text(&code["code"]));
    assert_eq!(by_code.post("/sign-in/code", &form).await.status, 303);
    assert_eq!(Browser::new(&portal).post("/sign-in/code", &form).await.status, 422, "a code works once");
    assert_eq!(by_code.get("/settings/own").await.status, 409, "no password is changed with a code");
    assert_eq!(by_code.get("/users").await.status, 403);
    let added = by_code.post("/me/add", "name=Tablet&platform=linux").await;
    let tablet = portal.data().parent().unwrap().join("tablet");
    let code = added.secret(1);
    let flags = ["agent", "enrol", "--server", &server, "--code", &code, "--dir", tablet.to_str().unwrap()];
    run(certporter(), &flags);
    sync(&tablet);
    assert!(serials(&tablet).is_empty(), "a retained key went out");

    let waiting = portal.get(&format!("/users/{user}/confirmations")).await;
    let waiting = waiting.as_array().unwrap();
    let tablet_s = waiting.iter().find(|it| it["kind"] == "device").unwrap_or_else(|| panic!("{waiting:?}"));
    let path = format!("/me/confirm/{}", text(&tablet_s["id"]));
    let wrong = by_code.post(&path, "password=wrong").await;
    assert!(wrong.status == 422 && wrong.text.contains("not your password"), "{}", wrong.text);
    assert!(serials(&tablet).is_empty());
    let right = format!("password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(by_code.post(&path, &right).await.status, 303);
    assert_eq!(synced(&tablet), key);

    // She was told of everything.
    let page = own.get("/me").await.text;
    for told in
        ["made a code with which one signs in as you", "was set up as yours", "confirmed that it is you"]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
}
