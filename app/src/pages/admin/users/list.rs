//! `/users`: every user that the caller may see.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::users::{self, UserView, UsersQuery};
use certporter::service::{ServiceError, groups};
use certporter_model::assignment::Source;
use certporter_model::device::UserState;
use certporter_model::{GroupId, UserId};
use leptos::prelude::*;

use super::words::{source, state};
use crate::pages::asked::{Asked, present, word};
use crate::ui::filters::{ChoiceFilter, Filters, SearchFilter, choices};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::State;
use crate::ui::table::{Empty, Table};

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Part of a name or address.
    pub q: String,
    /// Only this state; empty for all.
    pub state: String,
    /// Only from this source; empty for all.
    pub source: String,
    /// Only members of this group; empty for all.
    pub group: String,
    /// Where the page begins; empty for the first.
    pub after: String,
    /// Whether a user was deleted just now.
    pub deleted: String,
}

impl Filter {
    fn is_empty(&self) -> bool {
        [&self.q, &self.state, &self.source, &self.group].into_iter().all(String::is_empty)
    }

    /// The address of the page that begins at a cursor, with the same filter.
    fn page(&self, after: &str) -> String {
        let filter = [
            ("q", self.q.as_str()),
            ("state", &self.state),
            ("source", &self.source),
            ("group", &self.group),
            ("after", after),
        ];
        crate::pages::address("/users", &filter)
    }
}

/// A row of the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The user.
    pub id: UserId,
    /// What they are called.
    pub name: String,
    /// The name they sign in to the organisation with.
    pub user_name: String,
    /// Whether they hold certificates.
    pub state: UserState,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Where the data comes from.
    pub source: Source,
}

impl From<UserView> for Row {
    fn from(user: UserView) -> Self {
        Self {
            id: user.id,
            name: user.display_name,
            user_name: user.user_name,
            state: user.state,
            email: user.email,
            source: user.source,
        }
    }
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The name of the group that the list is limited to.
    pub group: Option<String>,
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
    let group: Option<GroupId> = word(&filter.group)?;
    let query = UsersQuery {
        q: present(&filter.q),
        state: word(&filter.state)?,
        source: word(&filter.source)?,
        group,
        cursor: present(&filter.after),
        limit: None,
    };
    let found = users::list(&asked.portal, &asked.caller, &query).await?;
    let group = match group {
        Some(id) => Some(groups::get(&asked.portal, &asked.caller, id).await?.name),
        None => None,
    };
    Ok(List { filter, group, rows: found.data.into_iter().map(Row::from).collect(), next: found.next })
}

/// The page.
pub fn page(list: List) -> AnyView {
    let List { filter, group, rows, next } = list;
    let first = (!filter.after.is_empty()).then(|| filter.page(""));
    let next = next.as_deref().map(|cursor| filter.page(cursor));
    let empty = rows.is_empty().then(|| nothing(&filter));
    view! {
        <Page title="Users".to_owned() task=Some(Task::Users)>
            <Heading title="Users" lead="The people who hold certificates, whether they may, and where their data comes from.">
                <div class="actions">
                    <LinkButton to="/imports/new" icon="upload" label="Import"/>
                    <LinkButton to="/users/new" icon="plus" label="New user" primary=true/>
                </div>
            </Heading>
            {(!filter.deleted.is_empty())
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"The user was deleted."</p>
                        </Notice>
                    }
                })}
            <Filters action="/users">
                <SearchFilter label="Name, user name or address" value=filter.q.clone()/>
                <ChoiceFilter
                    label="State"
                    name="state"
                    choices=choices(UserState::ALL, UserState::as_str, state)
                    value=filter.state.clone()
                />
                <ChoiceFilter
                    label="Source"
                    name="source"
                    choices=choices(Source::ALL, Source::as_str, source)
                    value=filter.source.clone()
                />
                {group
                    .map(|name| {
                        view! {
                            <ChoiceFilter
                                label="Member of"
                                name="group"
                                choices=vec![(filter.group.clone(), name)]
                                value=filter.group.clone()
                                all="Any group or none"
                            />
                        }
                    })}
            </Filters>
            {empty.unwrap_or_else(|| {
                let shown = counted(rows.len(), "user", "users");
                view! {
                    <Table label="Users" columns=&["Name", "State", "User name", "E-mail", "Source"]>
                        {rows.into_iter().map(row).collect_view()}
                    </Table>
                    <Pager shown first next/>
                }
                    .into_any()
            })}
        </Page>
    }
    .into_any()
}

fn row(row: Row) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <a href=format!("/users/{}", row.id)>{row.name}</a>
            </td>
            <td class="state">
                <State of=row.state/>
            </td>
            <td>{row.user_name}</td>
            <td>{row.email}</td>
            <td data-label="Source">{source(row.source)}</td>
        </tr>
    }
    .into_any()
}

fn nothing(filter: &Filter) -> AnyView {
    if filter.is_empty() {
        view! {
            <Empty title="No user yet">
                <p>"Create the first one, or import all of them from a CSV file."</p>
                <a class="btn btn-primary" href="/users/new">
                    "New user"
                </a>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <Empty title="No user is like this">
                <p>"Take away a part of the filter, or look at all of them."</p>
                <a class="btn" href="/users">
                    "Show all users"
                </a>
            </Empty>
        }
        .into_any()
    }
}
