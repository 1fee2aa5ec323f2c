//! Certificates that were really issued: read, downloaded, reissued, revoked, and what is done to their device.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use certporter::clock::Clock as _;
use certporter::pki::Certificate;
use certporter_model::distinguished_name::{AttributeType, DistinguishedName};
use serde_json::{Value, json};

use super::flow::{device, id};
use super::program::{Program, wifi};
use super::works::{Enrolled, Works};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    the_public_part_is_downloaded_and_its_chain_holds,
    a_reissue_keeps_the_old_one_until_the_new_one_is_confirmed,
    a_revocation_is_followed_by_a_new_one_and_told_step_by_step,
    a_block_holds_and_a_loss_after_a_retirement_is_graver,
    a_hand_over_names_whose_certificate_goes,
    what_the_overview_counts_can_be_listed,
}

/// A name with everything that a distinguished name has to escape.
const AWKWARD: &str = " Ortiz,M+M=\"\\;<ü>\u{200f}ש#";

/// A person of that name, whose laptop is enrolled and has its certificate.
async fn scene(program: &Program, name: &str) -> (Works, Enrolled, String) {
    let works = Works::of(program).await;
    let body = json!({"user_name": name, "display_name": name, "email": "maria@example.org"});
    let maria = program.post("/users", &body).await.ok();
    let laptop = device(program, "Laptop", Some(id(&maria))).await;
    let group = program.post("/groups", &json!({"name": "Staff"})).await.ok();
    let members = format!("/groups/{}/members", id(&group));
    program.post(&members, &json!({"kind": "user", "id": id(&maria)})).await.ok();
    let profile = program.post("/profiles", &wifi()).await.ok();
    let body = json!({"group_id": id(&group), "mode": "include"});
    program.post(&format!("/profiles/{}/assignments", id(&profile)), &body).await.ok();
    let mut enrolled = works.enrol(program, id(&laptop)).await;
    works.sync(program, &mut enrolled).await;
    assert_eq!(enrolled.held.len(), 2, "a copy for each feature");
    (works, enrolled, id(&laptop).to_owned())
}

/// The device's certificates, the newest first.
async fn certificates(program: &Program, device: &str) -> Vec<Value> {
    let page = program.get(&format!("/certificates?device={device}")).await.ok();
    page["data"].as_array().unwrap().clone()
}

fn standing(certificate: &Value) -> (&str, &str) {
    (certificate["status"].as_str().unwrap(), certificate["standing"].as_str().unwrap())
}

fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn the_public_part_is_downloaded_and_its_chain_holds(database: TestDatabase) {
    let program = Program::new(database).await;
    let (_, _, laptop) = scene(&program, AWKWARD).await;
    let [certificate] = &certificates(&program, &laptop).await[..] else { panic!("one certificate") };
    let path = format!("/certificates/{}", id(certificate));
    let folder = program.database.folder();
    for (name, media_type) in [
        ("certificate.pem", "application/x-pem-file"),
        ("certificate.der", "application/pkix-cert"),
        ("chain.pem", "application/pem-certificate-chain"),
    ] {
        let answered = program.get(&format!("{path}/{name}")).await;
        assert_eq!(answered.status, 200);
        assert_eq!(answered.headers["content-type"], media_type);
        let disposition = answered.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("attachment; filename=\"") && disposition.is_ascii());
        assert!(!String::from_utf8_lossy(&answered.octets).contains("PRIVATE"));
        std::fs::write(folder.join(name), &answered.octets).unwrap();
    }
    let root = program.builtin.published("root-1.crt").await.unwrap().unwrap();
    std::fs::write(folder.join("root.der"), &root.octets).unwrap();
    openssl(folder, &["x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem"]);
    openssl(
        folder,
        &["verify", "-no_check_time", "-CAfile", "root.pem", "-untrusted", "chain.pem", "certificate.pem"],
    );
    let of = |file, form| {
        openssl(folder, &["x509", "-inform", form, "-in", file, "-noout", "-fingerprint", "-sha256"])
    };
    assert_eq!(of("certificate.pem", "PEM"), of("certificate.der", "DER"));

    // The name is in the certificate as it was given, whatever has to be escaped in its text form.
    let der = std::fs::read(folder.join("certificate.der")).unwrap();
    let named = Certificate::parse(&der).unwrap();
    assert_eq!(named.thumbprint().to_string(), program.get(&path).await.ok()["thumbprint"]);
    let subject = DistinguishedName::parse(&named.subject_text()).unwrap();
    assert_eq!(subject.value(AttributeType::CommonName), Some(AWKWARD));
    assert_eq!(subject.value(AttributeType::Organization), Some("Example"));
    assert_eq!(subject.rdns().len(), 2);
}

