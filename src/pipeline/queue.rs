//! The queue, as the portal's own workers see it: claim, and say what became of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use certporter_model::Timestamp;
use futures::future::BoxFuture;
use tokio::sync::{Mutex, watch};

use super::backoff;
use super::workers::{Claimed, LEASE, Source, Unavailable};
use crate::clock::Clock;
use crate::random::Random;
use crate::store::jobs::{self, Claim, Job, Retry};
use crate::store::{Db, StoreError};
use crate::wire::connector::Lease;

/// How long workers wait without any sign before they look again: other processes can't wake this one.
const POLL: Duration = Duration::from_millis(500);

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and the job was finished in the same transaction.
    Finished,
    /// Done; the job is still to be finished.
    Done,
    /// There was progress, and it goes on at that time: a CA that answers later.
    Later(Timestamp),
    /// It did not work this time.
    Failed {
        /// Why.
        cause: String,
        /// What to do about it, if it goes on.
        remedy: String,
    },
    /// It can't work until somebody changes something.
    Dead {
        /// Why.
        cause: String,
        /// What to change; then the job is put back.
        remedy: String,
    },
    /// Another worker has it.
    Lost,
}

impl Outcome {
    /// The outcome in a word, for metrics.
    const fn word(&self) -> &'static str {
        match self {
            Self::Done | Self::Finished => "done",
            Self::Lost => "lost",
            Self::Later(_) => "later",
            Self::Failed { .. } => "failed",
            Self::Dead { .. } => "dead",
        }
    }

    /// What an error of the database means for the job that met it.
    #[must_use]
    pub fn of_error(error: &StoreError) -> Self {
        match error {
            StoreError::Stale { .. } => Self::Lost,
            StoreError::Corrupt { .. } => Self::Dead {
                cause: error.to_string(),
                remedy: "Restore the row, then put the job back.".into(),
            },
            _ => Self::Failed {
                cause: error.to_string(),
                remedy: "It is tried again by itself. If it stays so, look at the portal's log.".into(),
            },
        }
    }
}

/// Whether a failed job has been tried often enough.
#[must_use]
pub const fn is_last_attempt(job: &Job) -> bool {
    job.attempt >= job.max_attempts
}

/// The queue. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    db: Db,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    arrivals: watch::Sender<()>,
}

impl Queue {
    /// The queue in this database.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { db, clock, random, arrivals: watch::Sender::new(()) }
    }

    /// Wakes this process's workers: there may be something to do. Called after a commit that enqueued something;
    /// without it they look by themselves after a moment.
    pub fn wake(&self) {
        self.arrivals.send_replace(());
    }

    /// A listener for [`wake`](Self::wake).
    #[must_use]
    pub fn arrivals(&self) -> Arrivals {
        Arrivals(Mutex::new(self.arrivals.subscribe()))
    }

    /// Whether these pools have anything due.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_due(&self, pools: &[String]) -> Result<bool, StoreError> {
        jobs::is_due(&mut *self.db.read().await?, pools, self.clock.now()).await
    }

    /// Claims what is due, for one who does not change anything else with it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim(&self, pools: &[String], owner: &str, most: u32) -> Result<Vec<Job>, StoreError> {
        if !self.is_due(pools).await? {
            return Ok(Vec::new());
        }
        let mut books = self.db.bookkeeping().await?;
        let claimed =
            jobs::claim(&mut books, &Claim { pools, owner, lease: LEASE, most }, self.clock.now()).await?;
        books.commit().await?;
        Ok(claimed)
    }

    /// Makes leases last longer. Answers those that were lost.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep(&self, leases: &[Lease]) -> Result<Vec<Lease>, StoreError> {
        let pairs: Vec<_> = leases.iter().map(|lease| (lease.job, lease.fence)).collect();
        let mut books = self.db.bookkeeping().await?;
        let lost = jobs::heartbeat(&mut books, &pairs, LEASE).await?;
        books.commit().await?;
        let lost: HashSet<_> = lost.into_iter().collect();
        Ok(leases.iter().filter(|lease| lost.contains(&lease.job)).copied().collect())
    }

    /// Says what became of a job. This is the one place that decides between another attempt and the end.
    ///
    /// # Errors
    /// When the database refuses; then the lease runs out and another attempt is made.
    pub async fn settle(&self, job: &Job, outcome: &Outcome) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (id, fence) = (job.id, job.fence);
        let labels = [("kind", job.kind.to_string()), ("outcome", outcome.word().to_owned())];
        metrics::counter!("certporter_jobs_total", &labels).increment(1);
        let mut books = self.db.bookkeeping().await?;
        let settled = match outcome {
            Outcome::Finished | Outcome::Lost => return Ok(()),
            Outcome::Done => jobs::complete(&mut books, id, fence, now).await,
            Outcome::Later(at) => {
                let again = Retry { not_before: *at, progress: true, cause: "", remedy: "" };
                jobs::retry(&mut books, id, fence, &again, now).await
            }
            Outcome::Failed { cause, remedy } if !is_last_attempt(job) => {
                tracing::warn!(job = %id, kind = %job.kind, attempt = job.attempt, "failed, will be tried again: {cause}");
                let not_before = now.plus(backoff::wait_after(job.attempt, self.random.as_ref()));
                let again = Retry { not_before, progress: false, cause, remedy };
                jobs::retry(&mut books, id, fence, &again, now).await
            }
            Outcome::Failed { cause, remedy } | Outcome::Dead { cause, remedy } => {
                tracing::error!(job = %id, kind = %job.kind, attempt = job.attempt, "given up: {cause}");
                jobs::bury(&mut books, id, fence, cause, remedy, now).await
            }
        };
        match settled {
            Err(StoreError::Stale { .. }) => {
                tracing::warn!(job = %id, "another worker has taken the job");
                Ok(())
            }
            Err(error) => Err(error),
            Ok(()) => books.commit().await,
        }
    }
}

