//! With the built-in CA: its ledger is changed behind the portal's back.

use std::time::Duration;

use certporter::ca::{IssuingCa, SignOutcome, SignRequest};
use certporter::clock::Clock as _;
use certporter::pki::{Asked, PrivateKey, csr};
use certporter::store::{AuditEvent, Target, crls, issued_certificates};
use certporter_model::CaGenerationId;
use certporter_model::access::{Caller, Permission, Scope};
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::profile::StrongMapping;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use serde_json::{Value, json};

use super::{Scene, compare, compare_with, device, id, only, open, serial};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    two_sides_that_agree_are_told_so,
    what_is_revoked_here_and_good_there_is_revoked_again,
    a_revocation_made_at_the_ca_counts_here,
    very_many_revoked_at_the_ca_wait_for_somebody,
    a_hold_that_the_ca_lost_is_put_on_again,
    what_was_signed_behind_the_portals_back_is_found,
    who_may_not_operate_may_not_start_it,
}

impl Scene {
    /// The generation that issues.
    async fn generation(&self) -> CaGenerationId {
        let all = self.program.get("/authorities").await.ok();
        let all = all["authorities"].as_array().unwrap().clone();
        let builtin = all.iter().find(|ca| ca["kind"] == "builtin").unwrap();
        let generations = builtin["generations"].as_array().unwrap();
        let issuing = generations.iter().find(|it| it["purpose"] == "issuing").unwrap();
        issuing["id"].as_str().unwrap().parse().unwrap()
    }

    /// Changes how a certificate stands in the CA's ledger, as nobody should.
    async fn tamper(&self, serial: &SerialNumber, reason: Option<Reason>) {
        let (generation, now) = (self.generation().await, self.program.clock.now());
        let permit = Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap();
        let mut tx = self.program.database.db.write(&permit).await.unwrap();
        let standing = reason.map(|reason| (now, reason));
        let change = crls::changed(&mut tx, generation, 0, now).await.unwrap();
        let serials = std::slice::from_ref(serial);
        issued_certificates::set_standings(&mut tx, generation, serials, standing, change).await.unwrap();
        tx.commit(AuditEvent::new(now, "test.tamper", Target::none("test"))).await.unwrap();
    }

    /// Why a certificate is revoked or held at the CA.
    async fn there(&self, serial: &SerialNumber) -> Option<Reason> {
        let builtin = self.works.pipeline.builtin.clone();
        let (standing, _) = builtin.standing(self.generation().await, serial).await.unwrap();
        standing.map(|(_, reason)| reason)
    }
}

async fn two_sides_that_agree_are_told_so(database: TestDatabase) {
    let scene = Scene::new(database).await;
    // What the CA has certified for its own use is no stray.
    scene.works.pipeline.builtin.hand_out_signer().await.unwrap();
    let ended = compare(&scene.program, &scene.works).await;
    assert_eq!((&ended["compared"], &ended["mended"]), (&json!(1), &json!(0)), "{ended}");
    assert_eq!(ended["unreachable"], json!([]));
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
    // By itself it comes round every day.
    let before = scene.program.get("/reconciliations").await.ok();
    scene.program.clock.advance(Duration::from_secs(25 * 3600));
    scene.works.work().await;
    let after = scene.program.get("/reconciliations").await.ok();
    assert_eq!(after.as_array().unwrap().len(), before.as_array().unwrap().len() + 1, "{after}");
    assert_eq!(after[0]["requested_by"], "the portal");
}

