//! `cargo xtask test`: every test there is.

use std::process::Command;

use clap::Args;

use crate::build;
use crate::command;
use crate::failure::{Failure, Outcome};
use crate::npm;
use crate::python;
use crate::tools;
use crate::workspace::{Profile, Workspace};

#[derive(Args)]
pub(crate) struct Test {
    /// Only the browser's tests
    #[arg(long)]
    browser: bool,
}

impl Test {
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        tools::need(tools::BUILD)?;
        tools::need(tools::TEST)?;
        let python = python::environment(workspace)?;
        npm::packages(workspace, "end2end")?;
        let executable = build::build(workspace, Profile::Dev)?;
        if !self.browser {
            command::run_visibly(workspace.cargo().args(["fmt", "--all", "--check"]))?;
            rust_tests(workspace, &python)?;
        }
        let browser = Command::new("node")
            .current_dir(workspace.path("end2end"))
            .arg("run.mjs")
            .env("CERTPORTER", &executable)
            .env("CERTPORTER_SCREENSHOTS", workspace.target("screenshots"))
            .stdin(std::process::Stdio::null())
            .status()
            .map_err(|why| Failure::new(format!("the browser's tests could not be started: {why}")))?;
        if !browser.success() {
            return Err(Failure::new("the browser's tests failed"));
        }
        if !self.browser {
            command::run_visibly(workspace.cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "--deny",
                "warnings",
            ]))?;
        }
        eprintln!("✓ every test passed");
        Ok(())
    }
}

/// The tests in Rust, by cargo-nextest where there is one.
fn rust_tests(workspace: &Workspace, python: &std::path::Path) -> Outcome {
    let mut cargo = workspace.cargo();
    if command::exists("cargo-nextest") {
        cargo.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        cargo.args(["test", "--workspace", "--no-fail-fast"]);
    }
    let mut path = vec![python.to_path_buf()];
    path.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    if let Ok(path) = std::env::join_paths(path) {
        cargo.env("PATH", path);
    }
    command::run_visibly(&mut cargo)
}
