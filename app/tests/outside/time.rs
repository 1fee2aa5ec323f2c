//! What time does, from outside: a portal whose clock is moved while it runs.

use certporter::agent::client::{DeviceClient, ServerAddress};
use certporter::agent::folder::Folder;
use certporter::agent::identity::ManagementIdentity;
use certporter::agent::state::State;
use certporter::pki::pem;
use certporter::wire::device::PollQuery;
use serde_json::json;

use super::installation::Installation;
use super::laptop::{Laptop, SUPERSEDED, WITHDRAWN, text};

/// The device asks what it is to do, and does not do it.
async fn asks(it: &Laptop) {
    let folder = Folder::at(&it.agent);
    let server = ServerAddress::parse(&State::load(&folder).unwrap().server).unwrap();
    let anchor = std::fs::read(it.agent.join("ca.pem")).unwrap();
    let anchor = pem::der_of(&["CERTIFICATE"], &anchor).unwrap();
    let identity = ManagementIdentity::load(&folder).unwrap();
    let client = DeviceClient::trusting(&server, &anchor, Some(&identity)).unwrap();
    client.commands(&PollQuery::default()).await.unwrap();
}

#[tokio::test]
async fn a_block_that_lasts_too_long_revokes() {
    let mut it = Laptop::in_a_time_of_its_own().await;
    it.portal.put("/settings/holds", &json!({"longest_days": 3})).await;
    it.portal.post(&format!("/devices/{}/block", it.device), &json!({})).await;
    it.sync();
    let held = ("Certificate Hold", "certificateHold");
    it.has_lost_it(held, ("certificate_hold", "blocked")).await;
    it.portal.in_days(2).await;
    it.portal.swept().await;
    it.has_lost_it(held, ("certificate_hold", "blocked")).await;
    it.portal.in_days(4).await;
    it.portal.until("the hold ends", async || it.first().await["status"] == "revoked").await;
    it.has_lost_it(WITHDRAWN, ("privilege_withdrawn", "hold_expired")).await;
    // Lifted after that, another one comes.
    it.portal.post(&format!("/devices/{}/unblock", it.device), &json!({})).await;
    it.sync();
    it.has_another().await;
}

#[tokio::test]
async fn a_renewal_takes_the_old_one_away_only_once_the_new_one_is_confirmed() {
    let mut it = Laptop::in_a_time_of_its_own().await;
    // By then its management certificate is renewed, and nothing else.
    it.portal.in_days(260).await;
    it.sync();
    it.still_has_it(2).await;
    it.portal.in_days(310).await;
    // A device that nobody has heard of for so long gets a new one when it asks. The old one is good until it has said
    // that the new one is installed.
    asks(&it).await;
    it.portal.until("a new one is made", async || it.first().await["standing"] == "predecessor").await;
    assert_eq!(text(&it.first().await["status"]), "valid");
    let answer = it.ocsp();
    assert!(answer.contains(": good"), "{answer}");
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
}

/// How many certificates are good, on hold, and revoked; and how many requests were ever made.
async fn counted(portal: &Installation) -> [usize; 4] {
    let mut seen = [0; 4];
    for (place, list) in
        ["certificates?status=valid", "certificates?status=held", "certificates?status=revoked", "requests?"]
            .into_iter()
            .enumerate()
    {
        seen[place] = portal.get(&format!("/{list}&limit=200")).await["data"].as_array().unwrap().len();
    }
    seen
}

#[tokio::test]
async fn a_clock_that_leaps_a_year_ahead_does_nothing_by_itself() {
    let mut it = Laptop::in_a_time_of_its_own().await;
    it.portal.post(&format!("/devices/{}/block", it.device), &json!({})).await;
    it.sync();
    // A second device is good, and comes back after the leap.
    let owner = it.only("/users").await;
    let body = json!({"name": "Another", "platform": "linux", "owner": owner});
    let another = it.portal.post("/devices", &body).await;
    let agent = it.portal.enrol_as(text(&another["id"]), "another").await;
    let before = counted(&it.portal).await;
    assert_eq!(before, [1, 1, 0, 2]);
    // So far that everything is due, and nothing has expired.
    it.portal.leaps(360).await;
    it.portal.swept().await;
    it.portal.agent(&["sync", "--once", "--dir", agent.to_str().unwrap()]);
    assert_eq!(counted(&it.portal).await, before, "nothing is revoked or renewed");
    let waits = it.portal.get("/approvals").await;
    assert_eq!((&waits[0]["kind"], &waits[0]["state"]), (&json!("clock"), &json!("waiting")), "{waits}");
    let overview = it.portal.get("/overview").await;
    let matters = overview["matters"].as_array().unwrap();
    assert!(matters.iter().any(|matter| matter["kind"] == "plans_waiting"), "{overview}");

    // It was the clock: set right, nothing has happened.
    it.portal.leaps(0).await;
    it.portal.swept().await;
    assert_eq!(counted(&it.portal).await, before);
}
