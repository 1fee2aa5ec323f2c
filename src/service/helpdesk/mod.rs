//! The helpdesk: people looked up, what is wrong with what they hold and why, and what mends it.
//!
//! - [`search`]: one box, people first
//! - [`person`], [`look_up`], [`looked_up`]: a person on one page; who was looked up is in the audit trail
//! - [`device()`], [`look_up_device`]: the same of a device by itself, such as one that is nobody's
//! - [`diagnosis`]: what is wrong now, a pure function; `reading`: what it is made from
//! - [`grid`]: devices across, profiles down
//! - [`why`]: why a device gets a profile's certificate, or not
//! - [`history`]: one timeline of all that happened
//! - [`deliver_again`]: a copy sealed and offered once more
mod deliver_again;
mod device;
pub mod diagnosis;
pub mod grid;
pub mod history;
mod reading;
pub mod search;
pub mod why;

use std::time::Duration;

use certporter_model::access::{Actor, Caller};
use certporter_model::device::UserState;
use certporter_model::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use deliver_again::deliver_again;
pub use device::{DeviceOverview, device, look_up_device};

use self::diagnosis::{Finding, diagnose};
use self::grid::GridView;
use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use super::reference::UserReference;
use super::users;
use crate::store::{AuditEvent, Target, look_ups, people};

/// Looking a person up again within this time goes on with the same look-up: one event of the audit trail.
pub const ONE_LOOK_UP: Duration = Duration::from_secs(3_600);
/// So many people are shown of those who were looked up last.
const LATEST: usize = 8;

/// A person at a glance: what is wrong now, and how everything stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonView {
    /// The person.
    pub user: UserReference,
    /// Whether they hold certificates.
    pub state: UserState,
    /// What is wrong now, the gravest first; none when the portal sees nothing.
    pub findings: Vec<Finding>,
    /// Their devices, and what is on each.
    pub grid: GridView,
}

/// A person who was looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookedUp {
    /// The person.
    pub user: UserReference,
    /// When last.
    pub at: Timestamp,
}

/// What is wrong with what a person holds, and how it stands on each device.
///
/// # Errors
/// When the caller may not, or there is no such person.
pub async fn person(portal: &Portal, caller: &Caller, id: UserId) -> Result<PersonView, ServiceError> {
    let mut conn = portal.db().snapshot().await?;
    let (user, _) = users::find(&mut conn, caller, Operation::UsersDiagnosis, id).await?;
    let now = portal.now();
    let facts = reading::facts(&mut conn, &user, now).await?;
    Ok(PersonView {
        findings: diagnose(&facts, now),
        grid: grid::of(&facts, now),
        state: user.state,
        user: UserReference { id, user_name: user.user_name.into(), display_name: user.display_name.into() },
    })
}

/// Notes that somebody looks a person up: one event of the audit trail an hour for each who looks and whom they look
/// up, however often the page is opened, filtered or moves by itself. People who look at what is their own are none.
///
/// # Errors
/// When the caller may not, or there is no such person. What can't be noted is not shown.
pub async fn look_up(portal: &Portal, caller: &Caller, id: UserId) -> Result<(), ServiceError> {
    let mut conn = portal.db().read().await?;
    let (_, permit) = users::find(&mut conn, caller, Operation::UsersLookUp, id).await?;
    let now = portal.now();
    let own = caller.user() == Some(id);
    let known = match actor_id(caller) {
        Some(actor) => look_ups::since(&mut conn, actor, id, now.minus(ONE_LOOK_UP)).await?,
        None => false,
    };
    drop(conn);
    if own || known {
        return Ok(());
    }
    let tx = portal.db().write(&permit).await?;
    let event = AuditEvent::new(now, Operation::UsersLookUp.name(), Target::one("user", id.as_uuid()));
    Ok(tx.commit(event).await?)
}

/// The people whom the caller looked up last and may still see, the last one first.
///
/// # Errors
/// When the caller may look nobody up.
pub async fn looked_up(portal: &Portal, caller: &Caller) -> Result<Vec<LookedUp>, ServiceError> {
    let visibility = Operation::UsersLookUp.visibility(caller)?;
    let Some(actor) = actor_id(caller) else { return Ok(Vec::new()) };
    let mut conn = portal.db().read().await?;
    let latest = look_ups::latest(&mut conn, actor, LATEST).await?;
    let ids: Vec<UserId> = latest.iter().map(|it| it.target_id).collect();
    let seen = people::seen_of(&mut conn, &visibility, &ids).await?;
    let shown = latest.into_iter().filter_map(|it| {
        let user = seen.iter().find(|user| user.id == it.target_id)?;
        let user = UserReference {
            id: user.id,
            user_name: user.user_name.to_string(),
            display_name: user.display_name.to_string(),
        };
        Some(LookedUp { user, at: it.at })
    });
    Ok(shown.collect())
}

/// Who looks, as the audit trail has it.
fn actor_id(caller: &Caller) -> Option<Uuid> {
    match caller.actor() {
        Actor::Account { id, .. } => Some(id.as_uuid()),
        Actor::Token { id, .. } => Some(id.as_uuid()),
        _ => None,
    }
}
