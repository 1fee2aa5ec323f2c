//! The queue's table: jobs with leases and fences.
//!
//! A claim gives a lease that lasts until a moment of the database's own clock, and a fence that is higher with every
//! claim of the same job. Every step that the worker takes names its fence; once another has claimed the job, the
//! step is refused ([`StoreError::Stale`]).
use std::time::Duration;

use certporter_model::job::{JobKind, JobState};
use certporter_model::{JobId, Timestamp};

use super::{Conn, IN_A_LIST, Result, Sql, StoreError, WriteConn, WriteTx, dialect, sql, table_row};

pub use super::job_counts::{Waiting, count, count_open, is_open, open_since, waiting};
pub use super::leases::{complete_all, heartbeat, held_among};

/// A job that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Who does it: workers claim by pool.
    pub pool: String,
    /// Waiting jobs of the same kind and key are one job, and such jobs run one after the other.
    pub dedup_key: String,
    /// On what, as JSON.
    pub payload: String,
    /// Lower ones are claimed first.
    pub priority: i64,
    /// Not to be claimed before.
    pub not_before: Timestamp,
    /// Given up after so many attempts.
    pub max_attempts: u32,
}

table_row! {
    /// A job.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Job in "jobs" {
        /// Its id.
        pub id: JobId,
        /// What it does.
        pub kind: JobKind,
        /// Who does it.
        pub pool: String,
        /// Names what it is about.
        pub dedup_key: Option<String>,
        /// On what, as JSON.
        pub payload: String,
        /// Lower ones are claimed first.
        pub priority: i64,
        /// Not to be claimed before.
        pub not_before: Timestamp,
        /// How many times it was claimed since the last progress.
        pub attempt: u32,
        /// Given up after so many.
        pub max_attempts: u32,
        /// Where it is.
        pub state: JobState,
        /// Who works on it, or did last.
        pub lease_owner: Option<String>,
        /// Until when, by the database's clock.
        pub lease_until: Option<Timestamp>,
        /// How many times it was claimed in all.
        pub fence: i64,
        /// Why the last attempt failed.
        pub cause: Option<String>,
        /// What to do about it.
        pub remedy: Option<String>,
        /// When it was asked for.
        pub created_at: Timestamp,
        /// When it last changed.
        pub updated_at: Timestamp,
        /// When it ended.
        pub finished_at: Option<Timestamp>,
    }
}

/// Adds jobs in the transaction that makes them necessary, each with a key of its own. If the same work waits already,
/// that one is moved forward to the earlier of the two times, and nothing is added.
///
/// # Errors
/// When the database refuses.
pub async fn enqueue(tx: &mut WriteTx, jobs: &[NewJob], at: Timestamp) -> Result<()> {
    insert(tx, jobs, at).await
}

/// The same for the queue's own regular work, which changes no state of the business by being asked for.
///
/// # Errors
/// When the database refuses.
pub async fn schedule(tx: &mut super::Bookkeeping, job: &NewJob, at: Timestamp) -> Result<()> {
    insert(tx, std::slice::from_ref(job), at).await
}

/// Rows of one statement.
const ROWS: usize = 50;

async fn insert(conn: &mut WriteConn, jobs: &[NewJob], at: Timestamp) -> Result<()> {
    for chunk in jobs.chunks(ROWS) {
        let mut query = Sql::new(
            "INSERT INTO jobs (id, kind, pool, dedup_key, payload, priority, not_before, attempt, max_attempts,
                               state, fence, created_at, updated_at) VALUES ",
        )
        .in_order(conn.engine());
        for (index, job) in chunk.iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" });
            query.bind(&job.id).push(", ").bind(&job.kind).push(", ").bind(&job.pool).push(", ");
            query.bind(&job.dedup_key).push(", ").bind(&job.payload).push(", ").bind(&job.priority);
            query.push(", ").bind(&job.not_before).push(", 0, ").bind(&job.max_attempts);
            query.push(", 'ready', 0, ").bind(&at).push(", ").bind(&at).push(")");
        }
        query.push(
            " ON CONFLICT (kind, dedup_key) WHERE state = 'ready' AND dedup_key IS NOT NULL DO UPDATE SET
                 not_before = CASE WHEN excluded.not_before < jobs.not_before
                                   THEN excluded.not_before ELSE jobs.not_before END,
                 updated_at = excluded.updated_at",
        );
        query.execute(conn).await?;
    }
    Ok(())
}

/// Who claims, and how.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'c> {
    /// The pools that the worker serves.
    pub pools: &'c [String],
    /// The worker, as shown to people.
    pub owner: &'c str,
    /// How long the lease lasts without a heartbeat.
    pub lease: Duration,
    /// At most so many.
    pub most: u32,
}

