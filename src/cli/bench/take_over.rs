//! Two portals, real processes, on one database: one is killed with work in hand, and the other goes on with it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use certporter_model::JobId;
use certporter_model::job::JobState;
use certporter_model::key::KeyAlgorithm;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::super::CommandError;
use super::figures::Case;
use super::installation::{BenchDevice, Installation};
use super::issue;
use crate::clock::Stopwatch;
use crate::store::jobs::{self, Job};
use crate::store::{Db, issued_certificates};

/// The most seconds until the other goes on.
const TARGET: f64 = 10.0;

/// How often it is looked how far they are.
const LOOK: Duration = Duration::from_millis(20);

/// How long anything may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// As many jobs at most are in the hands of two portals.
const IN_HAND: u32 = 200;

/// Has a portal die over `n` requests, as often as said. The seconds are from its death until the last job that was in
/// anybody's hands then is in the other's, or done.
pub(super) async fn run(name: &'static str, deaths: usize, n: usize) -> Result<Case, CommandError> {
    let mut portal = Installation::idle(name, KeyAlgorithm::EcP256).await?;
    let mut seconds = Vec::with_capacity(deaths);
    for _ in 0..deaths {
        seconds.push(death(&mut portal, n).await?);
    }
    portal.end().await?;
    Ok(Case::against(name, "s", &seconds, &vec![TARGET; deaths], n * deaths))
}

async fn death(portal: &mut Installation, n: usize) -> Result<f64, CommandError> {
    let mut one = serve(portal.folder()).await?;
    let mut other = serve(portal.folder()).await?;
    // It stands still until then, so that all work is in the hands of the one that dies.
    signal(&other, "-STOP").await?;
    let devices = portal.enrol(n).await?;
    let before = signed(&portal.db).await?;
    issue::plan(portal, &devices).await?;
    until("the portals are at work", async || Ok(signed(&portal.db).await? >= before + n as u64 / 10))
        .await?;
    one.kill().await?;
    let watch = Stopwatch::start();
    let in_hand = leased(&portal.db).await?;
    if in_hand.is_empty() {
        return Err("the portal had nothing in hand when it died: measure again".into());
    }
    signal(&other, "-CONT").await?;
    until("the other goes on", async || Ok(!leased(&portal.db).await?.iter().any(|it| in_hand.contains(it))))
        .await?;
    let seconds = watch.elapsed().as_secs_f64();
    nothing_lost_and_nothing_twice(portal, &devices, before).await?;
    other.kill().await?;
    Ok(seconds)
}

/// Every device gets its PFX, and the CA has signed one certificate for each.
async fn nothing_lost_and_nothing_twice(
    portal: &Installation,
    devices: &[BenchDevice],
    before: u64,
) -> Result<(), CommandError> {
    let mut waiting = devices.iter().peekable();
    until("every device has its PFX", async || {
        while let Some(device) = waiting.peek() {
            if !issue::fetch(portal, device).await? {
                return Ok(false);
            }
            waiting.next();
        }
        Ok(true)
    })
    .await?;
    let made = signed(&portal.db).await? - before;
    let dead = jobs::count(&mut *portal.db.read().await?, JobState::Dead).await?;
    let count = devices.len();
    if made != count as u64 || dead > 0 {
        return Err(format!("{made} certificates for {count} requests, and {dead} jobs given up").into());
    }
    Ok(())
}

/// How many certificates the CA has signed.
async fn signed(db: &Db) -> Result<u64, CommandError> {
    Ok(issued_certificates::count_signed(&mut *db.read().await?).await?)
}

/// Jobs in anybody's hands, each with its fence: a new one when another has taken it.
async fn leased(db: &Db) -> Result<Vec<(JobId, i64)>, CommandError> {
    let all = jobs::list(&mut *db.read().await?, JobState::Leased, None, IN_HAND).await?;
    Ok(all.iter().map(|job: &Job| (job.id, job.fence)).collect())
}

/// A portal on the data folder; it is ready when this returns.
async fn serve(folder: &Path) -> Result<Child, CommandError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("serve").arg("--data").arg(folder).env("RUST_LOG", "info");
    for listener in ["--listen", "--device-listen", "--pki-listen"] {
        command.arg(listener).arg("127.0.0.1:0");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let stderr = child.stderr.take().ok_or("the portal's log can't be read")?;
    let mut lines = BufReader::new(stderr).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await? {
            if line.contains("ready") {
                return Ok(true);
            }
        }
        Ok::<_, std::io::Error>(false)
    };
    if !tokio::time::timeout(PATIENCE, ready).await?? {
        return Err("the portal does not start: run `certporter serve` to see why".into());
    }
    // Its log must have a reader, or it stands still once the pipe is full.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok(child)
}

async fn signal(portal: &Child, signal: &str) -> Result<(), CommandError> {
    let id = portal.id().ok_or("the portal has ended")?.to_string();
    let sent = Command::new("kill").args([signal, &id]).status().await?;
    if sent.success() { Ok(()) } else { Err("the portal can't be told to stand still".into()) }
}

async fn until(
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<bool, CommandError>,
) -> Result<(), CommandError> {
    let watch = Stopwatch::start();
    while !ask().await? {
        if watch.elapsed() > PATIENCE {
            return Err(format!("{what}: not within {} s", PATIENCE.as_secs()).into());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
