//! The real executable as a process.

use std::process::Stdio;

use certporter::store::Location;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::DEADLINE;
use super::database::TestDatabase;

/// A running portal. Killed when it is dropped.
pub(super) struct Portal(Child);

impl Portal {
    /// Starts it on the test's database; with the place at which it is to die.
    pub(super) async fn start(db: &TestDatabase, fault: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_certporter"));
        command.arg("serve").arg("--data").arg(db.folder().join("portal"));
        for listener in ["--listen", "--device-listen", "--pki-listen"] {
            command.arg(listener).arg("127.0.0.1:0");
        }
        command.arg("--key-threads").arg("1").env("RUST_LOG", "info");
        if let Location::Postgres(url) = &db.location {
            command.env("CERTPORTER_DATABASE_URL", url);
        }
        match fault {
            Some(point) => command.env("CERTPORTER_FAULT", point),
            None => command.env_remove("CERTPORTER_FAULT"),
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                said.push_str(&line);
                said.push('\n');
                if line.contains("ready") {
                    return true;
                }
            }
            false
        };
        // One that is to die may do so before.
        let ready = timeout(DEADLINE, ready).await.expect("it neither gets ready nor ends");
        assert!(ready || fault.is_some(), "it does not start:\n{said}");
        // Its log must have a reader, or it stands still once the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self(child)
    }

    /// Waits until it has killed itself.
    pub(super) async fn dies(mut self, point: &str) {
        let ended = timeout(DEADLINE, self.0.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it never came to {point}")).unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(signal, Some(9), "{point}: {status}");
    }

    /// Lets it stand still, as a machine that is too busy; or go on.
    pub(super) async fn stands_still(&self, still: bool) {
        let id = self.0.id().unwrap().to_string();
        let signal = if still { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    }

    /// Asks it to stop and waits until it has.
    pub(super) async fn stops(mut self) {
        let id = self.0.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let status = timeout(DEADLINE, self.0.wait()).await.expect("it does not stop").unwrap();
        assert!(status.success(), "{status}");
    }
}
