//! A portal that issues from an OpenBao, and a person whose device waits for a certificate.

use certporter::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::server::{Bao, POLICY};
use crate::rest::program::{Program, wifi};
use crate::rest::works::{Enrolled, Works};
use crate::support::database::TestDatabase;

/// The portal, the CA and a device.
pub(super) struct Scene {
    pub(super) bao: Bao,
    pub(super) program: Program,
    pub(super) works: Works,
    pub(super) device: Enrolled,
    pub(super) laptop: String,
    pub(super) ca: Value,
    pub(super) token: String,
}

/// The portal at the present time: the CA's clock can't be moved.
pub(super) async fn portal() -> Program {
    let mut program = Program::new(TestDatabase::sqlite().await).await;
    program.clock.advance(SystemClock.now().since(program.clock.now()));
    program.authenticate_anew().await;
    program
}

pub(super) fn draft(bao: &Bao, token: &str) -> Value {
    json!({"name": "bao", "address": bao.address, "mount": "pki", "token": token})
}

pub(super) fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

impl Scene {
    /// With a profile that names this template. The device is enrolled; nothing was worked on yet.
    pub(super) async fn new(bao: Bao, template: &str) -> Self {
        Self::with(bao, json!({ "template": template })).await
    }

    /// With a profile that differs so.
    pub(super) async fn with(bao: Bao, changed: Value) -> Self {
        let program = portal().await;
        let token = bao.token(POLICY, json!({})).await;
        let ca = program.post("/authorities", &draft(&bao, &token)).await.ok();
        let works = Works::of(&program).await;
        let body = json!({
            "user_name": "maria", "display_name": "María", "email": "maria@example.org", "upn": "maria@example.org",
            "sid": "S-1-5-21-1004336348-1177238915-682003330-512",
        });
        let maria = program.post("/users", &body).await.ok();
        let body = json!({"name": "Laptop", "platform": "linux", "owner": id(&maria)});
        let laptop = id(&program.post("/devices", &body).await.ok());
        let group = id(&program.post("/groups", &json!({"name": "Staff"})).await.ok());
        let body = json!({"kind": "user", "id": id(&maria)});
        program.post(&format!("/groups/{group}/members"), &body).await.ok();
        let mut profile = wifi();
        profile["ca"] = json!("bao");
        profile["subject_alternative_names"] = json!([
            {"kind": "upn", "value": "{{UserPrincipalName}}"}, {"kind": "email", "value": "{{EmailAddress}}"}
        ]);
        let Value::Object(changed) = changed else { panic!("settings are an object") };
        profile.as_object_mut().unwrap().extend(changed);
        let profile = id(&program.post("/profiles", &profile).await.ok());
        let body = json!({"group_id": group, "mode": "include"});
        program.post(&format!("/profiles/{profile}/assignments"), &body).await.ok();
        let device = works.enrol(&program, &laptop).await;
        Self { bao, program, works, device, laptop, ca, token }
    }

    /// Everything that is due is done, and the device does what it is told.
    pub(super) async fn sync(&mut self) {
        self.works.sync(&self.program, &mut self.device).await;
    }

    /// The device's newest request.
    pub(super) async fn request(&self) -> Value {
        let page = self.program.get(&format!("/requests?device={}", self.laptop)).await.ok();
        page["data"][0].clone()
    }

    /// The device's certificates, the newest first.
    pub(super) async fn certificates(&self) -> Vec<Value> {
        let page = self.program.get(&format!("/certificates?device={}", self.laptop)).await.ok();
        page["data"].as_array().unwrap().clone()
    }
}
