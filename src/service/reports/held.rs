//! Who held what on a day: certificates with their copies, devices, memberships, assignments.

use std::collections::BTreeMap;
use std::time::Duration;

use certporter_model::access::{Caller, Visibility};
use certporter_model::assignment::MemberKind;
use certporter_model::{AssignmentId, CertificateId, DeviceId, GroupId, MembershipId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

pub use super::held_view::{HeldAssignment, HeldCertificate, HeldCopy, HeldDevice, HeldMembership};
use crate::service::names::Names;
use crate::service::page::{Page, PageQuery, SortedBounds};
use crate::service::reference::GroupReference;
use crate::service::{Operation, Portal, ServiceError};
use crate::store::assignments::Assignment;
use crate::store::certificates::Certificate;
use crate::store::device_owners::Ownership;
use crate::store::held::{self as store, About, Day, Whom};
use crate::store::memberships::Membership;
use crate::store::{Conn, Result as StoreResult, SortKey, groups};

const DAY: Duration = Duration::from_secs(86_400);

/// Which day, and about whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct HeldQuery {
    /// The day in UTC, such as 2026-11-22; today when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// Only about this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Only about this device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Only about who and what was in this group on that day, or in one within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// Where to start, as the page before said in `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl HeldQuery {
    /// The day that is meant.
    ///
    /// # Errors
    /// When it is none, or is yet to come.
    pub fn on(&self, now: Timestamp) -> Result<Day, ServiceError> {
        let wrong = |why: &str| ServiceError::field("day", why.to_owned());
        let text = self.day.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let at = match text {
            None => now,
            Some(text) if text.len() == 10 => format!("{text}T00:00:00Z")
                .parse()
                .map_err(|_| wrong("is a day such as 2026-11-22, from 1970 on"))?,
            Some(_) => return Err(wrong("is a day such as 2026-11-22, from 1970 on")),
        };
        if at > now {
            return Err(wrong("is today or before: what somebody will hold is not known"));
        }
        let span = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
        let from = Timestamp::from_millis(at.as_millis().div_euclid(span) * span);
        Ok(Day { from, until: from.plus(DAY) })
    }

    pub(super) fn whom(&self) -> Result<Whom, ServiceError> {
        match (self.user, self.device, self.group) {
            (None, None, None) => Ok(Whom::All),
            (Some(id), None, None) => Ok(Whom::User(id)),
            (None, Some(id), None) => Ok(Whom::Device(id)),
            (None, None, Some(id)) => Ok(Whom::Group(id)),
            _ => {
                let field = if self.group.is_some() { "group" } else { "device" };
                Err(ServiceError::field(
                    field,
                    "can't be asked together with another: name one of user, device and group",
                ))
            }
        }
    }

    fn bounds(&self, list: &str) -> Result<SortedBounds, ServiceError> {
        Ok(PageQuery { cursor: self.cursor.clone(), limit: self.limit }.sorted(list)?)
    }
}

/// What a list is read with.
struct Asked {
    visibility: Visibility,
    day: Day,
    about: About,
    bounds: SortedBounds,
}

async fn asked(
    portal: &Portal,
    caller: &Caller,
    query: &HeldQuery,
    list: &str,
    conn: &mut Conn,
) -> Result<Asked, ServiceError> {
    let visibility = Operation::ReportsHeld.visibility(caller)?;
    let (day, whom) = (query.on(portal.now())?, query.whom()?);
    let bounds = query.bounds(list)?;
    let about = About::of(conn, whom, day).await?;
    Ok(Asked { visibility, day, about, bounds })
}

/// Certificates that were good on the day, or on a device, the last recorded first.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn certificates(
    portal: &Portal,
    caller: &Caller,
    query: &HeldQuery,
) -> Result<Page<HeldCertificate>, ServiceError> {
    Operation::ReportsHeld.thinkable(caller)?;
    let mut conn = portal.db().read().await?;
    let Asked { visibility, day, about, bounds } =
        asked(portal, caller, query, "certificates", &mut conn).await?;
    let wanted = bounds.store(true, CertificateId::from_uuid);
    let rows = store::certificates(&mut conn, &visibility, &about, &wanted).await?;
    let page = bounds.page(rows, certificate_place);
    let next = page.next.clone();
    let data = shown_certificates(&mut conn, page.data, day).await?;
    Ok(Page { data, next })
}

