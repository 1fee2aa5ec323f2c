//! Requests for certificates: how far they are, and what to do about those that failed.

mod pipeline;
mod retries;

use certporter_model::access::{Caller, Permit};
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{
    CertificateId, DeviceId, GroupId, ParseError, ProfileId, RequestId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use pipeline::{RetryAllDraft, StepCount, TroubleView, pipeline, retry_all, troubles};
pub use retries::{RetryView, retries};

use super::action::ActionDraft;
use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::reference::{DeviceReference, ProfileReference, UserReference};
use super::timeline::{TimelineEntry, TimelineQuery};
use super::{scope, timeline};
use crate::pipeline::change;
use crate::store::requests::{self, Request, RequestFilter};
use crate::store::timeline::Of;
use crate::store::{AuditEvent, Conn, Target};

/// A request as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestView {
    /// Its id.
    pub id: RequestId,
    /// The profile that it is for.
    pub profile: ProfileReference,
    /// The profile's version.
    pub profile_version: i64,
    /// The user that it is for.
    pub user: Option<UserReference>,
    /// The device that it is for.
    pub device: Option<DeviceReference>,
    /// How far it is.
    pub state: RequestState,
    /// What set it off.
    pub trigger: Trigger,
    /// The certificate that it brought.
    pub certificate_id: Option<CertificateId>,
    /// The connector that works on it.
    pub connector: Option<String>,
    /// How often it was tried.
    pub attempt: i64,
    /// When it is tried again by itself.
    pub retry_at: Option<Timestamp>,
    /// What went wrong, or what it waits for.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was done, one way or the other.
    pub finished_at: Option<Timestamp>,
    /// Counts its changes: the entity tag.
    pub version: i64,
}

/// How far a request is, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestStage {
    /// Nobody has to do anything.
    UnderWay,
    /// Failed, or waits for a value.
    Troubled,
}

impl RequestStage {
    /// The stage of a request that is in flight.
    #[must_use]
    pub const fn of(state: RequestState) -> Self {
        match state {
            RequestState::Failed | RequestState::Waiting => Self::Troubled,
            _ => Self::UnderWay,
        }
    }

    /// Its word in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnderWay => "under_way",
            Self::Troubled => "troubled",
        }
    }

    /// Both, in order.
    pub const ALL: &'static [Self] = &[Self::UnderWay, Self::Troubled];

    fn holds(self, state: RequestState) -> bool {
        state.is_in_flight() && Self::of(state) == self
    }
}

impl std::str::FromStr for RequestStage {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.iter().copied().find(|stage| stage.as_str() == text);
        known.ok_or_else(|| ParseError::new("stage of a request", "is one of under_way troubled"))
    }
}

/// Which requests.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RequestsQuery {
    /// Only this state.
    pub state: Option<RequestState>,
    /// Only those that are on their way, or in trouble.
    #[param(inline)]
    pub stage: Option<RequestStage>,
    /// Only for devices of this platform.
    pub platform: Option<Platform>,
    /// Only those whose user or device is in this group, or in one within it.
    pub group: Option<GroupId>,
    /// Only of this profile.
    pub profile: Option<ProfileId>,
    /// Only of this user.
    pub user: Option<UserId>,
    /// Only of this device.
    pub device: Option<DeviceId>,
    /// Only those that failed or wait for exactly this reason.
    pub cause: Option<String>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Requests that the caller may see, newest first.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &RequestsQuery,
) -> Result<Page<RequestView>, ServiceError> {
    let visibility = Operation::RequestsList.visibility(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let asked = |state: &RequestState| {
        query.state.is_none_or(|it| it == *state) && query.stage.is_none_or(|it| it.holds(*state))
    };
    let states = match (query.state, query.stage) {
        (None, None) => Vec::new(),
        _ => RequestState::ALL.iter().copied().filter(asked).collect(),
    };
    // A state that is not of the stage: there is no such request.
    if states.is_empty() && query.stage.is_some() {
        return Ok(bounds.page(Vec::new(), |view: &RequestView| view.id.as_uuid()));
    }
    let filter = RequestFilter {
        states,
        platform: query.platform,
        group: query.group,
        profile: query.profile,
        user: query.user,
        device: query.device,
        cause: query.cause.clone(),
    };
    let mut conn = portal.db().read().await?;
    let wanted = bounds.newest(RequestId::from_uuid);
    let rows = requests::list(&mut conn, &visibility, &filter, wanted).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let names = names(&mut conn, &page.data).await?;
    Ok(page.map(|row| view(row, &names)))
}

/// One request.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: RequestId) -> Result<RequestView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let (request, _) = find(&mut conn, caller, Operation::RequestsGet, id).await?;
    shown(&mut conn, request).await
}

