//! `/requests`: the pipeline as a row of steps, each a filter, and the requests at them.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::requests::{self, RequestView, RequestsQuery, StepCount};
use certporter::service::{Operation, Portal, ServiceError, approvals};
use certporter_model::access::Caller;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::{DeviceId, ProfileId, RequestId, Timestamp, UserId};
use leptos::prelude::*;

use crate::islands::live::Live;
use crate::pages::asked::{Asked, present, word};
use crate::pages::live::follow;
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};
use crate::ui::time::PerhapsMoment;
use crate::ui::words;

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Only at this step; empty for all.
    pub state: String,
    /// Only those that failed or wait for this reason.
    pub cause: String,
    /// Only of this profile.
    pub profile: String,
    /// Only of this user.
    pub user: String,
    /// Only of this device.
    pub device: String,
    /// Only those on their way, or in trouble.
    pub stage: String,
    /// Only for devices of this platform.
    pub platform: String,
    /// Only those of members of this group.
    pub group: String,
    /// Where the page begins; empty for the first.
    pub after: String,
}

impl Filter {
    fn is_empty(&self) -> bool {
        let parts = [&self.state, &self.cause, &self.profile, &self.user, &self.device];
        let more = [&self.stage, &self.platform, &self.group];
        parts.into_iter().chain(more).all(String::is_empty)
    }

    fn address(&self, path: &str, state: &str, after: &str) -> String {
        crate::pages::address(
            path,
            &[
                ("state", state),
                ("cause", &self.cause),
                ("profile", &self.profile),
                ("user", &self.user),
                ("device", &self.device),
                ("stage", &self.stage),
                ("platform", &self.platform),
                ("group", &self.group),
                ("after", after),
            ],
        )
    }
}

/// A row of the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The request.
    pub id: RequestId,
    /// The profile and its name.
    pub profile: (ProfileId, String),
    /// The person it is for.
    pub user: Option<(UserId, String)>,
    /// The device it is for.
    pub device: Option<(DeviceId, String)>,
    /// How far it is.
    pub state: RequestState,
    /// What went wrong, or what it waits for.
    pub cause: Option<String>,
    /// When it was made.
    pub made: Timestamp,
    /// When it last changed.
    pub changed: Timestamp,
}

impl From<RequestView> for Row {
    fn from(view: RequestView) -> Self {
        Self {
            id: view.id,
            profile: (view.profile.id, view.profile.name),
            user: view.user.map(|user| (user.id, user.display_name)),
            device: view.device.map(|device| (device.id, device.name)),
            state: view.state,
            cause: view.cause,
            made: view.created_at,
            changed: view.updated_at,
        }
    }
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// How many are at each step.
    pub steps: Vec<StepCount>,
    /// How many plans wait for a decision that the caller may make.
    pub waiting: usize,
    /// The rows.
    pub rows: Vec<Row>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let list = read(&asked.portal, &asked.caller, filter).await;
    asked.answer(list, page).await
}

/// Sends the list anew as requests move.
pub async fn events(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let shown = move |portal: Portal, caller: Caller| {
        let filter = filter.clone();
        async move { read(&portal, &caller, filter).await }
    };
    follow(asked, |change| change.request.is_some(), shown, part).await
}

async fn read(portal: &Portal, caller: &Caller, filter: Filter) -> Result<List, ServiceError> {
    let query = RequestsQuery {
        state: word(&filter.state)?,
        profile: word(&filter.profile)?,
        user: word(&filter.user)?,
        device: word(&filter.device)?,
        stage: word(&filter.stage)?,
        platform: word(&filter.platform)?,
        group: word(&filter.group)?,
        cause: present(&filter.cause),
        cursor: present(&filter.after),
        limit: None,
    };
    let found = requests::list(portal, caller, &query).await?;
    let waiting = match Operation::ApprovalsList.organisation(caller) {
        Ok(_) => approvals::waiting(portal, caller).await?,
        Err(_) => 0,
    };
    Ok(List {
        filter,
        steps: requests::pipeline(portal, caller).await?,
        waiting,
        rows: found.data.into_iter().map(Row::from).collect(),
        next: found.next,
    })
}

/// The page.
pub fn page(list: List) -> AnyView {
    let source = list.filter.address("/requests/events", &list.filter.state, &list.filter.after);
    view! {
        <Page title="Requests".to_owned() task=Some(Task::Requests) island=true>
            <Heading
                title="Requests"
                lead="Every certificate that is on its way, step by step; what failed waits here with its cause and what to do."
            >
                <div class="buttons">
                    <a class="btn" href="/requests/approvals">
                        "Plans to approve"
                    </a>
                    <a class="btn" href="/requests/troubles">
                        "What went wrong"
                    </a>
                </div>
            </Heading>
            <Live source>{part(list)}</Live>
        </Page>
    }
    .into_any()
}

