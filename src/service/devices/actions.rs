//! What is done to a device: only changes of state, from which the plan draws the consequence.

use certporter_model::access::Caller;
use certporter_model::device::DeviceState;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{DeviceId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DeviceView, check_owner, event, open, view_of};
use crate::service::action::ActionDraft;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::replan::{Touched, replan};
use crate::service::scope;
use crate::service::security_events::{self, Happened};
use crate::store::devices::{self, Device};
use crate::store::memberships::{self, Member};
use crate::store::{Announcement, WriteTx, device_owners, enrolment_codes, enrolments, lost_reports};

/// To whom a device goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverDraft {
    /// The new owner; nobody when null: the device becomes a shared one.
    pub owner: Option<UserId>,
    /// Why, in words.
    #[serde(default)]
    pub explanation: Option<String>,
}

/// Retires a device: its copies are removed, its certificates revoked.
///
/// # Errors
/// When the caller may not, there is none, or its state doesn't allow it.
pub async fn retire(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &ActionDraft,
) -> Result<DeviceView, ServiceError> {
    become_state(portal, caller, Operation::DevicesRetire, id, DeviceState::Retired, draft).await
}

/// Blocks a device for a while: its copies are removed, its certificates go on hold.
///
/// # Errors
/// When the caller may not, there is none, or its state doesn't allow it.
pub async fn block(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &ActionDraft,
) -> Result<DeviceView, ServiceError> {
    become_state(portal, caller, Operation::DevicesBlock, id, DeviceState::Blocked, draft).await
}

/// Lifts a device's block.
///
/// # Errors
/// When the caller may not, there is none, or it is not blocked.
pub async fn unblock(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &ActionDraft,
) -> Result<DeviceView, ServiceError> {
    become_state(portal, caller, Operation::DevicesUnblock, id, DeviceState::Enrolled, draft).await
}

/// Declares a device lost or stolen: its certificates are revoked as compromised.
///
/// # Errors
/// When the caller may not, there is none, or its state doesn't allow it.
pub async fn lost(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &ActionDraft,
) -> Result<DeviceView, ServiceError> {
    become_state(portal, caller, Operation::DevicesLost, id, DeviceState::Lost, draft).await
}

/// Notes that a device was wiped, that is erased by its own management or by hand: its certificates are revoked as
/// compromised, and it gets nothing until it enrols again.
///
/// # Errors
/// When the caller may not, there is none, or its state doesn't allow it: one that never enrolled holds nothing.
pub async fn wiped(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &ActionDraft,
) -> Result<DeviceView, ServiceError> {
    become_state(portal, caller, Operation::DevicesWiped, id, DeviceState::Wiped, draft).await
}

/// Deletes a device: a tombstone stays, what it holds is revoked, and removed if it is still reached.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn delete(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &ActionDraft,
) -> Result<(), ServiceError> {
    become_state(portal, caller, Operation::DevicesDelete, id, DeviceState::Deleted, draft).await.map(|_| ())
}

/// Hands a device over: the old person's certificates on it are revoked, the new person's issued.
///
/// # Errors
/// When the caller may not, there is no such device or person.
pub async fn hand_over(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &HandOverDraft,
) -> Result<DeviceView, ServiceError> {
    Operation::DevicesHandOver.thinkable(caller)?;
    let explanation = ActionDraft { explanation: draft.explanation.clone() }.parse()?;
    let (_, mut tx, before) = open(portal, caller, Operation::DevicesHandOver, id).await?;
    if let Some(owner) = draft.owner {
        check_owner(&mut tx, "owner", owner).await?;
        // A limited helpdesk hands over within its groups, not out of them.
        let scope = scope::of_user(&mut tx, owner).await?;
        caller.permitted(Operation::DevicesHandOver.permission(), &scope)?;
    } else {
        Operation::DevicesHandOver.organisation(caller)?;
    }
    let now = portal.now();
    if !device_owners::hand_over(&mut tx, id, draft.owner, now).await? {
        tx.rollback().await?;
        return view_of(portal, id).await;
    }
    let touched = Touched::device(id).and_user(before.owner_id).and_user(draft.owner);
    replan(portal, &mut tx, &touched, now).await?;
    if let Some(user) = draft.owner.filter(|_| before.state == DeviceState::Enrolled) {
        let kind = SecurityEventKind::DeviceHandedOver;
        let happened = Happened { user, kind, device: Some(id), by: None };
        security_events::tell(&mut tx, portal.random(), now, happened).await?;
    }
    let text = |owner: Option<UserId>| owner.map(|owner| owner.to_string());
    let mut audit = event(now, Operation::DevicesHandOver, &before)
        .with("from", text(before.owner_id))
        .with("to", text(draft.owner));
    if let Some(explanation) = &explanation {
        audit = audit.with("explanation", explanation.as_str());
    }
    announce(&mut tx, &before);
    tx.commit(audit).await?;
    view_of(portal, id).await
}

