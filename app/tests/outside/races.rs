//! What comes at the wrong moment, from outside: undone within a second, deleted while it is delivered, two administrators at
//! once, and devices that nobody has heard of for long.

use certporter::wire::device::{
    Command, CommandKind, CopyStatus, PollQuery, Report, ReportedState, VERSION, problem,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::installation::Installation;
use super::laptop::{Laptop, WITHDRAWN, client, text};
use super::serials;
use super::staff::{self, Person, id};

#[tokio::test]
async fn who_leaves_a_group_and_is_added_again_within_a_second_gets_another_certificate() {
    let it = Laptop::new().await;
    let group = it.only("/groups").await;
    let members = format!("/groups/{group}/members");
    let member = it.only(&members).await;
    let user = it.only("/users").await;
    it.portal.delete(&format!("{members}/{member}")).await;
    it.portal.post(&members, &json!({"kind": "user", "id": user})).await;
    it.sync();
    it.has_lost_it(WITHDRAWN, ("privilege_withdrawn", "left_group")).await;
    it.has_another().await;
}

#[tokio::test]
async fn a_block_that_is_lifted_within_a_second_leaves_everything_as_it_was() {
    let it = Laptop::with_a_retained_key().await;
    it.portal.post(&format!("/devices/{}/block", it.device), &json!({})).await;
    it.portal.post(&format!("/devices/{}/unblock", it.device), &json!({})).await;
    it.sync();
    it.portal
        .until("it was held and released", async || {
            let told = it.first().await["revocations"].clone();
            told[0]["kind"] == "release" && told[0]["at_ca_at"].is_string()
        })
        .await;
    it.portal.crl_without(&it.serial).await;
    it.still_has_it(2).await;
}

/// What the device is told to install; waits until it is all of its two copies.
async fn offered(person: &Person) -> Vec<CopyStatus> {
    let client = client(&person.agent);
    let mut query = PollQuery { after: None, wait: 20 };
    loop {
        let answer = client.commands(&query).await.unwrap();
        let installed = |command: &Command| match &command.kind {
            CommandKind::Install { copy, thumbprint, .. } => {
                let state = ReportedState::Installed;
                Some(CopyStatus { copy: *copy, thumbprint: *thumbprint, state, cause: None })
            }
            _ => None,
        };
        let statuses: Vec<CopyStatus> = answer.commands.iter().filter_map(installed).collect();
        if statuses.len() == 2 {
            return statuses;
        }
        query.after = Some(answer.revision);
    }
}

#[tokio::test]
async fn what_is_taken_away_while_it_is_delivered_is_removed_all_the_same() {
    let portal = Installation::start().await;
    let mut people = Vec::new();
    for name in ["deleted", "leaves"] {
        let person = Person::new(&portal, name, json!({})).await;
        person.assign(&portal).await;
        // It has fetched the envelopes, and is about to install them.
        let statuses = offered(&person).await;
        people.push((person, Report { version: VERSION, complete: false, statuses }));
    }
    let [(deleted, late), (leaves, later)] = &people[..] else { panic!("two people") };
    let of = async |person: &Person| {
        let all = portal.get(&format!("/certificates?profile={}", person.profile)).await;
        format!("/certificates/{}", text(&all["data"][0]["id"]))
    };
    let (first, second) = (of(deleted).await, of(leaves).await);
    portal.delete(&format!("/devices/{}", deleted.device)).await;
    let members = format!("/groups/{}/members", leaves.group);
    let member = text(&portal.get(&members).await["data"][0]["id"]).to_owned();
    portal.delete(&format!("{members}/{member}")).await;

    // A deleted device has nothing to say but what is gone. One that is in use is believed, and told to remove it.
    let refused = client(&deleted.agent).report(late).await.unwrap_err();
    assert!(refused.is_problem(problem::REMOVALS_ONLY), "{refused}");
    client(&leaves.agent).report(later).await.unwrap();
    for (person, certificate, departure) in [
        (deleted, first, ("cessation_of_operation", "device_deleted")),
        (leaves, second, ("privilege_withdrawn", "left_group")),
    ] {
        portal.agent(&["sync", "--once", "--dir", person.agent.to_str().unwrap()]);
        assert_eq!(serials(&person.agent), [""; 0]);
        let mut whole = Value::Null;
        portal
            .until("all of it is done", async || {
                whole = portal.get(&certificate).await;
                whole["revocations"][0]["finished_at"].is_string()
            })
            .await;
        let told = &whole["revocations"][0];
        assert_eq!((text(&told["reason"]), text(&told["trigger"])), departure, "{whole}");
        let copies = whole["copies"].as_array().unwrap();
        assert!(copies.len() == 2 && copies.iter().all(|copy| copy["state"] == "removed"), "{whole}");
        portal.crl_with(&text(&whole["serial"]).to_uppercase()).await;
    }
}

/// The certificate of a person's device, once it is there.
async fn installed(portal: &Installation, name: &str) -> (Person, String) {
    let person = Person::new(portal, name, json!({})).await;
    person.assign(portal).await;
    portal.agent(&["sync", "--once", "--dir", person.agent.to_str().unwrap()]);
    let all = portal.get(&format!("/certificates?device={}", person.device)).await;
    let path = format!("/certificates/{}", text(&all["data"][0]["id"]));
    (person, path)
}

#[tokio::test]
async fn two_administrators_at_once() {
    let portal = Installation::start().await;
    let none = json!({});
    let post = async |path: String| portal.tries(Method::POST, &path, None, &none).await;

    // The same twice is done once.
    let (both, certificate) = installed(&portal, "both").await;
    let lost = format!("/devices/{}/lost", both.device);
    let (one, other) = tokio::join!(post(lost.clone()), post(lost));
    assert_eq!((one.0, other.0), (200, 200), "{one:?} {other:?}");
    let told = portal.get(&certificate).await["revocations"].clone();
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told[0]["trigger"], "device_lost");
    let events = portal
        .get(&format!("/audit-events?action=devices.lost&target_kind=device&target_id={}", both.device))
        .await;
    assert_eq!(events["data"].as_array().unwrap().len(), 1, "{events}");

    // One retires and one blocks: whoever comes last is told how it is, or what is graver stays.
    let (person, certificate) = installed(&portal, "retired or blocked").await;
    let of_device = |word: &str| format!("/devices/{}/{word}", person.device);
    let (retired, blocked) = tokio::join!(post(of_device("retire")), post(of_device("block")));
    assert_eq!(retired.0, 200, "{retired:?}");
    assert!(blocked.0 == 200 || blocked.0 == 409, "{blocked:?}");
    assert_eq!(portal.get(&format!("/devices/{}", person.device)).await["state"], "retired");
    let whole = portal.get(&certificate).await;
    assert_eq!(
        (&whole["status"], &whole["revocations"][0]["trigger"]),
        (&json!("revoked"), &json!("device_retired"))
    );

    // One lifts a block and one declares the device lost: lost is lost.
    let (person, certificate) = installed(&portal, "lost or found").await;
    let of_device = |word: &str| format!("/devices/{}/{word}", person.device);
    portal.post(&of_device("block"), &none).await;
    let (found, lost) = tokio::join!(post(of_device("unblock")), post(of_device("lost")));
    assert_eq!(lost.0, 200, "{lost:?}");
    assert!(found.0 == 200 || found.0 == 409, "{found:?}");
    assert_eq!(portal.get(&format!("/devices/{}", person.device)).await["state"], "lost");
    let whole = portal.get(&certificate).await;
    assert_eq!(
        (&whole["status"], &whole["revocations"][0]["reason"]),
        (&json!("revoked"), &json!("key_compromise"))
    );

    // Both save what they read: one is saved, and the other is told that it has changed.
    let (person, _) = installed(&portal, "saved twice").await;
    let path = format!("/profiles/{}", person.profile);
    let version = portal.version(&path).await;
    let body = |days: i64| json!({"profile": staff::profile("saved twice", json!({"validity_days": days})), "on_edit": "at_renewal"});
    let (shorter, longer) = (body(200), body(700));
    let save = async |body: &Value| portal.tries(Method::PUT, &path, Some(&version), body).await;
    let (one, other) = tokio::join!(save(&shorter), save(&longer));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{one:?} {other:?}");
    let saved = if one.0 == 200 { 200 } else { 700 };
    assert_eq!(portal.get(&path).await["profile"]["validity_days"], saved);

    // One takes somebody out of a group and one deletes the group: both are right, and it is revoked once.
    let (person, certificate) = installed(&portal, "out of the group").await;
    let members = format!("/groups/{}/members", person.group);
    let member = format!("{members}/{}", id(&portal.get(&members).await["data"][0]));
    let group = format!("/groups/{}", person.group);
    let version = portal.version(&group).await;
    let delete =
        async |path: &str, version: &str| portal.tries(Method::DELETE, path, Some(version), &none).await;
    let (left, deleted) = tokio::join!(delete(&member, "\"1\""), delete(&group, &version));
    assert!([204, 404].contains(&left.0) && [204, 412].contains(&deleted.0), "{left:?} {deleted:?}");
    let whole = portal.get(&certificate).await;
    assert_eq!(whole["revocations"].as_array().unwrap().len(), 1, "{whole}");
    assert_eq!(whole["status"], "revoked");
}

