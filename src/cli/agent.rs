//! `certporter agent`: the device's side on the command line.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use certporter_model::ConfirmationId;
use certporter_model::hardware::{Fqdn, HardwareSerial};
use certporter_model::text::Name;
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use crate::agent::client::ServerAddress;
use crate::agent::sync::{Outcome, Until};
use crate::agent::{AgentError, Surroundings, confirmation, enrolment, facts, retirement, status, sync};
use crate::clock::SystemClock;
use crate::random::SystemRandom;
use crate::wire::device::{AwaitedKind, DeviceFacts, EnrolmentCode};

/// Flags of `certporter agent`.
#[derive(Debug, Args)]
pub struct AgentArgs {
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// Enrol this device with a one-time code.
    Enrol(EnrolArgs),
    /// Fetch, install, remove and report, until it is ended.
    Sync(SyncArgs),
    /// Show what is installed.
    Status(StatusArgs),
    /// Confirm that another device of yours, or a session in the portal, is yours.
    Confirm(ConfirmArgs),
    /// Give everything back and forget the enrolment.
    Retire(RetireArgs),
}

#[derive(Debug, Args)]
struct EnrolArgs {
    /// Address of the portal's device listener: https://HOST[:PORT].
    #[arg(long, value_name = "URL")]
    server: String,
    /// The one-time enrolment code; `-` reads it from standard input, so that no list of processes shows it.
    #[arg(long, value_name = "CODE", env = "CERTPORTER_ENROLMENT_CODE", hide_env_values = true)]
    code: String,
    /// The agent's folder.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// What the device calls itself, instead of its host name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The maker's serial number, where the system does not tell it.
    #[arg(long, value_name = "SERIAL")]
    serial_number: Option<String>,
    /// The fully qualified domain name, where the host name is none.
    #[arg(long, value_name = "FQDN")]
    fqdn: Option<String>,
}

#[derive(Debug, Args)]
struct SyncArgs {
    /// The agent's folder.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// End when nothing more is to come.
    #[arg(long)]
    once: bool,
    /// With --once: the most seconds that it may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    within: u64,
}

#[derive(Debug, Args)]
struct StatusArgs {
    /// The agent's folder.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ConfirmArgs {
    /// The agent's folder.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// What to confirm; without it, what waits is shown.
    #[arg(value_name = "ID")]
    id: Option<ConfirmationId>,
}

#[derive(Debug, Args)]
struct RetireArgs {
    /// The agent's folder.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Remove everything here even if the portal can't be reached; an administrator must retire the device there.
    #[arg(long)]
    alone: bool,
}

/// Why a command of the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum AgentCommandError {
    /// A flag is wrong.
    #[error("--{flag}: {why}")]
    Flag {
        /// The flag, without its hyphens.
        flag: &'static str,
        /// What would be right.
        why: String,
    },
    /// The agent failed.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// Something is there, but not whole.
    #[error("{0} of the copies that should be here are missing or changed: run `certporter agent sync`")]
    NotWhole(usize),
    /// Copies could not be installed.
    #[error("{0} copies could not be installed; the portal was told why, and the log above says it too")]
    NotInstalled(u32),
}

