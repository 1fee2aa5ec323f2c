//! People of a test, each with a group, a profile and a device of their own, made by REST.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::installation::Installation;
use super::laptop::text;

/// A profile for Wi-Fi and VPN, one certificate a device; it differs so.
pub(super) fn profile(name: &str, changed: Value) -> Value {
    let mut profile = json!({
        "name": name, "platforms": ["linux"], "subject_type": "user", "key_scope": "device",
        "subject": "CN={{UserName}},O=Example", "key_algorithm": "ec-p256",
        "subject_alternative_names": [{"kind": "email", "value": "{{EmailAddress}}"}],
        "key_usage": {"digital_signature": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.2"],
        "validity_days": 365, "renewal_threshold_percent": 20, "features": ["wifi", "vpn"], "escrow": "none",
    });
    let Value::Object(changed) = changed else { panic!("settings are an object") };
    profile.as_object_mut().unwrap().extend(changed);
    profile
}

/// Puts another version of a profile into force.
pub(super) async fn edit(portal: &Installation, profile: &str, when: &str, changed: Value) {
    let path = format!("/profiles/{profile}");
    let mut profile = portal.get(&path).await["profile"].clone();
    let Value::Object(changed) = changed else { panic!("settings are an object") };
    profile.as_object_mut().unwrap().extend(changed);
    portal.put(&path, &json!({"profile": profile, "on_edit": when})).await;
}

/// The id of what was made.
pub(super) fn id(made: &Value) -> String {
    text(&made["id"]).to_owned()
}

/// A person whose device has enrolled. Nothing is assigned yet.
pub(super) struct Person {
    pub(super) user: String,
    pub(super) group: String,
    pub(super) profile: String,
    pub(super) device: String,
    pub(super) agent: PathBuf,
}

impl Person {
    /// With a profile that differs so; everything of theirs has their name.
    pub(super) async fn new(portal: &Installation, name: &str, changed: Value) -> Self {
        let user = user(portal, name).await;
        let group = id(&portal.post("/groups", &json!({ "name": name })).await);
        portal.post(&format!("/groups/{group}/members"), &json!({"kind": "user", "id": user})).await;
        let profile = id(&portal.post("/profiles", &profile(name, changed)).await);
        let (device, agent) = device(portal, &user, name).await;
        Self { user, group, profile, device, agent }
    }

    /// Assigns the profile; the assignment's id.
    pub(super) async fn assign(&self, portal: &Installation) -> String {
        let assignment = json!({"group_id": self.group, "mode": "include"});
        id(&portal.post(&format!("/profiles/{}/assignments", self.profile), &assignment).await)
    }
}

/// Another person, in no group.
pub(super) async fn user(portal: &Installation, name: &str) -> String {
    let email = format!("{}@example.org", name.replace(' ', "."));
    let body = json!({"user_name": name, "display_name": name, "email": email});
    id(&portal.post("/users", &body).await)
}

/// Another device of somebody's, which enrols and doesn't ask for anything yet; its id and its agent's folder.
pub(super) async fn device(portal: &Installation, owner: &str, name: &str) -> (String, PathBuf) {
    let body = json!({"name": name, "platform": "linux", "owner": owner});
    let device = id(&portal.post("/devices", &body).await);
    let agent = portal.enrol_without_sync(&device, name).await;
    (device, agent)
}
