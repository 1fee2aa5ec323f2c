//! `/requests/approvals`: large automatic plans that wait for a decision, and those that were decided on.

use axum::response::Response;
use certporter::plan::summary::Summary;
use certporter::service::approvals::{self, ApprovalView};
use certporter::service::consequences::Consequence;
use certporter_model::{ApprovalId, Timestamp};
use leptos::prelude::*;

use crate::pages::asked::Asked;
use crate::ui::consequences::in_short;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};
use crate::ui::time::PerhapsMoment;

/// A plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The plan.
    pub id: ApprovalId,
    /// What made it, in words.
    pub origin: String,
    /// waiting, approved, refused or outdated.
    pub state: String,
    /// What it would do.
    pub summary: Summary,
    /// Some of it.
    pub sample: Vec<Consequence>,
    /// Who or what set it off.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Who decided, and when.
    pub decided: Option<(String, Timestamp)>,
    /// What they said about it.
    pub explanation: Option<String>,
}

impl From<ApprovalView> for Plan {
    fn from(view: ApprovalView) -> Self {
        Self {
            id: view.id,
            origin: origin(&view.kind, &view.summary),
            state: view.state,
            summary: serde_json::from_value(view.summary).unwrap_or_default(),
            sample: view.sample,
            by: view.requested_by,
            at: view.requested_at,
            decided: view.decided_by.zip(view.decided_at),
            explanation: view.explanation,
        }
    }
}

fn origin(kind: &str, summary: &serde_json::Value) -> String {
    let day = |name: &str| summary[name].as_str().unwrap_or_default().chars().take(10).collect::<String>();
    match kind {
        // Nobody can tell from within which of the two it was.
        "clock" => format!(
            "The clock leapt from {} to {}, or the portal stood still: whatever is due by the time alone",
            day("from"),
            day("to")
        ),
        "sweep" => "The regular sweep".to_owned(),
        "import" => "An import".to_owned(),
        "sync" => "A synchronisation with the directory".to_owned(),
        other => other.to_owned(),
    }
}

/// How a plan's state looks.
#[must_use]
pub fn status(state: &str) -> Status {
    match state {
        "waiting" => Status::PLAN_WAITS,
        "approved" => Status::PLAN_APPROVED,
        "refused" => Status::PLAN_REFUSED,
        _ => Status::PLAN_OUTDATED,
    }
}

/// Shows the plans.
pub async fn get(asked: Asked) -> Response {
    let found = approvals::list(&asked.portal, &asked.caller).await;
    let plans = found.map(|plans| plans.into_iter().map(Plan::from).collect::<Vec<_>>());
    asked.answer(plans, page).await
}

/// The page.
pub fn page(plans: Vec<Plan>) -> AnyView {
    view! {
        <Page title="Plans to approve".to_owned() task=Some(Task::Requests)>
            <Heading
                title="Plans to approve"
                lead="What would revoke or replace very many certificates by itself waits here for a person. A plan that is overtaken by a newer one is outdated."
                within=("/requests", "Requests")
            />
            {if plans.is_empty() {
                view! {
                    <Empty title="No plan waits">
                        <p>
                            "When a sweep or an import would revoke or replace very many certificates at once, it waits here until somebody has looked at it."
                        </p>
                    </Empty>
                }
                    .into_any()
            } else {
                view! {
                    <Table
                        label="Plans"
                        columns=&["Set off by", "State", "What it would do", "When", "Decided by"]
                    >
                        {plans.into_iter().map(row).collect_view()}
                    </Table>
                }
                    .into_any()
            }}
        </Page>
    }
    .into_any()
}

fn row(plan: Plan) -> AnyView {
    let decided = plan.decided.filter(|_| plan.state != "outdated");
    view! {
        <tr>
            <td class="name">
                <a href=format!("/requests/approvals/{}", plan.id)>{plan.origin}</a>
            </td>
            <td class="state">
                <State of=status(&plan.state)/>
            </td>
            <td>{in_short(&plan.summary)}</td>
            <td data-label="When">
                <PerhapsMoment at=Some(plan.at) otherwise=""/>
            </td>
            <td>{decided.map(|(by, _)| by)}</td>
        </tr>
    }
    .into_any()
}
