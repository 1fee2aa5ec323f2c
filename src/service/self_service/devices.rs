//! A person's own devices.

use certporter_model::access::Caller;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::platform::Platform;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::text::Name;
use certporter_model::{DeviceId, FieldErrors};

use super::{for_themselves, themselves};
use crate::service::action::ActionDraft;
use crate::service::devices::{self, CodeDraft, DeviceView, DevicesQuery, EnrolmentCodeView};
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::page::Page;
use crate::service::portal::Portal;
use crate::service::rate_limit::DEVICES_ADDED;
use crate::service::scope;
use crate::service::security_events::{self, Happened};
use crate::store::devices::{self as store, Device};
use crate::store::lost_reports::{self, LostReport};
use crate::store::{AuditEvent, Target, WriteTx, device_owners, users};

/// How long the code may be used that comes with a new device, in hours.
const CODE_HOURS: u32 = 24;
/// The most devices that are shown.
const MOST: u32 = 100;

/// What somebody says of a device that they add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// What they call it.
    pub name: String,
    /// Its operating system.
    pub platform: String,
}

/// The caller's devices, those that are gone from use included.
///
/// # Errors
/// When the caller is nobody's.
pub async fn list(portal: &Portal, caller: &Caller) -> Result<Vec<DeviceView>, ServiceError> {
    let caller = &for_themselves(caller)?;
    let query = DevicesQuery { owner: caller.user(), limit: Some(MOST), ..DevicesQuery::default() };
    let page: Page<_> = devices::list(portal, caller, &query).await?;
    let mut found = Vec::with_capacity(page.data.len());
    for device in page.data {
        found.push(devices::get(portal, caller, device.id).await?);
    }
    Ok(found)
}