/// What happened to a request, newest first.
///
/// # Errors
/// When the caller may not, there is none, or the query is wrong.
pub async fn timeline(
    portal: &Portal,
    caller: &Caller,
    id: RequestId,
    query: &TimelineQuery,
) -> Result<Page<TimelineEntry>, ServiceError> {
    let mut conn = portal.db().read().await?;
    find(&mut conn, caller, Operation::RequestsTimeline, id).await?;
    timeline::read(&mut conn, Of::Request(id), query).await
}

/// Has a failed or waiting request tried again.
///
/// # Errors
/// When the caller may not, there is none, or it is neither failed nor waiting.
pub async fn retry(
    portal: &Portal,
    caller: &Caller,
    id: RequestId,
    draft: &ActionDraft,
) -> Result<RequestView, ServiceError> {
    change_it(portal, caller, Operation::RequestsRetry, id, draft).await
}

/// Cancels a request. If a certificate still comes, it is recorded and revoked.
///
/// # Errors
/// When the caller may not, there is none, or it is done already.
pub async fn cancel(
    portal: &Portal,
    caller: &Caller,
    id: RequestId,
    draft: &ActionDraft,
) -> Result<RequestView, ServiceError> {
    change_it(portal, caller, Operation::RequestsCancel, id, draft).await
}

async fn change_it(
    portal: &Portal,
    caller: &Caller,
    operation: Operation,
    id: RequestId,
    draft: &ActionDraft,
) -> Result<RequestView, ServiceError> {
    operation.thinkable(caller)?;
    let explanation = draft.parse()?;
    let mut conn = portal.db().read().await?;
    let (_, permit) = find(&mut conn, caller, operation, id).await?;
    drop(conn);
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = requests::get(&mut tx, id).await?;
    if operation == Operation::RequestsRetry {
        if !matches!(before.state, RequestState::Failed | RequestState::Waiting) {
            return Err(ServiceError::conflict(format!(
                "the request is {}: only one that failed or waits is tried again",
                before.state
            )));
        }
        change::retry(&mut tx, id, now, portal.random()).await?;
    } else if !change::cancel(
        &mut tx,
        id,
        (Reason::CessationOfOperation, Trigger::Asked),
        now,
        portal.random(),
    )
    .await?
    {
        return Err(ServiceError::conflict(format!("the request is {} already", before.state)));
    }
    let mut event = AuditEvent::new(now, operation.name(), Target::one("request", id.as_uuid()));
    if let Some(explanation) = &explanation {
        event = event.with("explanation", explanation.as_str());
    }
    tx.commit(event).await?;
    let mut conn = portal.db().read().await?;
    let after = requests::get(&mut conn, id).await?;
    shown(&mut conn, after).await
}

async fn find(
    conn: &mut Conn,
    caller: &Caller,
    operation: Operation,
    id: RequestId,
) -> Result<(Request, Permit), ServiceError> {
    operation.thinkable(caller)?;
    let request = requests::get(conn, id).await?;
    let scope = scope::of_holder(conn, request.user_id, request.device_id).await?;
    let permit = operation.on(caller, &scope, "request")?;
    Ok((request, permit))
}

async fn names(conn: &mut Conn, rows: &[Request]) -> Result<Names, ServiceError> {
    let users: Vec<_> = rows.iter().filter_map(|row| row.user_id).collect();
    let devices: Vec<_> = rows.iter().filter_map(|row| row.device_id).collect();
    let profiles: Vec<_> = rows.iter().map(|row| row.profile_id).collect();
    Ok(Names::of(conn, users, devices, profiles).await?)
}

async fn shown(conn: &mut Conn, row: Request) -> Result<RequestView, ServiceError> {
    let names = names(conn, std::slice::from_ref(&row)).await?;
    Ok(view(row, &names))
}

fn view(row: Request, names: &Names) -> RequestView {
    RequestView {
        id: row.id,
        profile: names.profile(row.profile_id),
        profile_version: row.profile_version,
        user: names.user(row.user_id),
        device: names.device(row.device_id),
        state: row.state,
        trigger: row.trigger_kind,
        certificate_id: row.certificate_id,
        connector: row.connector,
        attempt: row.attempt,
        retry_at: row.retry_at,
        cause: row.cause,
        remedy: row.remedy,
        created_at: row.created_at,
        updated_at: row.updated_at,
        finished_at: row.finished_at,
        version: row.version,
    }
}
