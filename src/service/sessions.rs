//! Sessions of people who are signed in, as they are kept. Of a session's id only the hash reaches the database.
//!
//! This is bookkeeping and no operation: whoever has the id has the session. Listing and ending one's own is in
//! [`super::sign_in`].

use std::time::Duration;

use certporter_model::{AccountId, Timestamp};

use super::error::ServiceError;
use super::portal::Portal;
use crate::pki::digest::secret_hash;
use crate::store::sessions::{self, Session};

/// How long a session lasts that nobody uses.
pub const IDLE: Duration = Duration::from_secs(12 * 60 * 60);

/// What a session holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Who is signed in.
    pub account: Option<AccountId>,
    /// What it remembers, as JSON.
    pub data: String,
    /// The network address that last used it.
    pub address: Option<String>,
    /// The browser that began it.
    pub agent: Option<String>,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Keeps a session under its id.
///
/// # Errors
/// When the database refuses.
pub async fn save(portal: &Portal, id: &[u8], kept: Kept) -> Result<(), ServiceError> {
    let now = portal.now();
    let mut writing = portal.db().bookkeeping().await?;
    let session = Session {
        id_hash: secret_hash(id),
        account_id: kept.account,
        data: kept.data,
        address: kept.address,
        agent: kept.agent,
        created_at: now,
        last_seen_at: now,
        expires_at: kept.expires_at,
    };
    sessions::save(&mut writing, &session).await?;
    Ok(writing.commit().await?)
}

/// The session of that id, if it has not ended.
///
/// # Errors
/// When the database refuses.
pub async fn load(portal: &Portal, id: &[u8]) -> Result<Option<Kept>, ServiceError> {
    let mut conn = portal.db().read().await?;
    let session = sessions::get(&mut conn, secret_hash(id), portal.now()).await?;
    Ok(session.map(|session| Kept {
        account: session.account_id,
        data: session.data,
        address: session.address,
        agent: session.agent,
        expires_at: session.expires_at,
    }))
}

/// Ends a session.
///
/// # Errors
/// When the database refuses.
pub async fn end(portal: &Portal, id: &[u8]) -> Result<(), ServiceError> {
    let mut writing = portal.db().bookkeeping().await?;
    sessions::end(&mut writing, secret_hash(id)).await?;
    Ok(writing.commit().await?)
}
