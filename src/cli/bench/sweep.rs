//! Planning for everybody, where nothing is to be done: what the hourly sweep costs.

use std::time::Duration;

use certporter_model::access::{Caller, Permission, Scope};

use super::super::CommandError;
use super::figures::Case;
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::generate::{Fleet, generate};
use crate::pipeline::planner::sweep::sweep;
use crate::plan::Limits;
use crate::random::SystemRandom;
use crate::store::{Db, Location};

/// The target for 100,000 devices with 10 profiles; others in proportion.
const TARGET: Duration = Duration::from_secs(5);

pub(super) async fn run(name: &'static str, devices: u32, blocks: usize) -> Result<Case, CommandError> {
    let folder = std::env::temp_dir().join(format!("certporter-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let db = Db::connect(&Location::Sqlite(folder.join("sweep.sqlite"))).await?;
    db.migrate().await?;
    let now = SystemClock.now();
    let fleet = Fleet { users: devices, profiles: 10, ..Fleet::new(1, now, devices) };
    generate(&db, &fleet).await?;
    let permit = Caller::system("bench").permitted(Permission::SystemWork, &Scope::Organisation)?;
    let mut seconds = Vec::with_capacity(blocks);
    for _ in 0..blocks {
        let watch = Stopwatch::start();
        sweep(&db, &permit, "bench", Limits::default(), now, &SystemRandom).await?;
        seconds.push(watch.elapsed().as_secs_f64());
    }
    db.close().await;
    std::fs::remove_dir_all(&folder)?;
    let target = TARGET.as_secs_f64() * f64::from(devices) / 100_000.0;
    let count = usize::try_from(devices).unwrap_or(usize::MAX);
    Ok(Case::against(name, "s", &seconds, &vec![target; blocks], count))
}
