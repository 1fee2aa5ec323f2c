//! What happened to a person and their devices: steps of the timeline, and what the audit trail has of them.

use certporter_model::Timestamp;
use certporter_model::ids::{AccountId, CertificateId, DeviceId, ProfileId, RequestId, UserId};
use uuid::Uuid;

use super::audit_events::AuditEntry;
use super::device_owners::Ownership;
use super::timeline::TimelineEvent;
use super::{Conn, IN_A_LIST, Result, Sql, accounts, sql, table_row};

/// Whose past it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A person's; of it only what was on a device, if one is given.
    Person(UserId, Option<DeviceId>),
    /// A device's by itself, from a moment on.
    Device(DeviceId, Timestamp),
}

impl Whose {
    /// What belongs to it, by the columns of that name.
    fn push(&self, query: &mut Sql, at: &'static str) {
        match self {
            Self::Person(user, device) => {
                query.push("user_id = ").bind(user);
                if let Some(device) = device {
                    query.push(" AND device_id = ").bind(device);
                }
            }
            Self::Device(device, since) => {
                query.push("device_id = ").bind(device).push(" AND ").push(at).push(" >= ").bind(since);
            }
        }
    }
}

/// Steps of everything that is theirs, the newest first, below the place `before`.
///
/// # Errors
/// When the database refuses.
pub async fn steps(
    conn: &mut Conn,
    whose: Whose,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<TimelineEvent>> {
    let mut query = Sql::select::<TimelineEvent>();
    query.push(" WHERE ");
    whose.push(&mut query, "at");
    query
        .push(" AND seq < ")
        .bind(&before.unwrap_or(i64::MAX))
        .push(" ORDER BY seq DESC LIMIT ")
        .bind(&limit);
    query.all(conn).await
}

/// What is theirs, as the audit trail names it.
#[derive(Debug, Clone, Default)]
pub struct Theirs {
    /// The person; none where only a device is asked for.
    pub user: Option<UserId>,
    /// The accounts with which they sign in; none where only a device is asked for.
    pub accounts: Vec<AccountId>,
    /// Devices, and since when and until when they belong to it.
    pub devices: Vec<Span>,
    /// Certificates.
    pub certificates: Vec<CertificateId>,
    /// Requests.
    pub requests: Vec<RequestId>,
}

/// A device, and the time in which what happened to it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The device.
    pub device: DeviceId,
    /// Since then.
    pub from: Timestamp,
    /// Until then; open while none.
    pub until: Option<Timestamp>,
}

/// What is theirs: the newest [`IN_A_LIST`] certificates and requests.
///
/// # Errors
/// When the database refuses.
pub async fn theirs(conn: &mut Conn, whose: Whose) -> Result<Theirs> {
    let user = match whose {
        Whose::Person(user, None) => Some(user),
        _ => None,
    };
    let accounts = match user {
        Some(user) => accounts::of_user(conn, user).await?.into_iter().map(|account| account.id).collect(),
        None => Vec::new(),
    };
    Ok(Theirs {
        user,
        accounts,
        devices: spans(conn, whose).await?,
        certificates: newest(conn, "SELECT id FROM certificates WHERE ", whose).await?,
        requests: newest(conn, "SELECT id FROM requests WHERE ", whose).await?,
    })
}

/// While devices were a person's; or the one that is looked at by itself.
async fn spans(conn: &mut Conn, whose: Whose) -> Result<Vec<Span>> {
    let (user, device) = match whose {
        Whose::Device(device, from) => return Ok(vec![Span { device, from, until: None }]),
        Whose::Person(user, device) => (user, device),
    };
    let mut query = Sql::select::<Ownership>();
    query.push(" WHERE user_id = ").bind(&user);
    if let Some(device) = &device {
        query.push(" AND device_id = ").bind(device);
    }
    query.push(" ORDER BY valid_from DESC");
    let owned: Vec<Ownership> = query.all(conn).await?;
    let span = |it: Ownership| Span { device: it.device_id, from: it.valid_from, until: it.valid_until };
    Ok(owned.into_iter().map(span).collect())
}

async fn newest<T: super::row::Load>(conn: &mut Conn, text: &'static str, whose: Whose) -> Result<Vec<T>> {
    let mut query = Sql::new(text);
    whose.push(&mut query, "created_at");
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
    let accounts: Vec<Uuid> = theirs.accounts.iter().map(|id| id.as_uuid()).collect();
    found.extend(about(conn, "account", &accounts, None, before, limit).await?);
    for Span { device, from, until } in &theirs.devices {
        let span = Some((*from, *until));
        found.extend(about(conn, "device", &[device.as_uuid()], span, before, limit).await?);
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
    query.push("'users.look_up', 'devices.look_up', 'device.report', 'device.report_refused',");
    query.push(" 'management_certificate.use')");
    if kind == "account" {
        // How the person gets in, not what they do with an account that may be for other work too.
        query.push(" AND action IN ('accounts.create', 'accounts.update', 'accounts.set_password',");
        query.push(" 'accounts.invite', 'accounts.delete', 'invitation.redeem', 'own.set_password')");
    }
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
