//! Connectors: who they are, and when they were last heard of.

use certporter_model::text::Name;
use certporter_model::{ConnectorId, Timestamp};

use crate::store::{Bookkeeping, Conn, Result, WriteTx, sql};

/// The connector of that name, if it is known.
///
/// # Errors
/// When the database refuses.
pub async fn named(conn: &mut Conn, name: &Name) -> Result<Option<ConnectorId>> {
    sql!("SELECT id FROM connectors WHERE name = $1 AND deleted_at IS NULL", name).optional_scalar(conn).await
}

/// Makes a connector known.
///
/// # Errors
/// [`Conflict`](crate::store::StoreError::Conflict) when another has its name.
pub async fn insert(
    tx: &mut WriteTx,
    id: ConnectorId,
    name: &Name,
    pool: &Name,
    software_version: &str,
    now: Timestamp,
) -> Result<()> {
    sql!(
        "INSERT INTO connectors (id, name, pool, state, software_version, last_contact_at, version, created_at,
                                 updated_at)
         VALUES ($1, $2, $3, 'active', $4, $5, 1, $5, $5)",
        id,
        name,
        pool,
        *software_version,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that a connector was heard of.
///
/// # Errors
/// When the database refuses.
pub async fn contact(
    books: &mut Bookkeeping,
    id: ConnectorId,
    software_version: &str,
    now: Timestamp,
) -> Result<()> {
    sql!(
        "UPDATE connectors SET last_contact_at = $2, software_version = $3 WHERE id = $1",
        id,
        now,
        *software_version
    )
    .execute(books)
    .await?;
    Ok(())
}

/// When any connector was last heard of; none when there is none.
///
/// # Errors
/// When the database refuses.
pub async fn last_heard_of(conn: &mut Conn) -> Result<Option<Timestamp>> {
    sql!("SELECT max(last_contact_at) FROM connectors").scalar(conn).await
}