impl AgentArgs {
    /// Does what the command line says.
    ///
    /// # Errors
    /// When it can't be done; the text says why and what to do.
    pub async fn run(self) -> Result<(), AgentCommandError> {
        let surroundings = Surroundings { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
        match self.command {
            AgentCommand::Enrol(args) => enrol(args, &surroundings).await,
            AgentCommand::Sync(args) => {
                let until = if args.once { Until::Settled { within: args.within } } else { Until::Ended };
                let outcome = tokio::select! {
                    outcome = sync::sync(&args.dir, until, &surroundings) => outcome?,
                    _ = tokio::signal::ctrl_c() => return Ok(()),
                };
                tell(outcome)
            }
            AgentCommand::Status(args) => show(&args),
            AgentCommand::Confirm(args) => confirm(args).await,
            AgentCommand::Retire(args) => {
                retirement::retire(&args.dir, args.alone).await?;
                println!("retired: every copy is removed and the enrolment forgotten");
                Ok(())
            }
        }
    }
}

async fn enrol(args: EnrolArgs, surroundings: &Surroundings) -> Result<(), AgentCommandError> {
    let wrong = |flag| move |why: String| AgentCommandError::Flag { flag, why };
    let server = ServerAddress::parse(&args.server)?;
    let typed = Zeroizing::new(if args.code == "-" { read_code()? } else { args.code });
    let code = EnrolmentCode::parse(&typed).map_err(|e| wrong("code")(e.to_string()))?;
    let mut facts: DeviceFacts = facts::of_this_machine();
    if let Some(name) = args.name {
        facts.name = Name::parse(&name).map_err(|e| wrong("name")(e.to_string()))?;
    }
    if let Some(serial) = args.serial_number {
        let serial = HardwareSerial::parse(&serial).map_err(|e| wrong("serial-number")(e.to_string()))?;
        facts.serial_number = Some(serial);
    }
    if let Some(fqdn) = args.fqdn {
        facts.fqdn = Some(Fqdn::parse(&fqdn).map_err(|e| wrong("fqdn")(e.to_string()))?);
    }
    let device = enrolment::enrol(&args.dir, &server, code, facts, surroundings).await?;
    println!("enrolled as device {device}");
    println!("next: certporter agent sync --dir {}", args.dir.display());
    Ok(())
}

async fn confirm(args: ConfirmArgs) -> Result<(), AgentCommandError> {
    if let Some(id) = args.id {
        confirmation::confirm(&args.dir, id).await?;
        println!("confirmed: it gets what waited for this");
        return Ok(());
    }
    let awaited = confirmation::awaited(&args.dir).await?;
    if awaited.is_empty() {
        println!("nothing of yours waits to be confirmed");
        return Ok(());
    }
    for it in awaited {
        let what = match (it.kind, it.device) {
            (AwaitedKind::Device, Some(name)) => format!("device {name}, enrolled {}", it.since),
            (AwaitedKind::Device, None) => format!("a device, enrolled {}", it.since),
            (AwaitedKind::Session, _) => format!("a session in the portal, opened {}", it.since),
        };
        let staff = it.staff.map_or_else(String::new, |staff| format!(", by a code of {staff}"));
        println!(
            "{what}{staff}\n  if it is yours: certporter agent confirm --dir {} {}",
            args.dir.display(),
            it.id
        );
    }
    println!("if you don't know it, confirm nothing and tell the helpdesk");
    Ok(())
}

fn read_code() -> Result<String, AgentCommandError> {
    if std::io::stdin().is_terminal() {
        eprintln!("enrolment code, then Ctrl-D:");
    }
    let mut text = String::new();
    std::io::stdin()
        .take(1024)
        .read_to_string(&mut text)
        .map_err(|error| AgentCommandError::Flag { flag: "code", why: error.to_string() })?;
    Ok(text)
}

fn tell(outcome: Outcome) -> Result<(), AgentCommandError> {
    let Outcome { installed, failed, removed, missing } = outcome;
    println!("installed {installed}, removed {removed}, found missing {missing}, failed {failed}");
    if failed > 0 {
        return Err(AgentCommandError::NotInstalled(failed));
    }
    Ok(())
}

fn show(args: &StatusArgs) -> Result<(), AgentCommandError> {
    let status = status::of(&args.dir)?;
    if args.json {
        let json = serde_json::to_string_pretty(&status).map_err(|e| AgentError::Answer(e.to_string()))?;
        println!("{json}");
    } else {
        print!("{}", status.to_text());
    }
    let broken = status.copies.iter().filter(|copy| !copy.whole).count();
    if broken > 0 {
        return Err(AgentCommandError::NotWhole(broken));
    }
    Ok(())
}
