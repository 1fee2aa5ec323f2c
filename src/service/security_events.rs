//! What people are told about their own sign-ins and devices: at their next visit, whoever did it.

use certporter_model::access::Caller;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{DeviceId, SecurityEventId, Timestamp, UserId};

use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::portal::Portal;
use super::self_service::themselves;
use crate::random::{Random, octets};
use crate::store::security_events::{self as store, SecurityEvent};
use crate::store::{Announcement, AuditEvent, StoreError, Target, WriteTx};

/// The most events that are shown.
const MOST: u32 = 100;

/// Something that happened in a person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityEventView {
    /// What happened.
    pub kind: SecurityEventKind,
    /// Who did it, by name.
    pub actor: String,
    /// The name of the device that it is about.
    pub device: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Whether the person has not seen it yet.
    pub new: bool,
}

/// What is to be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened<'a> {
    pub(super) user: UserId,
    pub(super) kind: SecurityEventKind,
    pub(super) device: Option<DeviceId>,
    /// Who did it, where that is not who asks.
    pub(super) by: Option<&'a str>,
}

/// Tells a person what the transaction does in their name, with its commit: on their pages, and to whoever follows the
/// outbox, as `security_event`.
pub(super) async fn tell(
    tx: &mut WriteTx,
    random: &dyn Random,
    now: Timestamp,
    happened: Happened<'_>,
) -> Result<(), StoreError> {
    let Happened { user, kind, device, by } = happened;
    let event = SecurityEvent {
        id: SecurityEventId::new(now, octets(random)),
        user_id: user,
        kind,
        actor: by.map_or_else(|| tx.permit().actor().to_string(), str::to_owned),
        device_id: device,
        at: now,
        acknowledged_at: None,
    };
    store::insert(tx, &event).await?;
    tx.announce(Announcement {
        user_id: Some(user),
        device_id: device,
        payload: Some(serde_json::json!({ "event": event.id, "kind": kind.as_str() }).to_string()),
        ..Announcement::new("security_event")
    });
    Ok(())
}

/// What happened in the caller's name, the newest first.
///
/// # Errors
/// When the caller is nobody's.
pub async fn list(portal: &Portal, caller: &Caller) -> Result<Vec<SecurityEventView>, ServiceError> {
    Operation::OwnSecurityEventsList.own(caller)?;
    let user = themselves(caller)?;
    let mut conn = portal.db().read().await?;
    let rows = store::of_user(&mut conn, user, MOST).await?;
    let names = Names::of(&mut conn, [], rows.iter().filter_map(|row| row.device_id), []).await?;
    let view = |row: SecurityEvent| SecurityEventView {
        device: names.device(row.device_id).map(|device| device.name),
        kind: row.kind,
        actor: row.actor,
        at: row.at,
        new: row.acknowledged_at.is_none(),
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Notes that the caller has seen what happened up to that moment.
///
/// # Errors
/// When the caller is nobody's, or came with a code from staff: it may be about them.
pub async fn acknowledge(portal: &Portal, caller: &Caller, until: Timestamp) -> Result<(), ServiceError> {
    let permit = Operation::OwnSecurityEventsAcknowledge.own(caller)?;
    let user = themselves(caller)?;
    if caller.staff_code().is_some_and(|code| !code.confirmed) {
        return Err(ServiceError::conflict(
            "you came with a code: this stays here until you sign in with your password",
        ));
    }
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let seen = store::acknowledge(&mut tx, user, until, now).await?;
    let target = Target::one("user", user.as_uuid());
    let event = AuditEvent::new(now, Operation::OwnSecurityEventsAcknowledge.name(), target);
    Ok(tx.commit(event.with("seen", seen)).await?)
}
