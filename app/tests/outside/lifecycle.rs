//! What each event does, from outside: REST and a real agent in; the CRL, OCSP, the device and the portal's word out.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::installation::{Installation, certporter, run};
use super::{files, named};

/// A reason as OpenSSL writes it of a CRL and of an OCSP answer.
type Reason = (&'static str, &'static str);

const CEASED: Reason = ("Cessation Of Operation", "cessationOfOperation");
// OpenSSL 3.0 has no word for this one in OCSP answers.
const WITHDRAWN: Reason = ("Privilege Withdrawn", "(UNKNOWN)");
const AFFILIATION: Reason = ("Affiliation Changed", "affiliationChanged");
const SUPERSEDED: Reason = ("Superseded", "superseded");

/// Somebody's laptop that holds a certificate for Wi-Fi and VPN.
struct Laptop {
    portal: Installation,
    device: String,
    agent: PathBuf,
    /// Where the certificate, its issuer and the root are, kept from when it was installed.
    kept: PathBuf,
    id: String,
    serial: String,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

impl Laptop {
    async fn new() -> Self {
        let portal = Installation::start().await;
        let device = portal.laptop_with_wifi_and_vpn().await;
        let agent = portal.enrol(&device).await;
        let kept = portal.data().join("kept");
        std::fs::create_dir(&kept).unwrap();
        let mut held = files(&agent.join("certificates"));
        for _ in 0..20 {
            if named(&held, "cert.pem").len() == 2 {
                break;
            }
            // On a busy machine a device may look before anything is made for it.
            run(certporter(), &["agent", "sync", "--once", "--dir", agent.to_str().unwrap()]);
            held = files(&agent.join("certificates"));
        }
        for name in ["cert.pem", "chain.pem"] {
            std::fs::copy(named(&held, name)[0], kept.join(name)).unwrap();
        }
        std::fs::copy(portal.root_certificate().await, kept.join("root.pem")).unwrap();
        let certificates = portal.get(&format!("/certificates?device={device}")).await;
        let id = text(&certificates["data"][0]["id"]).to_owned();
        let serial = text(&certificates["data"][0]["serial"]).to_uppercase();
        Self { portal, device, agent, kept, id, serial }
    }

    /// The id of the only one of a list.
    async fn only(&self, list: &str) -> String {
        let answer = self.portal.get(list).await;
        let all = answer["data"].as_array().or(answer.as_array()).unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(all.len(), 1, "{list}: {answer}");
        text(&all[0]["id"]).to_owned()
    }

    /// The device's good certificate.
    async fn valid(&self) -> Value {
        let valid = self.portal.get(&format!("/certificates?device={}&status=valid", self.device)).await;
        let [one] = &valid["data"].as_array().unwrap()[..] else { panic!("{valid}") };
        one.clone()
    }

    fn sync(&self) {
        run(certporter(), &["agent", "sync", "--once", "--dir", self.agent.to_str().unwrap()]);
    }

    /// The serial numbers of the certificates that are on the device, one for each copy.
    fn on_the_device(&self) -> Vec<String> {
        let held = files(&self.agent.join("certificates"));
        let serial = |file: &&PathBuf| {
            let said = run("openssl", &["x509", "-in", file.to_str().unwrap(), "-noout", "-serial"]);
            said.trim().trim_start_matches("serial=").to_owned()
        };
        named(&held, "cert.pem").iter().map(serial).collect()
    }

    fn ocsp(&self) -> String {
        let file = |name: &str| self.kept.join(name).to_str().unwrap().to_owned();
        let url = format!("{}/ocsp", self.portal.pki());
        let (issuer, leaf, root) = (file("chain.pem"), file("cert.pem"), file("root.pem"));
        run("openssl", &["ocsp", "-issuer", &issuer, "-cert", &leaf, "-url", &url, "-CAfile", &root])
    }

    /// It is gone from the device and revoked for a reason, which the CRL and OCSP give; the portal tells what set it
    /// off, and that every step of it is done.
    async fn has_lost_it(&self, (in_crl, in_ocsp): Reason, (reason, trigger): (&str, &str)) {
        let crl = self.portal.crl_with(&self.serial).await;
        let entry = crl.split("Serial Number: ").find(|entry| entry.starts_with(&self.serial)).unwrap();
        assert!(entry.contains(in_crl), "{entry}");
        let answer = self.ocsp();
        assert!(answer.contains(": revoked") && answer.contains(&format!("Reason: {in_ocsp}")), "{answer}");
        assert!(!self.on_the_device().contains(&self.serial), "it is still on the device");
        let certificate = self.portal.get(&format!("/certificates/{}", self.id)).await;
        let told = &certificate["revocations"][0];
        assert_eq!((text(&told["reason"]), text(&told["trigger"])), (reason, trigger), "{certificate}");
        for step in ["requested_at", "at_ca_at", "in_crl_at", "removed_at", "finished_at"] {
            assert!(told[step].is_string(), "{step}: {certificate}");
        }
    }

    /// Another one has taken its place on the device.
    async fn has_another(&self) {
        let now = self.on_the_device();
        let new = text(&self.valid().await["serial"]).to_uppercase();
        assert!(now.len() >= 2 && new != self.serial && now.iter().all(|it| *it == new), "{now:?} {new}");
    }
}

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
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
}

#[tokio::test]
async fn a_device_is_lost() {
    let it = Laptop::new().await;
    it.portal.post(&format!("/devices/{}/lost", it.device), &json!({})).await;
    it.sync();
    it.has_lost_it(("Key Compromise", "keyCompromise"), ("key_compromise", "device_lost")).await;
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
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
}

#[tokio::test]
async fn an_attribute_in_a_name_changes() {
    let it = Laptop::new().await;
    let user = it.only("/users").await;
    let body = json!({"user_name": "maria.ortiz", "display_name": "Maria", "email": "maria@example.org"});
    it.portal.put(&format!("/users/{user}"), &body).await;
    it.sync();
    it.sync();
    it.has_lost_it(SUPERSEDED, ("superseded", "succeeded")).await;
    it.has_another().await;
}
