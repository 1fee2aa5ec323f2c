//! A person at their own pages, in a browser without JavaScript.

use serde_json::{Value, json};

use super::installation::Installation;
use super::staff::{self, id};

pub(super) const PASSWORD: &str = "seven quiet foxes near a lake";

/// Makes a person with an account of theirs and a key for mail that all of their devices share; the profile differs so. The
/// ids of person and profile.
pub(super) async fn with_mail(portal: &Installation, name: &str, changed: Value) -> (String, String) {
    let user = staff::user(portal, name).await;
    let group = id(&portal.post("/groups", &json!({"name": "Staff"})).await);
    portal.post(&format!("/groups/{group}/members"), &json!({"kind": "user", "id": user})).await;
    let mut profile = json!({
        "name": "S/MIME", "platforms": ["linux"], "subject_type": "user", "key_scope": "user",
        "subject": "CN={{UserName}}", "key_algorithm": "ec-p256", "subject_alternative_names": [],
        "key_usage": {"key_agreement": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.4"],
        "validity_days": 365, "renewal_threshold_percent": 20, "features": ["email"], "escrow": "retained",
    });
    let Value::Object(changed) = changed else { panic!("settings are an object") };
    profile.as_object_mut().unwrap().extend(changed);
    let profile = id(&portal.post("/profiles", &profile).await);
    let assignment = json!({"group_id": group, "mode": "include"});
    portal.post(&format!("/profiles/{profile}/assignments"), &assignment).await;
    let account = json!({"name": name, "user_id": user, "grants": [{"role": "user"}]});
    let account = id(&portal.post("/accounts", &account).await);
    portal.put(&format!("/accounts/{account}/password"), &json!({"password": PASSWORD})).await;
    (user, profile)
}

/// A browser without JavaScript: its session, and the last page.
pub(super) struct Browser {
    client: reqwest::Client,
    address: String,
    cookie: String,
}

/// What it was answered.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) text: String,
}

impl Page {
    /// What is shown as a secret, by its place on the page.
    pub(super) fn secret(&self, place: usize) -> String {
        let part = self.text.split("class=\"secret mono\">").nth(place);
        let part = part.unwrap_or_else(|| panic!("{}", self.text));
        part.split('<').next().unwrap().to_owned()
    }
}

impl Browser {
    pub(super) fn new(portal: &Installation) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, address: format!("http://{}", portal.listen()), cookie: String::new() }
    }

    /// Signed in with the password.
    pub(super) async fn signed_in(portal: &Installation, name: &str) -> Self {
        let mut browser = Self::new(portal);
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        assert_eq!(browser.post("/sign-in", &form).await.status, 303);
        browser
    }

    pub(super) async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.address));
        self.send(request).await
    }

    pub(super) async fn post(&mut self, path: &str, form: &str) -> Page {
        let request = self
            .client
            .post(format!("{}{path}", self.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        self.send(request).await
    }

    /// Adds a device of theirs; the code with which it enrols, and where.
    pub(super) async fn adds(&mut self, name: &str) -> (String, String) {
        let added = self.post("/me/add", &format!("name={name}&platform=linux")).await;
        assert_eq!(added.status, 200, "{}", added.text);
        (added.secret(1), added.secret(2))
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let answer = request.header("cookie", &self.cookie).send().await.unwrap();
        if let Some(cookie) = answer.headers().get("set-cookie") {
            self.cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        Page { status: answer.status().as_u16(), text: answer.text().await.unwrap() }
    }
}
