//! A portal as a process in a folder of its own, and what its administrator does with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::staff::profile;

/// As long as anything may take on a busy machine.
pub(super) const DEADLINE: Duration = Duration::from_secs(90);

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

/// A clock for processes of a test, as far ahead of the machine's as a file says.
struct Time {
    file: tempfile::NamedTempFile,
    preload: PathBuf,
}

impl Time {
    fn new() -> Self {
        // Debian has it in a folder that is named by the architecture.
        let folders = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
        let found = folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|file| file.exists());
        let preload = found.expect("libfaketime is missing: `cargo xtask test` installs it");
        let time = Self { file: tempfile::NamedTempFile::new().unwrap(), preload };
        time.set(0);
        time
    }

    fn set(&self, days: u32) {
        std::fs::write(self.file.path(), format!("+{days}d")).unwrap();
    }

    /// What measures how long something takes goes on as it is: only the time of day is another.
    fn environment(&self) -> [(&'static str, std::ffi::OsString); 4] {
        [
            ("LD_PRELOAD", self.preload.clone().into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.path().into()),
            ("FAKETIME_CACHE_DURATION", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
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
    time: Option<Time>,
}

impl Installation {
    /// Starts one on ports that the system picks, with an administrator's token.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, with more flags.
    pub(super) async fn start_with(flags: &[&str]) -> Self {
        Self::start_at(flags, None).await
    }

    /// The same, with a clock that can be moved, for its agents and OpenSSL too.
    pub(super) async fn start_in_a_time_of_its_own() -> Self {
        Self::start_at(&[], Some(Time::new())).await
    }

    async fn start_at(flags: &[&str], time: Option<Time>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut command = Command::new(certporter());
        command.envs(time.iter().flat_map(Time::environment));
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
            time,
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

    /// Where devices are served.
    pub(super) fn devices(&self) -> &str {
        &self.devices
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

    /// Writes by REST, whatever comes of it; the answer's status too. A version is that which was read.
    pub(super) async fn tries(
        &self,
        method: reqwest::Method,
        path: &str,
        version: Option<&str>,
        body: &Value,
    ) -> (u16, Value) {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.portal));
        let request = request.bearer_auth(&self.token).json(body);
        let request = match version {
            Some(version) => request.header("if-match", version),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Puts another version in the place of what was read, by REST.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Value {
        let request = self.client.put(format!("{}/api/v1{path}", self.portal)).bearer_auth(&self.token);
        Self::answer(path, request.header("if-match", self.version(path).await).json(body)).await
    }

    /// Deletes by REST, in the version that is read, if there is any to read.
    pub(super) async fn delete(&self, path: &str) {
        let request = self.client.delete(format!("{}/api/v1{path}", self.portal)).bearer_auth(&self.token);
        Self::answer(path, request.header("if-match", self.version(path).await)).await;
    }

    pub(super) async fn version(&self, path: &str) -> String {
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
        self.laptop_with(json!({})).await
    }

    /// The same with a profile that differs so.
    pub(super) async fn laptop_with(&self, changed: Value) -> String {
        let id = |value: &Value| value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
        let person = json!({"user_name": "maria.ortiz", "display_name": "María Ortiz", "email": "maria.ortiz@example.org"});
        let person = id(&self.post("/users", &person).await);
        let group = id(&self.post("/groups", &json!({"name": "Staff", "description": ""})).await);
        self.post(&format!("/groups/{group}/members"), &json!({"kind": "user", "id": person})).await;
        let profile = id(&self.post("/profiles", &profile("Wi-Fi and VPN", changed)).await);
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
        let folder = self.enrol_without_sync(device, name).await;
        self.agent(&["sync", "--once", "--dir", folder.to_str().unwrap()]);
        folder
    }

    /// The same, and the device does not ask for anything yet.
    pub(super) async fn enrol_without_sync(&self, device: &str, name: &str) -> PathBuf {
        let code = self.post(&format!("/devices/{device}/enrolment-codes"), &json!({})).await;
        let folder = self.folder.path().join(name);
        let dir = folder.to_str().unwrap();
        let code = code["code"].as_str().unwrap();
        self.agent(&["enrol", "--server", &self.devices, "--code", code, "--dir", dir]);
        folder
    }

    /// Runs the agent in the portal's time.
    pub(super) fn agent(&self, arguments: &[&str]) -> String {
        self.run_here(certporter(), &[&["agent"], arguments].concat())
    }

    /// Runs OpenSSL in the portal's time.
    pub(super) fn openssl(&self, arguments: &[&str]) -> String {
        self.run_here("openssl", arguments)
    }

    fn run_here(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = std::process::Command::new(program);
        command.args(arguments).envs(self.time.iter().flat_map(Time::environment));
        let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {}\n{said}\n{errors}", output.status);
        said
    }

    /// Lets so many days since the present go by, at once: the clock leaps there, and somebody says that it is right.
    pub(super) async fn in_days(&mut self, days: u32) {
        self.leaps(days).await;
        if days < 8 {
            return;
        }
        let mut plan = Value::Null;
        self.until("the leap is noticed", async || {
            plan = self.get("/approvals").await[0].clone();
            plan["kind"] == "clock" && plan["state"] == "waiting"
        })
        .await;
        let id = plan["id"].as_str().unwrap();
        let decision = json!({"approve": true, "explanation": "it really is so late"});
        self.post(&format!("/approvals/{id}/decide"), &decision).await;
    }

    /// Moves the clock of the portal, which runs on, to so many days after the present; of agents and OpenSSL too.
    /// Returns when the portal has seen it.
    pub(super) async fn leaps(&mut self, days: u32) {
        let time = self.time.as_ref().expect("its clock can be moved");
        time.set(days);
        let day = self.run_here("date", &["-u", "+%d %b %Y"]);
        let written = self.run_here("date", &["-u", "+%F"]);
        let moved = async {
            loop {
                let asked = self.client.get(format!("{}/api/v1/reports/health", self.portal));
                let answer = asked.bearer_auth(&self.token).send().await.unwrap();
                // Its own answer tells what it takes the time for. To a token that has ended when the clock leapt ahead
                // it gives none, but the header's date. That alone would not do: when the clock goes back, the server's
                // library keeps it, and it is the day of the last leap still.
                let is_there = if answer.status() == reqwest::StatusCode::UNAUTHORIZED {
                    answer.headers()["date"].to_str().unwrap().contains(day.trim())
                } else {
                    let counted: Value = answer.json().await.unwrap_or_default();
                    counted["counted_at"].as_str().is_some_and(|at| at.starts_with(written.trim()))
                };
                if is_there {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(DEADLINE, moved).await.expect("the portal's clock does not move");
        // The token that was good before has ended.
        let data = self.data();
        let flags = ["token", "create", "--name", "later", "--role", "administrator", "--expires", "30"];
        let flags: Vec<&str> = flags.iter().copied().chain(["--data", data.to_str().unwrap()]).collect();
        self.token = self.run_here(certporter(), &flags).trim().to_owned();
    }

    /// Waits until the portal has noted at this time of its clock that it is there, which it does a few times a minute.
    /// Days that leaps let go by without that add up, and more than a week is a leap that somebody has to approve.
    pub(super) async fn noted(&self) {
        let data = self.data().join("certporter.sqlite");
        let now = self.run_here("date", &["+%s"]).trim().to_owned();
        let noted = format!("SELECT max(last_contact_at) >= {now}000 FROM connectors");
        self.until("the portal notes that it is there", async || {
            run("sqlite3", &["-readonly", data.to_str().unwrap(), &noted]).trim() == "1"
        })
        .await;
    }

    /// Asks again and again until it is so.
    pub(super) async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let asking = async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let ended = tokio::time::timeout(DEADLINE, asking).await;
        ended.unwrap_or_else(|_| panic!("{what}: not in time; there are:\n{}", self.left()));
    }

    /// How everything stands, for whoever looks for the cause.
    fn left(&self) -> String {
        let data = self.data().join("certporter.sqlite");
        let counts = "SELECT 'jobs', kind, state, count(*), min(not_before), max(cause) FROM jobs GROUP BY kind, state;
                      SELECT 'requests', state, count(*) FROM requests GROUP BY state;
                      SELECT 'certificates', standing, status, count(*) FROM certificates GROUP BY standing, status;
                      SELECT 'copies', state, count(*) FROM copies GROUP BY state;";
        if data.exists() {
            run("sqlite3", &["-readonly", data.to_str().unwrap(), counts])
        } else {
            "a database that is not asked here".to_owned()
        }
    }

    /// Waits until everybody was planned for after now: the sweep that is due has ended, so have the plans that it asked for,
    /// and the next one waits.
    pub(super) async fn swept(&self) {
        let data = self.data().join("certporter.sqlite");
        let now: i64 = self.run_here("date", &["+%s"]).trim().parse().unwrap();
        let ended = || {
            // Plans that are asked for by now are due by the next second; those that are put off come much later.
            let soon: i64 = self.run_here("date", &["+%s"]).trim().parse::<i64>().unwrap() + 5;
            let asked = format!(
                "SELECT count(*) FROM jobs WHERE kind = 'sweep' AND state = 'ready' AND not_before > {now}000
                 AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = 'replan'
                                 AND (state = 'leased' OR state = 'ready' AND not_before <= {soon}000))"
            );
            run("sqlite3", &["-readonly", data.to_str().unwrap(), &asked]).trim() == "1"
        };
        self.until("the sweep", async || ended()).await;
    }

    /// Fetches a published file.
    pub(crate) async fn fetch(&self, name: &str, into: &Path) {
        let response = self.client.get(format!("{}/{name}", self.pki)).send().await.unwrap();
        assert!(response.status().is_success(), "{name}: {}", response.status());
        std::fs::write(into, response.bytes().await.unwrap()).unwrap();
    }
}
