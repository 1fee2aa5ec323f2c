//! The portal compared with its CA and its devices: each disagreement is told, mended where that is safe, and gone when
//! both sides agree again.

mod builtin;
mod devices;
mod dismissals;

use std::time::Duration;

use certporter_model::serial::SerialNumber;
use serde_json::{Value, json};

use crate::rest::program::{Program, wifi};
use crate::rest::works::{Enrolled, Works};
use crate::support::database::TestDatabase;

/// A person with a laptop that holds a certificate for Wi-Fi and VPN.
pub(crate) struct Scene {
    pub(crate) program: Program,
    pub(crate) works: Works,
    pub(crate) device: Enrolled,
    pub(crate) laptop: String,
    maria: String,
}

pub(crate) fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

impl Scene {
    async fn new(database: TestDatabase) -> Self {
        let program = Program::new(database).await;
        let works = Works::of(&program).await;
        let body = json!({"user_name": "maria", "display_name": "María", "email": "maria@example.org"});
        let maria = id(&program.post("/users", &body).await.ok());
        let laptop = device(&program, "Laptop", &maria).await;
        let group = id(&program.post("/groups", &json!({"name": "Staff"})).await.ok());
        let member = json!({"kind": "user", "id": maria});
        program.post(&format!("/groups/{group}/members"), &member).await.ok();
        let profile = id(&program.post("/profiles", &wifi()).await.ok());
        let body = json!({"group_id": group, "mode": "include"});
        program.post(&format!("/profiles/{profile}/assignments"), &body).await.ok();
        let device = works.enrol(&program, &laptop).await;
        let mut scene = Self { program, works, device, laptop, maria };
        scene.sync().await;
        assert_eq!(scene.device.held.len(), 2);
        scene
    }

    async fn sync(&mut self) {
        self.works.sync(&self.program, &mut self.device).await;
    }

    /// The device's certificates, the newest first.
    async fn certificates(&self) -> Vec<Value> {
        let page = self.program.get(&format!("/certificates?device={}", self.laptop)).await.ok();
        page["data"].as_array().unwrap().clone()
    }

    async fn certificate(&self, id: &str) -> Value {
        self.program.get(&format!("/certificates/{id}")).await.ok()
    }
}

async fn device(program: &Program, name: &str, owner: &str) -> String {
    let body = json!({"name": name, "platform": "linux", "owner": owner});
    id(&program.post("/devices", &body).await.ok())
}

pub(crate) fn serial(certificate: &Value) -> SerialNumber {
    SerialNumber::parse(certificate["serial"].as_str().unwrap()).unwrap()
}

/// Has everything compared, and all that follows done; answers the comparison.
pub(crate) async fn compare(program: &Program, works: &Works) -> Value {
    compare_with(program, works, &json!({})).await
}

pub(crate) async fn compare_with(program: &Program, works: &Works, draft: &Value) -> Value {
    // What comes later has later ids.
    program.clock.advance(Duration::from_secs(1));
    let started = program.post("/reconciliations", draft).await;
    assert_eq!(started.status, 202);
    let path = format!("/reconciliations/{}", id(&started.json()));
    works.work().await;
    let ended = program.get(&path).await.ok();
    assert_eq!(ended["phase"], "ended", "{ended}");
    assert!(ended["finished_at"].is_string(), "{ended}");
    ended
}

/// What is disagreed about, the newest first.
pub(crate) async fn open(program: &Program) -> Vec<Value> {
    let page = program.get("/discrepancies?resolved=false").await.ok();
    page["data"].as_array().unwrap().clone()
}

/// The only disagreement there is.
pub(crate) async fn only(program: &Program, kind: &str, mending: &str) -> Value {
    let all = open(program).await;
    let [one] = &all[..] else { panic!("{all:?}") };
    assert_eq!((one["kind"].as_str(), one["mending"].as_str()), (Some(kind), Some(mending)), "{one}");
    assert!(!one["remedy"].as_str().unwrap().is_empty(), "{one}");
    assert_eq!(program.get(&format!("/discrepancies/{}", id(one))).await.ok(), *one);
    one.clone()
}
