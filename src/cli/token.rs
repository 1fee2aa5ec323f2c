//! `certporter token`: API tokens, made on the host.

use std::str::FromStr as _;

use certporter_model::access::Role;

use super::{CommandError, setup};
use crate::config::{RawSettings, Settings};
use crate::service::tokens::{self, TokenDraft};

/// `certporter token ..`
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TokenCommand {
    /// Create a token and print it, this once.
    Create(Box<CreateArgs>),
}

/// Flags of `certporter token create`.
#[derive(Debug, clap::Args)]
struct CreateArgs {
    #[command(flatten)]
    settings: RawSettings,
    /// What it is called: the program or purpose.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it may do; may be given several times.
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role)]
    roles: Vec<Role>,
    /// Its life in days, 1 to 366.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    expires: u32,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_str(text).map_err(|error| error.to_string())
}

/// Runs it. The token alone goes to standard output, so that a script can take it.
///
/// # Errors
/// When a value is wrong, or the database can't be used.
pub async fn run(args: TokenArgs) -> Result<(), CommandError> {
    let TokenCommand::Create(args) = args.command;
    let settings = Settings::load(args.settings)?;
    let portal = setup::portal(&settings).await?;
    let draft = TokenDraft { name: args.name, roles: args.roles, expires_in_days: args.expires };
    let token = tokens::create_on_host(&portal, &draft).await?;
    eprintln!("Token {} ends {}; it is shown only now:", token.view.name, token.view.expires_at);
    println!("{}", token.token);
    Ok(())
}
