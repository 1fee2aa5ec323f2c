//! A fleet whose certificates were made in the same minute: they are not renewed in the same minute.

use std::time::Duration;

use certporter::agent::client::{DeviceClient, ServerAddress};
use certporter::agent::facts;
use certporter::agent::simulated::SimulatedDevice;
use certporter::wire::device::{DeviceFacts, EnrolmentCode};
use serde_json::json;

use super::installation::{DEADLINE, Installation};
use super::laptop::text;
use super::staff::{self, id, profile};

const DEVICES: usize = 40;

/// Devices in memory, each with its own key and the real protocol.
async fn enrolled(portal: &Installation, owner: &str) -> Vec<SimulatedDevice> {
    let server = ServerAddress::parse(portal.devices()).unwrap();
    let anchors = DeviceClient::trusting_anybody(&server).unwrap().trust_anchors().await.unwrap();
    let anchor = anchors.certificates.into_iter().next().unwrap().into_vec();
    // They are all on this machine, and not the same hardware.
    let facts = DeviceFacts { serial_number: None, wifi_mac: None, fqdn: None, ..facts::of_this_machine() };
    let mut fleet = Vec::new();
    for number in 0..DEVICES {
        let body = json!({"name": format!("device {number}"), "platform": "linux", "owner": owner});
        let device = id(&portal.post("/devices", &body).await);
        let code = portal.post(&format!("/devices/{device}/enrolment-codes"), &json!({})).await;
        let code = EnrolmentCode::parse(text(&code["code"])).unwrap();
        fleet.push(SimulatedDevice::enrol(&server, &anchor, code, facts.clone()).await.unwrap());
    }
    fleet
}

/// Everybody asks for what is theirs, and gets it.
async fn settle(fleet: &mut [SimulatedDevice]) {
    for device in fleet {
        device.settle(DEADLINE).await.unwrap();
        assert_eq!(device.held().len(), 1);
    }
}

async fn count(portal: &Installation, list: &str) -> usize {
    portal.get(list).await["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_fleet_is_not_renewed_at_once() {
    let mut portal = Installation::start_in_a_time_of_its_own().await;
    let user = staff::user(&portal, "fleet").await;
    let group = id(&portal.post("/groups", &json!({"name": "Fleet"})).await);
    portal.post(&format!("/groups/{group}/members"), &json!({"kind": "user", "id": user})).await;
    let made = id(&portal.post("/profiles", &profile("Fleet", json!({"features": ["wifi"]}))).await);
    let assignment = json!({"group_id": group, "mode": "include"});
    portal.post(&format!("/profiles/{made}/assignments"), &assignment).await;
    let mut fleet = enrolled(&portal, &user).await;
    settle(&mut fleet).await;
    assert_eq!(count(&portal, "/requests?limit=200").await, DEVICES);

    // A fifth of 365 days before the end renewals begin, and go on for a tenth of that: days 292 to 299. All are there the
    // day before, and at every look after that.
    portal.in_days(291).await;
    for device in &mut fleet {
        device.round(Duration::ZERO).await.unwrap();
    }
    portal.swept().await;
    let mut before = count(&portal, "/requests?limit=200").await;
    assert_eq!(before, DEVICES, "nobody is early");
    let mut shares = Vec::new();
    for day in [294, 297, 300] {
        if day == 300 {
            portal.noted().await;
        }
        portal.leaps(day).await;
        portal.swept().await;
        settle(&mut fleet).await;
        let now = count(&portal, "/requests?limit=200").await;
        shares.push(now - before);
        before = now;
    }
    assert_eq!(shares.iter().sum::<usize>(), DEVICES, "each is renewed once: {shares:?}");
    assert!(
        shares.iter().all(|share| (1..DEVICES / 4 * 3).contains(share)),
        "they come together: {shares:?}"
    );
    // The old ones go once the new ones are confirmed.
    portal
        .until("the old ones are revoked", async || {
            count(&portal, "/certificates?status=revoked&limit=200").await == DEVICES
        })
        .await;
    assert_eq!(count(&portal, "/certificates?status=valid&limit=200").await, DEVICES);
}