async fn a_reissue_keeps_the_old_one_until_the_new_one_is_confirmed(database: TestDatabase) {
    let program = Program::new(database).await;
    let (works, mut enrolled, laptop) = scene(&program, "maria").await;
    let old = id(&certificates(&program, &laptop).await[0]).to_owned();
    let path = format!("/certificates/{old}/reissue");
    program.clock.advance(Duration::from_secs(60));
    let body = json!({"explanation": "the old one does not work at the gate"});
    let shown = program.post(&format!("{path}?preview=true"), &body).await.ok();
    assert_eq!(shown["summary"]["reissued"], 1, "{shown}");
    assert_eq!(shown["summary"]["revoked"], json!({}), "{shown}");
    let asked = program.post(&path, &body).await.ok();
    assert_eq!(standing(&asked), ("valid", "current"), "{asked}");

    works.work().await;
    let both = certificates(&program, &laptop).await;
    let standings: Vec<_> = both.iter().map(standing).collect();
    assert_eq!(standings, [("valid", "current"), ("valid", "predecessor")]);
    assert_eq!(enrolled.held.len(), 2, "the old copies are still there");
    program.post(&path, &body).await.problem(409, &[]);

    works.sync(&program, &mut enrolled).await;
    works.sync(&program, &mut enrolled).await;
    let both = certificates(&program, &laptop).await;
    assert_eq!(standing(&both[0]), ("valid", "current"));
    assert_eq!((both[1]["id"].as_str(), standing(&both[1]).0), (Some(old.as_str()), "revoked"));
    assert_eq!(both[1]["reason"], "superseded");
    assert_eq!(enrolled.held.len(), 2, "the new copies took their place");
    let audit = program.get("/audit-events?limit=200").await.ok();
    let event =
        audit["data"].as_array().unwrap().iter().find(|e| e["action"] == "certificates.reissue").unwrap();
    assert!(event.to_string().contains("at the gate"), "{event}");
}

async fn a_revocation_is_followed_by_a_new_one_and_told_step_by_step(database: TestDatabase) {
    let program = Program::new(database).await;
    let (works, mut enrolled, laptop) = scene(&program, "maria").await;
    let first = id(&certificates(&program, &laptop).await[0]).to_owned();
    program.clock.advance(Duration::from_secs(60));
    let path = format!("/certificates/{first}/revoke");
    program.post(&path, &json!({"reason": "key_compromise"})).await.problem(422, &["explanation"]);
    program.post(&path, &json!({"reason": "bored", "explanation": "x"})).await.problem(422, &["reason"]);
    let body = json!({"reason": "key_compromise", "explanation": "it was copied"});
    let shown = program.post(&format!("{path}?preview=true"), &body).await.ok();
    assert_eq!(shown["summary"]["revoked"], json!({"key_compromise": 1}), "itself counts: {shown}");
    assert_eq!(
        (&shown["holders"], &shown["sample"][0]["certificate"]),
        (&json!(1), &json!(first)),
        "{shown}"
    );
    let revoked = program.post(&path, &body).await.ok();
    assert_eq!(revoked["status"], "revoked", "{revoked}");
    program.post(&path, &body).await.problem(409, &[]);

    works.work().await;
    let open = program.get(&format!("/certificates/{first}")).await.ok();
    let revocation = &open["revocations"][0];
    assert!(revocation["at_ca_at"].is_string() && revocation["in_crl_at"].is_string(), "{revocation}");
    assert_eq!((&revocation["removed_at"], &revocation["finished_at"]), (&Value::Null, &Value::Null));
    works.sync(&program, &mut enrolled).await;
    works.sync(&program, &mut enrolled).await;
    let done = program.get(&format!("/certificates/{first}")).await.ok();
    assert!(done["revocations"][0]["finished_at"].is_string(), "{done}");
    assert_eq!(done["revocations"][0]["explanation"], "it was copied");
    let all = certificates(&program, &laptop).await;
    assert_eq!(standing(&all[0]), ("valid", "current"), "still assigned: it gets another");
    assert_eq!((all.len(), enrolled.held.len()), (2, 2));
}

