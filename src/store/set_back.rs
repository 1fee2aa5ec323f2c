//! What was noted by a clock that was ahead, once it is right again: it lies in the future, and would not count before.

use std::time::Duration;

use certporter_model::{ConnectorId, Timestamp};

use super::{Conn, Result, Sql, WriteConn, WriteTx, dialect, sql};

/// When that connector was noted to be alive, or any if none is named.
///
/// # Errors
/// When the database refuses.
pub async fn last_noted(conn: &mut Conn, only: Option<ConnectorId>) -> Result<Option<Timestamp>> {
    let mut query = Sql::new("SELECT max(last_contact_at) FROM connectors WHERE deleted_at IS NULL");
    if let Some(id) = &only {
        query.push(" AND id = ").bind(id);
    }
    query.scalar(conn).await
}

/// When regular work was asked for last. There is always some that waits.
///
/// # Errors
/// When the database refuses.
pub async fn last_scheduled(conn: &mut Conn) -> Result<Option<Timestamp>> {
    sql!(
        "SELECT max(updated_at) FROM jobs WHERE state = 'ready' AND dedup_key IS NOT NULL
         AND kind IN ('sweep', 'housekeeping', 'reconcile', 'notices', 'publish_crl')"
    )
    .scalar(conn)
    .await
}

/// Jobs that were put off, or asked for, by the clock that was ahead are due now; and no lease lasts for longer than
/// leases do, so that a job whose worker is gone is taken over. Answers how many jobs were brought forward.
///
/// # Errors
/// When the database refuses.
pub async fn jobs(conn: &mut WriteConn, lease: Duration, now: Timestamp) -> Result<u64> {
    let until = dialect::now(conn).await?.plus(lease);
    sql!("UPDATE jobs SET lease_until = $1 WHERE state = 'leased' AND lease_until > $1", until)
        .execute(conn)
        .await?;
    sql!(
        "UPDATE jobs SET not_before = $1, updated_at = $1
         WHERE state = 'ready' AND updated_at > $1 AND not_before > $1",
        now
    )
    .execute(conn)
    .await
}

/// Devices and connectors were in contact just now instead: else no contact would be noted for as long as the clock was
/// ahead. Answers how many devices that are.
///
/// # Errors
/// When the database refuses.
pub async fn contacts(tx: &mut WriteTx, now: Timestamp) -> Result<u64> {
    sql!("UPDATE connectors SET last_contact_at = $1 WHERE last_contact_at > $1", now).execute(tx).await?;
    sql!("UPDATE devices SET last_contact_at = $1 WHERE last_contact_at > $1", now).execute(tx).await
}

/// Sessions that began, or were used, after then end: theirs would last for as long as the clock was ahead. Answers how
/// many.
///
/// # Errors
/// When the database refuses.
pub async fn sessions(tx: &mut WriteTx, after: Timestamp) -> Result<u64> {
    sql!("DELETE FROM sessions WHERE created_at > $1 OR last_seen_at > $1", after).execute(tx).await
}