/// The part of the page that moves by itself.
pub fn part(list: List) -> AnyView {
    let List { filter, steps, waiting, rows, next } = list;
    let shown = counted(rows.len(), "request", "requests");
    let first = (!filter.after.is_empty()).then(|| filter.address("/requests", &filter.state, ""));
    let next = next.map(|after| filter.address("/requests", &filter.state, &after));
    view! {
        {(waiting > 0)
            .then(|| {
                let text = match waiting {
                    1 => "1 large plan waits for your decision".to_owned(),
                    many => format!("{many} large plans wait for your decision"),
                };
                view! {
                    <Notice tone=Tone::Wary>
                        <p>
                            <a href="/requests/approvals">{text}</a>
                            ": nothing of it is done until then."
                        </p>
                    </Notice>
                }
            })}
        {pipeline(&filter, steps)}
        {(!filter.cause.is_empty())
            .then(|| {
                view! {
                    <p class="quiet">"Only those with the cause: " {filter.cause.clone()}</p>
                }
            })}
        {limited(&filter)}
        {if rows.is_empty() {
            nothing(&filter)
        } else {
            view! {
                <Table
                    label="Requests"
                    columns=&["Profile", "State", "Person", "Device", "Made", "Last change"]
                >
                    {rows.into_iter().map(row).collect_view()}
                </Table>
                <Pager shown first next/>
            }
                .into_any()
        }}
    }
    .into_any()
}

/// Says so when a report's number led here.
fn limited(filter: &Filter) -> AnyView {
    let stage = match filter.stage.as_str() {
        "under_way" => Some("on their way"),
        "troubled" => Some("that failed or wait for a value"),
        _ => None,
    };
    let platform = word::<Platform>(&filter.platform).ok().flatten().map(words::platform);
    let parts = [
        stage.map(str::to_owned),
        platform.map(|name| format!("for devices with {name}")),
        (!filter.profile.is_empty()).then(|| "of one profile".to_owned()),
        (!filter.group.is_empty()).then(|| "of one group\u{2019}s members".to_owned()),
    ];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>();
    (!parts.is_empty())
        .then(|| {
            view! {
                <p class="quiet">
                    {format!("Only those {}. ", parts.join(", "))} <a href="/requests">"Show all requests"</a> "."
                </p>
            }
        })
        .into_any()
}

fn pipeline(filter: &Filter, steps: Vec<StepCount>) -> AnyView {
    let chosen = filter.state.clone();
    let mut places = vec![(String::new(), "All".to_owned(), None)];
    places.extend(steps.into_iter().map(|step| (step.state.as_str().to_owned(), amount(&step), Some(step))));
    for state in [RequestState::Completed, RequestState::Cancelled] {
        let none = StepCount { state, count: 1, more: true };
        places.push((state.as_str().to_owned(), String::new(), Some(none)));
    }
    let place = |(word, amount, step): (String, String, Option<StepCount>)| {
        let current = (word == chosen).then_some("true");
        let empty = step.is_some_and(|step| step.count == 0);
        let status = step.map(|step| Status::from(step.state));
        let address = crate::pages::address("/requests", &[("state", &word)]);
        view! {
            <li class:none=empty>
                <a href=address aria-current=current>
                    {(!amount.is_empty()).then(|| view! { <span class="amount">{amount}</span> })}
                    {match status {
                        Some(status) => view! { <State of=status/> }.into_any(),
                        None => {
                            view! {
                                <span class="status over">
                                    <Icon name="list-checks"/>
                                    "Every step"
                                </span>
                            }
                                .into_any()
                        }
                    }}
                </a>
            </li>
        }
        .into_any()
    };
    view! {
        <nav aria-label="Steps of the pipeline">
            <ol class="steps">{places.into_iter().map(place).collect_view()}</ol>
        </nav>
    }
    .into_any()
}

/// "12", "1,000+".
fn amount(step: &StepCount) -> String {
    if step.more { format!("{}+", grouped(step.count)) } else { grouped(step.count) }
}

fn grouped(count: u32) -> String {
    if count < 1_000 { count.to_string() } else { format!("{},{:03}", count / 1_000, count % 1_000) }
}

fn row(row: Row) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <a href=format!("/requests/{}", row.id)>{row.profile.1}</a>
                {row.cause.map(|cause| view! { <p class="quiet">{cause}</p> })}
            </td>
            <td class="state">
                <State of=row.state/>
            </td>
            <td>{row.user.map(|(id, name)| view! { <a href=format!("/users/{id}")>{name}</a> })}</td>
            <td>{row.device.map(|(id, name)| view! { <a href=format!("/devices/{id}")>{name}</a> })}</td>
            <td data-label="Made">
                <PerhapsMoment at=Some(row.made) otherwise=""/>
            </td>
            <td data-label="Last change">
                <PerhapsMoment at=Some(row.changed) otherwise=""/>
            </td>
        </tr>
    }
    .into_any()
}

fn nothing(filter: &Filter) -> AnyView {
    if filter.is_empty() {
        view! {
            <Empty title="No request yet">
                <p>
                    "A request is made when a profile is assigned to a group with an enrolled device in it, or with a person who has one."
                </p>
                <a class="btn" href="/profiles">
                    "To the profiles"
                </a>
            </Empty>
        }
        .into_any()
    } else {
        let what = word::<RequestState>(&filter.state).ok().flatten();
        let title = match what {
            Some(RequestState::Failed) => "Nothing failed",
            _ => "No request is like this",
        };
        view! {
            <Empty title>
                <p>{what.map(|state| format!("At the step \u{201c}{}\u{201d} there is none now.", words::request_state(state)))}</p>
                <a class="btn" href="/requests">
                    "Show all requests"
                </a>
            </Empty>
        }
        .into_any()
    }
}
