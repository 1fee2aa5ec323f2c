//! What OpenBao has, compared with what the portal knows.

use std::time::Duration;

use certporter::ca::ExternalCas;
use certporter::pki::{PrivateKey, csr, pem};
use certporter::store::steps::requests;
use certporter_model::key::KeyAlgorithm;
use certporter_model::serial::SerialNumber;
use serde_json::{Value, json};

use super::scene::{Scene, id};
use super::server::Bao;
use crate::reconciliation::{compare, only, open};

async fn scene() -> Scene {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut scene = Scene::new(bao, "wifi").await;
    scene.sync().await;
    scene
}

fn plain(serial: &Value) -> String {
    serial.as_str().unwrap().to_lowercase().replace([':', '-'], "")
}

impl Scene {
    async fn sign(&self, csr: &str, name: &str) -> String {
        let asked = json!({"csr": csr, "common_name": name, "ttl": "240h"});
        let signed = self.bao.post("pki/sign/wifi", asked).await;
        signed["data"]["serial_number"].as_str().unwrap().to_owned()
    }
}

fn request_of(key: &PrivateKey) -> String {
    pem::encode("CERTIFICATE REQUEST", csr::create(key, None).unwrap().as_der())
}

#[tokio::test]
async fn a_certificate_signed_behind_the_portals_back_is_found() {
    let scene = scene().await;
    let ended = compare(&scene.program, &scene.works).await;
    assert_eq!(ended["unreachable"], json!([]), "{ended}");
    assert_eq!(open(&scene.program).await, Vec::<Value>::new(), "its own certificate is none of ours");
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let stray = scene.sign(&request_of(&key), "mallory").await;
    compare(&scene.program, &scene.works).await;
    let told = only(&scene.program, "unknown_here", "none").await;
    assert_eq!((plain(&told["serial"]), &told["ca"]["name"]), (stray.replace(':', ""), &json!("bao")));
    assert!(told["detail"].as_str().unwrap().contains("mallory"), "{told}");
    assert!(
        !scene.bao.serials("certs/revoked").await.contains(&stray.replace(':', "")),
        "it is not ours to revoke"
    );
    scene.bao.post("pki/revoke", json!({ "serial_number": stray })).await;
    compare(&scene.program, &scene.works).await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_stray_for_the_key_of_one_of_our_requests_is_recorded_and_revoked() {
    let scene = scene().await;
    let request = id(&scene.request().await).parse().unwrap();
    let mut conn = scene.program.database.db.read().await.unwrap();
    let sent = requests::get(&mut conn, request).await.unwrap().csr.unwrap();
    drop(conn);
    let stray = scene.sign(&pem::encode("CERTIFICATE REQUEST", &sent), "maria").await;
    compare(&scene.program, &scene.works).await;
    let told = only(&scene.program, "stray", "recorded_and_revoked").await;
    let certificate = told["certificate_id"].as_str().unwrap();
    let shown = scene.program.get(&format!("/certificates/{certificate}")).await.ok();
    assert_eq!((plain(&shown["serial"]), &shown["status"]), (stray.replace(':', ""), &json!("revoked")));
    assert!(scene.bao.serials("certs/revoked").await.contains(&stray.replace(':', "")));
    let own = scene.certificates().await;
    assert!(own.iter().any(|it| it["status"] == "valid"), "the right one stays: {own:?}");
    compare(&scene.program, &scene.works).await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_revocation_made_in_openbao_counts_here() {
    let mut scene = scene().await;
    let certificate = scene.certificates().await[0].clone();
    let serial = SerialNumber::parse(certificate["serial"].as_str().unwrap()).unwrap();
    scene.bao.post("pki/revoke", json!({ "serial_number": serial.with_colons() })).await;
    compare(&scene.program, &scene.works).await;
    only(&scene.program, "revoked_there_only", "taken_over").await;
    let shown = scene.program.get(&format!("/certificates/{}", id(&certificate))).await.ok();
    assert_eq!(
        (&shown["status"], &shown["revocations"][0]["trigger"]),
        (&json!("revoked"), &json!("revoked_at_ca"))
    );
    scene.sync().await;
    scene.sync().await;
    let valid = scene.certificates().await.into_iter().filter(|it| it["status"] == "valid").count();
    assert_eq!((valid, scene.device.held.len()), (1, 2), "the device has another one");
    compare(&scene.program, &scene.works).await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_role_that_stores_nothing_is_told() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({"no_store": true})).await;
    let mut scene = Scene::new(bao, "wifi").await;
    scene.sync().await;
    scene.program.clock.advance(Duration::from_secs(60));
    compare(&scene.program, &scene.works).await;
    let told = only(&scene.program, "unknown_there", "none").await;
    assert!(told["remedy"].as_str().unwrap().contains("no_store"), "{told}");
}

#[tokio::test]
async fn one_that_is_sealed_is_told_and_nothing_is_concluded_from_it() {
    let scene = scene().await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    scene.sign(&request_of(&key), "mallory").await;
    compare(&scene.program, &scene.works).await;
    only(&scene.program, "unknown_here", "none").await;
    scene.bao.seal().await;
    let ended = compare(&scene.program, &scene.works).await;
    let told = &ended["unreachable"][0];
    assert_eq!(told["ca"], "bao", "{ended}");
    assert!(told["cause"].as_str().unwrap().contains("is sealed"), "{told}");
    assert!(told["remedy"].as_str().unwrap().contains("Unseal it"), "{told}");
    only(&scene.program, "unknown_here", "none").await;
}

#[tokio::test]
async fn all_that_a_mount_has_issued_is_listed_once_page_by_page() {
    let scene = scene().await;
    for number in 0..25 {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        scene.sign(&request_of(&key), &format!("somebody {number}")).await;
    }
    let mut all: Vec<String> = scene.bao.serials("certs").await;
    let external: &ExternalCas = scene.program.portal.external().unwrap();
    let ca = external.named("bao").await.unwrap().unwrap().ca;
    let (mut listed, mut after): (Vec<String>, Option<SerialNumber>) = (Vec::new(), None);
    loop {
        let page = ca.enumerate(after.as_ref(), 4).await.unwrap();
        listed.extend(page.certificates.iter().map(|it| it.serial.to_string()));
        assert!(page.certificates.iter().all(|it| it.not_after.is_some()), "{page:?}");
        after = page.certificates.last().map(|it| it.serial.clone());
        if !page.more || after.is_none() {
            break;
        }
    }
    all.sort();
    let once = listed.len();
    listed.sort();
    listed.dedup();
    assert_eq!((once, listed), (all.len(), all));
    assert!(ca.look_up(&SerialNumber::parse("7f00").unwrap()).await.unwrap().is_none());
}
