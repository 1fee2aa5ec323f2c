//! Two people's laptops with certificates from a running portal, and what relying parties need: the CAs, the CRLs
//! as they are published, and a server certificate of their own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use certporter::clock::Stopwatch;
use serde_json::{Value, json};

use super::party::{DEADLINE, client};
use crate::outside::{Installation, run};

/// What a laptop holds for one feature, in the files that the agent wrote.
pub(super) struct Held {
    /// The certificate's id in the portal.
    pub(super) id: String,
    /// The agent's folder of the copy.
    pub(super) folder: PathBuf,
}

impl Held {
    /// A file of the copy.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// The password of its PFX.
    pub(super) fn password(&self) -> String {
        std::fs::read_to_string(self.folder.join("certificate.pfx.password")).unwrap().trim_end().to_owned()
    }
}

/// The portal, the laptops, and the relying party's folder.
pub(super) struct Scene {
    pub(super) portal: Installation,
    pub(super) maria: Held,
    pub(super) noah: Held,
    folder: tempfile::TempDir,
}

impl Scene {
    /// Two laptops hold what they get for a feature: `wifi` or `vpn`.
    pub(super) async fn new(feature: &str) -> Self {
        let portal = Installation::start().await;
        let first = portal.laptop_with_wifi_and_vpn().await;
        let second = another_laptop(&portal).await;
        let maria = held(&portal, &first, "maria", feature).await;
        let noah = held(&portal, &second, "noah", feature).await;
        let scene = Self { portal, maria, noah, folder: tempfile::tempdir().unwrap() };
        scene.make_server_identity();
        scene.fetch_again().await;
        scene
    }

    /// A file of the relying party.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The relying party's folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the relying party.
    pub(super) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self.file(name)
    }

    fn make_server_identity(&self) {
        let (key, certificate) = (self.file("server.key"), self.file("server.pem"));
        let name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
        let usage = ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"];
        let purpose = ["-addext", "extendedKeyUsage=serverAuth"];
        let new = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let files = ["-days", "2", "-keyout", &key, "-out", &certificate];
        run("openssl", &[&new[..], &files[..], &name[..], &usage[..], &purpose[..]].concat());
    }

    /// What a relying party does every now and then: fetches the CAs and the CRLs from where they are published, into
    /// `cas.pem`, `crls.pem`, and both in `cas-and-crls.pem`, each replaced as a whole.
    pub(super) async fn fetch_again(&self) {
        let mut cas = String::new();
        let mut crls = String::new();
        for name in ["root-1", "issuing-1"] {
            for (ending, command, all) in [("crt", "x509", &mut cas), ("crl", "crl", &mut crls)] {
                let file = self.file(&format!("{name}.{ending}"));
                self.portal.fetch(&format!("{name}.{ending}"), Path::new(&file)).await;
                *all += &pem(command, &file);
            }
        }
        self.put(&cas, &crls);
    }

    /// The same from the files that the portal has written, which any static server can offer while it is down.
    pub(super) fn copy_the_files(&self) {
        let published = self.portal.data().join("published");
        let read = |command: &str, name: &str| pem(command, published.join(name).to_str().unwrap());
        let cas = read("x509", "root-1.crt") + &read("x509", "issuing-1.crt");
        let crls = read("crl", "root-1.crl") + &read("crl", "issuing-1.crl");
        self.put(&cas, &crls);
    }

    fn put(&self, cas: &str, crls: &str) {
        for (name, text) in
            [("cas.pem", cas), ("crls.pem", crls), ("cas-and-crls.pem", &[cas, crls].concat())]
        {
            let beside = self.write(&format!("{name}.new"), text);
            std::fs::rename(beside, self.file(name)).unwrap();
        }
    }

    /// Whether the CRLs that were fetched last have a certificate.
    pub(super) fn list_has(&self, serial: &str) -> bool {
        let file = self.file("issuing-1.crl");
        run("openssl", &["crl", "-inform", "DER", "-in", &file, "-noout", "-text"]).contains(serial)
    }

    /// A certificate's serial number, as OpenSSL writes it.
    pub(super) fn serial(&self, held: &Held) -> String {
        let said = run("openssl", &["x509", "-in", &held.file("cert.pem"), "-noout", "-serial"]);
        said.trim().trim_start_matches("serial=").to_owned()
    }

    /// Revokes in the portal: the click. Answers when that was.
    pub(super) async fn revoke(&self, held: &Held) -> Stopwatch {
        let draft = json!({"reason": "key_compromise", "explanation": "the laptop was left in a train"});
        let clicked = Stopwatch::start();
        self.portal.post(&format!("/certificates/{}/revoke", held.id), &draft).await;
        clicked
    }

    /// Fetches and asks again and again until the party refuses; how long after the click that was.
    pub(super) async fn until_refused(
        &self,
        who: &str,
        clicked: Stopwatch,
        mut accepts: impl AsyncFnMut() -> bool,
    ) -> Duration {
        let refused = async {
            loop {
                self.fetch_again().await;
                if !accepts().await {
                    return clicked.elapsed();
                }
            }
        };
        let refused = tokio::time::timeout(DEADLINE, refused).await;
        let took = refused.unwrap_or_else(|_| panic!("{who} still accepts what was revoked"));
        println!("{who}: refused {} ms after the click", took.as_millis());
        took
    }

    /// What `openssl ocsp` says about a certificate when it asks the portal.
    pub(super) async fn ocsp(&self, held: &Held, more: &[&str]) -> (bool, String) {
        let url = format!("{}/ocsp", self.portal.pki());
        let (chain, leaf, cas) = (held.file("chain.pem"), held.file("cert.pem"), self.file("cas.pem"));
        let asked = ["ocsp", "-issuer", &chain, "-cert", &leaf, "-url", &url, "-CAfile", &cas];
        client("openssl", &[&asked[..], more].concat()).await
    }
}

fn pem(command: &str, der: &str) -> String {
    run("openssl", &[command, "-inform", "DER", "-in", der])
}

async fn another_laptop(portal: &Installation) -> String {
    let id = |value: &Value| value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let person =
        json!({"user_name": "noah.kim", "display_name": "Noah Kim", "email": "noah.kim@example.org"});
    let person = id(&portal.post("/users", &person).await);
    let group = id(&portal.get("/groups").await["data"][0]);
    portal.post(&format!("/groups/{group}/members"), &json!({"kind": "user", "id": person})).await;
    id(&portal.post("/devices", &json!({"name": "Noahs Laptop", "platform": "linux", "owner": person})).await)
}

async fn held(portal: &Installation, device: &str, name: &str, feature: &str) -> Held {
    let agent = portal.enrol_as(device, name).await;
    let places = std::fs::read_dir(agent.join("certificates")).unwrap().map(|place| place.unwrap().path());
    let folder = places.into_iter().find(|place| place.to_str().unwrap().ends_with(&format!("-{feature}")));
    let certificates = portal.get(&format!("/certificates?device={device}")).await;
    let id = certificates["data"][0]["id"].as_str().unwrap_or_else(|| panic!("{certificates}")).to_owned();
    Held { id, folder: folder.unwrap_or_else(|| panic!("no {feature} in {}", agent.display())) }
}
