//! `/authorities/reconciliation`: where the portal, its CAs and its devices disagree.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::page::Page as Rows;
use certporter::service::reconciliation::{
    self, CaReference, DiscrepanciesQuery, DiscrepancyView, ReconciliationDraft, ReconciliationPhase,
    ReconciliationView, UnreachableCa,
};
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::access::Caller;
use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use leptos::prelude::*;

use crate::islands::live::Live;
use crate::pages::admin::overview::number;
use crate::pages::asked::{Asked, present, word};
use crate::pages::live::follow;
use crate::ui::facts::{Fact, Facts};
use crate::ui::filters::{ChoiceFilter, Filters, choices};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};
use crate::ui::time::{Moment, PerhapsMoment};
use crate::ui::words::{self, sentence};

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Only of this kind; empty for all.
    pub kind: String,
    /// `dismissed` for those that somebody has put away, `resolved` for those that are gone, `all` for all of them; else
    /// those that are open.
    pub state: String,
    /// Where the page begins; empty for the first.
    pub after: String,
}

impl Filter {
    fn address(&self, path: &str, after: &str) -> String {
        let Self { kind, state, .. } = self;
        crate::pages::address(path, &[("kind", kind), ("state", state), ("after", after)])
    }
}

/// What the form asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct StartForm {
    /// Set when revocations at a CA are taken over however many they are.
    pub take_over_all: String,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The comparison that goes on, or the last one.
    pub last: Option<ReconciliationView>,
    /// The rows.
    pub rows: Rows<DiscrepancyView>,
    /// Whether very many revocations at a CA wait for somebody to decide.
    pub waits: bool,
    /// Whether the caller may start a comparison.
    pub operates: bool,
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let list = read(&asked.portal, &asked.caller, filter).await;
    asked.answer(list, page).await
}

/// Sends the list anew as comparisons go on.
pub async fn events(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let shown = move |portal: Portal, caller: Caller| {
        let filter = filter.clone();
        async move { read(&portal, &caller, filter).await }
    };
    // A comparison's own steps are about nobody.
    let concerns = |change: &certporter::service::live::Change| {
        change.certificate.is_some() || (change.device.is_none() && change.user.is_none())
    };
    follow(asked, concerns, shown, part).await
}

async fn read(portal: &Portal, caller: &Caller, filter: Filter) -> Result<List, ServiceError> {
    let query = DiscrepanciesQuery {
        kind: word(&filter.kind)?,
        ca: None,
        resolved: match filter.state.as_str() {
            "all" => None,
            state => Some(state == "resolved"),
        },
        dismissed: match filter.state.as_str() {
            "all" | "resolved" => None,
            state => Some(state == "dismissed"),
        },
        cursor: present(&filter.after),
        limit: None,
    };
    let rows = reconciliation::discrepancies(portal, caller, &query).await?;
    let undecided = DiscrepanciesQuery {
        kind: Some(DiscrepancyKind::RevokedThereOnly),
        resolved: Some(false),
        limit: Some(1),
        ..DiscrepanciesQuery::default()
    };
    let waits = reconciliation::discrepancies(portal, caller, &undecided).await?;
    Ok(List {
        filter,
        last: reconciliation::list(portal, caller).await?.into_iter().next(),
        rows,
        waits: waits.data.iter().any(|it| it.mending == Mending::None),
        operates: Operation::ReconciliationsStart.organisation(caller).is_ok(),
    })
}