/// Claims the jobs that are due: those that wait, and those whose worker has let its lease run out. Of jobs with the
/// same kind and key at most one is worked on at a time.
///
/// # Errors
/// When the database refuses.
pub async fn claim(conn: &mut WriteConn, claim: &Claim<'_>, now: Timestamp) -> Result<Vec<Job>> {
    claim_those(conn, claim, None, now).await
}

/// The same for jobs of one kind.
///
/// # Errors
/// When the database refuses.
pub async fn claim_kind(
    conn: &mut WriteConn,
    claim: &Claim<'_>,
    kind: JobKind,
    now: Timestamp,
) -> Result<Vec<Job>> {
    claim_those(conn, claim, Some(kind), now).await
}

async fn claim_those(
    conn: &mut WriteConn,
    claim: &Claim<'_>,
    kind: Option<JobKind>,
    now: Timestamp,
) -> Result<Vec<Job>> {
    let here = dialect::now(conn).await?;
    let mut jobs = Vec::new();
    // Two statements: each has its own index, and either is mostly empty.
    for due in [Due::Abandoned, Due::Ready] {
        let left = claim.most.saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
        let mut query = Sql::new("WITH due AS (SELECT j.id FROM jobs j WHERE ");
        due.push(&mut query, claim.pools, now, here);
        if let Some(kind) = &kind {
            query.push(" AND j.kind = ").bind(kind);
        }
        query.push(" ORDER BY j.priority, j.not_before, j.id LIMIT ").bind(&left);
        query.push(dialect::for_update_skip_locked(conn.engine()));
        query.push(") UPDATE jobs SET state = 'leased', lease_owner = ").bind(claim.owner);
        query.push(", lease_until = ").bind(&here.plus(claim.lease));
        query.push(", fence = fence + 1, attempt = attempt + 1, updated_at = ").bind(&now);
        query.push(" WHERE id IN (SELECT id FROM due) RETURNING ");
        query.push(<Job as super::FromRow>::columns());
        jobs.extend(query.all::<Job>(conn).await?);
    }
    jobs.sort_by_key(|job| (job.priority, job.not_before, job.id));
    Ok(jobs)
}

/// Whether there is anything to claim: for workers to ask before they take the writer.
///
/// # Errors
/// When the database refuses.
pub async fn is_due(conn: &mut Conn, pools: &[String], now: Timestamp) -> Result<bool> {
    let here = dialect::now(conn).await?;
    let mut query = Sql::new("SELECT count(*) FROM (SELECT 1 FROM jobs j WHERE ");
    Due::Ready.push(&mut query, pools, now, here);
    query.push(" UNION ALL SELECT 1 FROM jobs j WHERE ");
    Due::Abandoned.push(&mut query, pools, now, here);
    query.push(" LIMIT 1) due");
    Ok(query.scalar::<i64>(conn).await? != 0)
}

/// Why a job can be claimed.
#[derive(Clone, Copy)]
enum Due {
    /// It waits, and its time has come.
    Ready,
    /// Its worker has let its lease run out.
    Abandoned,
}

impl Due {
    /// `now` is the time by which work was planned; `here` the database's, by which leases end.
    fn push(self, query: &mut Sql, pools: &[String], now: Timestamp, here: Timestamp) {
        query.push("j.pool IN (").bind_list(pools);
        match self {
            Self::Ready => query
                .push(") AND j.state = 'ready' AND j.not_before <= ")
                .bind(&now)
                .push(
                    " AND NOT EXISTS (SELECT 1 FROM jobs l WHERE l.kind = j.kind AND l.dedup_key = j.dedup_key
                                      AND l.state = 'leased' AND l.lease_until >= ",
                )
                .bind(&here)
                .push(")"),
            Self::Abandoned => query.push(") AND j.state = 'leased' AND j.lease_until < ").bind(&here),
        };
    }
}

/// The jobs of these kinds that somebody works on.
///
/// # Errors
/// When the database refuses.
pub async fn leased(conn: &mut Conn, kinds: &[JobKind]) -> Result<Vec<Job>> {
    let here = dialect::now(conn).await?;
    let mut query = Sql::select::<Job>();
    query.push(" WHERE state = 'leased' AND kind IN (").bind_list(kinds);
    query.push(") AND lease_until >= ").bind(&here).push(" ORDER BY id");
    query.all(conn).await
}

/// Those of these jobs that are of that kind.
///
/// # Errors
/// When the database refuses.
pub async fn of_kind_among(conn: &mut Conn, ids: &[JobId], kind: JobKind) -> Result<Vec<Job>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(IN_A_LIST) {
        let mut query = Sql::select::<Job>().in_order(conn.engine());
        query.push(" WHERE kind = ").bind(&kind).push(" AND id IN (").bind_list(chunk).push(")");
        found.extend(query.all::<Job>(conn).await?);
    }
    Ok(found)
}

