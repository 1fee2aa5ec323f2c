//! What the README's commands call: `cargo xtask build`, `demo`, `test` and `bench`.
//!
//! - [`failure`]: what went wrong, for people to read
//! - [`workspace`]: where things are
//! - [`command`], [`progress`]: running other programs and showing that they run
//! - [`stamp`]: skipping what is up to date
//! - [`tools`]: programs that others must install, and how they get here
//! - [`node`]: which one runs the browser's tests
//! - [`wasm`], [`style`], [`icons`], [`assets`]: the site
//! - [`portal`], [`rest`], [`agent_files`]: what the demo works with
//! - [`build`], [`demo`], [`test`], [`bench`]: the commands
mod agent_files;
mod assets;
mod bench;
mod build;
mod command;
mod demo;
mod failure;
mod icons;
mod node;
mod npm;
mod portal;
mod progress;
mod python;
mod rest;
mod stamp;
mod style;
mod test;
mod tools;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, shows, tests and measures certporter")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the server, the WASM and the stylesheet
    Build {
        /// Optimised, as for an installation
        #[arg(long)]
        release: bool,
    },
    /// Builds everything and starts a portal with a sample directory and simulated devices
    Demo(demo::Demo),
    /// Passes every test, the browser's and the third-party tools' included
    Test(test::Test),
    /// Measures against the raw limits
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let workspace = workspace::Workspace::find();
    let done = match Arguments::parse().command {
        Task::Build { release } => {
            let profile = if release { workspace::Profile::Release } else { workspace::Profile::Dev };
            build::build(&workspace, profile).map(|_| ())
        }
        Task::Demo(demo) => demo.run(&workspace),
        Task::Test(test) => test.run(&workspace),
        Task::Bench(bench) => bench.run(&workspace),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}