#[tokio::test]
async fn devices_that_come_back_after_a_year() {
    let mut portal = Installation::start_in_a_time_of_its_own().await;
    let (away, expired) = installed(&portal, "away").await;
    let (longer, _) = installed(&portal, "longer").await;
    let (gone, revoked) = installed(&portal, "gone").await;
    portal.post(&format!("/devices/{}/lost", gone.device), &json!({})).await;
    let lost = serials(&gone.agent)[0].clone();
    assert!(portal.crl_with(&lost).await.contains("Key Compromise"));
    let sync = |portal: &Installation, person: &Person| {
        portal.agent(&["sync", "--once", "--dir", person.agent.to_str().unwrap()]);
        serials(&person.agent)
    };
    let before = serials(&away.agent);

    // Everything has run out: its certificate, and that by which the portal knows it, which it may still renew.
    portal.in_days(370).await;
    let now = sync(&portal, &away);
    assert!(now.len() == 2 && now.iter().all(|serial| !before.contains(serial)), "{before:?} {now:?}");
    let all = portal.get(&format!("/certificates?device={}&standing=current", away.device)).await;
    assert_eq!(text(&all["data"][0]["serial"]).to_uppercase(), now[0], "{all}");
    let whole = portal.get(&expired).await;
    assert_eq!(
        (&whole["revocations"], &whole["status"]),
        (&json!([]), &json!("valid")),
        "nothing to revoke: {whole}"
    );
    portal.crl_without(&before[0]).await;

    // One that was lost meanwhile still gives back what it has, though nothing of its is renewed any more.
    assert_eq!(serials(&gone.agent).len(), 2);
    assert_eq!(sync(&portal, &gone), [""; 0]);
    let whole = portal.get(&revoked).await;
    assert!(whole["copies"].as_array().unwrap().iter().all(|copy| copy["state"] == "removed"), "{whole}");

    // After another month the portal does not know the third any more: it enrols again, and gets what it should have.
    portal.in_days(400).await;
    let before = serials(&longer.agent);
    sync(&portal, &longer);
    let agent = portal.enrol_as(&longer.device, "enrolled again").await;
    let now = serials(&agent);
    assert!(now.len() == 2 && now.iter().all(|serial| !before.contains(serial)), "{before:?} {now:?}");
}