/// Whether the worker still has the lease. Locks the job until the transaction ends, so that nobody else can claim it
/// in the meantime.
///
/// # Errors
/// When the database refuses.
pub async fn is_held(conn: &mut WriteConn, job: JobId, fence: i64) -> Result<bool> {
    let mut query = Sql::new("SELECT fence FROM jobs WHERE state = 'leased' AND id = ");
    query.bind(&job).push(dialect::for_update(conn.engine()));
    Ok(query.optional_scalar::<i64>(conn).await? == Some(fence))
}

/// The job is finished.
///
/// # Errors
/// [`StoreError::Stale`] when another worker has claimed it.
pub async fn complete(conn: &mut WriteConn, job: JobId, fence: i64, now: Timestamp) -> Result<()> {
    let query = sql!(
        "UPDATE jobs SET state = 'done', lease_until = NULL, updated_at = $3, finished_at = $3, cause = NULL,
                         remedy = NULL
         WHERE id = $1 AND fence = $2 AND state = 'leased'",
        job,
        fence,
        now
    );
    one_or_stale(query.execute(conn).await?)
}

/// When a job is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Retry<'r> {
    /// Not before.
    pub not_before: Timestamp,
    /// Whether the attempts are counted anew, because there was progress.
    pub progress: bool,
    /// Why it has to be.
    pub cause: &'r str,
    /// What to do about it.
    pub remedy: &'r str,
}

/// The job goes back to wait. If the same work has been asked for again in the meantime, that one is enough.
///
/// # Errors
/// [`StoreError::Stale`] when another worker has claimed it.
pub async fn retry(
    conn: &mut WriteConn,
    job: JobId,
    fence: i64,
    retry: &Retry<'_>,
    now: Timestamp,
) -> Result<()> {
    let query = sql!(
        "UPDATE jobs SET
             state = CASE WHEN EXISTS (SELECT 1 FROM jobs o WHERE o.kind = jobs.kind AND o.dedup_key = jobs.dedup_key
                                       AND o.state = 'ready') THEN 'done' ELSE 'ready' END,
             lease_until = NULL, not_before = $3, cause = $4, remedy = $5, updated_at = $6,
             attempt = CASE WHEN $7 THEN 0 ELSE attempt END
         WHERE id = $1 AND fence = $2 AND state = 'leased'",
        job,
        fence,
        retry.not_before,
        retry.cause,
        retry.remedy,
        now,
        retry.progress
    );
    one_or_stale(query.execute(conn).await?)
}

/// The job is given up, with cause and remedy.
///
/// # Errors
/// [`StoreError::Stale`] when another worker has claimed it.
pub async fn bury(
    conn: &mut WriteConn,
    job: JobId,
    fence: i64,
    cause: &str,
    remedy: &str,
    now: Timestamp,
) -> Result<()> {
    let query = sql!(
        "UPDATE jobs SET state = 'dead', lease_until = NULL, cause = $3, remedy = $4, updated_at = $5,
                         finished_at = $5
         WHERE id = $1 AND fence = $2 AND state = 'leased'",
        job,
        fence,
        cause,
        remedy,
        now
    );
    one_or_stale(query.execute(conn).await?)
}

/// A dead job is put back, with all its attempts before it. If the same work waits already, that one is enough.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such dead job.
pub async fn put_back(tx: &mut WriteTx, job: JobId, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE jobs SET
             state = CASE WHEN EXISTS (SELECT 1 FROM jobs o WHERE o.kind = jobs.kind AND o.dedup_key = jobs.dedup_key
                                       AND o.state = 'ready') THEN 'done' ELSE 'ready' END,
             attempt = 0, not_before = $2, updated_at = $2, finished_at = NULL
         WHERE id = $1 AND state = 'dead'",
        job,
        now
    )
    .change(tx, "dead job")
    .await
}

/// One job.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn get(conn: &mut Conn, job: JobId) -> Result<Job> {
    let mut query = Sql::select::<Job>();
    query.push(" WHERE id = ").bind(&job);
    query.one(conn, "job").await
}

/// Jobs in that state, the newest first, before `before`.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, state: JobState, before: Option<JobId>, limit: u32) -> Result<Vec<Job>> {
    let mut query = Sql::select::<Job>();
    query.push(" WHERE state = ").bind(&state);
    if let Some(before) = before {
        query.push(" AND id < ").bind(&before);
    }
    query.push(" ORDER BY id DESC LIMIT ").bind(&limit);
    query.all(conn).await
}

/// Clears away what finished before that moment. Dead jobs stay.
///
/// # Errors
/// When the database refuses.
pub async fn forget_done(tx: &mut super::Bookkeeping, before: Timestamp) -> Result<u64> {
    sql!("DELETE FROM jobs WHERE state = 'done' AND updated_at < $1", before).execute(tx).await
}

fn one_or_stale(changed: u64) -> Result<()> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale { what: "lease on the job" }) }
}
