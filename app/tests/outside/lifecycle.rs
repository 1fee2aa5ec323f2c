//! What each event does, from outside: REST and a real agent in; the CRL, OCSP, the device and the portal's word out.

use serde_json::json;

use super::installation::{certporter, run};
use super::laptop::{AFFILIATION, CEASED, Laptop, SUPERSEDED, WITHDRAWN, text};
use super::{files, named, serials};

#[tokio::test]
async fn a_device_is_retired_by_an_administrator() {
    let it = Laptop::new().await;
    it.portal.post(&format!("/devices/{}/retire", it.device), &json!({})).await;
    it.sync();
    it.has_lost_it(CEASED, ("cessation_of_operation", "device_retired")).await;
}

#[tokio::test]
async fn a_device_is_retired_by_its_user() {
    let it = Laptop::new().await;
    run(certporter(), &["agent", "retire", "--dir", it.agent.to_str().unwrap()]);
    it.has_lost_it(CEASED, ("cessation_of_operation", "device_retired")).await;
}

#[tokio::test]
async fn a_block_holds_and_is_lifted() {
    let it = Laptop::new().await;
    it.portal.post(&format!("/devices/{}/block", it.device), &json!({"explanation": "suspicious"})).await;
    it.sync();
    it.has_lost_it(("Certificate Hold", "certificateHold"), ("certificate_hold", "blocked")).await;
    it.portal.post(&format!("/devices/{}/unblock", it.device), &json!({})).await;
    // The key was destroyed when both copies were installed: another certificate comes, then the old one goes for good.
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
}

#[tokio::test]
async fn a_block_of_a_device_whose_key_is_retained_gives_the_same_certificate_back() {
    let it = Laptop::with_a_retained_key().await;
    it.portal.post(&format!("/devices/{}/block", it.device), &json!({})).await;
    it.sync();
    it.has_lost_it(("Certificate Hold", "certificateHold"), ("certificate_hold", "blocked")).await;
    it.portal.post(&format!("/devices/{}/unblock", it.device), &json!({})).await;
    it.sync();
    it.portal.crl_without(&it.serial).await;
    it.still_has_it(2).await;
}

#[tokio::test]
async fn a_device_is_lost() {
    let it = Laptop::new().await;
    it.portal.post(&format!("/devices/{}/lost", it.device), &json!({})).await;
    it.sync();
    it.has_lost_it(("Key Compromise", "keyCompromise"), ("key_compromise", "device_lost")).await;
}

#[tokio::test]
async fn a_device_is_wiped() {
    let it = Laptop::new().await;
    let why = json!({"explanation": "erased from afar"});
    let before = it.portal.post(&format!("/devices/{}/wiped?preview=true", it.device), &why).await;
    assert_eq!(before["summary"]["revoked"], json!({"key_compromise": 1}), "{before}");
    it.portal.post(&format!("/devices/{}/wiped", it.device), &why).await;
    it.sync();
    it.has_lost_it(("Key Compromise", "keyCompromise"), ("key_compromise", "device_wiped")).await;
    // Set up anew, it gets another certificate.
    let again = it.portal.enrol_as(&it.device, "again").await;
    let now = serials(&again);
    assert!(now.len() == 2 && !now.contains(&it.serial), "{now:?}");
}

#[tokio::test]
async fn a_device_is_deleted() {
    let it = Laptop::new().await;
    it.portal.delete(&format!("/devices/{}", it.device)).await;
    it.sync();
    it.has_lost_it(CEASED, ("cessation_of_operation", "device_deleted")).await;
}

#[tokio::test]
async fn a_user_is_disabled() {
    let it = Laptop::new().await;
    let user = it.only("/users").await;
    it.portal.post(&format!("/users/{user}/disable"), &json!({})).await;
    it.sync();
    it.has_lost_it(AFFILIATION, ("affiliation_changed", "user_disabled")).await;
}

#[tokio::test]
async fn a_user_is_deleted() {
    let it = Laptop::new().await;
    let user = it.only("/users").await;
    it.portal.delete(&format!("/users/{user}")).await;
    it.sync();
    it.has_lost_it(AFFILIATION, ("affiliation_changed", "user_disabled")).await;
}

#[tokio::test]
async fn a_user_leaves_a_group() {
    let it = Laptop::new().await;
    let group = it.only("/groups").await;
    let member = it.only(&format!("/groups/{group}/members")).await;
    it.portal.delete(&format!("/groups/{group}/members/{member}")).await;
    it.sync();
    it.has_lost_it(WITHDRAWN, ("privilege_withdrawn", "left_group")).await;
}