/// One of the caller's devices.
///
/// # Errors
/// When the caller is nobody's, or it is not theirs.
pub async fn get(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<DeviceView, ServiceError> {
    devices::get(portal, &for_themselves(caller)?, id).await
}

/// Registers a device of the caller's and issues the code with which it enrols.
///
/// # Errors
/// When the caller is nobody's or may not have certificates, a field is wrong, or they added too many.
pub async fn add(
    portal: &Portal,
    caller: &Caller,
    draft: &NewDevice,
) -> Result<(DeviceId, EnrolmentCodeView), ServiceError> {
    let caller = &for_themselves(caller)?;
    let owner = themselves(caller)?;
    let mut errors = FieldErrors::new();
    let name = errors.take("name", Name::parse(draft.name.trim()));
    let platform: Option<Platform> = errors.take("platform", draft.platform.parse());
    let (Some(name), Some(platform)) = (name, platform) else { return Err(errors.into()) };
    let mut conn = portal.db().read().await?;
    let scope = scope::of_user(&mut conn, owner).await?;
    let permit = Operation::OwnDevicesAdd.on(caller, &scope, "user")?;
    drop(conn);
    DEVICES_ADDED.take(portal, &owner.to_string()).await?;
    let now = portal.now();
    let device = Device::registered(DeviceId::new(now, portal.octets()), name, platform, now);
    let mut tx = portal.db().write(&permit).await?;
    let user = users::get(&mut tx, owner).await?;
    if user.state != UserState::Enabled {
        return Err(ServiceError::conflict(format!("you are {} here: ask the helpdesk", user.state)));
    }
    store::insert(&mut tx, &device).await?;
    device_owners::hand_over(&mut tx, device.id, Some(owner), now).await?;
    let event = AuditEvent::new(now, Operation::OwnDevicesAdd.name(), target(&device))
        .with("name", device.name.as_str())
        .with("platform", platform.as_str());
    tx.commit(event).await?;
    Ok((device.id, code(portal, caller, device.id).await?))
}

/// Issues another code for a device of the caller's. One that was not used stops working.
///
/// # Errors
/// When the device is not theirs, or can't enrol.
pub async fn code(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<EnrolmentCodeView, ServiceError> {
    let draft = CodeDraft { expires_in_hours: Some(CODE_HOURS), explanation: None };
    devices::issue_code(portal, &for_themselves(caller)?, id, &draft).await
}

/// Removes a device of the caller's: one that is in use is retired, one that never enrolled is deleted.
///
/// # Errors
/// When the device is not theirs, or its state doesn't allow it.
pub async fn remove(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<(), ServiceError> {
    let caller = &for_themselves(caller)?;
    let state = match get(portal, caller, id).await?.device.state {
        DeviceState::Registered => DeviceState::Deleted,
        state if state.is_out_of_use() => DeviceState::Deleted,
        _ => DeviceState::Retired,
    };
    let draft = ActionDraft::default();
    devices::become_state(portal, caller, Operation::OwnDevicesRemove, id, state, &draft).await.map(|_| ())
}

/// Reports a device of the caller's as lost: it is blocked with the same commit, and what it holds goes on hold. They
/// may lift this block themselves.
///
/// # Errors
/// When the device is not theirs, or its state doesn't allow it.
pub async fn report_lost(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<DeviceView, ServiceError> {
    let caller = &for_themselves(caller)?;
    let owner = themselves(caller)?;
    let (permit, mut tx, before) = devices::open(portal, caller, Operation::OwnDevicesReportLost, id).await?;
    if before.state == DeviceState::Blocked {
        tx.rollback().await?;
        return get(portal, caller, id).await;
    }
    let now = portal.now();
    let device = devices::changed(&before, DeviceState::Blocked, now)?;
    lost_reports::put(&mut tx, &LostReport { device_id: id, user_id: owner, reported_at: now }).await?;
    let by = permit.actor().to_string();
    let kind = SecurityEventKind::DeviceReportedLost;
    let happened = Happened { user: owner, kind, device: Some(id), by: Some(&by) };
    security_events::tell(&mut tx, portal.random(), now, happened).await?;
    let event = AuditEvent::new(now, Operation::OwnDevicesReportLost.name(), target(&device));
    finish(portal, tx, &device, event).await?;
    get(portal, caller, id).await
}

/// Declares a device of the caller's to be in somebody else's hands: what it holds is revoked for good.
///
/// # Errors
/// When the device is not theirs, or its state doesn't allow it.
pub async fn gone(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<DeviceView, ServiceError> {
    devices::lost(portal, &for_themselves(caller)?, id, &ActionDraft::default()).await
}

/// Lifts the block of a device that the caller reported as lost, and that turned up again.
///
/// # Errors
/// When the device is not theirs, the block is not their own, or they came with a code from staff that is not
/// confirmed: whoever found the device might have that.
pub async fn found(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<DeviceView, ServiceError> {
    let caller = &for_themselves(caller)?;
    let (_, mut tx, before) = devices::open(portal, caller, Operation::OwnDevicesFound, id).await?;
    if caller.staff_code().is_some_and(|code| !code.confirmed) {
        return Err(ServiceError::conflict(
            "you came with a code: to have the device unblocked, sign in with your password or ask the helpdesk",
        ));
    }
    let report = lost_reports::of_device(&mut tx, id).await?;
    if !is_own_block(&before, report.as_ref(), caller) {
        return Err(ServiceError::conflict("this is not a block of your own: the helpdesk can lift it"));
    }
    let now = portal.now();
    let device = devices::changed(&before, DeviceState::Enrolled, now)?;
    lost_reports::forget(&mut tx, id).await?;
    let event = AuditEvent::new(now, Operation::OwnDevicesFound.name(), target(&device));
    finish(portal, tx, &device, event).await?;
    get(portal, caller, id).await
}

/// Whether the caller may lift the block of a device of theirs.
///
/// # Errors
/// When the device is not theirs.
pub async fn may_be_found(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<bool, ServiceError> {
    let caller = &for_themselves(caller)?;
    let mut conn = portal.db().read().await?;
    let (device, _) = devices::find(&mut conn, caller, Operation::OwnDevicesFound, id).await?;
    let report = lost_reports::of_device(&mut conn, id).await?;
    Ok(is_own_block(&device, report.as_ref(), caller))
}

/// Whether the block is the one that the caller's report made, and nobody has put another in its place.
fn is_own_block(device: &Device, report: Option<&LostReport>, caller: &Caller) -> bool {
    let own = |report: &LostReport| {
        report.reported_at == device.state_changed_at && Some(report.user_id) == caller.user()
    };
    device.state == DeviceState::Blocked && report.is_some_and(own)
}

async fn finish(
    portal: &Portal,
    mut tx: WriteTx,
    device: &Device,
    event: AuditEvent,
) -> Result<(), ServiceError> {
    devices::follow_up(portal, &mut tx, device).await?;
    tx.commit(event.with("name", device.name.as_str())).await?;
    Ok(())
}

fn target(device: &Device) -> Target {
    Target::one("device", device.id.as_uuid())
}
