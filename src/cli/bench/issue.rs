//! A PFX from the plan to the device that opens it, beside the raw limit.

use std::time::Duration;

use certporter_model::key::KeyAlgorithm;

use super::super::CommandError;
use super::figures::Case;
use super::installation::{BenchDevice, Installation, permit};
use super::raw::{self, RawLoop};
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::delivery::envelope;
use crate::pipeline::planner::{self, Whom};
use crate::pki::{PrivateKey, pkcs12};
use crate::plan::Limits;
use crate::random::SystemRandom;
use crate::store::{AuditEvent, Target, device_contacts};

/// Devices planned for in one transaction, as a change of a group would.
const CHUNK: usize = 100;

/// How long it is waited before it is looked again whether more envelopes are there.
const LOOK: Duration = Duration::from_millis(5);

/// How long nothing may arrive before something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(
    name: &'static str,
    algorithm: KeyAlgorithm,
    blocks: usize,
    n: usize,
) -> Result<Case, CommandError> {
    let mut portal = Installation::new(algorithm).await?;
    let limit = RawLoop::new(algorithm)?;
    let (mut values, mut limits) = (Vec::with_capacity(blocks), Vec::with_capacity(blocks));
    for _ in 0..blocks {
        // Key generation is the cost of RSA; of P-256 it is everything together.
        limits.push(tokio::task::block_in_place(|| {
            if algorithm.is_rsa() {
                raw::rate(n, || PrivateKey::generate(algorithm).map(|_| ()))
            } else {
                raw::rate(n, || limit.once())
            }
        })?);
        let devices = portal.enrol(n).await?;
        values.push(block(&portal, devices).await?);
    }
    portal.end().await?;
    Ok(Case::against(name, "PFX/s", &values, &limits, n * blocks))
}

/// How many a second, from the plan until every device has opened its PFX.
async fn block(portal: &Installation, devices: Vec<BenchDevice>) -> Result<f64, CommandError> {
    let (n, watch) = (devices.len(), Stopwatch::start());
    plan(portal, &devices).await?;
    let mut waiting = devices;
    let mut quiet = Stopwatch::start();
    while let Some(first) = waiting.last() {
        // The last one first: while it has nothing, most others have nothing either.
        if !fetch(portal, first).await? {
            if quiet.elapsed() > PATIENCE {
                return Err(format!("{} of {n} PFX did not come", waiting.len()).into());
            }
            tokio::time::sleep(LOOK).await;
            continue;
        }
        waiting.pop();
        quiet = Stopwatch::start();
    }
    Ok(raw::a_second(n, &watch))
}

/// Has the plan made for these devices.
pub(super) async fn plan(portal: &Installation, devices: &[BenchDevice]) -> Result<(), CommandError> {
    for chunk in devices.chunks(CHUNK) {
        let now = SystemClock.now();
        let whom = Whom { devices: chunk.iter().map(|device| device.id).collect(), ..Whom::default() };
        let mut tx = portal.db.write(&permit()?).await?;
        planner::replan(&mut tx, &whom, Limits::default(), now, &SystemRandom).await?;
        tx.commit(AuditEvent::new(now, "bench.plan", Target::none("bench"))).await?;
        portal.pipeline.queue.wake();
    }
    Ok(())
}

/// Fetches and opens a device's PFX; false when it is not there yet.
pub(super) async fn fetch(portal: &Installation, device: &BenchDevice) -> Result<bool, CommandError> {
    let mut conn = portal.db.read().await?;
    let due = device_contacts::due_copies(&mut conn, device.id).await?;
    let Some(id) = due.iter().find_map(|copy| copy.envelope_id) else { return Ok(false) };
    let octets = device_contacts::envelope(&mut conn, id).await?;
    let contents = envelope::open(&device.certificate, &device.key, &octets)?;
    pkcs12::open(&contents.pfx, &contents.password)?;
    Ok(true)
}
