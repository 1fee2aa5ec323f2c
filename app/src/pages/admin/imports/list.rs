//! `/imports`: earlier imports.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::import::{self, ImportKind, ImportState, ImportSummary, ImportsQuery};
use leptos::prelude::*;

use crate::pages::asked::{Asked, present};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};
use crate::ui::time::Moment;

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Where the page begins; empty for the first.
    pub after: String,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct List {
    /// Where it begins.
    pub after: String,
    /// The imports.
    pub rows: Vec<ImportSummary>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let query = ImportsQuery { cursor: present(&filter.after), limit: None };
    let found = import::list(&asked.portal, &asked.caller, &query).await;
    asked
        .answer(found.map(|found| List { after: filter.after, rows: found.data, next: found.next }), page)
        .await
}

/// The page.
pub fn page(list: List) -> AnyView {
    let List { after, rows, next } = list;
    let first = (!after.is_empty()).then(|| "/imports".to_owned());
    let next = next.map(|cursor| crate::pages::address("/imports", &[("after", &cursor)]));
    view! {
        <Page title="Imports".to_owned() task=Some(Task::Users)>
            <Heading title="Imports" lead="Files that were checked, and what became of them." within=("/users", "Users")>
                <a class="btn btn-primary" href="/imports/new">
                    "New import"
                </a>
            </Heading>
            {if rows.is_empty() {
                view! {
                    <Empty title="No import yet">
                        <p>"Bring users, devices or memberships from a CSV file."</p>
                        <a class="btn btn-primary" href="/imports/new">
                            "New import"
                        </a>
                    </Empty>
                }
                    .into_any()
            } else {
                let shown = counted(rows.len(), "import", "imports");
                view! {
                    <Table label="Imports" columns=&["File", "State", "What", "Rows", "By", "Checked"]>
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

fn row(it: ImportSummary) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <a href=format!("/imports/{}", it.id)>{it.file_name.clone()}</a>
            </td>
            <td class="state">
                <State of=status(&it)/>
            </td>
            <td>{what(it.kind)}</td>
            <td data-label="Rows">{it.rows}</td>
            <td data-label="By">{it.made_by}</td>
            <td data-label="Checked">
                <Moment at=it.created_at/>
            </td>
        </tr>
    }
    .into_any()
}

/// What a file brings.
pub(super) const fn what(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Users => "Users",
        ImportKind::Devices => "Devices",
        ImportKind::Memberships => "Memberships",
    }
}

/// Where an import is.
pub(super) const fn status(it: &ImportSummary) -> Status {
    match it.state {
        ImportState::Checked if it.wrong > 0 => Status::new("bad", "circle-x", "Has errors"),
        ImportState::Checked => Status::new("busy", "list-checks", "Checked"),
        ImportState::Checking => Status::new("busy", "loader", "Being checked"),
        ImportState::Starting | ImportState::Importing => Status::new("busy", "loader", "Being imported"),
        ImportState::Stopped => Status::new("bad", "circle-alert", "Stopped"),
        ImportState::Waiting => Status::new("wary", "hourglass", "Waits for approval"),
        ImportState::Done => Status::new("good", "circle-check", "Imported"),
        ImportState::Discarded => Status::new("over", "trash-2", "Discarded"),
    }
}
