//! A key for mail that all of a person's devices share: a new device gets the present one and those for old mail, sealed for
//! it alone, and never one that somebody else may have. OpenSSL writes and reads the mail.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::installation::{Installation, run};
use super::laptop::text;
use super::person::{Browser, with_mail};
use super::{files, named, serials, staff};

/// A person's devices and letters to them.
struct Mail {
    portal: Installation,
    browser: Browser,
    user: String,
    profile: String,
}

impl Mail {
    async fn new() -> Self {
        let portal = Installation::start().await;
        let (user, profile) = with_mail(&portal, "noor", json!({"deliver_history": true})).await;
        let browser = Browser::signed_in(&portal, "noor").await;
        Self { portal, browser, user, profile }
    }

    /// Another device, which the person sets up by themselves.
    async fn device(&mut self, name: &str) -> PathBuf {
        let (code, server) = self.browser.adds(name).await;
        let agent = self.portal.data().parent().unwrap().join(name);
        let dir = agent.to_str().unwrap();
        self.portal.agent(&["enrol", "--server", &server, "--code", &code, "--dir", dir]);
        agent
    }

    /// The device comes to have just these certificates.
    async fn holds(&self, agent: &Path, expected: &[&str]) {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        let mut held = Vec::new();
        self.portal
            .until(&format!("{} holds {expected:?}", agent.display()), async || {
                self.portal.agent(&["sync", "--once", "--dir", agent.to_str().unwrap()]);
                held = serials(agent);
                held.sort_unstable();
                held == expected
            })
            .await;
    }

    /// The serial number of the certificate in use, once it is another than these.
    async fn current(&self, before: &[&str]) -> (String, String) {
        let mut found = (String::new(), String::new());
        let list = format!("/certificates?user={}&standing=current", self.user);
        self.portal
            .until("there is another one", async || {
                let all = self.portal.get(&list).await;
                let Some(one) = all["data"].get(0) else { return false };
                found = (text(&one["id"]).to_owned(), text(&one["serial"]).to_uppercase());
                !before.contains(&found.1.as_str())
            })
            .await;
        found
    }

    /// Somebody writes to whoever holds the certificate that is on a device.
    fn letter(&self, agent: &Path, serial: &str) -> PathBuf {
        let (text, letter) = (self.portal.data().join("text"), self.portal.data().join(serial));
        std::fs::write(&text, format!("for {serial}")).unwrap();
        let certificate = on(agent, serial).join("cert.pem");
        let [text, out, certificate] = [&text, &letter, &certificate].map(|file| file.to_str().unwrap());
        run(
            "openssl",
            &["cms", "-encrypt", "-aes256", "-outform", "DER", "-in", text, "-out", out, certificate],
        );
        letter
    }

    /// A device reads it with what it holds.
    fn reads(&self, agent: &Path, serial: &str, letter: &Path) {
        let folder = on(agent, serial);
        let (pfx, key) = (folder.join("certificate.pfx"), self.portal.data().join("key.pem"));
        let password = format!("file:{}.password", pfx.display());
        let [pfx, key, letter] = [&pfx, &key, letter].map(|file| file.to_str().unwrap());
        run("openssl", &["pkcs12", "-in", pfx, "-passin", &password, "-nodes", "-nocerts", "-out", key]);
        let certificate = folder.join("cert.pem");
        let certificate = certificate.to_str().unwrap();
        let decrypt =
            ["cms", "-decrypt", "-inform", "DER", "-in", letter, "-inkey", key, "-recip", certificate];
        assert_eq!(run("openssl", &decrypt).trim(), format!("for {serial}"));
    }
}

/// The folder in which a device has a certificate.
fn on(agent: &Path, serial: &str) -> PathBuf {
    let held = files(&agent.join("certificates"));
    let has_it = |file: &&&PathBuf| {
        let said = run("openssl", &["x509", "-in", file.to_str().unwrap(), "-noout", "-serial"]);
        said.trim().ends_with(serial)
    };
    let all = named(&held, "cert.pem");
    let found = all.iter().find(has_it).unwrap_or_else(|| panic!("{serial}: {held:?}"));
    found.parent().unwrap().to_owned()
}

