//! `/devices`: every device that the caller may see.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::devices::{self, CopyTrouble, DeviceSort, DeviceSummary, DevicesQuery};
use certporter::service::groups::{self, GroupsQuery};
use certporter::service::{Operation, ServiceError, users};
use certporter_model::device::DeviceState;
use certporter_model::platform::Platform;
use certporter_model::{DeviceId, Timestamp, UserId};
use leptos::prelude::*;

use crate::pages::asked::{Asked, present, word};
use crate::ui::filters::{ChoiceFilter, Filters, SearchFilter, choices};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::State;
use crate::ui::table::{Column, Direction, Empty, SortedTable};
use crate::ui::time::PerhapsMoment;
use crate::ui::words;

/// The order of a list whose address names none.
const ORDER: &str = "name";
/// Groups to choose from; another one is chosen on its own page.
const GROUPS: u32 = 200;

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Part of a name, hardware number or owner.
    pub q: String,
    /// Only this state; empty for all.
    pub state: String,
    /// Only this platform; empty for all.
    pub platform: String,
    /// Only this person's.
    pub owner: String,
    /// Only direct members of this group.
    pub group: String,
    /// Only those with a copy that needs a hand: `unconfirmed`, `failed`.
    pub copies: String,
    /// The order: `name`, `contact`, with a hyphen before it for the other way round.
    pub sort: String,
    /// Where the page begins; empty for the first.
    pub after: String,
    /// Whether a device was just deleted.
    pub deleted: bool,
}

impl Filter {
    fn is_empty(&self) -> bool {
        let parts = [&self.q, &self.state, &self.platform, &self.owner, &self.group, &self.copies];
        parts.into_iter().all(String::is_empty)
    }

    /// The order that it is in.
    fn order(&self) -> &str {
        if self.sort.is_empty() { ORDER } else { &self.sort }
    }

    /// The address of the page that begins at a cursor, with the same filter.
    fn page(&self, after: &str) -> String {
        self.address(&self.sort, after)
    }

    fn address(&self, sort: &str, after: &str) -> String {
        crate::pages::address(
            "/devices",
            &[
                ("q", &self.q),
                ("state", &self.state),
                ("platform", &self.platform),
                ("owner", &self.owner),
                ("group", &self.group),
                ("copies", &self.copies),
                ("sort", sort),
                ("after", after),
            ],
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
    /// Whose it is, and the address of their page.
    pub owner: Option<(UserId, String)>,
    /// The maker's serial number.
    pub serial_number: Option<String>,
    /// When it last connected.
    pub seen: Option<Timestamp>,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The groups to choose from: id and name.
    pub groups: Vec<(String, String)>,
    /// The name of the person whose devices these are, if it is one person's.
    pub owner: Option<String>,
    /// Whether the caller may register devices.
    pub may_register: bool,
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
    let sort = filter.order().parse::<DeviceSort>().map_err(|error| ServiceError::field("", error))?;
    let query = DevicesQuery {
        q: present(&filter.q),
        state: word(&filter.state)?,
        platform: word(&filter.platform)?,
        owner: word(&filter.owner)?,
        group: word(&filter.group)?,
        copies: word(&filter.copies)?,
        sort: Some(sort),
        cursor: present(&filter.after),
        ..DevicesQuery::default()
    };
    let found = devices::list(&asked.portal, &asked.caller, &query).await?;
    let owner = match query.owner {
        Some(id) => Some(users::get(&asked.portal, &asked.caller, id).await?.display_name),
        None => None,
    };
    Ok(List {
        groups: group_choices(asked).await?,
        owner,
        may_register: asked.may(Operation::DevicesCreate),
        filter,
        rows: found.data.into_iter().map(Row::from).collect(),
        next: found.next,
    })
}

async fn group_choices(asked: &Asked) -> Result<Vec<(String, String)>, ServiceError> {
    if !asked.may(Operation::GroupsList) {
        return Ok(Vec::new());
    }
    let query = GroupsQuery { limit: Some(GROUPS), ..GroupsQuery::default() };
    let found = groups::choices(&asked.portal, &asked.caller, &query).await?;
    let mut choices: Vec<_> = found.into_iter().map(|group| (group.id.to_string(), group.name)).collect();
    choices.sort_by_cached_key(|(_, name)| name.to_lowercase());
    Ok(choices)
}

impl From<DeviceSummary> for Row {
    fn from(device: DeviceSummary) -> Self {
        Self {
            id: device.id,
            name: device.name,
            platform: device.platform,
            state: device.state,
            owner: device.owner.map(|owner| (owner.id, owner.display_name)),
            serial_number: device.serial_number,
            seen: device.last_contact_at,
        }
    }
}

/// The page.
pub fn page(list: List) -> AnyView {
    let lead = match &list.owner {
        Some(owner) => format!("The devices of {owner}."),
        None => "Every device that is known, and when it was last heard of.".to_owned(),
    };
    let filter = list.filter.clone();
    view! {
        <Page title="Devices".to_owned() task=Some(Task::Devices)>
            <Heading title="Devices" lead>
                {list
                    .may_register
                    .then(|| {
                        view! {
                            <LinkButton to="/devices/new" icon="plus" label="Register a device" primary=true/>
                        }
                    })}
            </Heading>
            {filter
                .deleted
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>
                                "The device is deleted. What it held is being revoked; "
                                <a href="/audit">"the audit trail"</a> " keeps its history."
                            </p>
                        </Notice>
                    }
                })}
            <Search filter=filter.clone() groups=list.groups/>
            {if list.rows.is_empty() {
                nothing(&filter, list.may_register)
            } else {
                table(&filter, list.rows, list.next)
            }}
        </Page>
    }
    .into_any()
}