async fn a_block_holds_and_a_loss_after_a_retirement_is_graver(database: TestDatabase) {
    let program = Program::new(database).await;
    let (works, mut enrolled, laptop) = scene(&program, "maria").await;
    let act = async |action: &str| {
        program.post(&format!("/devices/{laptop}/{action}"), &json!({"explanation": "why"})).await.ok()
    };
    assert_eq!(act("block").await["state"], "blocked");
    works.sync(&program, &mut enrolled).await;
    assert_eq!((standing(&certificates(&program, &laptop).await[0]).0, enrolled.held.len()), ("held", 0));
    assert_eq!(act("unblock").await["state"], "enrolled");
    works.sync(&program, &mut enrolled).await;
    works.sync(&program, &mut enrolled).await;
    let all = certificates(&program, &laptop).await;
    assert_eq!((standing(&all[0]), enrolled.held.len()), (("valid", "current"), 2), "{all:?}");

    act("retire").await;
    program.clock.advance(Duration::from_secs(60));
    works.work().await;
    let current = id(&all[0]).to_owned();
    let retired = program.get(&format!("/certificates/{current}")).await.ok();
    assert_eq!(retired["reason"], "cessation_of_operation", "{retired}");
    // It was never seen again: it must be taken for stolen.
    act("lost").await;
    works.work().await;
    let lost = program.get(&format!("/certificates/{current}")).await.ok();
    assert_eq!(lost["reason"], "key_compromise", "{lost}");
    let told: Vec<_> = lost["revocations"].as_array().unwrap().iter().map(|r| r["reason"].clone()).collect();
    assert_eq!(told, [json!("key_compromise"), json!("cessation_of_operation")], "both are shown");
    assert!(lost["revocations"][0]["in_crl_at"].is_string(), "{lost}");
}

async fn a_hand_over_names_whose_certificate_goes(database: TestDatabase) {
    let program = Program::new(database).await;
    let (_, _, laptop) = scene(&program, "maria").await;
    let body = json!({"user_name": "jose", "display_name": "José", "email": "jose@example.org"});
    let jose = program.post("/users", &body).await.ok();
    let body = json!({"owner": id(&jose), "explanation": "he takes her place"});
    let shown = program.post(&format!("/devices/{laptop}/hand-over?preview=true"), &body).await.ok();
    assert_eq!(shown["summary"]["revoked"], json!({"cessation_of_operation": 1}), "{shown}");
    for one in shown["sample"].as_array().unwrap() {
        if ["revoked", "removed"].contains(&one["effect"].as_str().unwrap()) {
            assert_eq!(one["user"]["display_name"], "maria", "{one}");
        }
    }
    assert!(shown["sample"].as_array().unwrap().iter().any(|one| one["effect"] == "removed"), "{shown}");
}

async fn what_the_overview_counts_can_be_listed(database: TestDatabase) {
    let program = Program::new(database).await;
    let (works, _, laptop) = scene(&program, "maria").await;
    let number = async |path: &str| program.get(path).await.ok()["data"].as_array().unwrap().len();
    let start = program.clock.now().to_string();
    program.clock.advance(Duration::from_secs(3600));
    let after = program.clock.now().to_string();
    assert_eq!(number(&format!("/certificates?issued_from={after}")).await, 0);
    assert_eq!(number(&format!("/certificates?issued_before={after}")).await, 1);
    assert_eq!(number(&format!("/certificates?revoked_from={start}")).await, 0);
    let first = id(&certificates(&program, &laptop).await[0]).to_owned();
    let body = json!({"reason": "superseded", "explanation": "for a new one"});
    program.post(&format!("/certificates/{first}/revoke"), &body).await.ok();
    assert_eq!(number(&format!("/certificates?revoked_from={after}")).await, 1);
    assert_eq!(number(&format!("/certificates?revoked_before={after}")).await, 0);

    // The new one is offered, and the device is never heard of again.
    works.work().await;
    assert_eq!(number("/devices?copies=unconfirmed").await, 0, "it may take its time");
    program.clock.advance(Duration::from_secs(4 * 86_400));
    assert_eq!(number("/devices?copies=unconfirmed").await, 1);
    assert_eq!(number("/devices?copies=failed").await, 0);
    program.get("/devices?copies=odd").await.problem(422, &["copies"]);
}
