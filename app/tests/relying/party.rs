//! A relying party: a server of others that is started for a test, watched, and ended with it.

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use certporter::clock::Stopwatch;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// As long as anything may take on a busy machine.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// A server of others, running. Ended when it is dropped, and with it the processes that it has started.
pub(super) struct Party {
    name: &'static str,
    process: Child,
    said: watch::Receiver<String>,
}

impl Party {
    /// Starts it.
    pub(super) fn start(name: &'static str, folder: &Path, arguments: &[&str]) -> Self {
        // A line is to be heard when it is said, and not when many have come together.
        let mut command = Command::new("stdbuf");
        command
            .arg("-oL")
            .arg(program(name))
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let (say, said) = watch::channel(String::new());
        collect(process.stdout.take().unwrap(), say.clone());
        collect(process.stderr.take().unwrap(), say);
        Self { name, process, said }
    }

    /// Waits until it has said these words `times` times in all.
    pub(super) async fn says(&mut self, words: &str, times: usize) {
        let name = self.name;
        let heard = self.said.wait_for(|said| said.matches(words).count() >= times);
        let heard = tokio::time::timeout(DEADLINE, heard).await.map(|heard| heard.is_ok());
        if heard != Ok(true) {
            panic!("{name} does not say {words:?}:\n{}", *self.said.borrow());
        }
    }

    /// How often it has said these words.
    pub(super) fn has_said(&self, words: &str) -> usize {
        self.said.borrow().matches(words).count()
    }

    /// Everything that it has said.
    pub(super) fn words(&self) -> String {
        self.said.borrow().clone()
    }

    /// Sends it the signal by which it reads its files again.
    pub(super) fn read_again(&self) {
        let id = self.process.id().unwrap_or_else(|| panic!("{} has ended:\n{}", self.name, self.words()));
        crate::outside::run("kill", &["-HUP", &id.to_string()]);
    }

    /// Asks it to end and waits until it has.
    pub(super) async fn end(mut self) {
        self.ask_to_end();
        let ended = tokio::time::timeout(DEADLINE, self.process.wait()).await;
        assert!(ended.is_ok(), "{} does not end:\n{}", self.name, self.words());
    }

    fn ask_to_end(&self) {
        if let Some(id) = self.process.id() {
            crate::outside::run("kill", &["-TERM", &id.to_string()]);
        }
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            self.ask_to_end();
        }
        // Killed at once, it would leave its own processes behind.
        let patience = Stopwatch::start();
        while matches!(self.process.try_wait(), Ok(None)) && patience.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn collect(output: impl AsyncRead + Unpin + Send + 'static, say: watch::Sender<String>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            say.send_modify(|said| {
                said.push_str(&line);
                said.push('\n');
            });
        }
    });
}

/// Runs a client of others to its end; whether it was content, and what it said.
pub(super) async fn client<S: AsRef<std::ffi::OsStr>>(name: &str, arguments: &[S]) -> (bool, String) {
    let mut command = Command::new(program(name));
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{name} does not end")).unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

/// Where a program is: servers are often in a folder that only the administrator's path has.
pub(super) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: `cargo xtask test` installs it"))
}

/// A port that is free for servers that can't pick one themselves.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The same for UDP.
pub(super) fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
