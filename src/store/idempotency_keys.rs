//! Answers to requests that carried an idempotency key, so that the same request again gets the same answer.

use certporter_model::Timestamp;
use certporter_model::thumbprint::SecretHash;

use super::{Conn, Result, Sql, WriteConn, sql, table_row};

table_row! {
    /// A request that carried a key.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct IdempotencyKey in "idempotency_keys" {
        /// SHA-256 of the caller and the key.
        pub key_hash: SecretHash,
        /// SHA-256 of the request.
        pub request_digest: SecretHash,
        /// The answer's status; absent while the request is worked on.
        pub status: Option<u32>,
        /// The answer, sealed by the caller's own key: it may hold a secret that is shown once.
        pub body: Option<Vec<u8>>,
        /// When the request came.
        pub created_at: Timestamp,
    }
}

/// Takes a key for a request; answers whether it was free.
///
/// # Errors
/// When the database refuses.
pub async fn take(
    conn: &mut WriteConn,
    key_hash: SecretHash,
    request_digest: SecretHash,
    now: Timestamp,
) -> Result<bool> {
    let rows = sql!(
        "INSERT INTO idempotency_keys (key_hash, request_digest, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (key_hash) DO NOTHING",
        key_hash,
        request_digest,
        now
    )
    .execute(conn)
    .await?;
    Ok(rows == 1)
}

/// What is known of a key.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Conn, key_hash: SecretHash) -> Result<Option<IdempotencyKey>> {
    let mut query = Sql::select::<IdempotencyKey>();
    query.push(" WHERE key_hash = ").bind(&key_hash);
    query.optional(conn).await
}

/// Notes the answer.
///
/// # Errors
/// When the database refuses.
pub async fn answered(conn: &mut WriteConn, key_hash: SecretHash, status: u32, body: &[u8]) -> Result<()> {
    sql!("UPDATE idempotency_keys SET status = $1, body = $2 WHERE key_hash = $3", status, body, key_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives a key free again: nothing was done.
///
/// # Errors
/// When the database refuses.
pub async fn free(conn: &mut WriteConn, key_hash: SecretHash) -> Result<()> {
    sql!("DELETE FROM idempotency_keys WHERE key_hash = $1", key_hash).execute(conn).await?;
    Ok(())
}

/// Drops keys from before a moment; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(conn: &mut WriteConn, before: Timestamp) -> Result<u64> {
    sql!("DELETE FROM idempotency_keys WHERE created_at < $1", before).execute(conn).await
}
