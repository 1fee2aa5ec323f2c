//! Roles whose defaults change certificates: the check of what was issued names the field, the stray is revoked, the
//! request fails with a remedy, and it goes on when the role is right.

use serde_json::{Value, json};

use super::scene::{Scene, id};
use super::server::{Bao, POLICY};

/// Issues by a role with these settings, and sees that the difference in `field` is caught.
async fn caught(role: Value, field: &str, word: &str) {
    let bao = Bao::start().await;
    bao.role("careless", role).await;
    let mut scene = Scene::new(bao, "careless").await;
    scene.sync().await;
    let request = scene.request().await;
    assert_eq!(request["state"], "failed", "{field}: {request}");
    let cause = request["cause"].as_str().unwrap();
    assert!(cause.contains(&format!("{field}: asked for")) && cause.contains(word), "{field}: {cause}");
    assert!(request["remedy"].as_str().unwrap().contains("then retry"), "{request}");
    assert_eq!(scene.device.held.len(), 0, "{field}: nothing is delivered");
    assert_eq!(scene.bao.serials("certs/revoked").await.len(), 1, "{field}: the stray is revoked");
    let certificates = scene.certificates().await;
    assert_eq!(certificates.len(), 1);
    assert_eq!(certificates[0]["status"], "revoked", "{field}: and on record");

    scene.bao.role("careless", json!({})).await;
    scene.program.post(&format!("/requests/{}/retry", id(&request)), &json!({})).await.ok();
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed", "{field}");
    assert_eq!(scene.device.held.len(), 2, "{field}");
}

#[tokio::test]
async fn server_authentication_that_nobody_asked_for() {
    caught(json!({"server_flag": true}), "extended_key_usages", "1.3.6.1.5.5.7.3.1").await;
}

#[tokio::test]
async fn key_usages_by_default() {
    let usual = json!({"key_usage": ["DigitalSignature", "KeyAgreement", "KeyEncipherment"]});
    caught(usual, "key_usage", "keyAgreement").await;
}

#[tokio::test]
async fn a_subject_of_its_own() {
    caught(json!({"organization": ["Elsewhere"], "ou": ["Guests"]}), "subject", "OU=Guests").await;
}

#[tokio::test]
async fn names_go_as_parameters_where_a_role_takes_none_from_the_csr() {
    let bao = Bao::start().await;
    bao.role("parameters", json!({"use_csr_sans": false, "use_csr_common_name": false})).await;
    let mut scene = Scene::new(bao, "parameters").await;
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed", "{}", scene.request().await);
}

#[tokio::test]
async fn names_that_are_dropped() {
    let bao = Bao::start().await;
    bao.role("parameters", json!({"use_csr_sans": false})).await;
    let mut scene = Scene::new(bao, "parameters").await;
    // The policy hides from us that the role wants parameters.
    let hidden = POLICY.replace("path \"pki/roles/*\" { capabilities = [\"read\"] }", "");
    scene.bao.token(&hidden, json!({})).await;
    scene.sync().await;
    let request = scene.request().await;
    assert_eq!(request["state"], "failed", "{request}");
    let cause = request["cause"].as_str().unwrap();
    assert!(
        cause.contains("subject_alternative_names: asked for") && cause.contains("issued with none"),
        "{cause}"
    );
    assert_eq!(scene.bao.serials("certs/revoked").await.len(), 1, "the stray is revoked");
}

#[tokio::test]
async fn a_shorter_life() {
    caught(json!({"max_ttl": "720h"}), "validity_days", "an end at").await;
}

#[tokio::test]
async fn a_strong_mapping_that_a_role_can_t_carry() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut scene = Scene::with(bao, json!({"template": "wifi", "strong_mapping": "extension"})).await;
    scene.sync().await;
    let request = scene.request().await;
    assert!(request["cause"].as_str().unwrap().contains("sid: asked for S-1-5-21"), "{request}");
    assert_eq!(scene.bao.serials("certs/revoked").await.len(), 1);
    // Without a role, what the profile says is what comes.
    let bao = Bao::start().await;
    let mut scene = Scene::with(bao, json!({"template": "", "strong_mapping": "extension"})).await;
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed", "{}", scene.request().await);
}

#[tokio::test]
async fn a_crl_that_relying_parties_are_not_told_of() {
    let bao = Bao::start().await;
    let mut scene = Scene::new(bao, "").await;
    let mut settings = super::scene::draft(&scene.bao, "");
    settings["crl_url"] = json!("http://crl.example.org/users.crl");
    settings["ocsp_url"] = json!("http://ocsp.example.org");
    let path = format!("/authorities/{}", id(&scene.ca));
    scene.program.put(&path, "\"1\"", &settings).await.ok();
    scene.sync().await;
    let request = scene.request().await;
    let cause = request["cause"].as_str().unwrap();
    assert!(
        cause.contains(
            "crl_distribution_points: asked for http://crl.example.org/users.crl, issued with none"
        )
    );
    assert!(cause.contains("ocsp_responder: asked for http://ocsp.example.org"), "{cause}");
    let urls = json!({"crl_distribution_points": ["http://crl.example.org/users.crl"], "ocsp_servers": ["http://ocsp.example.org"]});
    scene.bao.post("pki/config/urls", urls).await;
    scene.program.post(&format!("/requests/{}/retry", id(&request)), &json!({})).await.ok();
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed", "{}", scene.request().await);
}

#[tokio::test]
async fn a_name_that_the_role_refuses() {
    let bao = Bao::start().await;
    bao.role("narrow", json!({"allow_any_name": false, "allowed_domains": ["example.net"], "enforce_hostnames": true, "cn_validations": ["hostname"]})).await;
    let mut scene = Scene::new(bao, "narrow").await;
    scene.sync().await;
    let request = scene.request().await;
    assert_eq!(request["state"], "failed", "{request}");
    assert!(request["cause"].as_str().unwrap().starts_with("OpenBao refuses: "), "{request}");
    assert!(request["remedy"].as_str().unwrap().contains("allow_any_name"), "{request}");
    assert_eq!(scene.bao.serials("certs/revoked").await.len(), 0);
}
