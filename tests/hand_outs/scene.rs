//! A portal with Maria, her phone without an agent, and what she is assigned.

use std::path::Path;

use certporter::clock::Clock as _;
use certporter::kra::Kra;
use certporter::pki::pem;
use certporter::service::hand_outs::{
    self, ChannelDraft, HandOutDesk, HandOutDraft, HandOutFile, HandOutMade, HandOutsView, WaitingCertificate,
};
use certporter::service::{Portal, ServiceError};
use certporter_model::access::{Caller, Grant, Role};
use certporter_model::delivery::Channel;
use certporter_model::{AccountId, DeviceId, UserId};
use http::StatusCode;
use serde_json::{Value, json};

use crate::rest::program::Program;
use crate::rest::works::Works;
use crate::support::database::TestDatabase;

/// What in XML and in settings means something, and more.
pub(super) const AWKWARD: &str = "Büro & <WLAN> \"Süd\"";

/// The portal and its people.
pub(super) struct Scene {
    pub(super) program: Program,
    pub(super) works: Works,
    pub(super) portal: Portal,
    pub(super) maria: UserId,
    pub(super) group: String,
}

pub(super) fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// A profile for all three features, whose key is destroyed once it is delivered.
pub(super) fn network() -> Value {
    json!({
        "name": AWKWARD, "platforms": ["ios", "windows", "linux", "other"], "subject_type": "user",
        "key_scope": "device", "subject": "CN={{UserName}},O=Example", "key_algorithm": "ec-p256",
        "subject_alternative_names": [{"kind": "email", "value": "{{EmailAddress}}"}],
        "key_usage": {"digital_signature": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.2"],
        "validity_days": 365, "renewal_threshold_percent": 20, "features": ["wifi", "vpn", "email"],
        "escrow": "until_delivered", "user_may_reissue": true,
        "feature_settings": {
            "wifi": {"ssid": "<WLAN> & \"Süd\"", "server_names": ["radius.example.org"], "hidden": true},
            "vpn": {"server": "vpn.example.org", "remote_id": "gateway@example.org"},
            "email": {"incoming_server": "imap.example.org", "outgoing_server": "smtp.example.org"},
        },
    })
}

/// A profile for mail on all devices of a person, whose key is kept.
pub(super) fn mail() -> Value {
    json!({
        "name": "Mail", "platforms": ["ios", "other"], "subject_type": "user", "key_scope": "user",
        "subject": "CN={{UserName}},O=Example", "key_algorithm": "ec-p256",
        "subject_alternative_names": [{"kind": "email", "value": "{{EmailAddress}}"}],
        "key_usage": {"digital_signature": true, "key_agreement": true},
        "extended_key_usages": ["1.3.6.1.5.5.7.3.4"], "validity_days": 365, "renewal_threshold_percent": 20,
        "features": ["email"], "escrow": "retained",
    })
}

impl Scene {
    pub(super) async fn new() -> Self {
        let program = Program::new(TestDatabase::sqlite().await).await;
        let works = Works::of(&program).await;
        let master = program.master.clone();
        let kra =
            Kra::open(program.database.db.clone(), master, program.clock.as_ref(), program.random.clone());
        let kra = kra.await.unwrap();
        let desk = HandOutDesk { kra, builtin: program.builtin.clone() };
        let portal = program.portal.clone().with_hand_outs(desk);
        let body =
            json!({"user_name": "maria", "email": "maria@example.org", "display_name": "Maria & Söhne"});
        let maria = id(&program.post("/users", &body).await.ok());
        let group = id(&program.post("/groups", &json!({"name": "Staff"})).await.ok());
        let member = json!({"kind": "user", "id": maria});
        program.post(&format!("/groups/{group}/members"), &member).await.ok();
        Self { works, portal, maria: maria.parse().unwrap(), group, program }
    }

    /// Makes a profile and assigns it to everybody.
    pub(super) async fn assign(&self, profile: &Value) -> String {
        let profile = id(&self.program.post("/profiles", profile).await.ok());
        let body = json!({"group_id": self.group, "mode": "include"});
        self.program.post(&format!("/profiles/{profile}/assignments"), &body).await.ok();
        profile
    }

    /// A device that is registered for Maria, and nothing more.
    pub(super) async fn register(&self, platform: &str) -> DeviceId {
        let body = json!({"name": "Marias <Telefon>", "platform": platform, "owner": self.maria});
        id(&self.program.post("/devices", &body).await.ok()).parse().unwrap()
    }

    /// A device of Maria's that she has enrolled over a channel, with everything done that follows.
    pub(super) async fn device(&self, platform: &str, channel: Channel) -> DeviceId {
        let device = self.register(platform).await;
        self.choose(&self.person(), device, channel).await.unwrap();
        device
    }

    pub(super) async fn choose(
        &self,
        caller: &Caller,
        device: DeviceId,
        channel: Channel,
    ) -> Result<HandOutsView, ServiceError> {
        let chosen = hand_outs::choose(&self.portal, caller, device, ChannelDraft { channel }).await?;
        self.works.work().await;
        Ok(chosen)
    }

    /// Maria, signed in with her own account.
    pub(super) fn person(&self) -> Caller {
        let account = AccountId::new(self.program.clock.now(), [7; 10]);
        let grants = vec![Grant { role: Role::User, groups: None }];
        Caller::account(account, "maria".into(), grants, Some(self.maria)).at("192.0.2.1")
    }

    /// Staff.
    pub(super) fn staff(&self) -> Caller {
        let account = AccountId::new(self.program.clock.now(), [8; 10]);
        Caller::account(
            account,
            "admin".into(),
            vec![Grant { role: Role::Administrator, groups: None }],
            None,
        )
    }

    /// The one certificate that waits for a device.
    pub(super) async fn waiting(&self, device: DeviceId) -> WaitingCertificate {
        let view = self.list(device).await;
        assert_eq!(view.certificates.len(), 1, "{view:?}");
        view.certificates[0].clone()
    }

    pub(super) async fn list(&self, device: DeviceId) -> HandOutsView {
        hand_outs::list(&self.portal, &self.staff(), device).await.unwrap()
    }

    pub(super) async fn draft(&self, device: DeviceId) -> HandOutDraft {
        let certificate = self.waiting(device).await.certificate.id;
        HandOutDraft { certificate, format: None, recipient_certificate: None }
    }

    /// Maria makes a file of what waits for a device.
    pub(super) async fn prepare(&self, device: DeviceId) -> HandOutMade {
        let draft = self.draft(device).await;
        hand_outs::prepare(&self.portal, &self.person(), device, &draft).await.unwrap()
    }

    /// Somebody with the link fetches the file, and nobody knows who it is.
    pub(super) async fn fetch(&self, made: &HandOutMade) -> Result<HandOutFile, ServiceError> {
        self.fetch_from(made, "198.51.100.7").await
    }

    pub(super) async fn fetch_from(
        &self,
        made: &HandOutMade,
        address: &str,
    ) -> Result<HandOutFile, ServiceError> {
        let caller = Caller::anonymous().at(address);
        let file = hand_outs::fetch(&self.portal, &caller, token(made)).await;
        self.works.work().await;
        file
    }

    /// Writes a file for a tool.
    pub(super) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.folder().join(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(super) fn folder(&self) -> &Path {
        self.program.database.folder()
    }

    /// The root, as a file.
    pub(super) async fn root(&self) -> String {
        let signer = self.program.builtin.hand_out_signer().await.unwrap();
        let root = signer.chain.last().unwrap();
        self.write("root.pem", pem::certificates([root.as_der()]))
    }

    /// What the REST API says of a certificate.
    pub(super) async fn certificate(&self, id: &str) -> Value {
        let answer = self.program.get(&format!("/certificates/{id}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.json()
    }
}

/// The secret of a link.
pub(super) fn token(made: &HandOutMade) -> &str {
    made.link.rsplit('/').next().unwrap()
}

impl Scene {
    /// Every octet of the database, and of what is not in its main file yet.
    pub(super) fn database(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for name in ["certporter.db", "certporter.db-wal"] {
            all.extend(std::fs::read(self.folder().join(name)).unwrap_or_default());
        }
        assert!(!all.is_empty());
        all
    }
}
