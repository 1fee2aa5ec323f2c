//! A portal with a person whose device holds a certificate, and mail set up.

use http::Method;
use serde_json::{Value, json};

use super::server::MailServer;
use crate::rest::program::{Answered, Program, wifi};
use crate::rest::works::{Enrolled, Works};
use crate::support::database::TestDatabase;

pub(crate) fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// Sets mail up with these settings changed.
pub(crate) async fn set_up(program: &Program, server: &MailServer, changed: Value) -> Answered {
    let mut body = json!({
        "host": "127.0.0.1", "port": server.port, "security": "none",
        "sender": "Certificates <pki@example.org>", "operators": ["ops@example.org"],
    });
    let Value::Object(changed) = changed else { panic!("settings are an object") };
    body.as_object_mut().unwrap().extend(changed);
    let read = program.get("/mail").await.etag();
    program.ask(Method::PUT, "/mail").header("if-match", read).json(&body).send().await
}

/// The portal with a person, devices and a profile; nothing was worked on yet.
pub(crate) struct Scene {
    pub(crate) program: Program,
    pub(crate) works: Works,
    pub(crate) maria: String,
    pub(crate) group: String,
    pub(crate) devices: Vec<Enrolled>,
}

impl Scene {
    pub(crate) async fn new(database: TestDatabase, devices: usize) -> Self {
        let program = Program::new(database).await;
        let works = Works::of(&program).await;
        let body = json!({
            "user_name": "maria", "display_name": "María Ortiz", "email": "maria@example.org",
            "upn": "maria@example.org", "sid": "S-1-5-21-1004336348-1177238915-682003330-512",
        });
        let maria = id(&program.post("/users", &body).await.ok());
        let group = id(&program.post("/groups", &json!({"name": "Staff"})).await.ok());
        let body = json!({"kind": "user", "id": maria});
        program.post(&format!("/groups/{group}/members"), &body).await.ok();
        // Another e-mail address is to bring no other certificate.
        let mut profile = wifi();
        profile["subject_alternative_names"] = json!([{"kind": "upn", "value": "{{UserPrincipalName}}"}]);
        let profile = id(&program.post("/profiles", &profile).await.ok());
        let body = json!({"group_id": group, "mode": "include"});
        program.post(&format!("/profiles/{profile}/assignments"), &body).await.ok();
        let mut scene = Self { program, works, maria, group, devices: Vec::new() };
        for number in 0..devices {
            let body = json!({"name": format!("Laptop {number}"), "platform": "linux", "owner": scene.maria});
            let laptop = id(&scene.program.post("/devices", &body).await.ok());
            let device = scene.works.enrol(&scene.program, &laptop).await;
            scene.devices.push(device);
        }
        scene.sync().await;
        scene
    }

    /// Everything that is due is done, and the devices do what they are told.
    pub(crate) async fn sync(&mut self) {
        for device in &mut self.devices {
            self.works.sync(&self.program, device).await;
        }
    }

    /// Notices are looked for, written and sent, as far as that goes now.
    pub(crate) async fn notices(&self) {
        self.program.clock.advance(std::time::Duration::from_secs(31));
        self.works.work().await;
    }

    /// Switches a kind of notice on, with its standard text.
    pub(crate) async fn switch_on(&self, kind: &str) {
        let path = format!("/notice-templates/{kind}");
        let read = self.program.get(&path).await.etag();
        let asked = self.program.ask(Method::PUT, &path).header("if-match", read);
        asked.json(&json!({"enabled": true})).send().await.ok();
        self.works.work().await;
    }

    pub(crate) async fn letters(&self, query: &str) -> Vec<Value> {
        let page = self.program.get(&format!("/notices{query}")).await.ok();
        page["data"].as_array().unwrap().clone()
    }

    pub(crate) async fn certificates(&self) -> Vec<Value> {
        let page = self.program.get("/certificates?status=valid").await.ok();
        page["data"].as_array().unwrap().clone()
    }
}
