//! What is changed of profiles and enrolments, from outside: see `lifecycle` for how it is looked at.

use serde_json::json;

use super::laptop::{CEASED, Laptop, SUPERSEDED, text};
use super::{files, named, run};

#[tokio::test]
async fn an_edit_of_a_profile_that_changes_nothing_about_certificates() {
    let it = Laptop::new().await;
    it.edit_profile("now", json!({"name": "Another name"})).await;
    it.sync();
    it.still_has_it(2).await;
}

#[tokio::test]
async fn an_edit_of_a_profile_that_counts_at_once() {
    let it = Laptop::new().await;
    it.edit_profile("now", json!({"subject": "CN={{UserName}},OU=Field,O=Example"})).await;
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
    let subject = it.valid().await["subject"].clone();
    assert!(text(&subject).contains("OU=Field"), "{subject}");
}

#[tokio::test]
async fn an_edit_of_a_profile_that_counts_at_renewal() {
    let mut it = Laptop::in_a_time_of_its_own().await;
    it.edit_profile("at_renewal", json!({"subject": "CN={{UserName}},OU=Field,O=Example"})).await;
    it.sync();
    it.still_has_it(2).await;
    // Renewals begin when a fifth of the time is left, and are spread over a tenth of that.
    it.portal.in_days(310).await;
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
    let subject = it.valid().await["subject"].clone();
    assert!(text(&subject).contains("OU=Field"), "{subject}");
}

#[tokio::test]
async fn a_platform_is_taken_out_of_a_profile() {
    let it = Laptop::new().await;
    it.edit_profile("now", json!({"platforms": ["windows"]})).await;
    it.sync();
    it.has_lost_it(CEASED, ("cessation_of_operation", "profile_edited")).await;
}

#[tokio::test]
async fn a_feature_is_added_and_the_key_is_retained() {
    let it = Laptop::with_a_retained_key().await;
    it.edit_profile("now", json!({"features": ["wifi", "vpn", "email"]})).await;
    it.sync();
    it.still_has_it(3).await;
}

#[tokio::test]
async fn a_feature_is_added_and_the_key_is_destroyed() {
    let it = Laptop::new().await;
    it.edit_profile("now", json!({"features": ["wifi", "vpn", "email"]})).await;
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
    assert_eq!(it.on_the_device().len(), 3);
}

#[tokio::test]
async fn a_feature_is_taken_out() {
    let it = Laptop::new().await;
    it.edit_profile("now", json!({"features": ["wifi"]})).await;
    it.sync();
    it.still_has_it(1).await;
}

#[tokio::test]
async fn the_same_hardware_enrols_again() {
    let it = Laptop::new().await;
    let before = it.agent.clone();
    let again = it.portal.enrol_as(&it.device, "again").await;
    let held = files(&again.join("certificates"));
    let [first, second] = named(&held, "cert.pem")[..] else { panic!("{held:?}") };
    let serial = |file: &std::path::Path| {
        run("openssl", &["x509", "-in", file.to_str().unwrap(), "-noout", "-serial"])
    };
    assert_eq!(serial(first), serial(second));
    assert!(!serial(first).contains(&it.serial), "the old enrolment's certificate is not for the new one");
    // What is left of the old enrolment may still learn that everything is to go.
    it.portal.agent(&["sync", "--once", "--dir", before.to_str().unwrap()]);
    assert_eq!(named(&files(&before.join("certificates")), "cert.pem").len(), 0);
    it.has_lost_it(SUPERSEDED, ("superseded", "enrolled_again")).await;
}
