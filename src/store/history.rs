//! What happened to a person and their devices: steps of the timeline, and what the audit trail has of them.

use certporter_model::Timestamp;
use certporter_model::ids::{CertificateId, DeviceId, ProfileId, RequestId, UserId};
use uuid::Uuid;

use super::audit_events::AuditEntry;
use super::device_owners::Ownership;
use super::timeline::TimelineEvent;
use super::{Conn, IN_A_LIST, Result, Sql, sql, table_row};

/// Steps of everything of a user's, the newest first, below the place `before`; only those on a device, if one is given.
///
/// # Errors
/// When the database refuses.
pub async fn steps(
    conn: &mut Conn,
    user: UserId,
    device: Option<DeviceId>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<TimelineEvent>> {
    let mut query = Sql::select::<TimelineEvent>();
    query.push(" WHERE user_id = ").bind(&user).push(" AND seq < ").bind(&before.unwrap_or(i64::MAX));
    if let Some(device) = &device {
        query.push(" AND device_id = ").bind(device);
    }
    query.push(" ORDER BY seq DESC LIMIT ").bind(&limit);
    query.all(conn).await
}

/// What is theirs, as the audit trail names it.
#[derive(Debug, Clone, Default)]
pub struct Theirs {
    /// The person; none where only a device is asked for.
    pub user: Option<UserId>,
    /// Devices, while they were theirs.
    pub devices: Vec<Ownership>,
    /// Certificates.
    pub certificates: Vec<CertificateId>,
    /// Requests.
    pub requests: Vec<RequestId>,
}

/// What is a user's, or of it what is on a device: the newest [`IN_A_LIST`] certificates and requests.
///
/// # Errors
/// When the database refuses.
pub async fn theirs(conn: &mut Conn, user: UserId, device: Option<DeviceId>) -> Result<Theirs> {
    let mut query = Sql::select::<Ownership>();
    query.push(" WHERE user_id = ").bind(&user);
    if let Some(device) = &device {
        query.push(" AND device_id = ").bind(device);
    }
    query.push(" ORDER BY valid_from DESC");
    Ok(Theirs {
        user: device.is_none().then_some(user),
        devices: query.all(conn).await?,
        certificates: newest(conn, "SELECT id FROM certificates WHERE user_id = ", user, device).await?,
        requests: newest(conn, "SELECT id FROM requests WHERE user_id = ", user, device).await?,
    })
}

async fn newest<T: super::row::Load>(
    conn: &mut Conn,
    text: &'static str,
    user: UserId,
    device: Option<DeviceId>,
) -> Result<Vec<T>> {
    let mut query = Sql::new(text);
    query.bind(&user);
    if let Some(device) = &device {
        query.push(" AND device_id = ").bind(device);
    }
    query.push(" ORDER BY id DESC LIMIT ").bind(&u32::try_from(IN_A_LIST).unwrap_or(u32::MAX));
    query.scalars(conn).await
}

/// What people, programs and devices did to what is theirs, the newest first, below the place `before`. What the portal
/// does by itself stands among the steps.
///
/// # Errors
/// When the database refuses.
pub async fn done(
    conn: &mut Conn,
    theirs: &Theirs,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>> {
    let mut found = Vec::new();
    if let Some(user) = theirs.user {
        found.extend(about(conn, "user", &[user.as_uuid()], None, before, limit).await?);
    }
    for owned in &theirs.devices {
        let span = Some((owned.valid_from, owned.valid_until));
        found.extend(about(conn, "device", &[owned.device_id.as_uuid()], span, before, limit).await?);
    }
    let certificates: Vec<Uuid> = theirs.certificates.iter().map(|id| id.as_uuid()).collect();
    found.extend(about(conn, "certificate", &certificates, None, before, limit).await?);
    let requests: Vec<Uuid> = theirs.requests.iter().map(|id| id.as_uuid()).collect();
    found.extend(about(conn, "request", &requests, None, before, limit).await?);
    found.sort_by_key(|event| std::cmp::Reverse(event.seq));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

async fn about(
    conn: &mut Conn,
    kind: &'static str,
    ids: &[Uuid],
    span: Option<(Timestamp, Option<Timestamp>)>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Sql::select::<AuditEntry>();
    query.push(" WHERE target_kind = ").bind(kind).push(" AND target_id IN (").bind_list(ids).push(")");
    query.push(" AND actor_kind IN ('account', 'user', 'token', 'device', 'anonymous') AND action NOT IN (");
    query.push("'users.look_up', 'device.report', 'device.report_refused', 'management_certificate.use')");
    query.push(" AND seq < ").bind(&before.unwrap_or(i64::MAX));
    if let Some((from, until)) = &span {
        query.push(" AND at >= ").bind(from);
        if let Some(until) = until {
            query.push(" AND at <= ").bind(until);
        }
    }
    // Not by the index of the trail's order: what is about a few things would be sought in all of it.
    query.push(" ORDER BY seq + 0 DESC LIMIT ").bind(&limit);
    query.all(conn).await
}

table_row! {
    /// Of which profile something is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct OfProfile in "requests" {
        /// What.
        pub id: Uuid,
        /// Its profile.
        pub profile_id: ProfileId,
    }
}

/// Of which profiles these requests and certificates are.
///
/// # Errors
/// When the database refuses.
pub async fn profiles_of(
    conn: &mut Conn,
    requests: &[RequestId],
    certificates: &[CertificateId],
) -> Result<Vec<OfProfile>> {
    let mut query = sql!("SELECT id, profile_id FROM requests WHERE id IN (");
    query.bind_list(requests).push(") UNION ALL SELECT id, profile_id FROM certificates WHERE id IN (");
    query.bind_list(certificates).push(")");
    query.all(conn).await
}
