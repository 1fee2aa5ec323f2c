//! Packages from npm, exactly as the lock files say: for building and testing, never at run time.

use std::path::PathBuf;
use std::process::Command;

use crate::command;
use crate::failure::Outcome;
use crate::progress::Step;
use crate::stamp::Stamp;
use crate::workspace::Workspace;

/// A folder of the checkout with its `package.json`; its packages are installed into it if the lock file changed.
pub(crate) fn packages(workspace: &Workspace, folder: &str) -> Outcome<PathBuf> {
    let folder_path = workspace.path(folder);
    let modules = folder_path.join("node_modules");
    let stamp = Stamp::new(workspace, &format!("npm-{folder}"))
        .text(&modules.to_string_lossy())
        .path(&folder_path.join("package-lock.json"))?
        .check();
    if !(stamp.is() && modules.is_dir()) {
        let step = Step::begin(format!("npm packages of {folder}"));
        command::run(
            &step,
            Command::new("npm").current_dir(&folder_path).args(["ci", "--no-audit", "--no-fund"]),
        )?;
        stamp.note()?;
        step.done("installed");
    }
    Ok(modules)
}