async fn what_is_revoked_here_and_good_there_is_revoked_again(database: TestDatabase) {
    let mut scene = Scene::new(database).await;
    let certificate = scene.certificates().await[0].clone();
    let body = json!({"reason": "key_compromise", "explanation": "lost"});
    let path = format!("/certificates/{}/revoke", id(&certificate));
    scene.program.post(&path, &body).await.ok();
    scene.sync().await;
    let serial = serial(&certificate);
    assert_eq!(scene.there(&serial).await, Some(Reason::KeyCompromise));
    scene.tamper(&serial, None).await;
    compare(&scene.program, &scene.works).await;
    let told = only(&scene.program, "revoked_here_only", "ordered_again").await;
    assert_eq!(told["certificate_id"], certificate["id"], "{told}");
    assert_eq!(told["serial"], certificate["serial"], "{told}");
    assert_eq!(told["ca"]["name"], "builtin", "{told}");
    assert_eq!(scene.there(&serial).await, Some(Reason::KeyCompromise), "the CA has it again");
    let shown = scene.certificate(&id(&certificate)).await;
    let steps = &shown["revocations"][0];
    assert!(steps["at_ca_at"].is_string() && steps["in_crl_at"].is_string(), "{shown}");
    // The next comparison sees that they agree; it comes by itself soon after something was mended.
    scene.program.clock.advance(Duration::from_secs(1000));
    scene.works.work().await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
    let gone = scene.program.get(&format!("/discrepancies/{}", id(&told))).await.ok();
    assert!(gone["resolved_at"].is_string(), "{gone}");
}

async fn a_revocation_made_at_the_ca_counts_here(database: TestDatabase) {
    let mut scene = Scene::new(database).await;
    let certificate = scene.certificates().await[0].clone();
    scene.tamper(&serial(&certificate), Some(Reason::KeyCompromise)).await;
    compare(&scene.program, &scene.works).await;
    only(&scene.program, "revoked_there_only", "taken_over").await;
    let shown = scene.certificate(&id(&certificate)).await;
    assert_eq!(shown["status"], "revoked", "{shown}");
    let told = &shown["revocations"][0];
    assert_eq!(
        (&told["reason"], &told["trigger"]),
        (&json!("key_compromise"), &json!("revoked_at_ca")),
        "{told}"
    );
    // The device loses it, and gets another one.
    scene.sync().await;
    scene.sync().await;
    let now = scene.certificates().await;
    assert_eq!(now.iter().filter(|it| it["status"] == "valid").count(), 1, "{now:?}");
    assert_eq!(scene.device.held.len(), 2);
    let copies = scene.certificate(&id(&certificate)).await["copies"].clone();
    assert!(copies.as_array().unwrap().iter().all(|copy| copy["state"] == "removed"), "{copies}");
    compare(&scene.program, &scene.works).await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
}

async fn very_many_revoked_at_the_ca_wait_for_somebody(database: TestDatabase) {
    let scene = Scene::new(database).await;
    for number in 0..51 {
        let laptop = device(&scene.program, &format!("Laptop {number}"), &scene.maria).await;
        scene.works.enrol(&scene.program, &laptop).await;
    }
    scene.works.work().await;
    let all = scene.program.get("/certificates?limit=200").await.ok();
    let all = all["data"].as_array().unwrap();
    assert_eq!(all.len(), 52);
    for certificate in all {
        scene.tamper(&serial(certificate), Some(Reason::Superseded)).await;
    }
    let ended = compare(&scene.program, &scene.works).await;
    assert_eq!(ended["mended"], 0, "{ended}");
    let told = scene.program.get("/discrepancies?kind=revoked_there_only&limit=200").await.ok();
    assert_eq!(told["data"].as_array().unwrap().len(), 52);
    let remedy = told["data"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("takes over all of them"), "{remedy}");
    let revoked = scene.program.get("/certificates?status=revoked&limit=200").await.ok();
    assert_eq!(revoked["data"].as_array().unwrap().len(), 0, "nothing happens without somebody");
    let overview = scene.program.get("/overview").await.ok();
    let matters = overview["matters"].as_array().unwrap();
    let matter = matters.iter().find(|it| it["kind"] == "disagreements").unwrap();
    assert_eq!((&matter["count"], &matter["undecided"]), (&json!(52), &json!(52)), "{matter}");

    let ended = compare_with(&scene.program, &scene.works, &json!({"take_over_all": true})).await;
    assert_eq!(ended["mended"], 52, "{ended}");
    let revoked = scene.program.get("/certificates?status=revoked&limit=200").await.ok();
    assert_eq!(revoked["data"].as_array().unwrap().len(), 52);
}