/// Whose devices were on the day.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn devices(
    portal: &Portal,
    caller: &Caller,
    query: &HeldQuery,
) -> Result<Page<HeldDevice>, ServiceError> {
    Operation::ReportsHeld.thinkable(caller)?;
    let mut conn = portal.db().read().await?;
    let asked = asked(portal, caller, query, "devices", &mut conn).await?;
    let wanted = asked.bounds.store(true, DeviceId::from_uuid);
    let rows = store::ownerships(&mut conn, &asked.visibility, &asked.about, &wanted).await?;
    let page = asked.bounds.page(rows, ownership_place);
    let next = page.next.clone();
    let data = shown_devices(&mut conn, page.data).await?;
    Ok(Page { data, next })
}

/// Who was in which group on the day.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn memberships(
    portal: &Portal,
    caller: &Caller,
    query: &HeldQuery,
) -> Result<Page<HeldMembership>, ServiceError> {
    Operation::ReportsHeld.thinkable(caller)?;
    let mut conn = portal.db().read().await?;
    let asked = asked(portal, caller, query, "memberships", &mut conn).await?;
    let wanted = asked.bounds.store(true, MembershipId::from_uuid);
    let rows = store::memberships(&mut conn, &asked.visibility, &asked.about, &wanted).await?;
    let page = asked.bounds.page(rows, membership_place);
    let next = page.next.clone();
    let data = shown_memberships(&mut conn, page.data).await?;
    Ok(Page { data, next })
}

/// Which profiles were assigned on the day.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn assignments(
    portal: &Portal,
    caller: &Caller,
    query: &HeldQuery,
) -> Result<Page<HeldAssignment>, ServiceError> {
    Operation::ReportsHeld.thinkable(caller)?;
    let mut conn = portal.db().read().await?;
    let asked = asked(portal, caller, query, "assignments", &mut conn).await?;
    let wanted = asked.bounds.store(true, AssignmentId::from_uuid);
    let rows = store::assignments(&mut conn, &asked.visibility, &asked.about, &wanted).await?;
    let page = asked.bounds.page(rows, assignment_place);
    let next = page.next.clone();
    let data = shown_assignments(&mut conn, page.data).await?;
    Ok(Page { data, next })
}

pub(super) fn certificate_place(row: &Certificate) -> (SortKey, uuid::Uuid) {
    (row.created_at.into(), row.id.as_uuid())
}

pub(super) fn ownership_place(row: &Ownership) -> (SortKey, uuid::Uuid) {
    (row.valid_from.into(), row.device_id.as_uuid())
}

pub(super) fn membership_place(row: &Membership) -> (SortKey, uuid::Uuid) {
    (row.valid_from.into(), row.id.as_uuid())
}

pub(super) fn assignment_place(row: &Assignment) -> (SortKey, uuid::Uuid) {
    (row.valid_from.into(), row.id.as_uuid())
}

pub(super) async fn shown_certificates(
    conn: &mut Conn,
    rows: Vec<Certificate>,
    day: Day,
) -> StoreResult<Vec<HeldCertificate>> {
    let ids: Vec<CertificateId> = rows.iter().map(|row| row.id).collect();
    let copies = store::copies(conn, &ids, day).await?;
    let names = Names::of(
        conn,
        rows.iter().filter_map(|row| row.user_id),
        rows.iter().filter_map(|row| row.device_id).chain(copies.iter().map(|copy| copy.device_id)),
        rows.iter().map(|row| row.profile_id),
    )
    .await?;
    let mut by_certificate: BTreeMap<CertificateId, Vec<HeldCopy>> = BTreeMap::new();
    for copy in copies {
        by_certificate.entry(copy.certificate_id).or_default().push(HeldCopy {
            device: names.the_device(copy.device_id),
            feature: copy.feature,
            installed_at: copy.installed_at,
            removed_at: copy.removed_at,
        });
    }
    let each = rows.into_iter().map(|row| HeldCertificate {
        id: row.id,
        serial: row.serial,
        subject: row.subject,
        profile: names.profile(row.profile_id),
        user: names.user(row.user_id),
        device: names.device(row.device_id),
        valid_from: row.not_before,
        valid_until: row.not_after,
        revoked_at: row.revoked_at,
        reason: row.reason,
        copies: by_certificate.remove(&row.id).unwrap_or_default(),
    });
    Ok(each.collect())
}

