//! A real OpenBao for one test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use certporter::clock::Stopwatch;

use serde_json::{Value, json};

/// The token that may everything.
pub(super) const ROOT: &str = "root-of-this-test";

/// How long it may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server, with a root, an intermediate and a role; it ends with the test.
pub(super) struct Bao {
    child: Child,
    pub(super) address: String,
    http: reqwest::Client,
    unseal_key: String,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for Bao {
    fn drop(&mut self) {
        // It is ours, and holds nothing that is to stay.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin/bao");
    if own.exists() {
        return own;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("bao")).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("bao is missing: `cargo xtask test` installs it"))
}

/// Two neighbouring free ports: the server takes the second one for its cluster.
fn port() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

impl Bao {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let port = port();
        let out = std::fs::File::create(&log).unwrap();
        let mut command = Command::new(program());
        command
            .args(["server", "-dev", "-dev-no-store-token"])
            .arg(format!("-dev-root-token-id={ROOT}"))
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stderr(out.try_clone().unwrap())
            .stdout(out);
        let child = command.spawn().unwrap();
        let mut it = Self {
            child,
            address: format!("http://127.0.0.1:{port}"),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            unseal_key: String::new(),
            log,
            _folder: folder,
        };
        it.wait().await;
        it.unseal_key = it.said("Unseal Key: ");
        it.post("sys/mounts/pki_root", json!({"type": "pki", "config": {"max_lease_ttl": "87600h"}})).await;
        it.post("sys/mounts/pki", json!({"type": "pki", "config": {"max_lease_ttl": "43800h"}})).await;
        it.make_ca().await;
        it
    }

    async fn wait(&mut self) {
        let since = Stopwatch::start();
        let mut beat = tokio::time::interval(Duration::from_millis(50));
        loop {
            beat.tick().await;
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("bao ended with {status}: {}", std::fs::read_to_string(&self.log).unwrap());
            }
            let answer = self.http.get(format!("{}/v1/sys/health", self.address)).send().await;
            if answer.is_ok_and(|it| it.status().is_success())
                && std::fs::read_to_string(&self.log).unwrap().contains("Unseal Key: ")
            {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "bao did not start");
        }
    }

    fn said(&self, what: &str) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap();
        let line = log.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        line.trim().to_owned()
    }

    async fn make_ca(&self) {
        let root = json!({"common_name": "Example Root", "ttl": "80000h", "key_type": "ec", "key_bits": 256});
        self.post("pki_root/root/generate/internal", root).await;
        self.make_intermediate("Example Issuing").await;
    }

    /// An intermediate of the mount `pki`, from then on its default issuer.
    pub(super) async fn make_intermediate(&self, name: &str) {
        let asked = json!({"common_name": name, "key_type": "ec", "key_bits": 256});
        let csr = self.post("pki/intermediate/generate/internal", asked).await["data"]["csr"].clone();
        let asked = json!({"csr": csr, "ttl": "40000h", "format": "pem_bundle"});
        let signed = self.post("pki_root/root/sign-intermediate", asked).await;
        let set =
            self.post("pki/intermediate/set-signed", json!({"certificate": signed["data"]["certificate"]}));
        let imported = set.await["data"]["mapping"].clone();
        let issuer = imported.as_object().unwrap().iter().find(|(_, key)| *key != "").unwrap().0.clone();
        self.post("pki/config/issuers", json!({"default": issuer})).await;
    }

    async fn ask(&self, method: http::Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request =
            self.http.request(method, format!("{}/v1/{path}", self.address)).header("X-Vault-Token", ROOT);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(http::Method::POST, path, Some(body)).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        self.ask(http::Method::GET, path, None).await.1
    }

    /// A role that leaves everything as it is asked, but for these settings.
    pub(super) async fn role(&self, name: &str, changed: Value) {
        let mut settings = json!({
            "allow_any_name": true, "enforce_hostnames": false, "cn_validations": ["disabled"], "require_cn": false,
            "key_type": "any", "server_flag": false, "client_flag": true, "key_usage": ["DigitalSignature"],
            "allowed_other_sans": ["1.3.6.1.4.1.311.20.2.3;UTF8:*"], "allowed_uri_sans": ["*"], "max_ttl": "20000h",
            "organization": ["Example"],
        });
        let Value::Object(changed) = changed else { panic!("settings are an object") };
        settings.as_object_mut().unwrap().extend(changed);
        self.post(&format!("pki/roles/{name}"), settings).await;
    }

    /// A token with a policy of these paths.
    pub(super) async fn token(&self, policy: &str, more: Value) -> String {
        self.post("sys/policies/acl/portal", json!({ "policy": policy })).await;
        let mut asked = json!({"policies": ["portal"], "no_parent": true});
        let Value::Object(more) = more else { panic!("settings are an object") };
        asked.as_object_mut().unwrap().extend(more);
        let made = self.post("auth/token/create", asked).await;
        made["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn revoke_token(&self, token: &str) {
        self.post("auth/token/revoke", json!({ "token": token })).await;
    }

    pub(super) async fn seal(&self) {
        self.post("sys/seal", json!({})).await;
    }

    pub(super) async fn unseal(&self) {
        self.post("sys/unseal", json!({ "key": self.unseal_key })).await;
    }

    /// The serial numbers of all certificates that it has issued, or has revoked, as bare hexadecimal digits.
    pub(super) async fn serials(&self, list: &str) -> Vec<String> {
        let answer = self.get(&format!("pki/{list}?list=true")).await;
        let keys = answer["data"]["keys"].as_array().cloned().unwrap_or_default();
        keys.iter().map(|it| it.as_str().unwrap().replace(':', "")).collect()
    }
}

/// What the portal's documentation says that a token needs.
pub(super) const POLICY: &str = r#"
path "pki/sign/*" { capabilities = ["update"] }
path "pki/issuer/+/sign-verbatim" { capabilities = ["update"] }
path "pki/revoke" { capabilities = ["update"] }
path "pki/certs/detailed" { capabilities = ["list"] }
path "pki/cert/*" { capabilities = ["read"] }
path "pki/roles/*" { capabilities = ["read"] }
"#;
