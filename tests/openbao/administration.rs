//! An OpenBao is added by an administrator, chosen by a profile, and issues to a device; all by REST.

use std::time::Duration;

use certporter::pki::Certificate;
use certporter::store::ca_generations;
use http::Method;
use serde_json::json;

use super::scene::{Scene, draft, id, portal};
use super::server::{Bao, POLICY, ROOT};
use crate::rest::program::Answered;

#[tokio::test]
async fn a_device_gets_its_certificate_with_the_right_chain_and_loses_it() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut scene = Scene::new(bao, "wifi").await;
    assert_eq!(scene.ca["kind"], "openbao");
    assert_eq!(scene.ca["hold"], false);
    assert_eq!(scene.ca["generations"].as_array().unwrap().len(), 2, "{}", scene.ca);
    scene.sync().await;
    let request = scene.request().await;
    assert_eq!(request["state"], "completed", "{request}");
    assert_eq!(scene.device.held.len(), 2, "a copy for each feature");

    let certificates = scene.certificates().await;
    let [certificate] = &certificates[..] else { panic!("{certificates:?}") };
    let path = format!("/certificates/{}", id(certificate));
    let chain = scene.program.get(&format!("{path}/chain.pem")).await;
    let chain = Certificate::parse_pem(std::str::from_utf8(&chain.octets).unwrap()).unwrap();
    let issued = scene.program.get(&format!("{path}/certificate.der")).await;
    let issued = Certificate::parse(&issued.octets).unwrap();
    assert_eq!(issued.issuer_text(), "CN=Example Issuing");
    let all: Vec<&Certificate> =
        [&issued].into_iter().chain(chain.iter().filter(|it| **it != issued)).collect();
    assert_eq!(all.len(), 3, "leaf, issuer and root");
    assert!(all.windows(2).all(|pair| pair[0].is_signed_by(pair[1])));

    // A block can't put it on hold here: the preview says that it is revoked.
    let block = format!("/devices/{}/block", scene.laptop);
    let shown = scene.program.post(&format!("{block}?preview=true"), &json!({})).await.ok();
    assert_eq!(shown["summary"]["held"], 0, "{shown}");
    assert_ne!(shown["summary"]["revoked"], json!({}), "{shown}");

    let body = json!({"reason": "key_compromise", "explanation": "found on the internet"});
    scene.program.post(&format!("{path}/revoke"), &body).await.ok();
    scene.sync().await;
    let serial = certificate["serial"].as_str().unwrap().to_lowercase().replace(':', "");
    assert!(scene.bao.serials("certs/revoked").await.contains(&serial));
    let revoked = scene.program.get(&path).await.ok();
    let steps = &revoked["revocations"][0];
    assert!(steps["at_ca_at"].is_string() && steps["in_crl_at"].is_string(), "{revoked}");
    let ca = scene.program.get(&format!("/authorities/{}", id(&scene.ca))).await.ok();
    let issuing = ca["generations"].as_array().unwrap().iter().find(|it| it["purpose"] == "issuing").unwrap();
    assert!(issuing["crl"]["number"].as_u64().unwrap() > 1, "{issuing}");
    assert!(issuing["crl_address"].as_str().unwrap().ends_with("/crl/der"), "{issuing}");
}

#[tokio::test]
async fn what_is_wrong_with_the_settings_is_named_and_nothing_is_saved() {
    let bao = Bao::start().await;
    let program = portal().await;
    let good = draft(&bao, ROOT);
    let with = |field: &str, value: &str| {
        let mut changed = good.clone();
        changed[field] = json!(value);
        changed
    };
    for (field, value, word) in [
        ("name", "", "200 characters"),
        ("address", "bao.example.org", "https://"),
        ("address", "http://bao.example.org:8200", "token goes with it"),
        ("address", "http://127.0.0.1:1", "can't be reached"),
        ("mount", "../sys", "slashes between"),
        ("mount", "elsewhere", "nothing at elsewhere/issuer/default/json"),
        ("token", "", "letters, digits"),
        ("token", "s.wrong", "does not take the token"),
        ("tls_ca", "no certificate", "CERTIFICATE"),
        ("crl_url", "ldap:///", "https://"),
    ] {
        let problem = program.post("/authorities", &with(field, value)).await.problem(422, &[field]);
        let message = problem["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(word), "{field}: {message}");
        assert!(!problem.to_string().contains("s.wrong"), "{problem}");
    }
    let listed = program.get("/authorities").await.ok();
    assert!(!listed.to_string().contains("openbao"), "{listed}");

    let made = program.post("/authorities", &good).await.ok();
    program.post("/authorities", &good).await.problem(422, &["name"]);
    program.post("/authorities", &with("name", "another")).await.problem(422, &["mount"]);
    // The token is in no answer and in no event; it rests sealed.
    let listed = program.get("/authorities").await.ok();
    let audit = program.get("/audit-events?limit=200").await.ok();
    assert!(!listed.to_string().contains(ROOT) && !audit.to_string().contains(ROOT));
    assert!(audit.to_string().contains("authorities.create"));
    let cas = ca_generations::cas(&mut program.database.db.read().await.unwrap()).await.unwrap();
    let sealed = cas.into_iter().find(|ca| ca.name == "bao").unwrap().sealed_config.unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains(ROOT));

    // A change is based on what was read; a token is kept, but goes to no other address.
    let path = format!("/authorities/{}", id(&made));
    let kept = with("token", "");
    let saved = program.put(&path, "\"1\"", &kept).await;
    assert_eq!(saved.etag(), "\"2\"");
    program.put(&path, "\"1\"", &kept).await.problem(412, &[]);
    let mut moved = kept.clone();
    moved["address"] = json!("http://localhost:1");
    program.put(&path, "\"2\"", &moved).await.problem(422, &["token"]);
    program.put(&path, "\"2\"", &with("name", "another")).await.problem(422, &["name"]);
    let builtin =
        listed["authorities"].as_array().unwrap().iter().find(|ca| ca["kind"] == "builtin").unwrap();
    program.put(&format!("/authorities/{}", id(builtin)), "\"0\"", &kept).await.problem(409, &[]);
}

