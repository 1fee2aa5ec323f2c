//! `cargo xtask demo`.
use crate::failure::Outcome;
use crate::workspace::Workspace;
use clap::Args;

#[derive(Args)]
pub(crate) struct Demo {
    /// Start anew: forget the data of earlier demos
    #[arg(long)]
    fresh: bool,
    /// Do everything once, say where the agent's files are, and end
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let executable = crate::build::build(workspace, false)?;
        let _ = (executable, self.fresh, self.once);
        Ok(())
    }
}
