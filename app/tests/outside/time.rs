//! What time does, from outside: a portal whose clock is moved while it runs.

use certporter::wire::device::PollQuery;
use serde_json::json;

use super::installation::Installation;
use super::laptop::{Laptop, SUPERSEDED, WITHDRAWN, client, text};

/// The device asks what it is to do, and does not do it.
async fn asks(it: &Laptop) {
    client(&it.agent).commands(&PollQuery::default()).await.unwrap();
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
    it.portal.crl_with(&it.serial).await;
    // A second device is good, and comes back after the leap.
    let owner = it.only("/users").await;
    let body = json!({"name": "Another", "platform": "linux", "owner": owner});
    let another = it.portal.post("/devices", &body).await;
    let agent = it.portal.enrol_as(text(&another["id"]), "another").await;
    let before = counted(&it.portal).await;
    assert_eq!(before, [1, 1, 0, 2]);
    let right = it.portal.crl_since().await;
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
    // CRLs and OCSP go on, by a clock that is wrong.
    it.portal.until("a CRL of that time", async || it.portal.crl_since().await > right).await;
    let ahead = it.portal.crl_since().await;
    it.ocsp();

    // It was the clock: set right, nothing has happened.
    it.portal.leaps(0).await;
    let decided = async || it.portal.get("/approvals").await[0]["state"] == "outdated";
    it.portal.until("there is nothing to approve any more", decided).await;
    // Regular work goes on, though it had been put off for a year; and relying parties get what is valid now.
    it.portal.swept().await;
    it.portal.until("another CRL", async || it.portal.crl_since().await < ahead).await;
    let answer = it.ocsp();
    assert!(answer.contains("Reason: certificateHold"), "{answer}");
    assert_eq!(counted(&it.portal).await, before);
    // It is right after all, and somebody says so: the block has lasted too long, and who connects gets a new one.
    it.portal.in_days(360).await;
    it.portal.until("the hold ends", async || it.first().await["status"] == "revoked").await;
    it.portal.agent(&["sync", "--once", "--dir", agent.to_str().unwrap()]);
    assert_eq!(counted(&it.portal).await[3], 3, "the other device has asked for another certificate");
}
