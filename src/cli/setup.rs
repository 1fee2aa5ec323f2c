//! `certporter setup`: the first administrator, and the way back in for whoever has the host.

use std::io::BufRead as _;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{CommandError, opening};
use crate::clock::SystemClock;
use crate::config::{RawSettings, Settings};
use crate::random::SystemRandom;
use crate::service::portal::Parts;
use crate::service::{Portal, setup};

/// Flags of `certporter setup`.
#[derive(Debug, clap::Args)]
pub struct SetupArgs {
    #[command(flatten)]
    settings: RawSettings,
    /// Go on although there is an administrator: when everybody is locked out.
    #[arg(long)]
    reset: bool,
    /// Make this administrator now, rather than a link; one of this name gets the new password.
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    name: Option<String>,
    /// Read the password from the first line of standard input.
    #[arg(long, requires = "name")]
    password_stdin: bool,
}

/// Why nothing was set up.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error("there is an administrator already: sign in, or add --reset if everybody is locked out")]
    SetUpAlready,
    #[error("the password can't be read from standard input: {0}")]
    Password(std::io::Error),
}

/// Prints a one-time link, or makes an administrator.
///
/// # Errors
/// When there is an administrator already and `--reset` is missing, or name or password will not do.
pub async fn run(args: SetupArgs) -> Result<(), CommandError> {
    let settings = Settings::load(args.settings)?;
    let portal = portal(&settings).await?;
    if !args.reset && setup::is_set_up(&portal).await? {
        return Err(SetupError::SetUpAlready.into());
    }
    if let Some(name) = &args.name {
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().lock().read_line(&mut line).map_err(SetupError::Password)?;
        let password = Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned());
        setup::administrator_on_host(&portal, name, password).await?;
        println!("{name} can sign in at {}/sign-in", portal.addresses().portal);
    } else {
        let link = setup::new_link(&portal).await?;
        println!("Open this link once, within a day, to become administrator:\n{}", link.as_str());
    }
    Ok(())
}

/// The portal's operations, straight on the database.
pub(super) async fn portal(settings: &Settings) -> Result<Portal, CommandError> {
    let db = opening::database(settings).await?;
    let addresses = settings.addresses(settings.listen, settings.device_listen, settings.pki_listen);
    Ok(Portal::new(Parts { db, clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), addresses }))
}
