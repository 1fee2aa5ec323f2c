//! A device on one page by itself: one that is nobody's, or whose person the caller may not see.

use certporter_model::access::Caller;
use certporter_model::{DeviceId, UserId};
use serde::{Deserialize, Serialize};

use super::diagnosis::{Finding, diagnose};
use super::grid::{self, GridView};
use super::{ONE_LOOK_UP, actor_id, reading};
use crate::service::devices;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::reference::DeviceReference;
use crate::store::{AuditEvent, Target, look_ups, people};

/// A device at a glance: what is wrong now, and what is on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceOverview {
    /// The device.
    pub device: DeviceReference,
    /// Whether it is nobody's.
    pub shared: bool,
    /// Whose page shows it among all that is theirs; none where there is nobody whom the caller may see.
    pub person: Option<UserId>,
    /// What is wrong now, the gravest first; none when the portal sees nothing.
    pub findings: Vec<Finding>,
    /// What is on it: a grid of one column.
    pub grid: GridView,
}

/// What is wrong with what a device holds, and what is on it, without regard to what else its person may have.
///
/// # Errors
/// When the caller may not, or there is no such device.
pub async fn device(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<DeviceOverview, ServiceError> {
    let mut conn = portal.db().snapshot().await?;
    let (row, _) = devices::find(&mut conn, caller, Operation::DevicesDiagnosis, id).await?;
    let now = portal.now();
    let visibility = Operation::UsersDiagnosis.visibility(caller)?;
    let owner: Vec<UserId> = row.owner_id.into_iter().collect();
    let seen = people::seen_of(&mut conn, &visibility, &owner).await?;
    let device = DeviceReference { id, name: row.name.to_string() };
    let facts = reading::facts_of_device(&mut conn, row, now).await?;
    Ok(DeviceOverview {
        device,
        shared: owner.is_empty(),
        person: seen.first().map(|user| user.id),
        findings: diagnose(&facts, now),
        grid: grid::of(&facts, now),
    })
}

/// Notes that somebody looks a device up by itself, as [`super::look_up`] does for people: one event of the audit trail
/// an hour. People who look at what is their own are none.
///
/// # Errors
/// When the caller may not, or there is no such device. What can't be noted is not shown.
pub async fn look_up_device(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<(), ServiceError> {
    let mut conn = portal.db().read().await?;
    let (row, permit) = devices::find(&mut conn, caller, Operation::DevicesLookUp, id).await?;
    let now = portal.now();
    let own = row.owner_id.is_some() && row.owner_id == caller.user();
    let known = match actor_id(caller) {
        Some(actor) => look_ups::of_device_since(&mut conn, actor, id, now.minus(ONE_LOOK_UP)).await?,
        None => false,
    };
    drop(conn);
    if own || known {
        return Ok(());
    }
    let tx = portal.db().write(&permit).await?;
    let event = AuditEvent::new(now, Operation::DevicesLookUp.name(), Target::one("device", id.as_uuid()));
    Ok(tx.commit(event).await?)
}
