//! Devices: registered, enrolled with a code, and what is done to them.

mod actions;
mod codes;
mod sort;
pub(super) mod trouble;
mod view;

use certporter_model::access::{Caller, Permit};
use certporter_model::assignment::HolderKind;
use certporter_model::device::DeviceState;
use certporter_model::platform::Platform;
use certporter_model::{DeviceId, GroupId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

pub use actions::{HandOverDraft, block, delete, hand_over, lost, retire, unblock, wiped};
pub(super) use actions::{become_state, changed, follow_up};
pub use codes::{CodeDraft, issue_code};
pub use sort::DeviceSort;
pub use trouble::CopyTrouble;
pub use view::{CopyView, DeviceSummary, DeviceView, EnrolmentCodeView, EnrolmentView, Unconfirmed};

use super::device_protocol::contact::renew_at;
use super::directory_draft::{DeviceDraft, ParsedDevice};
use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::replan::{Touched, replan};
use super::timeline::{TimelineEntry, TimelineQuery};
use super::{attributes, copies, scope, timeline};
use crate::store::devices::{self, Device, DeviceFilter};
use crate::store::timeline::Of;
use crate::store::{
    AuditEvent, Conn, StoreError, Target, WriteTx, device_owners, enrolments, management_certificates, users,
};

/// Which devices.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DevicesQuery {
    /// Words of the name or a hardware number, in part, without regard to accents.
    pub q: Option<String>,
    /// Only this state; all but deleted ones when absent.
    pub state: Option<DeviceState>,
    /// Only this platform.
    pub platform: Option<Platform>,
    /// Only this person's.
    pub owner: Option<UserId>,
    /// Only direct members of this group.
    pub group: Option<GroupId>,
    /// Only those with a copy that needs a hand.
    #[param(inline)]
    pub copies: Option<CopyTrouble>,
    /// In which order; as they were registered when absent.
    #[param(inline)]
    pub sort: Option<DeviceSort>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Devices that the caller may see.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &DevicesQuery,
) -> Result<Page<DeviceSummary>, ServiceError> {
    let visibility = Operation::DevicesList.visibility(caller)?;
    let asked = PageQuery { cursor: query.cursor.clone(), limit: query.limit };
    let filter = DeviceFilter {
        search: query.q.clone(),
        state: query.state,
        owner: query.owner,
        platform: query.platform,
        group: query.group,
        copies: query.copies.map(|trouble| trouble.at(portal.now())),
    };
    let mut conn = portal.db().read().await?;
    let page = match query.sort {
        None => {
            let bounds = asked.bounds()?;
            let wanted = bounds.store(DeviceId::from_uuid);
            bounds.page(devices::list(&mut conn, &visibility, &filter, wanted).await?, |row| row.id.as_uuid())
        }
        Some(sort) => {
            let bounds = asked.sorted(sort.as_str())?;
            let (order, descending) = sort.order();
            let wanted = bounds.store(descending, DeviceId::from_uuid);
            let rows = devices::sorted(&mut conn, &visibility, &filter, order, &wanted).await?;
            bounds.page(rows, |row| (order.key(row), row.id.as_uuid()))
        }
    };
    let owners: Vec<_> = page.data.iter().filter_map(|row| row.owner_id).collect();
    let names = Names::of(&mut conn, owners, [], []).await?;
    Ok(page.map(|row| summary(row, &names)))
}

/// One device with its copies.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<DeviceView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let (device, _) = find(&mut conn, caller, Operation::DevicesGet, id).await?;
    shown(&mut conn, device).await
}

/// What happened on a device, newest first.
///
/// # Errors
/// When the caller may not, there is none, or the query is wrong.
pub async fn timeline(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    query: &TimelineQuery,
) -> Result<Page<TimelineEntry>, ServiceError> {
    let mut conn = portal.db().read().await?;
    find(&mut conn, caller, Operation::DevicesTimeline, id).await?;
    timeline::read(&mut conn, Of::Device(id), query).await
}

/// Registers a device. A limited helpdesk may only for people in its groups.
///
/// # Errors
/// When the caller may not, or a field is wrong or taken.
pub async fn create(
    portal: &Portal,
    caller: &Caller,
    draft: &DeviceDraft,
) -> Result<DeviceView, ServiceError> {
    Operation::DevicesCreate.thinkable(caller)?;
    let parsed = draft.parse()?;
    let permit = match parsed.owner {
        None => Operation::DevicesCreate.organisation(caller)?,
        Some(owner) => {
            let mut conn = portal.db().read().await?;
            check_owner(&mut conn, "owner", owner).await?;
            let scope = scope::of_user(&mut conn, owner).await?;
            caller.permitted(Operation::DevicesCreate.permission(), &scope)?
        }
    };
    let now = portal.now();
    let id = DeviceId::new(now, portal.octets());
    let owner = parsed.owner;
    let attributes = parsed.attributes.clone();
    let blank = Device::registered(id, parsed.name.clone(), parsed.platform, now);
    let device = with(&blank, parsed);
    let mut tx = portal.db().write(&permit).await?;
    devices::insert(&mut tx, &device).await?;
    device_owners::hand_over(&mut tx, id, owner, now).await?;
    attributes::set(portal, &mut tx, HolderKind::Device, id.as_uuid(), &attributes, now).await?;
    tx.commit(event(now, Operation::DevicesCreate, &device)).await?;
    view_of(portal, id).await
}

