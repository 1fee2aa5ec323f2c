//! What a sweep reads of people and devices: who there is and which enrolments devices have, once; and people of
//! consecutive ids with all that they own, one value for each kind of row.

use std::ops::RangeInclusive;

use certporter_model::Timestamp;
use certporter_model::device::DeviceState;
use certporter_model::ids::{DeviceId, EnrolmentId, GroupId, ManagementCertificateId, UserId};

use super::packed::{Columns, rows};
use super::people::{People, PlanAttribute};
use super::{PlanDevice, PlanMembership, PlanUser};
use crate::store::dialect::Packed::{Id, IdOrNull, Value};
use crate::store::{Conn, Result, Sql};

/// All users, in no order.
///
/// # Errors
/// When the database refuses.
pub async fn users(conn: &mut Conn) -> Result<Vec<UserId>> {
    let from = |query: &mut Sql| {
        query.push(" FROM users");
    };
    rows(conn, "users", &[Id("id")], from, |row| row.id().map(UserId::from_uuid)).await
}

/// A device, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweptDevice {
    /// Which.
    pub id: DeviceId,
    /// Whose it is.
    pub owner_id: Option<UserId>,
    /// Where it is in its life.
    pub state: DeviceState,
}

/// All devices, in no order.
///
/// # Errors
/// When the database refuses.
pub async fn devices(conn: &mut Conn) -> Result<Vec<SweptDevice>> {
    let from = |query: &mut Sql| {
        query.push(" FROM devices");
    };
    let unpack = |row: &mut Columns<'_>| {
        Some(SweptDevice {
            id: DeviceId::from_uuid(row.id()?),
            owner_id: row.id_or_null()?.map(UserId::from_uuid),
            state: row.parsed()?,
        })
    };
    rows(conn, "devices", &[Id("id"), IdOrNull("owner_id"), Value("state")], from, unpack).await
}

/// An enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweptEnrolment {
    /// Which. They sort by their ids as they began.
    pub id: EnrolmentId,
    /// Of which device.
    pub device_id: DeviceId,
    /// Whether its code came from staff, and its person has not confirmed since.
    pub unconfirmed: bool,
}

/// All enrolments, in no order.
///
/// # Errors
/// When the database refuses.
pub async fn enrolments(conn: &mut Conn) -> Result<Vec<SweptEnrolment>> {
    let columns = [
        Id("id"),
        Id("device_id"),
        Value("CASE WHEN staff_issued_code AND confirmed_at IS NULL THEN 'unconfirmed' END"),
    ];
    let from = |query: &mut Sql| {
        query.push(" FROM enrolments");
    };
    let unpack = |row: &mut Columns<'_>| {
        Some(SweptEnrolment {
            id: EnrolmentId::from_uuid(row.id()?),
            device_id: DeviceId::from_uuid(row.id()?),
            unconfirmed: row.text_or_null()?.is_some(),
        })
    };
    rows(conn, "enrolments", &columns, from, unpack).await
}

/// Which generation a management certificate is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagementGeneration {
    /// Which.
    pub id: ManagementCertificateId,
    /// Of which enrolment.
    pub enrolment_id: EnrolmentId,
    /// Counts those of an enrolment.
    pub generation: u32,
}

/// The generations of all devices' management certificates, in no order.
///
/// # Errors
/// When the database refuses.
pub async fn generations(conn: &mut Conn) -> Result<Vec<ManagementGeneration>> {
    let from = |query: &mut Sql| {
        query.push(" FROM management_certificates WHERE enrolment_id IS NOT NULL");
    };
    let unpack = |row: &mut Columns<'_>| {
        Some(ManagementGeneration {
            id: ManagementCertificateId::from_uuid(row.id()?),
            enrolment_id: EnrolmentId::from_uuid(row.id()?),
            generation: row.parsed()?,
        })
    };
    let columns = [Id("id"), Id("enrolment_id"), Value("generation")];
    rows(conn, "management_certificates", &columns, from, unpack).await
}

