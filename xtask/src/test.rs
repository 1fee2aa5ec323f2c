//! `cargo xtask test`: every test there is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::Args;

use crate::build;
use crate::command;
use crate::failure::{Failure, Outcome};
use crate::node;
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
        if !self.browser {
            // What is quickly said comes first.
            command::run_visibly(workspace.cargo().args(["fmt", "--all", "--check"]))?;
        }
        let executable = build::build(workspace, Profile::Dev)?;
        if !self.browser {
            rust_tests(workspace, &python)?;
        }
        let lints = if self.browser { None } else { Some(Lints::begin(workspace)?) };
        let node = node::for_the_browser(&python)?;
        let browser = Command::new(node)
            .current_dir(workspace.path("end2end"))
            .arg("run.mjs")
            .env("CERTPORTER", &executable)
            .env("PATH", path_with(&python))
            .env("CERTPORTER_SCREENSHOTS", workspace.target("screenshots"))
            .stdin(Stdio::null())
            .status()
            .map_err(|why| Failure::new(format!("the browser's tests could not be started: {why}")))?;
        if let Some(lints) = lints {
            lints.end()?;
        }
        if !browser.success() {
            return Err(Failure::new("the browser's tests failed"));
        }
        eprintln!("✓ every test passed");
        Ok(())
    }
}

/// Clippy, with the time that the browser's tests leave it: they wait for pages more than they compute.
struct Lints {
    running: Child,
    output: PathBuf,
}

impl Lints {
    fn begin(workspace: &Workspace) -> Outcome<Self> {
        let output = workspace.target("clippy.txt");
        let file = std::fs::File::create(&output).map_err(Failure::at(&output))?;
        let mut clippy = workspace.patient_cargo();
        clippy.args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]);
        let failed = |why| Failure::new(format!("clippy could not be started: {why}"));
        clippy.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        Ok(Self { running: clippy.spawn().map_err(failed)?, output })
    }

    fn end(mut self) -> Outcome {
        let failed = |why| Failure::new(format!("clippy could not be waited for: {why}"));
        if self.running.wait().map_err(failed)?.success() {
            return Ok(());
        }
        let said = std::fs::read_to_string(&self.output).unwrap_or_default();
        Err(Failure::new(format!("clippy found:\n{said}")))
    }
}

/// The tests in Rust, by cargo-nextest where there is one.
fn rust_tests(workspace: &Workspace, python: &Path) -> Outcome {
    let mut cargo = workspace.cargo();
    if command::exists("cargo-nextest") {
        // Twice as many as there are processors: many tests wait for a server, a lease or another process.
        let threads = std::thread::available_parallelism().map_or(2, |count| count.get() * 2);
        cargo.args(["nextest", "run", "--workspace", "--no-fail-fast", "--test-threads"]);
        cargo.arg(threads.to_string());
    } else {
        cargo.args(["test", "--workspace", "--no-fail-fast"]);
    }
    command::run_visibly(cargo.env("PATH", path_with(python)))
}

/// The path on which programs are looked for, Python's tools first.
fn path_with(python: &Path) -> OsString {
    let systems = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(python.to_path_buf()).chain(std::env::split_paths(&systems));
    std::env::join_paths(folders).unwrap_or(systems)
}