/// Starts a comparison.
pub async fn start(asked: Asked, Form(form): Form<StartForm>) -> Response {
    let draft = ReconciliationDraft { take_over_all: !form.take_over_all.is_empty() };
    match reconciliation::start(&asked.portal, &asked.caller, draft).await {
        Ok(_) => Redirect::to("/authorities/reconciliation").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The page of the list.
pub fn page(list: List) -> AnyView {
    let source = list.filter.address("/authorities/reconciliation/events", &list.filter.after);
    let start = list.operates.then(|| start_form(list.waits));
    let Filter { kind, state, .. } = list.filter.clone();
    let kinds = choices(DiscrepancyKind::ALL, DiscrepancyKind::as_str, words::discrepancy);
    let states = [("dismissed", "Dismissed"), ("resolved", "Resolved"), ("all", "All")];
    let states = states.into_iter().map(|(value, word)| (value.to_owned(), word.to_owned())).collect();
    view! {
        <Page title="Reconciliation".to_owned() task=Some(Task::Authorities) island=true>
            <Heading
                title="Reconciliation"
                lead="What the portal has on record, compared every day with what each CA says it issued and revoked, and with what devices report."
                within=("/authorities", "CAs and connectors")
            >
                {start}
            </Heading>
            <Filters action="/authorities/reconciliation">
                <ChoiceFilter label="What it is about" name="kind" choices=kinds value=kind/>
                <ChoiceFilter label="State" name="state" choices=states value=state all="Open"/>
            </Filters>
            <Live source>{part(list)}</Live>
        </Page>
    }
    .into_any()
}

fn start_form(waits: bool) -> AnyView {
    view! {
        <form method="post" action="/authorities/reconciliation" class="row-actions">
            {waits
                .then(|| {
                    view! {
                        <label class="check">
                            <input class="checkbox" type="checkbox" name="take_over_all" value="yes"/>
                            "Take over every revocation made at a CA"
                        </label>
                    }
                })}
            <button class="btn btn-primary" type="submit">
                <Icon name="rotate-cw"/>
                "Compare now"
            </button>
        </form>
    }
    .into_any()
}

/// The part of the page that moves by itself.
pub fn part(list: List) -> AnyView {
    let List { filter, last, rows, .. } = list;
    let shown = counted(rows.data.len(), "disagreement", "disagreements");
    let first = (!filter.after.is_empty()).then(|| filter.address("/authorities/reconciliation", ""));
    let next = rows.next.map(|after| filter.address("/authorities/reconciliation", &after));
    view! {
        {last.map(comparison)}
        {if rows.data.is_empty() {
            nothing(&filter)
        } else {
            view! {
                <Table
                    label="Disagreements"
                    columns=&["What", "State", "With", "Serial number", "Found", "Seen last"]
                >
                    {rows.data.into_iter().map(row).collect_view()}
                </Table>
                <Pager shown first next/>
            }
                .into_any()
        }}
    }
    .into_any()
}

/// The comparison that goes on, or the last one.
fn comparison(it: ReconciliationView) -> AnyView {
    let (tone, icon, word) = match it.phase {
        ReconciliationPhase::Comparing => ("status busy", "loader", "CAs are compared"),
        ReconciliationPhase::Devices => ("status busy", "loader", "Devices are looked through"),
        ReconciliationPhase::Mending => ("status busy", "loader", "What can be mended is mended"),
        ReconciliationPhase::Ended if !it.unreachable.is_empty() => {
            ("status wary", "triangle-alert", "Ended, without some CAs")
        }
        ReconciliationPhase::Ended => ("status good", "circle-check", "Ended"),
    };
    let unreachable = it.unreachable.into_iter().map(unreachable).collect_view();
    let left = (it.not_looked_at > 0).then(|| {
        let text = format!(
            "{} more certificates of CAs are not on record here. They were too many to be looked at one by one: if other programs issue from the same mount, give the portal one of its own.",
            number(it.not_looked_at),
        );
        view! {
            <Notice tone=Tone::Wary>
                <p>{text}</p>
            </Notice>
        }
    });
    view! {
        {unreachable}
        {left}
        <Facts>
            <Fact name="Last comparison">
                <span class=tone>
                    <Icon name=icon/>
                    {word}
                </span>
            </Fact>
            <Fact name="Begun">
                <Moment at=it.started_at/>
            </Fact>
            <Fact name="Ended">
                <PerhapsMoment at=it.finished_at otherwise="not yet"/>
            </Fact>
            <Fact name="Asked by">{it.requested_by}</Fact>
            <Fact name="Certificates compared">{number(it.compared)}</Fact>
            <Fact name="Mended">{number(it.mended)}</Fact>
        </Facts>
    }
    .into_any()
}

fn unreachable(it: UnreachableCa) -> AnyView {
    view! {
        <Notice tone=Tone::Bad>
            <p>{format!("{} could not be compared with: {}", it.ca, sentence(&it.cause))}</p>
            <p>{it.remedy}</p>
        </Notice>
    }
    .into_any()
}

/// How a disagreement stands.
pub(super) fn status(it: &DiscrepancyView) -> Status {
    match (it.resolved_at, &it.dismissal, it.mending) {
        (Some(_), ..) => Status::RESOLVED,
        (None, Some(_), _) => Status::DISMISSED,
        (None, None, Mending::None) => Status::UNDECIDED,
        (None, None, _) => Status::BEING_MENDED,
    }
}

fn with(ca: Option<CaReference>, it: &DiscrepancyView) -> AnyView {
    match (&it.device, ca) {
        (Some(device), None) => {
            view! { <a href=format!("/devices/{}", device.id)>{device.name.clone()}</a> }.into_any()
        }
        (_, ca) => ca.map(|ca| ca.name).into_any(),
    }
}

fn row(it: DiscrepancyView) -> AnyView {
    let serial = it.serial.as_ref().map(ToString::to_string);
    view! {
        <tr>
            <td class="name">
                <a href=format!("/authorities/reconciliation/{}", it.id)>{words::discrepancy(it.kind)}</a>
                <p class="quiet">{sentence(&it.detail)}</p>
            </td>
            <td class="state">
                <State of=status(&it)/>
            </td>
            <td class="word" data-label="With">{with(it.ca.clone(), &it)}</td>
            <td data-label="Serial number">
                <span class="mono">{serial}</span>
            </td>
            <td data-label="Found">
                <Moment at=it.found_at/>
            </td>
            <td data-label="Seen last">
                <Moment at=it.seen_at/>
            </td>
        </tr>
    }
    .into_any()
}

fn nothing(filter: &Filter) -> AnyView {
    let open = filter.state.is_empty() && filter.kind.is_empty();
    let (title, text) = if open {
        (
            "The portal, its CAs and its devices agree",
            "What they disagree about is listed here, with what the portal did about it and what is left to somebody.",
        )
    } else {
        ("No disagreement is like this", "Others may be listed when the filter is left out.")
    };
    view! {
        <Empty title>
            <p>{text}</p>
            {(!open)
                .then(|| {
                    view! {
                        <a class="btn" href="/authorities/reconciliation">
                            "Show all that are open"
                        </a>
                    }
                })}
        </Empty>
    }
    .into_any()
}
