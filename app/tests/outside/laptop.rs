//! Somebody's laptop with a real agent, and what relying parties learn of its certificate.

use std::path::{Path, PathBuf};

use certporter::agent::client::{DeviceClient, ServerAddress};
use certporter::agent::folder::Folder;
use certporter::agent::identity::ManagementIdentity;
use certporter::agent::state::State;
use certporter::pki::pem;
use serde_json::{Value, json};

use super::installation::Installation;
use super::{files, named, serials, staff};

/// A reason as OpenSSL writes it of a CRL and of an OCSP answer.
pub(super) type Reason = (&'static str, &'static str);

pub(super) const CEASED: Reason = ("Cessation Of Operation", "cessationOfOperation");
// OpenSSL 3.0 has no word for this one in OCSP answers.
pub(super) const WITHDRAWN: Reason = ("Privilege Withdrawn", "(UNKNOWN)");
pub(super) const AFFILIATION: Reason = ("Affiliation Changed", "affiliationChanged");
pub(super) const SUPERSEDED: Reason = ("Superseded", "superseded");

/// Somebody's laptop that holds a certificate for Wi-Fi and VPN.
pub(super) struct Laptop {
    pub(super) portal: Installation,
    pub(super) device: String,
    pub(super) agent: PathBuf,
    /// Where the certificate, its issuer and the root are, kept from when it was installed.
    kept: PathBuf,
    pub(super) id: String,
    pub(super) serial: String,
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

/// The connection of the device that has this folder, to say what its agent would not.
pub(super) fn client(agent: &Path) -> DeviceClient {
    let folder = Folder::at(agent);
    let server = ServerAddress::parse(&State::load(&folder).unwrap().server).unwrap();
    let anchor = std::fs::read(agent.join("ca.pem")).unwrap();
    let anchor = pem::der_of(&["CERTIFICATE"], &anchor).unwrap();
    let identity = ManagementIdentity::load(&folder).unwrap();
    DeviceClient::trusting(&server, &anchor, Some(&identity)).unwrap()
}

impl Laptop {
    pub(super) async fn new() -> Self {
        Self::with(Installation::start().await, json!({})).await
    }

    /// With a key that is kept in escrow for good.
    pub(super) async fn with_a_retained_key() -> Self {
        Self::with(Installation::start().await, json!({"escrow": "retained"})).await
    }

    /// Of a portal whose clock can be moved.
    pub(super) async fn in_a_time_of_its_own() -> Self {
        Self::with(Installation::start_in_a_time_of_its_own().await, json!({})).await
    }

    /// With a profile that differs so.
    pub(super) async fn with(portal: Installation, changed: Value) -> Self {
        let device = portal.laptop_with(changed).await;
        let agent = portal.enrol(&device).await;
        let kept = portal.data().join("kept");
        std::fs::create_dir(&kept).unwrap();
        let held = files(&agent.join("certificates"));
        assert_eq!(named(&held, "cert.pem").len(), 2, "one sync is enough: {held:?}");
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
    pub(super) async fn only(&self, list: &str) -> String {
        let answer = self.portal.get(list).await;
        let all = answer["data"].as_array().or(answer.as_array()).unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(all.len(), 1, "{list}: {answer}");
        text(&all[0]["id"]).to_owned()
    }

    /// The certificate that it had at first.
    pub(super) async fn first(&self) -> Value {
        self.portal.get(&format!("/certificates/{}", self.id)).await
    }

    /// The device's good certificate.
    pub(super) async fn valid(&self) -> Value {
        let valid = self.portal.get(&format!("/certificates?device={}&status=valid", self.device)).await;
        let [one] = &valid["data"].as_array().unwrap()[..] else { panic!("{valid}") };
        one.clone()
    }

    /// Puts another version of the profile into force.
    pub(super) async fn edit_profile(&self, when: &str, changed: Value) {
        staff::edit(&self.portal, &self.only("/profiles").await, when, changed).await;
    }

    /// One sync does all that there is to do.
    pub(super) fn sync(&self) {
        self.portal.agent(&["sync", "--once", "--dir", self.agent.to_str().unwrap()]);
    }

    /// The serial numbers of the certificates that are on the device, one for each copy.
    pub(super) fn on_the_device(&self) -> Vec<String> {
        serials(&self.agent)
    }

    pub(super) fn ocsp(&self) -> String {
        let file = |name: &str| self.kept.join(name).to_str().unwrap().to_owned();
        let url = format!("{}/ocsp", self.portal.pki());
        let (issuer, leaf, root) = (file("chain.pem"), file("cert.pem"), file("root.pem"));
        self.portal.openssl(&["ocsp", "-issuer", &issuer, "-cert", &leaf, "-url", &url, "-CAfile", &root])
    }

    /// It is gone from the device and revoked for a reason, which the CRL and OCSP give; the portal tells what set it
    /// off, and that every step of it is done.
    pub(super) async fn has_lost_it(&self, (in_crl, in_ocsp): Reason, (reason, trigger): (&str, &str)) {
        // What was on hold before is in the CRL already, with that reason.
        self.portal
            .until(&format!("the CRL says {in_crl}"), async || {
                let crl = self.portal.crl_with(&self.serial).await;
                let entry = crl.split("Serial Number: ").find(|entry| entry.starts_with(&self.serial));
                entry.is_some_and(|entry| entry.contains(in_crl))
            })
            .await;
        let answer = self.ocsp();
        assert!(answer.contains(": revoked") && answer.contains(&format!("Reason: {in_ocsp}")), "{answer}");
        assert!(!self.on_the_device().contains(&self.serial), "it is still on the device");
        // A list is out before the portal has noted that it is.
        self.portal
            .until("every step of it is noted", async || {
                self.first().await["revocations"][0]["finished_at"].is_string()
            })
            .await;
        let certificate = self.first().await;
        let told = &certificate["revocations"][0];
        assert_eq!((text(&told["reason"]), text(&told["trigger"])), (reason, trigger), "{certificate}");
        for step in ["requested_at", "at_ca_at", "in_crl_at", "removed_at", "finished_at"] {
            assert!(told[step].is_string(), "{step}: {certificate}");
        }
    }

    /// It is good everywhere: OCSP says so, the portal says so, and it is what the device has, in so many copies.
    pub(super) async fn still_has_it(&self, copies: usize) {
        assert_eq!(text(&self.valid().await["serial"]).to_uppercase(), self.serial);
        assert_eq!(self.on_the_device(), vec![self.serial.clone(); copies]);
        let answer = self.ocsp();
        assert!(answer.contains(": good"), "{answer}");
    }

    /// Another one has taken its place on the device.
    pub(super) async fn has_another(&self) {
        let now = self.on_the_device();
        let new = text(&self.valid().await["serial"]).to_uppercase();
        assert!(now.len() >= 2 && new != self.serial && now.iter().all(|it| *it == new), "{now:?} {new}");
    }
}