fn table(filter: &Filter, rows: Vec<Row>, next: Option<String>) -> AnyView {
    let shown = counted(rows.len(), "device", "devices");
    let first = (!filter.after.is_empty()).then(|| filter.page(""));
    let next = next.map(|after| filter.page(&after));
    let column = |words, key: &str, first| {
        Column::sorted(words, key, first, filter.order(), |sort| filter.address(sort, ""))
    };
    let columns = vec![
        column("Name", "name", Direction::Ascending),
        Column::plain("State"),
        Column::plain("Owner"),
        Column::plain("Platform"),
        Column::plain("Serial number"),
        column("Last contact", "contact", Direction::Descending),
    ];
    view! {
        <SortedTable label="Devices" columns>
            {rows.into_iter().map(row).collect_view()}
        </SortedTable>
        <Pager shown first next/>
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
            <td>
                {match row.owner {
                    Some((id, name)) => view! { <a href=format!("/users/{id}")>{name}</a> }.into_any(),
                    None => view! { <span class="quiet">"Shared"</span> }.into_any(),
                }}
            </td>
            <td>{words::platform(row.platform)}</td>
            <td class="mono">{row.serial_number}</td>
            <td data-label="Last contact">
                <PerhapsMoment at=row.seen otherwise="never"/>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn Search(filter: Filter, groups: Vec<(String, String)>) -> AnyView {
    let states = choices(DeviceState::ALL, DeviceState::as_str, words::device_state);
    let platforms = choices(Platform::ALL, Platform::as_str, words::platform);
    let troubles = choices(CopyTrouble::ALL, CopyTrouble::as_str, |trouble| match trouble {
        CopyTrouble::Unconfirmed => "Never confirmed",
        CopyTrouble::Failed => "Not installed",
    });
    let group_unknown = !filter.group.is_empty() && !groups.iter().any(|(id, _)| *id == filter.group);
    let mut groups = groups;
    if group_unknown {
        groups.push((filter.group.clone(), "The chosen group".to_owned()));
    }
    let with_groups = !groups.is_empty();
    view! {
        <Filters action="/devices" sort=filter.sort.clone()>
            <SearchFilter label="Name, hardware serial number or owner" value=filter.q/>
            <ChoiceFilter label="State" name="state" choices=states value=filter.state/>
            <ChoiceFilter label="Platform" name="platform" choices=platforms value=filter.platform/>
            <ChoiceFilter label="Copies" name="copies" choices=troubles value=filter.copies/>
            {with_groups
                .then(|| view! { <ChoiceFilter label="Group" name="group" choices=groups value=filter.group/> })}
            {(!filter.owner.is_empty()).then(|| view! { <input type="hidden" name="owner" value=filter.owner/> })}
        </Filters>
    }
    .into_any()
}

fn nothing(filter: &Filter, may_register: bool) -> AnyView {
    if filter.is_empty() {
        view! {
            <Empty title="No device yet">
                <p>
                    "Register a device, make its enrolment code, and run the agent on it with that code. Or import many at once."
                </p>
                {may_register
                    .then(|| {
                        view! {
                            <a class="btn btn-primary" href="/devices/new">
                                "Register a device"
                            </a>
                        }
                    })}
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
