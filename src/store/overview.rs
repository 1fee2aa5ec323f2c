//! What the overview says: bounded looks at what needs a hand, and counts.
//!
//! A look is at the newest [`BOUND`] rows at most: how many there are beyond is of no use to anybody, and it keeps the
//! page quick whatever the size of a table.

use std::collections::BTreeMap;

use certporter_model::Timestamp;
use certporter_model::certificate::CertificateStatus;
use certporter_model::job::JobState;
use certporter_model::request::RequestState;

use super::{Conn, FromRow, Result, Row, Sql, sql};
use crate::store::row::Load;

/// The most rows that are looked at.
pub const BOUND: u32 = 1001;

/// Requests that stand for the same cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// How many.
    pub count: u64,
}

impl FromRow for Cause {
    const TABLE: &'static str = "requests";
    fn columns() -> &'static str {
        ""
    }
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { cause: load(row, "cause")?, remedy: load(row, "remedy")?, count: load(row, "count")? })
    }
}

/// A number under a key.
struct Counted<K> {
    key: K,
    count: u64,
}

impl<K: Load> FromRow for Counted<K> {
    const TABLE: &'static str = "certificates";
    fn columns() -> &'static str {
        ""
    }
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { key: load(row, "key")?, count: load(row, "count")? })
    }
}

fn load<T: Load>(row: &Row<'_>, column: &'static str) -> Result<T> {
    T::load(row, column).map_err(|error| error.in_column("overview", column))
}

/// Failed or waiting requests by what went wrong: the causes that are the most frequent among the newest, and of each
/// how many there are, up to the bound.
///
/// # Errors
/// When the database refuses.
pub async fn causes(conn: &mut Conn, state: RequestState, most: u32) -> Result<Vec<Cause>> {
    let mut causes: Vec<Cause> = sql!(
        "SELECT cause AS cause, max(remedy) AS remedy, count(*) AS count FROM
         (SELECT cause, remedy FROM requests WHERE state = $1 ORDER BY id DESC LIMIT $2) AS newest
         GROUP BY cause ORDER BY count DESC, cause LIMIT $3",
        state,
        BOUND,
        most
    )
    .all(conn)
    .await?;
    for it in &mut causes {
        let Some(cause) = &it.cause else { continue };
        it.count = sql!(
            "SELECT count(*) FROM (SELECT 1 FROM requests
             WHERE state IN ('failed', 'waiting') AND cause = $1 AND state = $2 LIMIT $3) AS bounded",
            cause,
            state,
            BOUND
        )
        .scalar(conn)
        .await?;
    }
    Ok(causes)
}

/// Work that failed and waits to be tried again, by what went wrong, the most frequent cause first: of the oldest.
///
/// # Errors
/// When the database refuses.
pub async fn tried_again(conn: &mut Conn, most: u32) -> Result<Vec<Cause>> {
    sql!(
        "SELECT cause AS cause, remedy AS remedy, count(*) AS count FROM
         (SELECT kind, cause, remedy FROM jobs WHERE state = 'ready' ORDER BY id LIMIT $1) AS oldest
         WHERE cause <> '' AND kind <> 'notices' GROUP BY cause, remedy ORDER BY count DESC, cause LIMIT $2",
        BOUND,
        most
    )
    .all(conn)
    .await
}

/// Current certificates that were to be renewed before `due` and are good still: of those that were due last.
///
/// # Errors
/// When the database refuses.
pub async fn overdue(conn: &mut Conn, due: Timestamp, now: Timestamp) -> Result<u64> {
    sql!(
        "SELECT count(*) FROM (SELECT not_after FROM certificates
         WHERE standing = 'current' AND status = 'valid' AND renew_at < $1 ORDER BY renew_at DESC LIMIT $2) AS due
         WHERE not_after > $3",
        due,
        BOUND,
        now
    )
    .scalar(conn)
    .await
}

/// Devices that were offered a copy before then and have not said anything of it since, up to the bound.
///
/// # Errors
/// When the database refuses.
pub async fn unconfirmed(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    sql!(
        "SELECT count(*) FROM (SELECT DISTINCT device_id FROM copies WHERE state = 'offered' AND offered_at < $1
         AND EXISTS (SELECT 1 FROM devices d WHERE d.id = copies.device_id AND d.deleted_at IS NULL) LIMIT $2) AS bounded",
        before,
        BOUND
    )
    .scalar(conn)
    .await
}

