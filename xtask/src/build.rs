//! `cargo xtask build`: server, WASM and stylesheet.

use std::path::{Path, PathBuf};

use crate::assets::Site;
use crate::command;
use crate::failure::{Failure, Outcome};
use crate::progress::Step;
use crate::workspace::{Profile, Workspace};
use crate::{icons, style, tools, wasm};

/// Builds everything; gives the executable. The server and what browsers fetch side by side: each has times when it
/// keeps one processor busy only.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Outcome<PathBuf> {
    tools::need(tools::BUILD)?;
    let (site, server) = std::thread::scope(|scope| {
        let site = scope.spawn(|| site(workspace));
        let server = server(workspace, profile);
        (site.join(), server)
    });
    site.map_err(|_| Failure::new("building what browsers fetch panicked"))??;
    server
}

/// Builds what browsers fetch beside the pages.
pub(crate) fn site(workspace: &Workspace) -> Outcome {
    let mut site = Site::open(workspace)?;
    style::build(workspace, &mut site)?;
    icons::build(workspace, &mut site)?;
    wasm::build(workspace, &mut site)?;
    site.close()
}

/// Builds the executable. With the features that the whole workspace has together, so that the tests build nothing
/// of it again.
pub(crate) fn server(workspace: &Workspace, profile: Profile) -> Outcome<PathBuf> {
    let step = Step::begin("the server");
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--workspace", "--bin", "certporter", "--profile", profile.name()]);
    command::run(&step, &mut cargo)?;
    let executable = workspace.executable(profile);
    link_site(workspace, &executable)?;
    step.done(&executable.display().to_string());
    Ok(executable)
}

/// The executable looks for the site beside itself.
fn link_site(workspace: &Workspace, executable: &Path) -> Outcome {
    let link = executable.with_file_name("site");
    if link.symlink_metadata().is_err() {
        std::os::unix::fs::symlink(workspace.site(), &link).map_err(Failure::at(&link))?;
    }
    Ok(())
}
