//! `cargo xtask bench`: measures an optimised build against the raw limits of this machine.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::build;
use crate::command;
use crate::failure::Outcome;
use crate::tools;
use crate::workspace::{Profile, Workspace};

#[derive(Args)]
pub(crate) struct Bench {
    /// Only the cases whose name contains this
    name: Option<String>,
    /// Write the figures to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Small numbers: to see that it works, not to compare
    #[arg(long)]
    quick: bool,
}

impl Bench {
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        tools::need(tools::BUILD)?;
        let executable = build::build(workspace, Profile::Measure)?;
        let mut bench = Command::new(executable);
        bench.arg("bench").args(&self.name);
        if let Some(file) = &self.json {
            bench.arg("--json").arg(file);
        }
        if self.quick {
            bench.arg("--quick");
        }
        command::run_visibly(&mut bench)
    }
}
