//! How far it is when everything that a person holds is taken away, or given back: the jobs that do it are durable, and
//! this counts what they have done.

use certporter_model::access::Caller;
use certporter_model::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use super::users;
use crate::store::revocations;

/// How far the revocations, holds and releases of a person's certificates are, since the person was blocked; else since
/// the first of those that are not finished.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationProgress {
    /// What was asked since then is counted; absent when nothing is going on.
    pub since: Option<Timestamp>,
    /// So many were asked for.
    pub asked: i64,
    /// So many of them the CAs have, and OCSP answers with them.
    pub at_ca: i64,
    /// So many of them are in a published CRL.
    pub in_crl: i64,
    /// So many of them are gone from all devices.
    pub removed: i64,
    /// So many of them are done with all of that.
    pub finished: i64,
}

impl RevocationProgress {
    /// Whether something is still to be done.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.finished < self.asked
    }
}

/// How far it is for one person.
///
/// # Errors
/// When the caller may not, or there is no such user.
pub async fn of_user(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
) -> Result<RevocationProgress, ServiceError> {
    let mut conn = portal.db().read().await?;
    let (user, _) = users::find(&mut conn, caller, Operation::UsersRevocations, id).await?;
    let since = match user.blocked_at {
        Some(at) => Some(at),
        None => revocations::first_open_of_user(&mut conn, id).await?,
    };
    let Some(since) = since else { return Ok(RevocationProgress::default()) };
    let counted = revocations::count_of_user(&mut conn, id, since).await?;
    Ok(RevocationProgress {
        since: Some(since),
        asked: counted.asked,
        at_ca: counted.at_ca,
        in_crl: counted.in_crl,
        removed: counted.removed,
        finished: counted.finished,
    })
}