#[tokio::test]
async fn a_device_is_excluded() {
    let it = Laptop::new().await;
    let profile = it.only("/profiles").await;
    let group = it.portal.post("/groups", &json!({"name": "Without Wi-Fi"})).await;
    let member = json!({"kind": "device", "id": it.device});
    it.portal.post(&format!("/groups/{}/members", text(&group["id"])), &member).await;
    let assignment = json!({"group_id": group["id"], "mode": "exclude"});
    it.portal.post(&format!("/profiles/{profile}/assignments"), &assignment).await;
    it.sync();
    it.has_lost_it(WITHDRAWN, ("privilege_withdrawn", "left_group")).await;
}

#[tokio::test]
async fn an_assignment_is_removed() {
    let it = Laptop::new().await;
    let profile = it.only("/profiles").await;
    let assignment = it.only(&format!("/profiles/{profile}/assignments")).await;
    it.portal.delete(&format!("/profiles/{profile}/assignments/{assignment}")).await;
    it.sync();
    it.has_lost_it(CEASED, ("cessation_of_operation", "assignment_removed")).await;
}

#[tokio::test]
async fn a_profile_is_deleted() {
    let it = Laptop::new().await;
    let profile = it.only("/profiles").await;
    it.portal.delete(&format!("/profiles/{profile}")).await;
    it.sync();
    it.has_lost_it(CEASED, ("cessation_of_operation", "profile_deleted")).await;
}

#[tokio::test]
async fn a_device_goes_to_another_person() {
    let it = Laptop::new().await;
    let body = json!({"user_name": "noah", "display_name": "Noah", "email": "noah@example.org"});
    let noah = it.portal.post("/users", &body).await;
    let group = it.only("/groups").await;
    let member = json!({"kind": "user", "id": noah["id"]});
    it.portal.post(&format!("/groups/{group}/members"), &member).await;
    it.portal.post(&format!("/devices/{}/hand-over", it.device), &json!({"owner": noah["id"]})).await;
    it.sync();
    it.has_lost_it(CEASED, ("cessation_of_operation", "owner_changed")).await;
    it.has_another().await;
    let subject = it.valid().await["subject"].clone();
    assert!(text(&subject).contains("CN=noah"), "{subject}");
}

#[tokio::test]
async fn a_copy_is_gone_from_the_device_and_its_key_is_destroyed() {
    let it = Laptop::new().await;
    let held = files(&it.agent.join("certificates"));
    std::fs::remove_dir_all(named(&held, "cert.pem")[0].parent().unwrap()).unwrap();
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
}

#[tokio::test]
async fn a_copy_is_gone_from_the_device_and_its_key_is_retained() {
    let it = Laptop::with_a_retained_key().await;
    let held = files(&it.agent.join("certificates"));
    std::fs::remove_dir_all(named(&held, "cert.pem")[0].parent().unwrap()).unwrap();
    it.sync();
    it.still_has_it(2).await;
}

#[tokio::test]
async fn a_devices_folder_is_put_back_from_a_backup_after_it_had_lost_everything() {
    let it = Laptop::new().await;
    let backup = it.portal.data().join("backup");
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        run("cp", &["-a", from.to_str().unwrap(), to.to_str().unwrap()]);
    };
    copy(&it.agent, &backup);
    let user = it.only("/users").await;
    it.portal.post(&format!("/users/{user}/disable"), &json!({})).await;
    it.sync();
    it.has_lost_it(AFFILIATION, ("affiliation_changed", "user_disabled")).await;
    std::fs::remove_dir_all(&it.agent).unwrap();
    copy(&backup, &it.agent);
    assert!(it.on_the_device().contains(&it.serial));
    // The agent says what it has, is told to remove it again, and does.
    it.sync();
    it.has_lost_it(AFFILIATION, ("affiliation_changed", "user_disabled")).await;
    let told = it.portal.get("/discrepancies").await;
    let told = told["data"].as_array().unwrap();
    assert_eq!(told.len(), 2, "one for each copy: {told:?}");
    assert!(
        told.iter().all(|one| one["kind"] == "reported_again" && one["resolved_at"].is_string()),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_attribute_in_a_name_changes() {
    let it = Laptop::new().await;
    let user = it.only("/users").await;
    let body = json!({"user_name": "maria.ortiz", "display_name": "Maria", "email": "maria@example.org"});
    it.portal.put(&format!("/users/{user}"), &body).await;
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
}
