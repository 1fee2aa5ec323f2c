//! The loop of everything that claims work: the portal's own workers and connectors alike.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use crate::clock::Stopwatch;
use crate::wire::connector::Lease;

/// How long a lease lasts. Whoever dies with work in hand is replaced after that.
pub const LEASE: Duration = Duration::from_secs(8);

/// How often leases are made to last longer.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long a worker with its hands half full waits for more of them to be free: claiming one thing costs as much as
/// claiming several.
const GATHER: Duration = Duration::from_millis(40);

/// How long to wait after the source itself has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Things to do, each under its lease; or under several, where jobs are done together.
pub type Claimed<T> = Result<Vec<(Vec<Lease>, T)>, Unavailable>;

/// Where work comes from, and how it is done.
pub trait Source: Send + Sync + 'static {
    /// A thing to do.
    type Task: Send + 'static;

    /// At most so many things to do, each under a lease. What is done together counts as one.
    fn claim(&self, most: u32) -> BoxFuture<'_, Claimed<Self::Task>>;

    /// Makes leases last longer. Answers those that were lost; their work goes on, since it may bring something that
    /// must be recorded, but its steps will be refused.
    fn keep(&self, leases: Vec<Lease>) -> BoxFuture<'_, Result<Vec<Lease>, Unavailable>>;

    /// Does it and says so to whom it may concern. Never fails: what goes wrong is part of what is said.
    fn work(self: Arc<Self>, task: Self::Task) -> BoxFuture<'static, ()>;

    /// Returns when there may be something new to claim; also, without any sign, after a while.
    fn arrival(&self) -> BoxFuture<'_, ()>;
}

/// The source can't be asked at the moment.
#[derive(Debug, thiserror::Error)]
#[error("no work can be had at the moment: {0}")]
pub struct Unavailable(pub String);

/// Claims and works until told to stop, on at most `most` things at a time. What is being worked on when told to stop
/// is finished first.
pub async fn run<S: Source>(source: Arc<S>, most: u32, mut stop: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    let mut leases: HashMap<Id, Vec<Lease>> = HashMap::new();
    let mut beat = tokio::time::interval(HEARTBEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Whether the last claim got all that there was.
    let mut drained = false;
    let mut since_claim: Option<Stopwatch> = None;
    loop {
        let stopping = *stop.borrow() || stop.has_changed().is_err();
        if stopping && running.is_empty() {
            return;
        }
        let free = most.saturating_sub(u32::try_from(running.len()).unwrap_or(u32::MAX));
        let soon = since_claim.map_or(Duration::ZERO, |since| GATHER.saturating_sub(since.elapsed()));
        let wants = !stopping && !drained && free > 0;
        if wants && (free >= most.div_ceil(2) || soon.is_zero()) {
            since_claim = Some(Stopwatch::start());
            match source.claim(free).await {
                Ok(claimed) => {
                    drained = claimed.len() < usize::try_from(free).unwrap_or(usize::MAX);
                    for (under, task) in claimed {
                        let handle = running.spawn(Arc::clone(&source).work(task));
                        leases.insert(handle.id(), under);
                    }
                }
                Err(unavailable) => {
                    tracing::warn!("{unavailable}");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
            continue;
        }
        tokio::select! {
            Some(ended) = running.join_next_with_id(), if !running.is_empty() => {
                forget(&mut leases, ended);
                while let Some(ended) = running.try_join_next_with_id() {
                    forget(&mut leases, ended);
                }
                // What has ended may have made other work necessary.
                drained = false;
            }
            () = source.arrival(), if !stopping && drained && free > 0 => drained = false,
            () = tokio::time::sleep(soon), if wants => {}
            _ = beat.tick() => keep(source.as_ref(), &leases).await,
            _ = stop.changed(), if !stopping => {}
        }
    }
}

/// Claims once and works on all that it got, side by side. Answers how many that were: for tests and commands that
/// work until nothing is left.
///
/// # Errors
/// When nothing can be claimed at the moment.
pub async fn run_once<S: Source>(source: &Arc<S>, most: u32) -> Result<usize, Unavailable> {
    let claimed = source.claim(most).await?;
    let count = claimed.len();
    let mut running = JoinSet::new();
    for (_, task) in claimed {
        running.spawn(Arc::clone(source).work(task));
    }
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended {
            tracing::error!("a job panicked: {error}");
        }
    }
    Ok(count)
}

fn forget(leases: &mut HashMap<Id, Vec<Lease>>, ended: Result<(Id, ()), tokio::task::JoinError>) {
    let id = match ended {
        Ok((id, ())) => id,
        Err(error) => {
            // Its lease runs out, and another attempt is made.
            tracing::error!("a job panicked: {error}");
            error.id()
        }
    };
    leases.remove(&id);
}

async fn keep<S: Source>(source: &S, leases: &HashMap<Id, Vec<Lease>>) {
    if leases.is_empty() {
        return;
    }
    match source.keep(leases.values().flatten().copied().collect()).await {
        Ok(lost) => lost.iter().for_each(|lease| tracing::warn!("the lease of job {} was lost", lease.job)),
        Err(unavailable) => tracing::warn!("leases can't be kept: {unavailable}"),
    }
}
