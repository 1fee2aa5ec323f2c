//! A running portal of the demo.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command;
use crate::failure::{Failure, Outcome};
use crate::progress::Step;

/// Where the portal listens unless told otherwise.
const PEOPLE: &str = "127.0.0.1:3000";
const DEVICES: &str = "127.0.0.1:3443";
/// How many times the portal is asked whether it is ready, and the pause between.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// A portal, started on the default addresses.
pub(crate) struct Portal {
    executable: PathBuf,
    data: PathBuf,
    people: String,
    devices: String,
    child: Child,
}

impl Portal {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(executable: &Path, data: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(data).map_err(Failure::at(data))?;
        let step = Step::begin("the portal");
        let log = data.join("portal.log");
        let file = File::create(&log).map_err(Failure::at(&log))?;
        let child = Command::new(executable)
            .args(["serve", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(Failure::at(executable))?;
        let mut portal = Self {
            executable: executable.to_path_buf(),
            data: data.to_path_buf(),
            people: format!("http://{PEOPLE}"),
            devices: format!("https://{DEVICES}"),
            child,
        };
        for _ in 0..TRIES {
            if let Ok(Some(status)) = portal.child.try_wait() {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(Failure::new(format!("the portal ended ({status}):\n{said}")));
            }
            if is_ready() {
                step.done(portal.address());
                return Ok(portal);
            }
            std::thread::sleep(PAUSE);
        }
        Err(Failure::new(format!("the portal is not ready: see {}", log.display())))
    }

    /// Where people reach it.
    pub(crate) fn address(&self) -> &str {
        &self.people
    }

    /// Where devices reach it.
    pub(crate) fn devices(&self) -> &str {
        &self.devices
    }

    /// A command of the executable.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(arguments);
        command
    }

    /// A command of the executable on this portal's data.
    pub(crate) fn on_data(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.arg("--data").arg(&self.data);
        command
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Outcome {
        let step = Step::begin("the portal stops");
        command::run(&step, Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait().map_err(Failure::at(&self.executable))?;
        step.done(&status.to_string());
        if status.success() { Ok(()) } else { Err(Failure::new(format!("the portal ended with {status}"))) }
    }

    /// Goes on, with the agent at work, until somebody ends it.
    pub(crate) fn wait(mut self, agent: &Path) -> Outcome {
        let mut syncing = self
            .command(&["agent", "sync", "--dir"])
            .arg(agent)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Failure::at(&self.executable))?;
        let status = self.child.wait().map_err(Failure::at(&self.executable))?;
        // It ends by the same Ctrl+C; if not, nothing is lost by ending it.
        let _ended = syncing.kill();
        let _status = syncing.wait();
        if status.success() { Ok(()) } else { Err(Failure::new(format!("the portal ended with {status}"))) }
    }
}

impl Drop for Portal {
    /// Whatever goes wrong, no portal is left behind. One that has ended is not touched.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ended = self.child.kill();
            let _status = self.child.wait();
        }
    }
}

fn is_ready() -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(PEOPLE)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {PEOPLE}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