/// Devices that could not install a copy, up to the bound.
///
/// # Errors
/// When the database refuses.
pub async fn not_installed(conn: &mut Conn) -> Result<u64> {
    sql!(
        "SELECT count(*) FROM (SELECT DISTINCT device_id FROM copies WHERE state = 'failed'
         AND EXISTS (SELECT 1 FROM devices d WHERE d.id = copies.device_id AND d.deleted_at IS NULL) LIMIT $1) AS bounded",
        BOUND
    )
    .scalar(conn)
    .await
}

/// Jobs in a state, up to the bound.
///
/// # Errors
/// When the database refuses.
pub async fn jobs_in(conn: &mut Conn, state: JobState) -> Result<u64> {
    sql!("SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = $1 LIMIT $2) AS bounded", state, BOUND)
        .scalar(conn)
        .await
}

/// Plans that wait for somebody to decide, up to the bound.
///
/// # Errors
/// When the database refuses.
pub async fn waiting_plans(conn: &mut Conn) -> Result<u64> {
    sql!("SELECT count(*) FROM (SELECT 1 FROM approvals WHERE state = 'waiting' LIMIT $1) AS bounded", BOUND)
        .scalar(conn)
        .await
}

/// Which of the first things an installation needs are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Begun {
    /// A profile.
    pub profile: bool,
    /// A group.
    pub group: bool,
    /// An assignment.
    pub assignment: bool,
    /// A device that is enrolled.
    pub device: bool,
    /// A certificate.
    pub certificate: bool,
}

/// Which of the first things are there.
///
/// # Errors
/// When the database refuses.
pub async fn begun(conn: &mut Conn) -> Result<Begun> {
    Ok(Begun {
        profile: any(conn, "SELECT 1 AS one FROM profiles WHERE deleted_at IS NULL LIMIT 1").await?,
        group: any(conn, "SELECT 1 AS one FROM groups WHERE deleted_at IS NULL LIMIT 1").await?,
        assignment: any(conn, "SELECT 1 AS one FROM assignments WHERE valid_until IS NULL LIMIT 1").await?,
        device: any(conn, "SELECT 1 AS one FROM devices WHERE state = 'enrolled' LIMIT 1").await?,
        certificate: any(conn, "SELECT 1 AS one FROM certificates LIMIT 1").await?,
    })
}

async fn any(conn: &mut Conn, text: &'static str) -> Result<bool> {
    let mut query = Sql::new("SELECT count(*) FROM (");
    query.push(text).push(") AS bounded");
    Ok(query.scalar::<i64>(conn).await? > 0)
}

/// Certificates by status, whether their time is over or not.
///
/// # Errors
/// When the database refuses.
pub async fn by_status(conn: &mut Conn) -> Result<BTreeMap<CertificateStatus, u64>> {
    // Those that are not good are few, and have an index of their own.
    let rows: Vec<Counted<CertificateStatus>> = sql!(
        "SELECT status AS key, count(*) AS count FROM certificates WHERE status <> 'valid' GROUP BY status"
    )
    .all(conn)
    .await?;
    let mut counts: BTreeMap<_, _> = rows.into_iter().map(|row| (row.key, row.count)).collect();
    let all: u64 = sql!("SELECT count(*) FROM certificates").scalar(conn).await?;
    let valid = all.saturating_sub(counts.values().sum());
    if valid > 0 {
        counts.insert(CertificateStatus::Valid, valid);
    }
    Ok(counts)
}

/// Certificates by the day on which they were recorded, in days since 1970, from a day on.
///
/// # Errors
/// When the database refuses.
pub async fn issued_by_day(conn: &mut Conn, from: i64) -> Result<BTreeMap<i64, u64>> {
    let rows: Vec<Counted<i64>> = sql!(
        "SELECT created_at / 86400000 AS key, count(*) AS count FROM certificates WHERE created_at >= $1
         GROUP BY created_at / 86400000",
        from * 86_400_000
    )
    .all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.key, row.count)).collect())
}

/// Certificates revoked for good by the day on which that was asked for first, in days since 1970, from a day on. One may
/// be asked for again for a graver reason: it counts once.
///
/// # Errors
/// When the database refuses.
pub async fn revoked_by_day(conn: &mut Conn, from: i64) -> Result<BTreeMap<i64, u64>> {
    let rows: Vec<Counted<i64>> = sql!(
        "SELECT day AS key, count(*) AS count FROM
         (SELECT certificate_id, min(requested_at) / 86400000 AS day FROM revocations r
          WHERE requested_at >= $1 AND kind = 'revoke'
            AND NOT EXISTS (SELECT 1 FROM revocations e WHERE e.certificate_id = r.certificate_id
                            AND e.kind = 'revoke' AND e.requested_at < $1)
          GROUP BY certificate_id) AS first_asked GROUP BY day",
        from * 86_400_000
    )
    .all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.key, row.count)).collect())
}
