//! `certporter generate`: fills an empty installation with a fleet of any size, to measure on.

use std::io::IsTerminal as _;

use super::{CommandError, opening};
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::config::{RawSettings, Settings};
use crate::generate::{Fleet, Made, generate_with};
use crate::store::users;

/// Flags of `certporter generate`.
#[derive(Debug, clap::Args)]
pub struct GenerateArgs {
    #[command(flatten)]
    settings: RawSettings,
    /// How many devices; each holds about two certificates of its own and one of its owner's.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    devices: u32,
    /// How many people [default: four for five devices].
    #[arg(long, value_name = "N")]
    users: Option<u32>,
    /// How many profiles, all assigned to everybody.
    #[arg(long, value_name = "N", default_value_t = 3)]
    profiles: u32,
    /// The same seed gives the same fleet.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Makes the fleet and says how large it became.
///
/// # Errors
/// When the installation is not empty, or can't be opened.
pub async fn run(args: GenerateArgs) -> Result<(), CommandError> {
    let settings = Settings::load(args.settings)?;
    let db = opening::database(&settings).await?;
    if users::exists(&mut *db.read().await?).await? {
        return Err("this installation has users already: a fleet is for an empty one".into());
    }
    let fleet = Fleet::new(args.seed, SystemClock.now(), args.devices);
    let fleet = Fleet { users: args.users.unwrap_or(fleet.users).max(1), profiles: args.profiles, ..fleet };
    let watch = Stopwatch::start();
    let shown = std::io::stderr().is_terminal();
    let progress = |made: &Made| {
        if shown {
            eprint!("\r{} of {} devices", made.devices, fleet.devices);
        }
    };
    let made = generate_with(&db, &fleet, &progress).await?;
    db.close().await;
    if shown {
        eprintln!();
    }
    let Made { users, groups, devices, certificates, copies } = made;
    println!(
        "{users} users, {groups} groups, {devices} devices, {certificates} certificates, {copies} copies in {:.1} s",
        watch.elapsed().as_secs_f64()
    );
    Ok(())
}