#[tokio::test]
async fn one_that_is_switched_off_is_asked_nothing_new_and_still_revokes() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut scene = Scene::new(bao, "wifi").await;
    switch(&scene, "disable", "\"1\"").await.ok();
    scene.sync().await;
    let request = scene.request().await;
    assert!(request["cause"].as_str().unwrap().contains("switched off"), "{request}");
    assert!(scene.bao.serials("certs").await.len() <= 1, "only its own certificate");
    let mut another = wifi_at("bao");
    another["name"] = json!("Another");
    let problem = scene.program.post("/profiles", &another).await.problem(422, &["ca"]);
    assert!(problem.to_string().contains("there is no issuing CA of this name"), "{problem}");

    switch(&scene, "enable", "\"2\"").await.ok();
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed");
    switch(&scene, "disable", "\"3\"").await.ok();
    let certificate = id(&scene.certificates().await[0]);
    let body = json!({"reason": "key_compromise", "explanation": "lost"});
    scene.program.post(&format!("/certificates/{certificate}/revoke"), &body).await.ok();
    scene.sync().await;
    assert_eq!(scene.bao.serials("certs/revoked").await.len(), 1);
}

async fn switch(scene: &Scene, what: &str, etag: &str) -> Answered {
    let path = format!("/authorities/{}/{what}", id(&scene.ca));
    scene.program.ask(Method::POST, &path).header("if-match", etag).json(&json!({})).send().await
}

fn wifi_at(ca: &str) -> serde_json::Value {
    let mut profile = crate::rest::program::wifi();
    profile["ca"] = json!(ca);
    profile
}

#[tokio::test]
async fn a_new_issuer_is_not_believed_until_somebody_saves_it() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut scene = Scene::new(bao, "wifi").await;
    scene.bao.make_intermediate("Another Issuing").await;
    scene.sync().await;
    let request = scene.request().await;
    assert_eq!(request["state"], "failed", "{request}");
    assert!(request["cause"].as_str().unwrap().contains("issuer: asked for CN=Example Issuing"), "{request}");
    assert_eq!(scene.bao.serials("certs/revoked").await.len(), 1, "the stray is revoked");
    scene.works.pipeline.look_after_external().await.unwrap();
    let path = format!("/authorities/{}", id(&scene.ca));
    let seen = scene.program.get(&path).await.ok();
    assert!(seen["external"]["findings"].to_string().contains("save the CA's settings again"), "{seen}");

    let mut same = draft(&scene.bao, "");
    same["name"] = json!("bao");
    let saved = scene.program.put(&path, "\"1\"", &same).await.ok();
    let issuing = saved["generations"].as_array().unwrap().iter().filter(|it| it["purpose"] == "issuing");
    assert_eq!(issuing.count(), 2, "{saved}");
    scene.program.clock.advance(Duration::from_secs(60));
    scene.program.post(&format!("/requests/{}/retry", id(&request)), &json!({})).await.ok();
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed");
}

#[tokio::test]
async fn a_preflight_tries_the_whole_way() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({"organization": []})).await;
    bao.role("server", json!({"organization": [], "server_flag": true})).await;
    let scene = Scene::new(bao, "wifi").await;
    assert!(!scene.token.is_empty() && POLICY.contains("sign"));
    for (template, state, word) in [
        ("wifi", "passed", ""),
        ("", "passed", ""),
        ("server", "failed", "extended_key_usages"),
        ("none", "failed", "unknown role"),
    ] {
        let body = json!({"ca": "bao", "pool": "default", "template": template});
        let made = scene.program.post("/preflights", &body).await.ok();
        scene.works.work().await;
        let done = scene.program.get(&format!("/preflights/{}", id(&made))).await.ok();
        assert_eq!(done["state"], state, "{done}");
        assert!(done.to_string().contains(word), "{done}");
    }
    // A CA that makes its lists by the clock: the preflight waits, and then says that it can't be known yet.
    scene.bao.post("pki/config/crl", json!({"auto_rebuild": true, "expiry": "72h"})).await;
    let body = json!({"ca": "bao", "pool": "default", "template": "wifi"});
    let made = scene.program.post("/preflights", &body).await.ok();
    let path = format!("/preflights/{}", id(&made));
    scene.works.work().await;
    assert_eq!(scene.program.get(&path).await.ok()["state"], "publishing");
    scene.program.clock.advance(Duration::from_secs(61));
    scene.works.work().await;
    let done = scene.program.get(&path).await.ok();
    let last = done["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&done["state"], &last["stage"]), (&json!("passed"), &json!("in_crl")), "{done}");
    assert!(last["detail"].as_str().unwrap().contains("can't be known yet"), "{last}");
    let issued = scene.bao.serials("certs/revoked").await.len();
    assert_eq!(issued, 5, "four test certificates and the device's");
}
