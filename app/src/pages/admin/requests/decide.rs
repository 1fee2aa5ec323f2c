//! `/requests/approvals/{id}`: what a large plan would do, and the decision about it.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::approvals::{self, DecisionDraft};
use certporter_model::ApprovalId;
use http::StatusCode;
use leptos::prelude::*;

use super::approvals::{Plan, status};
use crate::pages::asked::{Asked, form_errors, id};
use crate::ui::consequences::{Effects, Sample};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::field::{LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::status::State;
use crate::ui::time::PerhapsMoment;

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    /// `approve` or `refuse`: the button that was pressed.
    pub decision: String,
    /// Why.
    pub explanation: String,
}

/// Shows the plan.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    show(&asked, &text, StatusCode::OK, Typed::default()).await
}

async fn show(asked: &Asked, text: &str, status: StatusCode, typed: Typed<DecisionForm>) -> Response {
    let found = async {
        let id: ApprovalId = id(text, "plan")?;
        approvals::get(&asked.portal, &asked.caller, id).await
    };
    match found.await {
        Ok(view) => {
            let plan = Plan::from(view);
            asked.renderer.page(status, move || page(plan.clone(), typed.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Decides.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<DecisionForm>) -> Response {
    let decided = async {
        let id: ApprovalId = id(&text, "plan")?;
        let approve = match form.decision.as_str() {
            "approve" => true,
            "refuse" => false,
            _ => return Err(ServiceError::field("", "approve the plan or refuse it")),
        };
        if form.explanation.trim().is_empty() {
            return Err(ServiceError::field("explanation", "say why: it is kept in the audit trail"));
        }
        let draft = DecisionDraft { approve, explanation: Some(form.explanation.clone()) };
        approvals::decide(&asked.portal, &asked.caller, id, &draft).await
    };
    match decided.await.map_err(form_errors) {
        Ok(plan) => Redirect::to(&format!("/requests/approvals/{}", plan.id)).into_response(),
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(&asked, &text, StatusCode::UNPROCESSABLE_ENTITY, typed).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(plan: Plan, typed: Typed<DecisionForm>) -> AnyView {
    let here = format!("/requests/approvals/{}", plan.id);
    let waits = plan.state == "waiting";
    let revoked = plan.summary.revocations();
    let approve = match revoked {
        0 => "Approve this plan".to_owned(),
        1 => "Approve this plan and revoke 1 certificate".to_owned(),
        many => format!("Approve this plan and revoke {many} certificates"),
    };
    let decided = plan.decided.clone().filter(|_| plan.state != "outdated");
    let state = status(&plan.state);
    view! {
        <Page title="A large plan".to_owned() task=Some(Task::Requests)>
            <Heading
                title=format!("A large plan: {}", plan.origin)
                lead="What it would do. It is carried out only if it is still the same when it is made again after your decision."
                within=("/requests/approvals", "Plans to approve")
            />
            {told(&plan.state)
                .map(|(tone, text)| {
                    view! {
                        <Notice tone>
                            <p>{text}</p>
                        </Notice>
                    }
                })}
            <Facts>
                <Fact name="State">
                    <State of=state/>
                </Fact>
                <Fact name="Set off by">{plan.by}</Fact>
                <Fact name="When">
                    <PerhapsMoment at=Some(plan.at) otherwise=""/>
                </Fact>
                {decided
                    .map(|(by, at)| {
                        view! {
                            <Fact name="Decided by">
                                {by} " " <PerhapsMoment at=Some(at) otherwise=""/>
                            </Fact>
                        }
                    })}
            </Facts>
            {plan.explanation.map(|text| view! { <Section title="Explanation">{text}</Section> })}
            <Section title="What it would do">
                <Effects summary=plan.summary/>
            </Section>
            <Sample of=plan.sample/>
            {waits
                .then(|| {
                    view! {
                        <form class="confirm" method="post" action=here>
                            <FormErrors errors=typed.errors.clone()/>
                            <LongField
                                name="explanation"
                                label="Why"
                                hint="For the audit trail: what you checked."
                                value=typed.values.explanation
                                errors=typed.errors
                            />
                            <div class="buttons">
                                <button
                                    class="btn"
                                    class:btn-error=revoked != 0
                                    class:btn-primary=revoked == 0
                                    type="submit"
                                    name="decision"
                                    value="approve"
                                >
                                    {approve}
                                </button>
                                <button class="btn" type="submit" name="decision" value="refuse">
                                    "Refuse it: nothing is done"
                                </button>
                            </div>
                        </form>
                    }
                })}
        </Page>
    }
    .into_any()
}

fn told(state: &str) -> Option<(Tone, &'static str)> {
    match state {
        "approved" => {
            Some((Tone::Good, "Approved. The plan is made again, and carried out if it is still the same."))
        }
        "refused" => Some((
            Tone::Wary,
            "Refused: nothing of it is done. The next sweep makes it again as long as its cause is there.",
        )),
        "outdated" => Some((Tone::Wary, "Outdated: a newer plan says something else.")),
        _ => None,
    }
}
