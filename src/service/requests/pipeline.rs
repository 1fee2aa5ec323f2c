//! The pipeline as a whole: how many requests are at each step, why some are in trouble, and trying those again.

use certporter_model::Timestamp;
use certporter_model::access::Caller;
use certporter_model::request::RequestState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::pipeline::work::Work;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::store::{AuditEvent, Target, jobs, trouble};

/// Requests are counted up to so many at each step: beyond, nobody counts them one by one.
const COUNTED: u32 = 1_000;
/// Requests in trouble that are looked at to find the reasons.
const CONSIDERED: u32 = 10_000;
/// Reasons that are listed.
const REASONS: u32 = 50;

/// The steps in the order in which a request takes them: those that are under way, and where it stops.
const STEPS: [RequestState; 9] = [
    RequestState::Requested,
    RequestState::Waiting,
    RequestState::Claimed,
    RequestState::KeyGenerated,
    RequestState::Submitted,
    RequestState::Pending,
    RequestState::Issued,
    RequestState::Escrowed,
    RequestState::Failed,
];

/// How many requests are at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepCount {
    /// The step.
    pub state: RequestState,
    /// How many, up to 1,000.
    pub count: u32,
    /// Whether there are more.
    pub more: bool,
}

/// Requests in trouble for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TroubleView {
    /// Whether they failed or wait for a value.
    pub state: RequestState,
    /// Why.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// How many of those that were looked at: at most 10,000 in all.
    pub count: u64,
    /// Since when the first of them is so.
    pub since: Timestamp,
    /// When the last of them became so.
    pub latest: Timestamp,
    /// Whether all of them are being tried again right now.
    pub retrying: bool,
}

/// Which requests are tried again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryAllDraft {
    /// Those that failed or wait for exactly this reason.
    pub cause: String,
}

/// How many requests that the caller may see are at each step that is not done.
///
/// # Errors
/// When the caller may not.
pub async fn pipeline(portal: &Portal, caller: &Caller) -> Result<Vec<StepCount>, ServiceError> {
    let visibility = Operation::RequestsPipeline.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    let mut steps = Vec::with_capacity(STEPS.len());
    for state in STEPS {
        let count = trouble::count(&mut conn, &visibility, state, COUNTED + 1).await?;
        steps.push(StepCount { state, count: count.min(COUNTED), more: count > COUNTED });
    }
    Ok(steps)
}

/// Why requests that the caller may see failed or wait, the most frequent reason first.
///
/// # Errors
/// When the caller may not.
pub async fn troubles(portal: &Portal, caller: &Caller) -> Result<Vec<TroubleView>, ServiceError> {
    let visibility = Operation::RequestsTroubles.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    let rows = trouble::by_cause(&mut conn, &visibility, CONSIDERED, REASONS).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let retrying = match &row.cause {
            Some(cause) => jobs::is_open(&mut conn, certporter_model::job::JobKind::Retry, cause).await?,
            None => false,
        };
        views.push(TroubleView {
            state: row.state,
            cause: row.cause,
            remedy: row.remedy,
            count: u64::try_from(row.amount).unwrap_or_default(),
            since: row.since,
            latest: row.latest,
            retrying,
        });
    }
    Ok(views)
}

/// Has everything tried again that failed or waits for this reason, by a job that goes on whatever happens to this
/// process.
///
/// # Errors
/// When the caller may not, or nothing is in trouble for that reason.
pub async fn retry_all(portal: &Portal, caller: &Caller, draft: &RetryAllDraft) -> Result<(), ServiceError> {
    let permit = Operation::RequestsRetryAll.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let total = trouble::unchanged(&mut tx, &draft.cause, now, u64::from(CONSIDERED)).await?;
    if total == 0 {
        return Err(ServiceError::conflict("no request is in trouble for this reason any more"));
    }
    let asked_by = permit.actor().to_string();
    let work = Work::Retry { cause: draft.cause.clone(), asked_at: now, asked_by };
    work.enqueue(&mut tx, now, portal.random()).await?;
    let event = AuditEvent::new(now, Operation::RequestsRetryAll.name(), Target::none("request"))
        .with("cause", draft.cause.clone())
        .with("requests", total);
    tx.commit(event).await?;
    Ok(())
}
