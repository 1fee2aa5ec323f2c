//! The stylesheet: Tailwind and daisyUI over the tokens in `style/`, holding only what the pages use.

use std::process::Command;

use crate::assets::Site;
use crate::command;
use crate::failure::{Failure, Outcome};
use crate::npm;
use crate::progress::Step;
use crate::stamp::Stamp;
use crate::workspace::Workspace;

/// Builds the stylesheet into the site.
pub(crate) fn build(workspace: &Workspace, site: &mut Site) -> Outcome {
    let modules = npm::packages(workspace, "style")?;
    let step = Step::begin("the stylesheet");
    let stamp = Stamp::new(workspace, "style")
        .path(&workspace.path("style"))?
        .path(&workspace.path("app/src"))?
        .check();
    if stamp.is() && site.keep(&["css"]) {
        step.unchanged();
        return Ok(());
    }
    let output = workspace.target("style/main.css");
    command::run(
        &step,
        Command::new("node")
            .arg(modules.join("@tailwindcss/cli/dist/index.mjs"))
            .arg("--input")
            .arg(workspace.path("style/main.css"))
            .arg("--output")
            .arg(&output)
            .arg("--minify"),
    )?;
    let size =
        site.add("css", "certporter", "css", &std::fs::read(&output).map_err(Failure::at(&output))?)?;
    stamp.note()?;
    step.done(&size.to_string());
    Ok(())
}
