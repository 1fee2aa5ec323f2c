//! `/devices`: every device that the caller may see.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::ServiceError;
use certporter::service::devices::{self, DeviceSummary, DevicesQuery};
use certporter_model::device::DeviceState;
use certporter_model::platform::Platform;
use certporter_model::{DeviceId, Timestamp};
use leptos::prelude::*;

use crate::pages::asked::{Asked, present, word};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::State;
use crate::ui::table::{Empty, Table};
use crate::ui::time::PerhapsMoment;
use crate::ui::words;

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Part of a name, serial number or owner.
    pub q: String,
    /// Only this state; empty for all.
    pub state: String,
    /// Only this platform; empty for all.
    pub platform: String,
    /// Where the page begins; empty for the first.
    pub after: String,
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.q.is_empty() && self.state.is_empty() && self.platform.is_empty()
    }

    /// The address of the page that begins at a cursor, with the same filter.
    fn page(&self, after: &str) -> String {
        crate::pages::address(
            "/devices",
            &[("q", &self.q), ("state", &self.state), ("platform", &self.platform), ("after", after)],
        )
    }
}

/// A row of the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The device.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub platform: Platform,
    /// Where it is in its life.
    pub state: DeviceState,
    /// Whose it is.
    pub owner: Option<String>,
    /// When it last connected.
    pub seen: Option<Timestamp>,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The rows.
    pub rows: Vec<Row>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let list = read(&asked, filter).await;
    asked.answer(list, page).await
}

async fn read(asked: &Asked, filter: Filter) -> Result<List, ServiceError> {
    let query = DevicesQuery {
        q: present(&filter.q),
        state: word(&filter.state)?,
        platform: word(&filter.platform)?,
        cursor: present(&filter.after),
        ..DevicesQuery::default()
    };
    let found = devices::list(&asked.portal, &asked.caller, &query).await?;
    Ok(List { filter, rows: found.data.into_iter().map(Row::from).collect(), next: found.next })
}

impl From<DeviceSummary> for Row {
    fn from(device: DeviceSummary) -> Self {
        Self {
            id: device.id,
            name: device.name,
            platform: device.platform,
            state: device.state,
            owner: device.owner.map(|owner| owner.display_name),
            seen: device.last_contact_at,
        }
    }
}

/// The page.
pub fn page(list: List) -> AnyView {
    view! {
        <Page title="Devices".to_owned() task=Some(Task::Devices)>
            <Heading
                title="Devices"
                lead="Every device that was registered or enrolled, whose it is, and when it last connected."
            />
            <Filters filter=list.filter.clone()/>
            {if list.rows.is_empty() {
                nothing(&list.filter).into_any()
            } else {
                let shown = counted(list.rows.len(), "device", "devices");
                let first = (!list.filter.after.is_empty()).then(|| list.filter.page(""));
                let next = list.next.as_deref().map(|cursor| list.filter.page(cursor));
                view! {
                    <Table label="Devices" columns=&["Name", "State", "Owner", "Platform", "Last seen"]>
                        {list.rows.into_iter().map(row).collect_view()}
                    </Table>
                    <Pager shown first next/>
                }
                    .into_any()
            }}
        </Page>
    }
    .into_any()
}

fn row(row: Row) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <a href=format!("/devices/{}", row.id)>{row.name}</a>
            </td>
            <td class="state">
                <State of=row.state/>
            </td>
            <td>{row.owner.unwrap_or_else(|| "Shared".to_owned())}</td>
            <td>{words::platform(row.platform)}</td>
            <td data-label="Last seen">
                <PerhapsMoment at=row.seen otherwise="never"/>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn Filters(filter: Filter) -> AnyView {
    view! {
        <form class="filters" method="get" action="/devices" role="search">
            <label class="wide">
                "Name, hardware serial number or owner"
                <input class="input" type="search" name="q" value=filter.q/>
            </label>
            <label>
                "State"
                <select class="select" name="state">
                    <option value="">"All"</option>
                    {DeviceState::ALL
                        .iter()
                        .map(|state| {
                            let chosen = state.as_str() == filter.state;
                            view! {
                                <option value=state.as_str() selected=chosen>
                                    {words::device_state(*state)}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </label>
            <label>
                "Platform"
                <select class="select" name="platform">
                    <option value="">"All"</option>
                    {Platform::ALL
                        .iter()
                        .map(|platform| {
                            let chosen = platform.as_str() == filter.platform;
                            view! {
                                <option value=platform.as_str() selected=chosen>
                                    {words::platform(*platform)}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </label>
            <button class="btn" type="submit">
                "Show"
            </button>
        </form>
    }
    .into_any()
}

fn nothing(filter: &Filter) -> AnyView {
    if filter.is_empty() {
        view! {
            <Empty title="No device yet">
                <p>
                    "Register one over the REST API ("<code>"POST /api/v1/devices"</code>
                    "), issue its enrolment code there, then run on the device: "
                    <code>"certporter agent enrol"</code>"."
                </p>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <Empty title="No device is like this">
                <p>"Take away a part of the filter, or look at all of them."</p>
                <a class="btn" href="/devices">
                    "Show all devices"
                </a>
            </Empty>
        }
        .into_any()
    }
    .into_any()
}