#[tokio::test]
async fn a_persons_certificate_outlives_a_device() {
    let mut it = Mail::new().await;
    let (laptop, tablet, phone) =
        (it.device("laptop").await, it.device("tablet").await, it.device("phone").await);
    let (id, serial) = it.current(&[]).await;
    for agent in [&laptop, &tablet, &phone] {
        it.holds(agent, &[&serial]).await;
    }
    let own = async |name: &str| {
        let devices = it.portal.get(&format!("/devices?owner={}&q={name}", it.user)).await;
        format!("/devices/{}", text(&devices["data"][0]["id"]))
    };
    let status = async || text(&it.portal.get(&format!("/certificates/{id}")).await["status"]).to_owned();
    let none = json!({});

    // Retired or blocked, a device loses its copy; the certificate is the person's, and stays.
    it.portal.post(&format!("{}/retire", own("tablet").await), &none).await;
    it.portal.post(&format!("{}/block", own("phone").await), &none).await;
    it.holds(&tablet, &[]).await;
    it.holds(&phone, &[]).await;
    it.holds(&laptop, &[&serial]).await;
    assert_eq!(status().await, "valid");
    it.portal.post(&format!("{}/unblock", own("phone").await), &none).await;
    it.holds(&phone, &[&serial]).await;

    // Blocking the person puts it on hold, and takes it from all of them for as long.
    it.portal.post(&format!("/users/{}/block", it.user), &none).await;
    it.holds(&laptop, &[]).await;
    it.holds(&phone, &[]).await;
    assert!(it.portal.crl_with(&serial).await.contains("Certificate Hold"));
    assert_eq!(status().await, "held");
    it.portal.post(&format!("/users/{}/unblock", it.user), &none).await;
    it.holds(&laptop, &[&serial]).await;
    it.holds(&phone, &[&serial]).await;
    it.portal.crl_without(&serial).await;

    // Erased: it is revoked for good, and the others get another.
    it.portal.post(&format!("{}/wiped", own("phone").await), &none).await;
    let (_, another) = it.current(&[&serial]).await;
    it.holds(&laptop, &[&another]).await;
    let told = it.portal.get(&format!("/certificates/{id}")).await["revocations"][0].clone();
    assert_eq!((text(&told["reason"]), text(&told["trigger"])), ("key_compromise", "device_wiped"), "{told}");
}

#[tokio::test]
async fn a_new_device_reads_old_mail_and_never_gets_a_compromised_key() {
    let mut it = Mail::new().await;
    let laptop = it.device("laptop").await;
    let (first_id, first) = it.current(&[]).await;
    it.holds(&laptop, &[&first]).await;
    let old = it.letter(&laptop, &first);

    // Another takes its place: the first reads what was written to it, and nothing else.
    it.portal
        .post(&format!("/certificates/{first_id}/reissue"), &json!({"explanation": "in good time"}))
        .await;
    let (second_id, second) = it.current(&[&first]).await;
    it.holds(&laptop, &[&first, &second]).await;
    let tablet = it.device("tablet").await;
    it.holds(&tablet, &[&first, &second]).await;
    it.reads(&tablet, &first, &old);
    let letter = it.letter(&laptop, &second);
    it.reads(&tablet, &second, &letter);
    let password = |agent: &Path| std::fs::read(on(agent, &first).join("certificate.pfx.password")).unwrap();
    assert_ne!(password(&laptop), password(&tablet), "it was sealed for each device by itself");

    // The second may be in other hands: it is not in the history of a device that comes later, nor anywhere.
    let why = json!({"reason": "key_compromise", "explanation": "the key was found on a share"});
    it.portal.post(&format!("/certificates/{second_id}/revoke"), &why).await;
    let (_, third) = it.current(&[&first, &second]).await;
    let phone = it.device("phone").await;
    for agent in [&laptop, &tablet, &phone] {
        it.holds(agent, &[&first, &third]).await;
    }
    it.reads(&phone, &first, &old);
    let letter = it.letter(&laptop, &third);
    it.reads(&phone, &third, &letter);

    // Where the profile does not say so, a new device gets the present one alone.
    staff::edit(&it.portal, &it.profile, "now", json!({"deliver_history": false})).await;
    let desk = it.device("desk").await;
    it.holds(&desk, &[&third]).await;

    // With a lost device both of its keys are lost: the one for old mail too.
    staff::edit(&it.portal, &it.profile, "now", json!({"deliver_history": true})).await;
    it.holds(&desk, &[&first, &third]).await;
    let devices = it.portal.get(&format!("/devices?owner={}&q=laptop", it.user)).await;
    it.portal.post(&format!("/devices/{}/lost", text(&devices["data"][0]["id"])), &json!({})).await;
    let (_, fourth) = it.current(&[&first, &second, &third]).await;
    for agent in [&tablet, &phone, &desk] {
        it.holds(agent, &[&fourth]).await;
    }
    it.portal
        .until("the CRL says so of all three", async || {
            let crl = it.portal.crl_with(&third).await;
            let compromised = |serial: &String| {
                let entry = crl.split("Serial Number: ").find(|entry| entry.starts_with(serial));
                entry.is_some_and(|entry| entry.contains("Key Compromise"))
            };
            [&first, &second, &third].into_iter().all(compromised)
        })
        .await;
}