/// Hears when there may be something to do. A wake between two waits is not missed.
pub struct Arrivals(Mutex<watch::Receiver<()>>);

impl Arrivals {
    /// Returns at the next wake, or after a moment without one.
    pub async fn next(&self) {
        let mut signal = self.0.lock().await;
        let _waited = tokio::time::timeout(POLL, signal.changed()).await;
    }
}

/// Does the portal's own jobs.
pub trait Handler: Send + Sync + 'static {
    /// Does one.
    fn run(self: Arc<Self>, job: Arc<Job>) -> BoxFuture<'static, Outcome>;
}

/// The portal's own workers' source.
pub struct Portal<H> {
    queue: Queue,
    pools: Vec<String>,
    owner: String,
    handler: Arc<H>,
    arrivals: Arrivals,
}

impl<H: Handler> Portal<H> {
    /// Claims from the portal's pool in the name of `owner`, this process.
    #[must_use]
    pub fn new(queue: Queue, owner: String, handler: Arc<H>) -> Self {
        let arrivals = queue.arrivals();
        Self { queue, pools: vec![super::work::PORTAL.to_owned()], owner, handler, arrivals }
    }
}

impl<H: Handler> Source for Portal<H> {
    type Task = Job;

    fn claim(&self, most: u32) -> BoxFuture<'_, Claimed<Job>> {
        Box::pin(async move {
            let claimed = self.queue.claim(&self.pools, &self.owner, most).await;
            let jobs = claimed.map_err(|error| Unavailable(error.to_string()))?;
            Ok(jobs.into_iter().map(|job| (vec![Lease { job: job.id, fence: job.fence }], job)).collect())
        })
    }

    fn keep(&self, leases: Vec<Lease>) -> BoxFuture<'_, Result<Vec<Lease>, Unavailable>> {
        Box::pin(
            async move { self.queue.keep(&leases).await.map_err(|error| Unavailable(error.to_string())) },
        )
    }

    fn work(self: Arc<Self>, job: Job) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let job = Arc::new(job);
            let outcome = if job.attempt > job.max_attempts {
                // Its workers died over it, again and again.
                Outcome::Dead {
                    cause: format!("{} workers stopped while they worked on it", job.max_attempts),
                    remedy: "Look at the portal's log for why it stopped, then put the job back.".into(),
                }
            } else {
                Arc::clone(&self.handler).run(Arc::clone(&job)).await
            };
            if let Err(error) = self.queue.settle(&job, &outcome).await {
                tracing::warn!(job = %job.id, "what became of it can't be stored: {error}");
            }
        })
    }

    fn arrival(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.arrivals.next())
    }
}
