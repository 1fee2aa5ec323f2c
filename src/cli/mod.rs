//! The command line.
//!
//! - [`serve`]: the portal
//! - [`agent`]: the device's side
//! - [`simulate`]: many devices at once
//! - [`bench`]: figures beside the raw limit
//! - [`doctor`]: whether an installation is well
//! - [`generate`]: a fleet of any size, to measure on
//! - [`sample`]: an invented organisation, to try things out on
//! - [`setup`], [`token`]: administrators and API tokens, made on the host
//! - [`workers`]: what works inside the portal beside its listeners
//! - [`opening`]: what every command on the host opens: database and master key
//! - [`master_key`]: where the master key comes from
//! - [`logging`]: what is written to standard error
pub mod agent;
pub mod bench;
pub mod doctor;
pub mod generate;
pub mod logging;
pub mod master_key;
pub mod opening;
pub mod sample;
pub mod serve;
pub mod setup;
pub mod simulate;
pub mod token;
pub mod workers;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::web::state::Pages;

/// What a command says when it fails: shown as it is.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(
    name = "certporter",
    version,
    about = "Brings certificates to people's devices and takes them away again."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the portal.
    Serve(Box<serve::ServeArgs>),
    /// Measure beside the raw limit of this machine.
    Bench(bench::BenchArgs),
    /// Check this installation, and say what to do about what is wrong.
    Doctor(Box<doctor::DoctorArgs>),
    /// Make the first administrator, or find the way back in.
    Setup(Box<setup::SetupArgs>),
    /// API tokens.
    Token(token::TokenArgs),
    /// Be a device's agent.
    Agent(agent::AgentArgs),
    /// Fill an empty installation with an invented organisation.
    Sample(Box<sample::SampleArgs>),
    /// Fill an empty installation with a fleet of any size, to measure on.
    Generate(Box<generate::GenerateArgs>),
    /// Be many devices at once, for trying out and measuring.
    Simulate(Box<simulate::SimulateArgs>),
}

/// Runs what the command line says, with the pages that the portal shall show.
#[must_use]
pub fn main(pages: Pages) -> ExitCode {
    let command = CommandLine::parse().command;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(run(command, pages)) {
        Ok(code) => code,
        Err(error) => fail(error.as_ref()),
    }
}

async fn run(command: Command, pages: Pages) -> Result<ExitCode, CommandError> {
    match command {
        Command::Serve(args) => serve::run(*args, pages).await?,
        Command::Bench(args) => bench::run(args, pages).await?,
        Command::Doctor(args) => doctor::run(*args).await?,
        Command::Setup(args) => setup::run(*args).await?,
        Command::Token(args) => token::run(args).await?,
        Command::Agent(args) => {
            logging::start(logging::Format::Text);
            args.run().await?;
        }
        Command::Sample(args) => sample::run(*args).await?,
        Command::Generate(args) => generate::run(*args).await?,
        Command::Simulate(args) => {
            logging::start(logging::Format::Text);
            args.run().await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what is wrong, with what led to it, and ends with a status that scripts can see.
fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("certporter: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
