//! Planning for everybody, where nothing is to be done: what the hourly sweep costs.
//!
//! Beside it, in the same run, reading once every row that it depends on, and doing nothing with them; and how long a
//! change waits for the database's writer while a sweep goes on, and while none does.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use certporter_model::access::{Caller, Permission, Permit, Scope, Visibility};
use tempfile::TempDir;
use tokio::process::Command;

use super::super::CommandError;
use super::figures::{Case, forget_peak, peak_megabytes};
use super::folder;
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::pipeline::planner::sweep::sweep;
use crate::plan::Limits;
use crate::random::SystemRandom;
use crate::store::devices::DeviceFilter;
use crate::store::planning::sweeping;
use crate::store::{AuditEvent, Db, Location, Target, devices};

/// The target for 100,000 devices with 10 profiles; others in proportion.
const TARGET: Duration = Duration::from_secs(5);
/// The most memory that it may take, in megabytes.
const MEMORY: f64 = 400.0;
/// Profiles, all assigned to everybody.
const PROFILES: u32 = 10;
/// How long it is waited between two changes.
const BETWEEN: Duration = Duration::from_millis(20);

/// The sweep against its target, against the raw limit, its memory, and the writer meanwhile.
pub(super) async fn run(
    names: [&'static str; 4],
    devices: u32,
    blocks: usize,
    data: Option<&Path>,
) -> Result<Vec<Case>, CommandError> {
    let made = if data.is_none() { Some(folder("sweep")?) } else { None };
    if let Some(made) = &made {
        generate(made.path(), devices).await?;
    }
    let folder = made.as_ref().map(TempDir::path).or(data).ok_or("there is no fleet")?;
    let db = Db::connect(&Location::Sqlite(folder.join("certporter.sqlite"))).await?;
    let mut conn = db.snapshot_of_much().await?;
    let devices = devices::count(&mut conn, &Visibility::All, &DeviceFilter::default()).await?;
    let devices = u32::try_from(devices).unwrap_or(u32::MAX);
    drop(conn);
    let permit = Caller::system("bench").permitted(Permission::SystemWork, &Scope::Organisation)?;
    let (mut seconds, mut limits) = (Vec::with_capacity(blocks), Vec::with_capacity(blocks));
    let (mut waits, mut quiet) = (Vec::with_capacity(blocks), Vec::with_capacity(blocks));
    forget_peak();
    for _ in 0..blocks {
        let watch = Stopwatch::start();
        sweeping::read_everything(&mut *db.snapshot_of_much().await?).await?;
        limits.push(watch.elapsed().as_secs_f64());
        let watch = Stopwatch::start();
        let swept = sweep(&db, &permit, "bench", Limits::default(), SystemClock.now(), &SystemRandom);
        let (swept, longest) = beside(&db, &permit, swept).await?;
        seconds.push(watch.elapsed().as_secs_f64());
        waits.push(longest);
        if swept?.holders > 0 {
            return Err("the sweep found something to do in a fleet where nothing is to be done".into());
        }
        let pause = tokio::time::sleep(watch.elapsed().min(Duration::from_secs(2)));
        quiet.push(beside(&db, &permit, pause).await?.1);
    }
    let peak = peak_megabytes();
    db.close().await;
    made.map(TempDir::close).transpose()?;
    let target = TARGET.as_secs_f64() * f64::from(devices) / 100_000.0;
    let n = usize::try_from(devices).unwrap_or(usize::MAX);
    let [name, raw, memory, writer] = names;
    Ok(vec![
        Case::against(name, "s", &seconds, &vec![target; blocks], n),
        Case::against(raw, "s", &seconds, &limits, n),
        Case::against(memory, "MB", &[peak], &[MEMORY], n),
        Case::against(writer, "ms", &waits, &quiet, n),
    ])
}

/// In a process of its own, so that its memory does not count.
async fn generate(folder: &Path, devices: u32) -> Result<(), CommandError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("generate").arg("--data").arg(folder);
    for (flag, value) in [("--devices", devices), ("--users", devices), ("--profiles", PROFILES)] {
        command.arg(flag).arg(value.to_string());
    }
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).status().await?;
    if status.success() { Ok(()) } else { Err("the fleet could not be made".into()) }
}

/// Makes small changes while something else goes on; answers what that brought, and the longest that a change took, in
/// milliseconds.
async fn beside<T>(
    db: &Db,
    permit: &Permit,
    what: impl Future<Output = T>,
) -> Result<(T, f64), CommandError> {
    let mut longest = 0.0_f64;
    tokio::pin!(what);
    loop {
        tokio::select! {
            done = &mut what => return Ok((done, longest)),
            changed = change(db, permit) => longest = longest.max(changed?),
        }
    }
}

async fn change(db: &Db, permit: &Permit) -> Result<f64, CommandError> {
    tokio::time::sleep(BETWEEN).await;
    let watch = Stopwatch::start();
    let tx = db.write(permit).await?;
    tx.commit(AuditEvent::new(SystemClock.now(), "bench.change", Target::none("bench"))).await?;
    Ok(watch.elapsed().as_secs_f64() * 1000.0)
}
