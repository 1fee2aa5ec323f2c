//! How often something may be tried, counted over the database so that every portal counts together.

use std::time::Duration;

use certporter_model::Timestamp;

use super::error::ServiceError;
use super::portal::Portal;
use crate::pki::digest::sha256;
use crate::store::rate_limits;

/// So many tries within a window of time.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    name: &'static str,
    most: u32,
    window: Duration,
}

/// Tries to sign in to one account.
pub const SIGN_IN_BY_NAME: Limit =
    Limit { name: "sign-in name", most: 10, window: Duration::from_secs(15 * 60) };
/// Tries to sign in from one address: more, since many people may share one.
pub const SIGN_IN_BY_ADDRESS: Limit =
    Limit { name: "sign-in address", most: 100, window: Duration::from_secs(15 * 60) };
/// Tries of a one-time code for one person: as long as a code lives, so few that nobody guesses one.
pub const CODES_BY_PERSON: Limit =
    Limit { name: "sign-in code", most: 5, window: Duration::from_secs(15 * 60) };
/// Codes that are issued for one person.
pub const CODES_ISSUED: Limit =
    Limit { name: "sign-in code issued", most: 10, window: Duration::from_secs(60 * 60) };
/// Devices that one person adds.
pub const DEVICES_ADDED: Limit =
    Limit { name: "device added", most: 20, window: Duration::from_secs(60 * 60) };
/// Tokens that are not valid, from one address.
pub const TOKENS_BY_ADDRESS: Limit =
    Limit { name: "token address", most: 50, window: Duration::from_secs(5 * 60) };
/// Set-up links that are not valid, from one address.
pub const SETUP_BY_ADDRESS: Limit =
    Limit { name: "setup address", most: 20, window: Duration::from_secs(15 * 60) };
/// Links to hand-outs that are not valid, from one address.
pub const HAND_OUTS_BY_ADDRESS: Limit =
    Limit { name: "hand-out address", most: 20, window: Duration::from_secs(15 * 60) };
/// Enrolments from one address: a whole office may share one.
pub const ENROLMENTS_BY_ADDRESS: Limit =
    Limit { name: "enrolment address", most: 300, window: Duration::from_secs(5 * 60) };

impl Limit {
    fn window_start(self, now: Timestamp) -> Timestamp {
        let millis = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX).max(1);
        Timestamp::from_millis(now.as_millis() / millis * millis)
    }

    /// What is counted: the key's digest, since somebody may have typed a password where a name belongs.
    fn counted(self, key: &str) -> String {
        let digest = sha256(key.as_bytes());
        format!("{} {}", self.name, hex::encode(digest.get(..16).unwrap_or_default()))
    }

    fn exceeded(self, now: Timestamp) -> ServiceError {
        let end = self.window_start(now).plus(self.window);
        ServiceError::TooMany { retry_after: end.since(now).as_secs().max(1) }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// [`ServiceError::TooMany`] when it is one too many.
    pub async fn take(self, portal: &Portal, key: &str) -> Result<(), ServiceError> {
        let now = portal.now();
        let mut tx = portal.db().bookkeeping().await?;
        let count = rate_limits::count_up(&mut tx, &self.counted(key), self.window_start(now)).await?;
        tx.commit().await?;
        if count > self.most { Err(self.exceeded(now)) } else { Ok(()) }
    }

    /// Whether another try would be allowed, without counting one.
    ///
    /// # Errors
    /// [`ServiceError::TooMany`] when not.
    pub async fn check(self, portal: &Portal, key: &str) -> Result<(), ServiceError> {
        let now = portal.now();
        let mut conn = portal.db().read().await?;
        let count = rate_limits::count(&mut conn, &self.counted(key), self.window_start(now)).await?;
        if count >= self.most { Err(self.exceeded(now)) } else { Ok(()) }
    }

    /// Forgets the tries: the right one came.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget(self, portal: &Portal, key: &str) -> Result<(), ServiceError> {
        let mut tx = portal.db().bookkeeping().await?;
        rate_limits::forget(&mut tx, &self.counted(key)).await?;
        Ok(tx.commit().await?)
    }
}
