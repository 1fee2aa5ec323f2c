//! Large plans that wait for somebody to decide: an automatic plan never revokes or replaces very many by itself.

use certporter_model::access::Caller;
use certporter_model::text::Explanation;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{ApprovalId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::action::ActionDraft;
use super::consequences::{self, Consequence};
use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use crate::pipeline::planner::Whom;
use crate::pipeline::work::Work;
use crate::plan::Holder;
use crate::store::approvals::{self, Approval, Decided};
use crate::store::{AuditEvent, Conn, Target};

/// The most plans in a list.
const MOST: u32 = 200;

/// A plan that waits, or that was decided on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalView {
    /// Its id.
    pub id: ApprovalId,
    /// What made the plan.
    pub kind: String,
    /// The plan's digest: the decision is about this plan and no other.
    pub digest: ContentDigest,
    /// The plan in numbers.
    #[schema(value_type = Object)]
    pub summary: serde_json::Value,
    /// Some of it as it would be done now, what weighs most first: of a single plan that waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sample: Vec<Consequence>,
    /// waiting, approved, refused or outdated.
    pub state: String,
    /// Who set it off.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What they said about it.
    pub explanation: Option<String>,
}

/// What somebody decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionDraft {
    /// Whether the plan is carried out.
    pub approve: bool,
    /// Why, in words.
    #[serde(default)]
    pub explanation: Option<String>,
}

/// Plans, those that wait included, newest first.
///
/// # Errors
/// When the caller may not.
pub async fn list(portal: &Portal, caller: &Caller) -> Result<Vec<ApprovalView>, ServiceError> {
    Operation::ApprovalsList.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(approvals::list(&mut conn, None, MOST).await?.into_iter().map(view).collect())
}

/// One plan.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: ApprovalId) -> Result<ApprovalView, ServiceError> {
    Operation::ApprovalsGet.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    let row = approvals::get(&mut conn, id).await?;
    let sample = sample(&mut conn, &row, portal.now()).await?;
    Ok(ApprovalView { sample, ..view(row) })
}

/// What a plan that waits would do to the first of those that it concerns, as it would be made now.
async fn sample(conn: &mut Conn, row: &Approval, now: Timestamp) -> Result<Vec<Consequence>, ServiceError> {
    // Of an import nothing is written before it is approved: what was shown when it was asked for is kept with it.
    if let Some(kept) = row.summary.get("sample").filter(|_| row.state == "waiting") {
        return Ok(serde_json::from_value(kept.clone()).unwrap_or_default());
    }
    let named = row.summary.get("holders").cloned().unwrap_or_default();
    let holders: Vec<Holder> = serde_json::from_value(named).unwrap_or_default();
    if row.state != "waiting" || holders.is_empty() {
        return Ok(Vec::new());
    }
    let whom = Whom { exactly: holders, ..Whom::default() };
    Ok(consequences::of(conn, &whom, now).await?.sample)
}

/// How many plans wait.
///
/// # Errors
/// When the caller may not.
pub async fn waiting(portal: &Portal, caller: &Caller) -> Result<usize, ServiceError> {
    Operation::ApprovalsList.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(approvals::list(&mut conn, Some("waiting"), MOST).await?.len())
}

/// Decides on a plan that waits. An approved one is made again at once, and carried out if it is still the same.
///
/// # Errors
/// When the caller may not, there is none, or it was decided on already.
pub async fn decide(
    portal: &Portal,
    caller: &Caller,
    id: ApprovalId,
    draft: &DecisionDraft,
) -> Result<ApprovalView, ServiceError> {
    let permit = Operation::ApprovalsDecide.organisation(caller)?;
    let explanation = ActionDraft { explanation: draft.explanation.clone() }.parse()?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = approvals::get(&mut tx, id).await?;
    if before.state != "waiting" {
        return Err(ServiceError::conflict(format!("this plan is {} already", before.state)));
    }
    let by = permit.actor().to_string();
    let state = if draft.approve { "approved" } else { "refused" };
    let decided = Decided { state, by: &by, explanation: explanation.as_ref().map(Explanation::as_str) };
    approvals::decide(&mut tx, id, &decided, now).await?;
    if draft.approve {
        Work::Sweep.enqueue(&mut tx, now, portal.random()).await?;
    }
    let event =
        AuditEvent::new(now, Operation::ApprovalsDecide.name(), Target::one("approval", id.as_uuid()))
            .with("state", state)
            .with("digest", before.digest.to_string());
    tx.commit(event).await?;
    let mut conn = portal.db().read().await?;
    Ok(view(approvals::get(&mut conn, id).await?))
}

fn view(mut row: Approval) -> ApprovalView {
    if let Some(summary) = row.summary.as_object_mut() {
        summary.remove("sample");
    }
    ApprovalView {
        id: row.id,
        kind: row.kind,
        digest: row.digest,
        summary: row.summary,
        sample: Vec::new(),
        state: row.state,
        requested_by: row.requested_by,
        requested_at: row.requested_at,
        decided_by: row.decided_by,
        decided_at: row.decided_at,
        explanation: row.explanation,
    }
}
