//! `/profiles`: the list, its search, and what each reaches.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::profiles::{self, ProfileSummary, ProfilesQuery, Reach};
use certporter::service::{Operation, ServiceError};
use certporter_model::{ProfileId, Timestamp};
use leptos::prelude::*;

use crate::pages::asked::{Asked, present};
use crate::ui::filters::{Filters, SearchFilter};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::table::{Empty, Table};
use crate::ui::time::Moment;

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Part of a name.
    pub q: String,
    /// Where the page begins; empty for the first.
    pub after: String,
    /// The name of a profile that was just deleted.
    pub deleted: String,
}

impl Filter {
    fn page(&self, after: &str) -> String {
        crate::pages::address("/profiles", &[("q", &self.q), ("after", after)])
    }
}

/// A row of the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The profile.
    pub id: ProfileId,
    /// Its name.
    pub name: String,
    /// The number of its current version.
    pub version: i64,
    /// Whom it reaches.
    pub reach: Reach,
    /// When it last changed.
    pub changed: Timestamp,
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
    /// Whether the caller may make and change profiles.
    pub may_write: bool,
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let list = read(&asked, filter).await;
    asked.answer(list, page).await
}

async fn read(asked: &Asked, filter: Filter) -> Result<List, ServiceError> {
    let query =
        ProfilesQuery { q: present(&filter.q), cursor: present(&filter.after), ..ProfilesQuery::default() };
    let found = profiles::list(&asked.portal, &asked.caller, &query).await?;
    let may_write = Operation::ProfilesCreate.organisation(&asked.caller).is_ok();
    Ok(List { filter, rows: found.data.into_iter().map(Row::from).collect(), next: found.next, may_write })
}

impl From<ProfileSummary> for Row {
    fn from(profile: ProfileSummary) -> Self {
        Self {
            id: profile.id,
            name: profile.name,
            version: profile.current_version,
            reach: profile.reach,
            changed: profile.updated_at,
        }
    }
}

/// The page.
pub fn page(list: List) -> AnyView {
    let none_at_all = list.rows.is_empty() && list.filter.q.is_empty() && list.filter.after.is_empty();
    let searched = list.filter.q.clone();
    let deleted = list.filter.deleted.clone();
    view! {
        <Page title="Profiles".to_owned() task=Some(Task::Profiles)>
            <Heading
                title="Profiles"
                lead="What certificates say, how long they are good, and which devices get them."
            >
                {list.may_write.then(|| {
                    view! {
                        <LinkButton to="/profiles/new" icon="plus" label="New profile" primary=true/>
                    }
                })}
            </Heading>
            {(!deleted.is_empty())
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>
                                {format!("The profile {deleted} is deleted. ")}
                                <a href="/certificates?state=revoked">"Show revoked certificates"</a>
                            </p>
                        </Notice>
                    }
                })}
            {(!none_at_all)
                .then(|| {
                    view! {
                        <Filters action="/profiles">
                            <SearchFilter label="Name" value=searched/>
                        </Filters>
                    }
                })}
            {if list.rows.is_empty() {
                nothing(none_at_all, list.may_write)
            } else {
                let shown = counted(list.rows.len(), "profile", "profiles");
                let first = (!list.filter.after.is_empty()).then(|| list.filter.page(""));
                let next = list.next.as_deref().map(|cursor| list.filter.page(cursor));
                view! {
                    <Table
                        label="Profiles"
                        columns=&["Name", "Certificates in use", "Groups", "Version", "Changed"]
                    >
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

/// Certificates in use, in words.
#[must_use]
pub fn certificates(reach: Reach) -> String {
    match (reach.certificates, reach.more_certificates) {
        (many, true) => format!("more than {}", thousands(many)),
        (count, false) => thousands(count),
    }
}

fn thousands(count: u32) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", count / 1000, count % 1000) }
}

/// The groups that it is assigned to, in words.
#[must_use]
pub fn groups(reach: Reach) -> String {
    let included = match reach.included_groups {
        0 => "not assigned".to_owned(),
        1 => "1 group".to_owned(),
        many => format!("{many} groups"),
    };
    match reach.excluded_groups {
        0 => included,
        excluded => format!("{included}, {excluded} excluded"),
    }
}

fn row(row: Row) -> AnyView {
    let certificates = certificates(row.reach);
    view! {
        <tr>
            <td class="name">
                <a href=format!("/profiles/{}", row.id)>{row.name}</a>
            </td>
            <td data-label="In use:">
                <a href=format!("/certificates?profile={}", row.id)>{certificates}</a>
            </td>
            <td>{groups(row.reach)}</td>
            <td data-label="Version">{row.version}</td>
            <td data-label="Changed">
                <Moment at=row.changed/>
            </td>
        </tr>
    }
    .into_any()
}

fn nothing(none_at_all: bool, may_write: bool) -> AnyView {
    if none_at_all {
        view! {
            <Empty title="No profile yet">
                <p>
                    "A profile says what a certificate holds: whom it names, its key, how long it is good. Make one, assign it to a group, and the devices of the group's members get their certificates."
                </p>
                {may_write
                    .then(|| {
                        view! {
                            <a class="btn btn-primary" href="/profiles/new">
                                "Make the first profile"
                            </a>
                        }
                    })}
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <Empty title="No profile is called like this">
                <p>"Take away a part of the name, or look at all of them."</p>
                <a class="btn" href="/profiles">
                    "Show all profiles"
                </a>
            </Empty>
        }
        .into_any()
    }
}