async fn a_hold_that_the_ca_lost_is_put_on_again(database: TestDatabase) {
    let mut scene = Scene::new(database).await;
    let serial = serial(&scene.certificates().await[0]);
    scene.program.post(&format!("/devices/{}/block", scene.laptop), &json!({})).await.ok();
    scene.sync().await;
    assert_eq!(scene.there(&serial).await, Some(Reason::CertificateHold));
    scene.tamper(&serial, None).await;
    compare(&scene.program, &scene.works).await;
    only(&scene.program, "held_differently", "ordered_again").await;
    assert_eq!(scene.there(&serial).await, Some(Reason::CertificateHold));
    // The other way round: on hold there, good here, and nobody here ever asked for it.
    scene.program.post(&format!("/devices/{}/unblock", scene.laptop), &json!({})).await.ok();
    scene.works.work().await;
    assert_eq!(scene.there(&serial).await, None);
    scene.tamper(&serial, Some(Reason::CertificateHold)).await;
    compare(&scene.program, &scene.works).await;
    assert_eq!(scene.there(&serial).await, None, "the release is told to the CA again");
}

async fn what_was_signed_behind_the_portals_back_is_found(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let asked = Asked {
        subject: Some("CN=mallory,O=Example".to_owned().try_into().unwrap()),
        alternative_names: Vec::new(),
        key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
        extended_key_usages: vec!["1.3.6.1.5.5.7.3.2".parse().unwrap()],
        validity_days: 30,
        sid: None,
        strong_mapping: StrongMapping::None,
    };
    let request = SignRequest {
        reference: "behind the back".to_owned(),
        csr: csr::create(&key, None).unwrap(),
        asked,
        template: String::new(),
    };
    let SignOutcome::Issued(stray) = scene.works.pipeline.builtin.sign(&request).await.unwrap() else {
        panic!("it was not issued")
    };
    compare(&scene.program, &scene.works).await;
    let told = only(&scene.program, "unknown_here", "none").await;
    assert!(told["detail"].as_str().unwrap().contains("CN=mallory"), "{told}");
    assert_eq!(told["serial"], stray.certificate.serial().to_string(), "{told}");
    // Seen again, it is the same one.
    compare(&scene.program, &scene.works).await;
    let again = only(&scene.program, "unknown_here", "none").await;
    assert_eq!(again["id"], told["id"]);
    assert!(again["seen_at"].as_str() > told["seen_at"].as_str(), "{again}");
    // Revoked at the CA, it does no harm any more.
    scene.tamper(stray.certificate.serial(), Some(Reason::KeyCompromise)).await;
    compare(&scene.program, &scene.works).await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
}

async fn who_may_not_operate_may_not_start_it(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let auditor = scene.program.new_token(certporter_model::access::Role::Auditor).await;
    let ask = |method, path: &str| scene.program.ask(method, path).token(auditor.clone());
    let refused = ask(http::Method::POST, "/reconciliations").json(&json!({})).send().await;
    refused.problem(403, &[]);
    assert!(ask(http::Method::GET, "/discrepancies").send().await.status.is_success());
    let helpdesk = scene.program.new_token(certporter_model::access::Role::Helpdesk).await;
    let asked = scene.program.ask(http::Method::GET, "/discrepancies").token(helpdesk);
    asked.send().await.problem(403, &[]);
    scene.program.get("/discrepancies?kind=nonsense").await.problem(422, &["kind"]);
    scene.program.post("/reconciliations", &json!({"all": true})).await.problem(422, &["all"]);
}
