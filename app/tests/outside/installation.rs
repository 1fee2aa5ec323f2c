//! A portal as a process in a folder of its own, and what its administrator does with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// As long as anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// The executable.
pub(super) fn certporter() -> &'static str {
    env!("CARGO_BIN_EXE_certporter")
}

/// Runs a program that must succeed; answers what it printed.
pub(crate) fn run<S: AsRef<str>>(program: &str, arguments: &[S]) -> String {
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let output = std::process::Command::new(program).args(&arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask test` installs it"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{said}\n{errors}", output.status);
    said
}

/// A running portal. Killed when it is dropped.
pub(crate) struct Installation {
    process: Child,
    folder: TempDir,
    portal: String,
    devices: String,
    pki: String,
    token: String,
    client: reqwest::Client,
}

impl Installation {
    /// Starts one on ports that the system picks, with an administrator's token.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, with more flags.
    pub(super) async fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut command = Command::new(certporter());
        command.arg("serve").arg("--data").arg(&data).env("RUST_LOG", "info");
        for listener in ["--listen", "--device-listen", "--pki-listen"] {
            command.arg(listener).arg("127.0.0.1:0");
        }
        command.args(flags);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = async {
            let mut said = String::new();
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains("ready") && line.contains("pki=") {
                    return line;
                }
                said.push_str(&line);
                said.push('\n');
            }
            panic!("it does not start:\n{said}");
        };
        let line = tokio::time::timeout(DEADLINE, ready).await.expect("it neither gets ready nor ends");
        // Its log must have a reader, or it stands still once the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let address = |key: &str| {
            let from = line.split(&format!("{key}=")).nth(1).unwrap_or_else(|| panic!("{key}: {line}"));
            from.split_whitespace().next().unwrap().to_owned()
        };
        let flags = ["token", "create", "--name", "test", "--role", "administrator", "--expires", "1"];
        let flags: Vec<&str> = flags.iter().copied().chain(["--data", data.to_str().unwrap()]).collect();
        let token = run(certporter(), &flags).trim().to_owned();
        Self {
            process,
            portal: address("portal"),
            devices: address("devices"),
            pki: address("pki"),
            token,
            client: reqwest::Client::new(),
            folder,
        }
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where relying parties ask.
    pub(crate) fn pki(&self) -> &str {
        &self.pki
    }

    /// Where its pages are, as `--listen` wants it.
    pub(super) fn listen(&self) -> &str {
        self.portal.trim_start_matches("http://")
    }

    /// A command's flags for this portal's data and addresses.
    pub(super) fn on_its_addresses(&self, command: &str) -> Vec<String> {
        let host = |url: &str| url.split("://").nth(1).unwrap().to_owned();
        let data = self.data();
        let flags = [
            command,
            "--data",
            data.to_str().unwrap(),
            "--listen",
            &host(&self.portal),
            "--device-listen",
            &host(&self.devices),
            "--pki-listen",
            &host(&self.pki),
        ];
        flags.iter().map(ToString::to_string).collect()
    }

    /// Runs the executable, which must fail; answers what it said.
    pub(super) fn fails(&self, arguments: &[&str]) -> String {
        let output =
            std::process::Command::new(certporter()).args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success(), "{arguments:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(&mut self) {
        run("kill", &["-TERM", &self.process.id().unwrap().to_string()]);
        let status =
            tokio::time::timeout(DEADLINE, self.process.wait()).await.expect("it does not stop").unwrap();
        assert!(status.success(), "{status}");
    }

    /// Where its OpenAPI document is, and the administrator's token.
    pub(super) fn api(&self) -> (String, &str) {
        (format!("{}/api/v1/openapi.json", self.portal), &self.token)
    }

    /// Reads by REST.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}/api/v1{path}", self.portal)).bearer_auth(&self.token);
        Self::answer(path, request).await
    }

    /// Writes by REST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let request =
            self.client.post(format!("{}/api/v1{path}", self.portal)).bearer_auth(&self.token).json(body);
        Self::answer(path, request).await
    }

    /// Puts another version in the place of what was read, by REST.
    pub(super) async fn put(&self, path: &str, body: &Value) -> Value {
        let request = self.client.put(format!("{}/api/v1{path}", self.portal)).bearer_auth(&self.token);
        Self::answer(path, request.header("if-match", self.version(path).await).json(body)).await
    }

    /// Deletes by REST, in the version that is read, if there is any to read.
    pub(super) async fn delete(&self, path: &str) {
        let request = self.client.delete(format!("{}/api/v1{path}", self.portal)).bearer_auth(&self.token);
        Self::answer(path, request.header("if-match", self.version(path).await)).await;
    }

    async fn version(&self, path: &str) -> String {
        let request = self.client.get(format!("{}/api/v1{path}", self.portal)).bearer_auth(&self.token);
        let headers = request.send().await.unwrap().headers().clone();
        headers.get("etag").map_or("\"1\"", |etag| etag.to_str().unwrap()).to_owned()
    }

    /// What monitoring gets.
    pub(super) async fn metrics(&self) -> String {
        let request = self.client.get(format!("{}/metrics", self.portal));
        request.send().await.unwrap().text().await.unwrap()
    }

    async fn answer(path: &str, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// A person of a group with a profile, and their laptop, which has not enrolled; its id.
    pub(crate) async fn laptop_with_wifi_and_vpn(&self) -> String {
        let id = |value: &Value| value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
        let person = json!({"user_name": "maria.ortiz", "display_name": "María Ortiz", "email": "maria.ortiz@example.org"});
        let person = id(&self.post("/users", &person).await);
        let group = id(&self.post("/groups", &json!({"name": "Staff", "description": ""})).await);
        self.post(&format!("/groups/{group}/members"), &json!({"kind": "user", "id": person})).await;
        let profile = json!({
            "name": "Wi-Fi and VPN", "platforms": ["linux"], "subject_type": "user", "key_scope": "device",
            "subject": "CN={{UserName}},O=Example", "key_algorithm": "ec-p256",
            "subject_alternative_names": [{"kind": "email", "value": "{{EmailAddress}}"}],
            "key_usage": {"digital_signature": true}, "extended_key_usages": ["1.3.6.1.5.5.7.3.2"],
            "validity_days": 365, "renewal_threshold_percent": 20, "features": ["wifi", "vpn"], "escrow": "none",
        });
        let profile = id(&self.post("/profiles", &profile).await);
        let assignment = json!({"group_id": group, "mode": "include"});
        self.post(&format!("/profiles/{profile}/assignments"), &assignment).await;
        id(&self
            .post("/devices", &json!({"name": "Marías Laptop", "platform": "linux", "owner": person}))
            .await)
    }

    /// Enrols a device with a real agent and lets it fetch everything; the agent's folder.
    pub(super) async fn enrol(&self, device: &str) -> PathBuf {
        self.enrol_as(device, "agent").await
    }

    /// The same with a folder of that name, for an installation with several agents.
    pub(crate) async fn enrol_as(&self, device: &str, name: &str) -> PathBuf {
        let code = self.post(&format!("/devices/{device}/enrolment-codes"), &json!({})).await;
        let folder = self.folder.path().join(name);
        let dir = folder.to_str().unwrap();
        let code = code["code"].as_str().unwrap();
        run(certporter(), &["agent", "enrol", "--server", &self.devices, "--code", code, "--dir", dir]);
        run(certporter(), &["agent", "sync", "--once", "--dir", dir]);
        folder
    }

    /// The root's certificate as relying parties fetch it, in a PEM file.
    pub(super) async fn root_certificate(&self) -> PathBuf {
        let der = self.folder.path().join("root.der");
        let pem = self.folder.path().join("root.pem");
        self.fetch("root-1.crt", &der).await;
        run(
            "openssl",
            &["x509", "-inform", "DER", "-in", der.to_str().unwrap(), "-out", pem.to_str().unwrap()],
        );
        pem
    }

    /// The CRL in words, as soon as it has a serial number.
    pub(super) async fn crl_with(&self, serial: &str) -> String {
        let file = self.folder.path().join("crl.der");
        let fetch = async {
            loop {
                let text = self.crl_in(&file).await;
                if text.contains(serial) {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(DEADLINE, fetch).await.unwrap_or_else(|_| panic!("no CRL has {serial}"))
    }

    async fn crl_in(&self, file: &Path) -> String {
        self.fetch("issuing-1.crl", file).await;
        run("openssl", &["crl", "-inform", "DER", "-in", file.to_str().unwrap(), "-noout", "-text"])
    }

    /// Fetches a published file.
    pub(crate) async fn fetch(&self, name: &str, into: &Path) {
        let response = self.client.get(format!("{}/{name}", self.pki)).send().await.unwrap();
        assert!(response.status().is_success(), "{name}: {}", response.status());
        std::fs::write(into, response.bytes().await.unwrap()).unwrap();
    }
}