/// Changes what is known of a device, but not whose it is.
///
/// # Errors
/// When the caller may not, a field is wrong or taken, or the device has changed since it was read.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    version: i64,
    draft: &DeviceDraft,
) -> Result<DeviceView, ServiceError> {
    Operation::DevicesUpdate.thinkable(caller)?;
    let parsed = draft.parse()?;
    let (_, mut tx, before) = open(portal, caller, Operation::DevicesUpdate, id).await?;
    if before.version != version {
        return Err(ServiceError::Stale { what: "device" });
    }
    if parsed.owner.is_some() && parsed.owner != before.owner_id {
        return Err(ServiceError::field("owner", "to give the device to somebody else, hand it over"));
    }
    let now = portal.now();
    let attributes = parsed.attributes.clone();
    let device = with(&Device { updated_at: now, ..before }, parsed);
    devices::update(&mut tx, &device).await?;
    attributes::set(portal, &mut tx, HolderKind::Device, id.as_uuid(), &attributes, now).await?;
    replan(portal, &mut tx, &Touched::device(id), now).await?;
    tx.commit(event(now, Operation::DevicesUpdate, &device)).await?;
    view_of(portal, id).await
}

/// The device, and the leave to do it to it.
pub(super) async fn find(
    conn: &mut Conn,
    caller: &Caller,
    operation: Operation,
    id: DeviceId,
) -> Result<(Device, Permit), ServiceError> {
    operation.thinkable(caller)?;
    let device = devices::get(conn, id).await?;
    if device.deleted_at.is_some() {
        return Err(ServiceError::NotFound { what: "device" });
    }
    let scope = scope::of_device(conn, id, device.owner_id).await?;
    let permit = operation.on(caller, &scope, "device")?;
    Ok((device, permit))
}

/// A transaction for an operation on a device, with the device as it is in it.
pub(super) async fn open(
    portal: &Portal,
    caller: &Caller,
    operation: Operation,
    id: DeviceId,
) -> Result<(Permit, WriteTx, Device), ServiceError> {
    let mut conn = portal.db().read().await?;
    let (_, permit) = find(&mut conn, caller, operation, id).await?;
    drop(conn);
    let mut tx = portal.db().write(&permit).await?;
    devices::lock(&mut tx, &[id]).await?;
    // Asked again within: the owner may have changed in between.
    let (device, permit) = find(&mut tx, caller, operation, id).await?;
    Ok((permit, tx, device))
}

async fn check_owner(conn: &mut Conn, field: &str, owner: UserId) -> Result<(), ServiceError> {
    match users::get(conn, owner).await {
        Ok(user) if user.deleted_at.is_none() => Ok(()),
        Ok(_) | Err(StoreError::NotFound { .. }) => {
            Err(ServiceError::field(field, "there is no user with this id"))
        }
        Err(error) => Err(error.into()),
    }
}

/// The device as it is now: its change was just committed, so whoever made it may see it.
async fn view_of(portal: &Portal, id: DeviceId) -> Result<DeviceView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let device = devices::get(&mut conn, id).await?;
    shown(&mut conn, device).await
}

async fn shown(conn: &mut Conn, device: Device) -> Result<DeviceView, ServiceError> {
    let id = device.id;
    let enrolment = match enrolments::active(conn, id).await? {
        Some(row) => {
            let newest = management_certificates::newest(conn, row.id).await.ok();
            let unconfirmed = if row.staff_issued_code && row.confirmed_at.is_none() {
                Some(Unconfirmed::of(enrolments::staff(conn, row.id).await?.staff_name))
            } else {
                None
            };
            Some(EnrolmentView {
                id: row.id,
                started_at: row.started_at,
                unconfirmed,
                management_certificate_not_after: newest.as_ref().map(|certificate| certificate.not_after),
                management_certificate_renews_at: newest
                    .map(|certificate| renew_at(certificate.not_before, certificate.not_after)),
            })
        }
        None => None,
    };
    let rows = crate::store::copies::of_device(conn, id).await?;
    let copies = copies::shown(conn, rows).await?;
    let key = id.as_uuid();
    let attributes = attributes::of(conn, HolderKind::Device, &[key]).await?.remove(&key).unwrap_or_default();
    let names = Names::of(conn, device.owner_id, [], []).await?;
    Ok(DeviceView {
        imei: device.imei.as_ref().map(ToString::to_string),
        meid: device.meid.as_ref().map(ToString::to_string),
        wifi_mac: device.wifi_mac.as_ref().map(ToString::to_string),
        fqdn: device.fqdn.as_ref().map(ToString::to_string),
        external_id: device.external_id.clone(),
        state_changed_at: device.state_changed_at,
        enrolment,
        copies,
        attributes,
        device: summary(device, &names),
    })
}

fn summary(device: Device, names: &Names) -> DeviceSummary {
    DeviceSummary {
        id: device.id,
        name: device.name.into(),
        platform: device.platform,
        state: device.state,
        owner: names.user(device.owner_id),
        serial_number: device.serial_number.map(Into::into),
        last_contact_at: device.last_contact_at,
        created_at: device.created_at,
        version: device.version,
    }
}

pub(super) fn with(blank: &Device, parsed: ParsedDevice) -> Device {
    Device {
        name: parsed.name,
        platform: parsed.platform,
        serial_number: parsed.serial_number,
        imei: parsed.imei,
        meid: parsed.meid,
        wifi_mac: parsed.wifi_mac,
        fqdn: parsed.fqdn,
        external_id: parsed.external_id,
        ..blank.clone()
    }
}

fn event(now: Timestamp, operation: Operation, device: &Device) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("device", device.id.as_uuid()))
        .with("name", device.name.as_str())
}
