//! Jobs that wait since a CA is out of order: what failed says nothing of them.

use certporter_model::{JobId, Timestamp};

use super::{Bookkeeping, Result, WriteConn, sql};

/// The last attempt doesn't count as one: whatever failed says nothing of the job itself. The waits between attempts
/// stay as long as they have become.
///
/// # Errors
/// When the database refuses.
pub async fn forgive(conn: &mut WriteConn, job: JobId, fence: i64) -> Result<()> {
    sql!(
        "UPDATE jobs SET attempt = attempt - 1 WHERE id = $1 AND fence = $2 AND attempt >= max_attempts",
        job,
        fence
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What waits since a CA was out of order is due now: it works again.
///
/// # Errors
/// When the database refuses.
pub async fn hasten(books: &mut Bookkeeping, now: Timestamp) -> Result<u64> {
    sql!(
        "UPDATE jobs SET not_before = $1 WHERE state = 'ready' AND kind IN ('request', 'revoke')
         AND not_before > $1 AND cause <> ''",
        now
    )
    .execute(books)
    .await
}
