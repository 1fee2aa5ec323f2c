//! Requests that carry an idempotency key: what became of an earlier one with the same key.

use std::time::Duration;

use certporter_model::thumbprint::SecretHash;

use super::error::ServiceError;
use super::portal::Portal;
use crate::store::idempotency_keys;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its status.
    pub status: u16,
    /// The rest of it, sealed by the caller's own key.
    pub sealed: Vec<u8>,
}

/// What became of an earlier request with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// There was none: this one goes ahead.
    None,
    /// It was another request.
    Other,
    /// It is worked on, or was interrupted.
    Open {
        /// For how long.
        since: Duration,
    },
    /// It was answered.
    Answered(Kept),
}

/// Takes a key for a request, or says what became of the one that took it.
///
/// # Errors
/// When the database refuses.
pub async fn take(portal: &Portal, key: SecretHash, request: SecretHash) -> Result<Earlier, ServiceError> {
    let now = portal.now();
    let mut tx = portal.db().bookkeeping().await?;
    idempotency_keys::drop_before(&mut tx, now.minus(KEPT)).await?;
    if idempotency_keys::take(&mut tx, key, request, now).await? {
        tx.commit().await?;
        return Ok(Earlier::None);
    }
    let row = idempotency_keys::get(&mut tx, key).await?;
    tx.commit().await?;
    Ok(match row {
        // It was given free in between: the caller tries again.
        None => Earlier::Open { since: Duration::ZERO },
        Some(row) if row.request_digest != request => Earlier::Other,
        Some(row) => match (row.status.and_then(|status| u16::try_from(status).ok()), row.body) {
            (Some(status), Some(sealed)) => Earlier::Answered(Kept { status, sealed }),
            _ => Earlier::Open { since: now.since(row.created_at) },
        },
    })
}

/// Keeps the answer.
///
/// # Errors
/// When the database refuses.
pub async fn answered(portal: &Portal, key: SecretHash, kept: &Kept) -> Result<(), ServiceError> {
    let mut tx = portal.db().bookkeeping().await?;
    idempotency_keys::answered(&mut tx, key, u32::from(kept.status), &kept.sealed).await?;
    Ok(tx.commit().await?)
}

/// Gives a key free: nothing was done.
///
/// # Errors
/// When the database refuses.
pub async fn free(portal: &Portal, key: SecretHash) -> Result<(), ServiceError> {
    let mut tx = portal.db().bookkeeping().await?;
    idempotency_keys::free(&mut tx, key).await?;
    Ok(tx.commit().await?)
}
