//! A program that uses the REST API, and the portal behind it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use certporter::ca::{BuiltinCa, BuiltinSettings, DeviceCa, ExternalCas};
use certporter::clock::ManualClock;
use certporter::config::{PublicAddresses, WebAddress};
use certporter::mail::PasswordSafe;
use certporter::pki::secret_box::MasterKey;
use certporter::random::SeededRandom;
use certporter::service::portal::Parts;
use certporter::service::tokens::{self, TokenDraft};
use certporter::service::{Portal, setup, sign_in};
use certporter::web::rest;
use certporter_model::Timestamp;
use certporter_model::access::{Caller, Role};
use certporter_model::key::KeyAlgorithm;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;
use zeroize::Zeroizing;

use crate::support::database::TestDatabase;

/// 2026-01-01T00:00:00Z
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// The portal, its REST API, and a token of an administrator.
pub(crate) struct Program {
    pub(crate) database: TestDatabase,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) portal: Portal,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) master: Arc<MasterKey>,
    pub(crate) builtin: BuiltinCa,
    pub(super) device_ca: DeviceCa,
    router: Router,
    token: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) octets: Vec<u8>,
}

impl Answered {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.octets)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.octets)))
    }

    /// The body, after checking that all went well.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, String::from_utf8_lossy(&self.octets));
        if self.octets.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem, after checking its form, its status and the fields that it names.
    pub(crate) fn problem(&self, status: u16, fields: &[&str]) -> Value {
        let text = String::from_utf8_lossy(&self.octets);
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{text}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{text}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{text}");
        let named: Vec<&str> = problem["errors"]
            .as_array()
            .map(|errors| errors.iter().filter_map(|error| error["field"].as_str()).collect())
            .unwrap_or_default();
        assert_eq!(named, fields, "{text}");
        problem
    }

    pub(crate) fn etag(&self) -> String {
        self.headers[header::ETAG].to_str().unwrap().to_owned()
    }
}

/// A request being put together.
pub(crate) struct Asked<'p> {
    program: &'p Program,
    token: Option<String>,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

impl Asked<'_> {
    pub(crate) fn token(mut self, token: impl Into<Option<String>>) -> Self {
        self.token = token.into();
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
    }

    pub(crate) fn text(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", "application/json")
    }

    pub(crate) fn csv(mut self, body: &str) -> Self {
        self.body = Some(body.as_bytes().to_vec());
        self.header("content-type", "text/csv; charset=utf-8")
    }

    pub(crate) async fn send(self) -> Answered {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        if let Some(token) = self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(self.body.map_or_else(Body::empty, Body::from)).unwrap();
        let response = self.program.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let octets = axum::body::to_bytes(body, 16 << 20).await.unwrap().to_vec();
        Answered { status: parts.status, headers: parts.headers, octets }
    }
}

impl Program {
    pub(crate) async fn new(database: TestDatabase) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let random = Arc::new(SeededRandom::new(7));
        let address = |text: &str| WebAddress::parse(text).unwrap();
        let addresses = PublicAddresses {
            portal: address("http://127.0.0.1:3000"),
            device: address("https://127.0.0.1:3443"),
            pki: address("http://127.0.0.1:3080"),
        };
        let master = MasterKey::generate(random.as_ref());
        let settings = settings(&database, addresses.pki.to_string());
        let db = database.db.clone();
        let builtin =
            BuiltinCa::open(db.clone(), &master, clock.clone(), random.clone(), settings).await.unwrap();
        let device_ca = DeviceCa::open(&db, &master, clock.as_ref(), random.clone()).await.unwrap();
        let parts = Parts { db, clock: clock.clone(), random: random.clone(), addresses };
        let master = Arc::new(master);
        let external = ExternalCas::new(parts.db.clone(), master.clone(), clock.clone(), random.clone());
        let safe = PasswordSafe::new(master.clone(), random.clone());
        let portal = Portal::new(parts).with_external(external).with_mail(safe);
        let router = rest::routes(&portal);
        let mut program = Self {
            database,
            clock,
            portal,
            random,
            master,
            builtin,
            device_ca,
            router,
            token: String::new(),
        };
        program.token = program.new_token(Role::Administrator).await;
        program
    }

    /// From now on with a new token, as when the clock has moved beyond the end of the first.
    pub(crate) async fn authenticate_anew(&mut self) {
        self.token = self.new_token(Role::Administrator).await;
    }

    /// How its CA is set up.
    pub(super) fn settings(&self) -> BuiltinSettings {
        settings(&self.database, self.portal.addresses().pki.to_string())
    }

    /// The same CA as a process that is set up in another way has it.
    pub(super) async fn another_builtin(&self, settings: BuiltinSettings) -> BuiltinCa {
        let (db, clock, random) = (self.database.db.clone(), self.clock.clone(), self.random.clone());
        BuiltinCa::open(db, &self.master, clock, random, settings).await.unwrap()
    }

    /// A token made on the host.
    pub(crate) async fn new_token(&self, role: Role) -> String {
        let draft = TokenDraft { name: role.to_string(), roles: vec![role], expires_in_days: 30 };
        tokens::create_on_host(&self.portal, &draft).await.unwrap().token
    }

    /// An administrator who signs in, as the caller of the service.
    pub(crate) async fn administrator(&self) -> Caller {
        let password = || Zeroizing::new("correct horse battery".to_owned());
        setup::administrator_on_host(&self.portal, "maria", password()).await.unwrap();
        let signed = sign_in::sign_in(&self.portal, &Caller::anonymous(), "Maria", password()).await.unwrap();
        sign_in::caller_of(&self.portal, signed.account).await.unwrap().unwrap()
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Asked<'_> {
        Asked {
            program: self,
            token: Some(self.token.clone()),
            method,
            path: if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") },
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.ask(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answered {
        self.ask(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn put(&self, path: &str, etag: &str, body: &Value) -> Answered {
        self.ask(Method::PUT, path).header("if-match", etag).json(body).send().await
    }

    pub(crate) async fn delete(&self, path: &str, etag: &str) -> Answered {
        self.ask(Method::DELETE, path).header("if-match", etag).send().await
    }
}

fn settings(database: &TestDatabase, pki_url: String) -> BuiltinSettings {
    BuiltinSettings {
        organisation: "Example".to_owned(),
        key: KeyAlgorithm::EcP256,
        pki_url,
        publish_dir: database.folder().join("pki"),
        crl_interval: Duration::from_secs(3600),
        crl_lifetime: Duration::from_secs(3 * 3600),
        crl_shards: 1,
    }
}

/// A profile that is right.
pub(crate) fn wifi() -> Value {
    json!({
        "name": "Wi-Fi", "platforms": ["linux", "windows"], "subject_type": "user", "key_scope": "device",
        "subject": "CN={{UserName}},O=Example", "key_algorithm": "ec-p256",
        "subject_alternative_names": [{"kind": "email", "value": "{{EmailAddress}}"}],
        "key_usage": {"digital_signature": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.2"],
        "validity_days": 365, "renewal_threshold_percent": 20, "features": ["wifi", "vpn"], "escrow": "none",
    })
}