/// Puts a device into another state, with all that belongs to that.
///
/// # Errors
/// When the caller may not, there is none, or its state doesn't allow it.
pub(in crate::service) async fn become_state(
    portal: &Portal,
    caller: &Caller,
    operation: Operation,
    id: DeviceId,
    state: DeviceState,
    draft: &ActionDraft,
) -> Result<DeviceView, ServiceError> {
    operation.thinkable(caller)?;
    let explanation = draft.parse()?;
    let (_, mut tx, before) = open(portal, caller, operation, id).await?;
    if before.state == state && operation != Operation::DevicesUnblock {
        if operation == Operation::DevicesBlock && lost_reports::forget(&mut tx, id).await? {
            // The person had reported it as lost: from now on the block is not theirs alone to lift.
            tx.commit(event(portal.now(), operation, &before)).await?;
            return view_of(portal, id).await;
        }
        // Asked twice is done once.
        tx.rollback().await?;
        return view_of(portal, id).await;
    }
    if operation == Operation::DevicesUnblock && before.state != DeviceState::Blocked {
        return Err(ServiceError::conflict(format!("the device is {}, not blocked", before.state)));
    }
    let now = portal.now();
    let device = changed(&before, state, now)?;
    follow_up(portal, &mut tx, &device).await?;
    let mut audit = event(now, operation, &device);
    if let Some(explanation) = &explanation {
        audit = audit.with("explanation", explanation.as_str());
    }
    tx.commit(audit).await?;
    view_of(portal, id).await
}

/// The device in another state.
///
/// # Errors
/// When its state doesn't allow it.
pub(in crate::service) fn changed(
    before: &Device,
    state: DeviceState,
    now: Timestamp,
) -> Result<Device, ServiceError> {
    Ok(Device {
        state: before.state.to(state)?,
        state_changed_at: now,
        updated_at: now,
        deleted_at: (state == DeviceState::Deleted).then_some(now),
        ..before.clone()
    })
}

/// Keeps a device whose state has changed, ends what its state ends, and has the plan draw what follows.
///
/// # Errors
/// As [`replan`]; when the database refuses.
pub(in crate::service) async fn follow_up(
    portal: &Portal,
    tx: &mut WriteTx,
    device: &Device,
) -> Result<(), ServiceError> {
    let (id, now) = (device.id, device.state_changed_at);
    devices::update(tx, device).await?;
    if device.state.is_out_of_use() {
        enrolments::end(tx, id, now).await?;
        enrolment_codes::expire_unused(tx, id, now).await?;
    }
    if device.state == DeviceState::Deleted {
        memberships::end_all_of(tx, Member::from(id), now).await?;
    }
    // The owner's own certificates may be on the device too.
    replan(portal, tx, &Touched::device(id).and_user(device.owner_id), now).await?;
    announce(tx, device);
    Ok(())
}

fn announce(tx: &mut WriteTx, device: &Device) {
    let mut announcement = Announcement::new("device");
    announcement.device_id = Some(device.id);
    announcement.user_id = device.owner_id;
    tx.announce(announcement);
}
