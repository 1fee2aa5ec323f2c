//! `/authorities/reconciliation/{id}`: one disagreement, and putting it away.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::reconciliation::{self, DiscrepancyView, DismissalDraft, DismissalView};
use certporter::service::{Operation, ServiceError};
use certporter_model::DiscrepancyId;
use certporter_model::serial::SerialNumber;
use http::StatusCode;
use leptos::prelude::*;

use super::reconciliation::status;
use crate::pages::asked::{Asked, form_errors, id};
use crate::ui::facts::{Copied, Detail, Details, Fact, Facts, Section};
use crate::ui::field::{LongField, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::status::State;
use crate::ui::time::{Moment, PerhapsMoment};
use crate::ui::words::{self, sentence};

/// What the forms hold.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct DismissalForm {
    /// `dismiss` or `restore`: the button that was pressed.
    pub wish: String,
    /// Why.
    pub explanation: String,
}

/// A disagreement.
#[derive(Debug, Clone)]
pub struct One {
    /// It.
    pub it: DiscrepancyView,
    /// Whether the caller may put it away.
    pub operates: bool,
    /// What was typed.
    pub typed: Typed<DismissalForm>,
}

/// Shows it.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    show(&asked, &text, StatusCode::OK, Typed::default()).await
}

async fn show(asked: &Asked, text: &str, status: StatusCode, typed: Typed<DismissalForm>) -> Response {
    let found = async {
        let id = id::<DiscrepancyId>(text, "discrepancy")?;
        reconciliation::discrepancy(&asked.portal, &asked.caller, id).await
    };
    match found.await {
        Ok(it) => {
            let operates = Operation::DiscrepanciesDismiss.organisation(&asked.caller).is_ok();
            let one = One { it, operates, typed };
            asked.renderer.page(status, move || page(one.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Puts it away, or lists it again.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<DismissalForm>) -> Response {
    let done = async {
        let id = id::<DiscrepancyId>(&text, "discrepancy")?;
        match form.wish.as_str() {
            "dismiss" => {
                let draft = DismissalDraft { explanation: form.explanation.clone() };
                reconciliation::dismiss(&asked.portal, &asked.caller, id, &draft).await
            }
            "restore" => reconciliation::restore(&asked.portal, &asked.caller, id).await,
            _ => Err(ServiceError::field("", "dismiss it or list it again")),
        }
    };
    match done.await.map_err(form_errors) {
        Ok(it) => Redirect::to(&format!("/authorities/reconciliation/{}", it.id)).into_response(),
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(&asked, &text, StatusCode::UNPROCESSABLE_ENTITY, typed).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(one: One) -> AnyView {
    let One { it, operates, typed } = one;
    let title = words::discrepancy(it.kind);
    let here = format!("/authorities/reconciliation/{}", it.id);
    let (state, tone) = (status(&it), if it.resolved_at.is_some() { Tone::Good } else { Tone::Wary });
    let remedy = match it.resolved_at {
        Some(_) => "It is gone: nothing is left to do.".to_owned(),
        None => it.remedy.clone(),
    };
    let open = it.resolved_at.is_none();
    let dismissal = it.dismissal.clone().filter(|_| open);
    let form = (open && operates).then(|| match dismissal {
        None => dismiss_form(here, typed),
        Some(_) => restore_form(here, typed),
    });
    let certificate = it.certificate_id.map(|id| {
        view! {
            <Detail name="Certificate">
                <a href=format!("/certificates/{id}")>"As it is on record here"</a>
            </Detail>
        }
    });
    let device = it.device.clone().map(|device| {
        view! {
            <Detail name="Device">
                <a href=format!("/devices/{}", device.id)>{device.name}</a>
            </Detail>
        }
    });
    let serial = it.serial.as_ref().map(SerialNumber::with_colons).map(|serial| {
        view! {
            <Detail name="Serial number">
                <Copied value=serial/>
            </Detail>
        }
    });
    view! {
        <Page title=title.to_owned() task=Some(Task::Authorities)>
            <Heading
                title
                lead=sentence(&it.detail)
                within=("/authorities/reconciliation", "Reconciliation")
            />
            <Notice tone>
                <p>{remedy}</p>
            </Notice>
            <Facts>
                <Fact name="State">
                    <State of=state/>
                </Fact>
                <Fact name="Found">
                    <Moment at=it.found_at/>
                </Fact>
                <Fact name="Seen last">
                    <Moment at=it.seen_at/>
                </Fact>
                <Fact name="Resolved">
                    <PerhapsMoment at=it.resolved_at otherwise="not yet"/>
                </Fact>
            </Facts>
            <Section title="What it is about">
                <Details>
                    {it.ca.map(|ca| view! { <Detail name="CA">{ca.name}</Detail> })} {serial} {certificate}
                    {device} <Detail name="What the portal did">{words::mending(it.mending)}</Detail>
                </Details>
            </Section>
            {it.dismissal.map(told)}
            {form}
        </Page>
    }
    .into_any()
}

/// Who has put it away, and why.
fn told(it: DismissalView) -> AnyView {
    view! {
        <Section title="Dismissed">
            <Details>
                <Detail name="By">{it.by}</Detail>
                <Detail name="When">
                    <Moment at=it.at/>
                </Detail>
                <Detail name="Why">{it.explanation}</Detail>
            </Details>
        </Section>
    }
    .into_any()
}

fn dismiss_form(here: String, typed: Typed<DismissalForm>) -> AnyView {
    view! {
        <Section title="If nothing is to be done about it">
            <form class="confirm" method="post" action=here>
                <FormErrors errors=typed.errors.clone()/>
                <p>
                    "Dismissed, it is not listed any more and the overview does not count it. It comes back by itself when it changes."
                </p>
                <LongField
                    name="explanation"
                    label="Why"
                    hint="For whoever finds it dismissed, and for the audit trail."
                    value=typed.values.explanation
                    errors=typed.errors
                />
                <div class="buttons">
                    <button class="btn" type="submit" name="wish" value="dismiss">
                        <Icon name="archive"/>
                        "Dismiss"
                    </button>
                </div>
            </form>
        </Section>
    }
    .into_any()
}

fn restore_form(here: String, typed: Typed<DismissalForm>) -> AnyView {
    view! {
        <form class="confirm" method="post" action=here>
            <FormErrors errors=typed.errors/>
            <div class="buttons">
                <button class="btn" type="submit" name="wish" value="restore">
                    <Icon name="undo-2"/>
                    "List it again"
                </button>
            </div>
        </form>
    }
    .into_any()
}
