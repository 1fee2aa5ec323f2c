//! `/groups`: every group.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::groups::{self, GroupView, GroupsQuery, MOST_COUNTED};
use leptos::prelude::*;

use crate::pages::admin::users::words::source;
use crate::pages::asked::{Asked, present};
use crate::ui::filters::{Filters, SearchFilter};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::table::{Empty, Table};

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Part of a name or description.
    pub q: String,
    /// Where the page begins; empty for the first.
    pub after: String,
    /// Whether a group was deleted just now.
    pub deleted: String,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The groups.
    pub rows: Vec<GroupView>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let query = GroupsQuery { q: present(&filter.q), cursor: present(&filter.after), limit: None };
    let found = groups::list(&asked.portal, &asked.caller, &query).await;
    asked.answer(found.map(|found| List { filter, rows: found.data, next: found.next }), page).await
}

/// The page.
pub fn page(list: List) -> AnyView {
    let filter = list.filter;
    let address = |after: &str| crate::pages::address("/groups", &[("q", &filter.q), ("after", after)]);
    let first = (!filter.after.is_empty()).then(|| address(""));
    let next = list.next.as_deref().map(address);
    let rows = list.rows;
    let all = filter.q.is_empty();
    view! {
        <Page title="Groups".to_owned() task=Some(Task::Groups)>
            <Heading
                title="Groups"
                lead="Profiles are assigned to groups: their members, people and devices, get the certificates."
            >
                <div class="actions">
                    <LinkButton to="/imports/new" icon="upload" label="Import"/>
                    <LinkButton to="/groups/new" icon="plus" label="New group" primary=true/>
                </div>
            </Heading>
            {(!filter.deleted.is_empty())
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"The group was deleted."</p>
                        </Notice>
                    }
                })}
            <Filters action="/groups">
                <SearchFilter label="Name or description" value=filter.q.clone()/>
            </Filters>
            {if rows.is_empty() {
                nothing(all)
            } else {
                let shown = counted(rows.len(), "group", "groups");
                view! {
                    <Table label="Groups" columns=&["Name", "Members", "Description", "Source"]>
                        {rows.into_iter().map(row).collect_view()}
                    </Table>
                    <Pager shown first next/>
                }
                    .into_any()
            }}
        </Page>
    }
    .into_any()
}

fn row(group: GroupView) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <a href=format!("/groups/{}", group.id)>{group.name}</a>
            </td>
            <td class="state number">{members(group.members)}</td>
            <td>{group.description}</td>
            <td data-label="Source">{source(group.source)}</td>
        </tr>
    }
    .into_any()
}

/// How many direct members, as far as they are counted.
pub(super) fn members(count: u32) -> String {
    match count {
        0 => "none".to_owned(),
        MOST_COUNTED => "over 1,000".to_owned(),
        count => count.to_string(),
    }
}

fn nothing(all: bool) -> AnyView {
    if all {
        view! {
            <Empty title="No group yet">
                <p>"A group has people, devices or other groups as members. Make one, then assign profiles to it."</p>
                <a class="btn btn-primary" href="/groups/new">
                    "New group"
                </a>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <Empty title="No group is like this">
                <p>"Search for a part of its name, or look at all of them."</p>
                <a class="btn" href="/groups">
                    "Show all groups"
                </a>
            </Empty>
        }
        .into_any()
    }
}
