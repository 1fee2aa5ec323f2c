//! How often something was tried, counted in windows of time.

use certporter_model::Timestamp;

use super::{Conn, Result, WriteConn, sql};

/// Counts a try of `name` in the window that began at `window_start`; answers the count, this try included.
///
/// # Errors
/// When the database refuses.
pub async fn count_up(conn: &mut WriteConn, name: &str, window_start: Timestamp) -> Result<u32> {
    sql!(
        "INSERT INTO rate_limits (name, window_start, count) VALUES ($1, $2, 1)
         ON CONFLICT (name, window_start) DO UPDATE SET count = rate_limits.count + 1
         RETURNING count",
        name,
        window_start
    )
    .scalar(conn)
    .await
}

/// How many tries of `name` the window has.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, name: &str, window_start: Timestamp) -> Result<u32> {
    let count =
        sql!("SELECT count FROM rate_limits WHERE name = $1 AND window_start = $2", name, window_start);
    Ok(count.optional_scalar(conn).await?.unwrap_or(0))
}

/// Forgets the tries of `name`.
///
/// # Errors
/// When the database refuses.
pub async fn forget(conn: &mut WriteConn, name: &str) -> Result<()> {
    sql!("DELETE FROM rate_limits WHERE name = $1", name).execute(conn).await?;
    Ok(())
}

/// Drops windows that began before a moment; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(conn: &mut WriteConn, before: Timestamp) -> Result<u64> {
    sql!("DELETE FROM rate_limits WHERE window_start < $1", before).execute(conn).await
}
