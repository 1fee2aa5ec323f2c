//! Requests for certificates: what a plan asks for, and lists. The pipeline's own changes stand in [`super::steps`].

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::assignment::HolderKind;
use certporter_model::ids::{
    CaGenerationId, CaId, CertificateId, DeviceId, EnrolmentId, EscrowedKeyId, GroupId, ProfileId, RequestId,
    UserId,
};
use certporter_model::names::Names;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::thumbprint::{ContentDigest, PublicKeyHash};
use uuid::Uuid;

use super::visibility::Seen;
use super::{Conn, Page, Result, Sql, WriteTx, by_id, fleet, save, table_row};

table_row! {
    /// A request.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Request in "requests" {
        /// Its id.
        pub id: RequestId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// In which version.
        pub profile_version: i64,
        /// Whether for a user or a device.
        pub holder_kind: HolderKind,
        /// For which.
        pub holder_id: Uuid,
        /// The user whose it is, if any.
        pub user_id: Option<UserId>,
        /// The device that it is for, in device scope.
        pub device_id: Option<DeviceId>,
        /// The device's enrolment at the time, in device scope.
        pub enrolment_id: Option<EnrolmentId>,
        /// How far it is.
        pub state: RequestState,
        /// The names, or what they lack.
        pub names: Names,
        /// What the certificate depends on.
        pub content_digest: ContentDigest,
        /// What set it off.
        pub trigger_kind: Trigger,
        /// The certificate that it takes the place of.
        pub supersedes_id: Option<CertificateId>,
        /// The key that is to be kept on renewal.
        pub kept_key_id: Option<EscrowedKeyId>,
        /// The intent: SHA-256 of the public key.
        pub public_key_hash: Option<PublicKeyHash>,
        /// The intent: the CSR.
        pub csr: Option<Vec<u8>>,
        /// The CA that was asked.
        pub ca_id: Option<CaId>,
        /// Its generation that issued.
        pub ca_generation_id: Option<CaGenerationId>,
        /// The CA's name for a request that it has not decided yet.
        pub ca_reference: Option<String>,
        /// When to ask the CA again.
        pub poll_at: Option<Timestamp>,
        /// What it brought.
        pub certificate_id: Option<CertificateId>,
        /// The intent: the sealed key.
        pub escrowed_key_id: Option<EscrowedKeyId>,
        /// The connector that took it last.
        pub connector: Option<String>,
        /// How often it was tried.
        pub attempt: i64,
        /// When it is tried again.
        pub retry_at: Option<Timestamp>,
        /// Why it failed or waits.
        pub cause: Option<String>,
        /// What to do about it.
        pub remedy: Option<String>,
        /// For what reason a certificate that still comes is revoked.
        pub cancelled_reason: Option<Reason>,
        /// What cancelled it.
        pub cancelled_trigger: Option<Trigger>,
        /// Counts changes; [`update`] refuses an older one.
        pub version: i64,
        /// Made then.
        pub created_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
        /// Done, failed or cancelled then.
        pub finished_at: Option<Timestamp>,
    }
}

/// Which requests.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// In one of these states; in any if empty.
    pub states: Vec<RequestState>,
    /// Of this profile.
    pub profile: Option<ProfileId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// For this device.
    pub device: Option<DeviceId>,
    /// That failed or wait for this reason.
    pub cause: Option<String>,
    /// For a device of this platform.
    pub platform: Option<Platform>,
    /// Whose user or device is in this group, or in one within it.
    pub group: Option<GroupId>,
}

/// A new request.
///
/// # Errors
/// A conflict with `requests__profile_id__holder_kind__holder_id` when one is in flight for the same profile and
/// holder: another planner was faster.
pub async fn insert(tx: &mut WriteTx, request: &Request) -> Result<()> {
    super::insert(tx, request).await
}

/// New requests.
///
/// # Errors
/// As [`insert`].
pub async fn insert_all(tx: &mut WriteTx, requests: &[Request]) -> Result<()> {
    super::insert_all(tx, requests).await
}

/// Changes a request.
///
/// # Errors
/// Stale when somebody else changed it.
pub async fn update(tx: &mut WriteTx, request: &Request) -> Result<()> {
    save(tx, request, "request").await
}

/// The request of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: RequestId) -> Result<Request> {
    by_id(conn, &id, "request").await
}

/// The requests of these holders that are in flight.
///
/// # Errors
/// When the database refuses.
pub async fn in_flight_of(conn: &mut Conn, kind: HolderKind, holders: &[Uuid]) -> Result<Vec<Request>> {
    let mut query = Sql::select::<Request>();
    query.push(" WHERE state NOT IN ('completed', 'cancelled') AND holder_kind = ").bind(&kind);
    query.push(" AND holder_id IN (").bind_list(holders).push(") ORDER BY id");
    query.all(conn).await
}

/// Requests that the caller may see.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Conn,
    visibility: &Visibility,
    filter: &RequestFilter,
    page: Page<RequestId>,
) -> Result<Vec<Request>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<Request>();
    push_filter(&mut query, &seen, filter);
    page.push_cursor(&mut query, "requests.id");
    page.push_order(&mut query, "requests.id");
    query.all(conn).await
}

/// How many of them there are.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, visibility: &Visibility, filter: &RequestFilter) -> Result<u64> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new("SELECT count(*) FROM requests");
    push_filter(&mut query, &seen, filter);
    query.scalar(conn).await
}

fn push_filter(query: &mut Sql, seen: &Seen, filter: &RequestFilter) {
    query.push(" WHERE 1 = 1");
    if !filter.states.is_empty() {
        query.push(" AND requests.state IN (").bind_list(&filter.states).push(")");
    }
    if let Some(profile) = &filter.profile {
        query.push(" AND requests.profile_id = ").bind(profile);
    }
    if let Some(user) = &filter.user {
        query.push(" AND requests.user_id = ").bind(user);
    }
    if let Some(device) = &filter.device {
        query.push(" AND requests.device_id = ").bind(device);
    }
    if let Some(cause) = &filter.cause {
        query.push(" AND requests.state IN ('failed', 'waiting') AND requests.cause = ").bind(cause.as_str());
    }
    if let Some(platform) = &filter.platform {
        query.push(" AND EXISTS (SELECT 1 FROM devices d WHERE d.id = requests.device_id AND d.platform = ");
        query.bind(platform).push(")");
    }
    if let Some(group) = filter.group {
        fleet::push_in_group(query, "requests.id", "requests", group);
    }
    seen.push(query, Some("requests.user_id"), Some("requests.device_id"));
}
