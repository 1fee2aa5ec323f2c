//! How long a certificate may be on hold before it is revoked.

use certporter_model::FieldErrors;
use certporter_model::access::Caller;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use crate::pipeline::work::Work;
use crate::plan::Limits;
use crate::store::settings::{self as store, HOLDS};
use crate::store::{AuditEvent, Target};

/// The longest that can be set, in days.
const MOST_DAYS: u32 = 3650;

/// What is set for holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldsView {
    /// Days that a certificate may be on hold before it is revoked.
    pub longest_days: u32,
    /// Counts the changes: the entity tag. 0 before the first.
    pub version: i64,
}

/// What is to be set for holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldsDraft {
    /// Days that a certificate may be on hold before it is revoked, 1 to 3650.
    pub longest_days: u32,
}

/// What is set for holds.
///
/// # Errors
/// When the caller may not.
pub async fn get(portal: &Portal, caller: &Caller) -> Result<HoldsView, ServiceError> {
    Operation::HoldsGet.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    let version = store::get(&mut conn, HOLDS).await?.map_or(0, |setting| setting.version);
    let usual = Limits::default().hold.as_secs() / 86_400;
    let days = store::longest_hold_days(&mut conn).await?;
    Ok(HoldsView { longest_days: days.unwrap_or(u32::try_from(usual).unwrap_or(MOST_DAYS)), version })
}

/// Sets how long certificates may be on hold. What has been on hold for longer is revoked by the next sweep, which
/// begins at once; very many at a time wait for an approval.
///
/// # Errors
/// When the caller may not, the number of days is wrong, or somebody changed it since it was read.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    version: i64,
    draft: HoldsDraft,
) -> Result<HoldsView, ServiceError> {
    let permit = Operation::HoldsUpdate.organisation(caller)?;
    if !(1..=MOST_DAYS).contains(&draft.longest_days) {
        let wrong = format!("a hold lasts 1 to {MOST_DAYS} days");
        return Err(FieldErrors::one("longest_days", wrong).into());
    }
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = store::get(&mut tx, HOLDS).await?.map_or(0, |setting| setting.version);
    if before != version {
        return Err(ServiceError::Stale { what: "setting" });
    }
    let value = serde_json::json!({ "longest_days": draft.longest_days });
    store::set(&mut tx, HOLDS, &value, now).await?;
    Work::Sweep.enqueue(&mut tx, now, portal.random()).await?;
    let event = AuditEvent::new(now, Operation::HoldsUpdate.name(), Target::none("setting"));
    tx.commit(event.with("longest_days", draft.longest_days)).await?;
    Ok(HoldsView { longest_days: draft.longest_days, version: version + 1 })
}