/// Users of these ids and their devices with all that a plan looks at, but for the devices' enrolments, in no order.
///
/// # Errors
/// When the database refuses.
pub async fn people(conn: &mut Conn, ids: &RangeInclusive<UserId>) -> Result<People> {
    let columns =
        ["state", "user_name", "upn", "email", "display_name", "on_prem_dn", "sam_account_name", "sid"];
    let columns: Vec<_> = [Id("id")].into_iter().chain(columns.map(Value)).collect();
    let from = |query: &mut Sql| {
        query.push(" FROM users WHERE 1 = 1");
        push_within(query, "id", ids);
    };
    let users = rows(conn, "users", &columns, from, unpack_user).await?;

    let columns =
        ["state", "platform", "last_contact_at", "name", "serial_number", "imei", "meid", "wifi_mac", "fqdn"];
    let columns: Vec<_> = [Id("id"), Id("owner_id")].into_iter().chain(columns.map(Value)).collect();
    let from = |query: &mut Sql| {
        query.push(" FROM devices WHERE owner_id IS NOT NULL");
        push_within(query, "owner_id", ids);
    };
    let devices = rows(conn, "devices", &columns, from, unpack_device).await?;

    let mut all = People { users, devices, ..People::default() };
    for kind in ["user", "device"] {
        let columns = [Id("member_id"), Id("group_id"), Value("valid_from"), Value("valid_until")];
        let from = |query: &mut Sql| {
            query.push(" FROM memberships WHERE member_kind = ").bind(kind);
            push_of(query, "member_id", kind, ids);
        };
        all.memberships.extend(rows(conn, "memberships", &columns, from, unpack_membership).await?);
        let columns = [Id("owner_id"), Value("name"), Value("value")];
        let from = |query: &mut Sql| {
            query.push(" FROM custom_attributes WHERE owner_kind = ").bind(kind);
            push_of(query, "owner_id", kind, ids);
        };
        all.attributes.extend(rows(conn, "custom_attributes", &columns, from, unpack_attribute).await?);
    }
    Ok(all)
}

/// ` AND column` is the id of one of these users, or of one of their devices.
fn push_of(query: &mut Sql, column: &'static str, kind: &str, ids: &RangeInclusive<UserId>) {
    if kind == "user" {
        return push_within(query, column, ids);
    }
    query.push(" AND ").push(column);
    query.push(" IN (SELECT devices.id FROM devices WHERE devices.owner_id IS NOT NULL");
    push_within(query, "devices.owner_id", ids);
    query.push(")");
}

fn push_within(query: &mut Sql, column: &'static str, ids: &RangeInclusive<UserId>) {
    query.push(" AND ").push(column).push(" >= ").bind(ids.start());
    query.push(" AND ").push(column).push(" <= ").bind(ids.end());
}

fn unpack_user(row: &mut Columns<'_>) -> Option<PlanUser> {
    Some(PlanUser {
        id: UserId::from_uuid(row.id()?),
        state: row.parsed()?,
        user_name: row.text()?.to_owned(),
        upn: row.string_or_null()?,
        email: row.string_or_null()?,
        display_name: row.text()?.to_owned(),
        on_prem_dn: row.string_or_null()?,
        sam_account_name: row.string_or_null()?,
        sid: row.string_or_null()?,
    })
}

fn unpack_device(row: &mut Columns<'_>) -> Option<PlanDevice> {
    Some(PlanDevice {
        id: DeviceId::from_uuid(row.id()?),
        owner_id: row.id_or_null()?.map(UserId::from_uuid),
        state: row.parsed()?,
        platform: row.parsed()?,
        last_contact_at: row.parsed_or_null()?.map(Timestamp::from_millis),
        name: row.text()?.to_owned(),
        serial_number: row.string_or_null()?,
        imei: row.string_or_null()?,
        meid: row.string_or_null()?,
        wifi_mac: row.string_or_null()?,
        fqdn: row.string_or_null()?,
        enrolment_id: None,
        management_generation: None,
        unconfirmed: None,
    })
}

fn unpack_membership(row: &mut Columns<'_>) -> Option<PlanMembership> {
    Some(PlanMembership {
        member_id: row.id()?,
        group_id: GroupId::from_uuid(row.id()?),
        valid_from: Timestamp::from_millis(row.parsed()?),
        valid_until: row.parsed_or_null()?.map(Timestamp::from_millis),
    })
}

fn unpack_attribute(row: &mut Columns<'_>) -> Option<PlanAttribute> {
    let (owner_id, name, value) = (row.id()?, row.text()?.to_owned(), row.text()?.to_owned());
    Some(PlanAttribute { owner_id, name, value })
}
