//! Leases on many jobs at once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use certporter_model::{JobId, Timestamp};

use super::{IN_A_LIST, Result, Sql, WriteConn, dialect, table_row};

table_row! {
    /// A job's fence.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Fenced in "jobs" {
        /// The job.
        pub id: JobId,
        /// How many times it was claimed in all.
        pub fence: i64,
    }
}

/// Makes leases last longer. Answers those that were lost to another worker; a job that its own worker has just ended is
/// none.
///
/// # Errors
/// When the database refuses.
pub async fn heartbeat(conn: &mut WriteConn, leases: &[(JobId, i64)], lease: Duration) -> Result<Vec<JobId>> {
    let until = dialect::now(conn).await?.plus(lease);
    let mut lost = Vec::new();
    for chunk in leases.chunks(IN_A_LIST) {
        let (kept, gone) = fenced(conn, chunk, "").await?;
        lost.extend(gone);
        let mut query = Sql::new("UPDATE jobs SET lease_until = ").in_order(conn.engine());
        query.bind(&until).push(" WHERE state = 'leased' AND id IN (").bind_list(&kept).push(")");
        query.execute(conn).await?;
    }
    Ok(lost)
}

/// Which of these leases their worker still has. Locks the jobs until the transaction ends, so that nobody else can claim
/// them in the meantime.
///
/// # Errors
/// When the database refuses.
pub async fn held_among(conn: &mut WriteConn, leases: &[(JobId, i64)]) -> Result<HashSet<JobId>> {
    let mut held = HashSet::with_capacity(leases.len());
    for chunk in leases.chunks(IN_A_LIST) {
        held.extend(fenced(conn, chunk, " AND state = 'leased'").await?.0);
    }
    Ok(held)
}

/// Jobs are finished whose leases were found to be held in this transaction: see [`held_among`].
///
/// # Errors
/// When the database refuses.
pub async fn complete_all(conn: &mut WriteConn, jobs: &[JobId], now: Timestamp) -> Result<()> {
    for chunk in jobs.chunks(IN_A_LIST) {
        let start = "UPDATE jobs SET state = 'done', lease_until = NULL, updated_at = ";
        let mut query = Sql::new(start).in_order(conn.engine());
        query.bind(&now).push(", finished_at = ").bind(&now);
        query
            .push(", cause = NULL, remedy = NULL WHERE state = 'leased' AND id IN (")
            .bind_list(chunk)
            .push(")");
        query.execute(conn).await?;
    }
    Ok(())
}

/// Locks the jobs; answers those with the fences of these leases, and the others.
async fn fenced(
    conn: &mut WriteConn,
    leases: &[(JobId, i64)],
    condition: &'static str,
) -> Result<(Vec<JobId>, Vec<JobId>)> {
    let engine = conn.engine();
    let mut query = Sql::select::<Fenced>().in_order(engine);
    query.push(" WHERE id IN (").bind_list(leases.iter().map(|(job, _)| job)).push(")").push(condition);
    query.push(" ORDER BY id").push(dialect::for_update(engine));
    let found: Vec<Fenced> = query.all(conn).await?;
    let found: HashMap<JobId, i64> = found.into_iter().map(|it| (it.id, it.fence)).collect();
    let (held, gone): (Vec<_>, Vec<_>) =
        leases.iter().copied().partition(|(job, fence)| found.get(job) == Some(fence));
    let ids = |these: Vec<(JobId, i64)>| these.into_iter().map(|(job, _)| job).collect();
    Ok((ids(held), ids(gone)))
}