pub(super) async fn shown_devices(conn: &mut Conn, rows: Vec<Ownership>) -> StoreResult<Vec<HeldDevice>> {
    let users = rows.iter().map(|row| row.user_id);
    let names = Names::of(conn, users, rows.iter().map(|row| row.device_id), []).await?;
    let each = rows.into_iter().filter_map(|row| {
        Some(HeldDevice {
            device: names.the_device(row.device_id),
            user: names.user(Some(row.user_id))?,
            valid_from: row.valid_from,
            valid_until: row.valid_until,
        })
    });
    Ok(each.collect())
}

pub(super) async fn shown_memberships(
    conn: &mut Conn,
    rows: Vec<Membership>,
) -> StoreResult<Vec<HeldMembership>> {
    let of = |kind| rows.iter().filter(move |row| row.member_kind == kind).map(|row| row.member_id);
    let users: Vec<UserId> = of(MemberKind::User).map(UserId::from_uuid).collect();
    let devices: Vec<DeviceId> = of(MemberKind::Device).map(DeviceId::from_uuid).collect();
    let inner = of(MemberKind::Group).map(GroupId::from_uuid);
    let groups = named(conn, rows.iter().map(|row| row.group_id).chain(inner)).await?;
    let names = Names::of(conn, users, devices, []).await?;
    let each = rows.into_iter().map(|row| {
        let only = |kind| (row.member_kind == kind).then_some(row.member_id);
        HeldMembership {
            group: group(&groups, row.group_id),
            kind: row.member_kind,
            user: names.user(only(MemberKind::User).map(UserId::from_uuid)),
            device: names.device(only(MemberKind::Device).map(DeviceId::from_uuid)),
            inner: only(MemberKind::Group).map(|id| group(&groups, GroupId::from_uuid(id))),
            valid_from: row.valid_from,
            valid_until: row.valid_until,
        }
    });
    Ok(each.collect())
}

pub(super) async fn shown_assignments(
    conn: &mut Conn,
    rows: Vec<Assignment>,
) -> StoreResult<Vec<HeldAssignment>> {
    let groups = named(conn, rows.iter().map(|row| row.group_id)).await?;
    let names = Names::of(conn, [], [], rows.iter().map(|row| row.profile_id)).await?;
    let each = rows.into_iter().map(|row| HeldAssignment {
        profile: names.profile(row.profile_id),
        group: group(&groups, row.group_id),
        mode: row.mode,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
    });
    Ok(each.collect())
}

async fn named(
    conn: &mut Conn,
    ids: impl IntoIterator<Item = GroupId>,
) -> StoreResult<BTreeMap<GroupId, String>> {
    let ids: std::collections::BTreeSet<GroupId> = ids.into_iter().collect();
    let ids: Vec<GroupId> = ids.into_iter().collect();
    let mut names = BTreeMap::new();
    for chunk in ids.chunks(500) {
        for group in groups::by_ids(conn, chunk).await? {
            names.insert(group.id, group.name.to_string());
        }
    }
    Ok(names)
}

fn group(names: &BTreeMap<GroupId, String>, id: GroupId) -> GroupReference {
    GroupReference { id, name: names.get(&id).cloned().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_from_midnight_to_midnight_and_not_to_come() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let on = |day: &str| HeldQuery { day: Some(day.into()), ..HeldQuery::default() }.on(now);
        let day = on("2026-11-21").unwrap();
        assert_eq!(day.from.to_string(), "2026-11-21T00:00:00Z");
        assert_eq!(day.until.to_string(), "2026-11-22T00:00:00Z");
        assert_eq!(HeldQuery::default().on(now).unwrap().from.to_string(), "2026-11-22T00:00:00Z");
        for wrong in ["2026-11-23", "22.11.2026", "2026-02-30", "yesterday"] {
            assert!(matches!(on(wrong), Err(ServiceError::Invalid(_))), "{wrong}");
        }
    }
}
