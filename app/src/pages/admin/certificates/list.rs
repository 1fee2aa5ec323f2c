//! `/certificates`: every certificate that the caller may see.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::ServiceError;
use certporter::service::certificates::{self, CertificateSummary, CertificatesQuery};
use certporter_model::certificate::CertificateStatus;
use certporter_model::{CertificateId, Timestamp};
use leptos::prelude::*;

use crate::pages::asked::{Asked, present, word};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};
use crate::ui::time::{Now, PerhapsMoment};

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Part of a name, or a serial number or thumbprint.
    pub q: String,
    /// Only this status; empty for all.
    pub status: String,
    /// Where the page begins; empty for the first.
    pub after: String,
}

impl Filter {
    fn page(&self, after: &str) -> String {
        crate::pages::address("/certificates", &[("q", &self.q), ("status", &self.status), ("after", after)])
    }
}

/// A row of the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The certificate.
    pub id: CertificateId,
    /// Its subject.
    pub subject: String,
    /// Its serial number.
    pub serial: String,
    /// Whether it is good.
    pub status: CertificateStatus,
    /// The profile's name.
    pub profile: Option<String>,
    /// Until when it is good.
    pub until: Timestamp,
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
    let query = CertificatesQuery {
        q: present(&filter.q),
        status: word(&filter.status)?,
        cursor: present(&filter.after),
        ..CertificatesQuery::default()
    };
    let found = certificates::list(&asked.portal, &asked.caller, &query).await?;
    Ok(List { filter, rows: found.data.into_iter().map(Row::from).collect(), next: found.next })
}

impl From<CertificateSummary> for Row {
    fn from(certificate: CertificateSummary) -> Self {
        Self {
            id: certificate.id,
            subject: certificate.subject,
            serial: certificate.serial.to_string(),
            status: certificate.status,
            profile: Some(certificate.profile.name),
            until: certificate.not_after,
        }
    }
}

/// The page.
pub fn page(list: List) -> AnyView {
    view! {
        <Page title="Certificates".to_owned() task=Some(Task::Certificates)>
            <Heading
                title="Certificates"
                lead="Every certificate that was issued, for whom, and whether it is still good."
            />
            <Filters filter=list.filter.clone()/>
            {if list.rows.is_empty() {
                nothing(&list.filter).into_any()
            } else {
                let shown = counted(list.rows.len(), "certificate", "certificates");
                let first = (!list.filter.after.is_empty()).then(|| list.filter.page(""));
                let next = list.next.as_deref().map(|cursor| list.filter.page(cursor));
                view! {
                    <Table
                        label="Certificates"
                        columns=&["Subject", "Status", "Profile", "Serial number", "Good until"]
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

/// How a certificate's status looks at a moment: expiry is seen from its dates.
#[must_use]
pub fn status_at(status: CertificateStatus, until: Timestamp, now: Timestamp) -> Status {
    if status != CertificateStatus::Revoked && until < now { Status::EXPIRED } else { status.into() }
}

fn row(row: Row) -> AnyView {
    let now = expect_context::<Now>().0;
    view! {
        <tr>
            <td class="name">
                <a href=format!("/certificates/{}", row.id)>{row.subject}</a>
            </td>
            <td class="state">
                <State of=status_at(row.status, row.until, now)/>
            </td>
            <td>{row.profile.unwrap_or_default()}</td>
            <td class="mono">{row.serial}</td>
            <td data-label="Good until">
                <PerhapsMoment at=Some(row.until) otherwise=""/>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn Filters(filter: Filter) -> AnyView {
    let choices = [("valid", "Valid"), ("held", "On hold"), ("revoked", "Revoked")];
    view! {
        <form class="filters" method="get" action="/certificates" role="search">
            <label class="wide">
                "Name, serial number or thumbprint"
                <input class="input" type="search" name="q" value=filter.q/>
            </label>
            <label>
                "Status"
                <select class="select" name="status">
                    <option value="">"All"</option>
                    {choices
                        .into_iter()
                        .map(|(value, words)| {
                            view! {
                                <option value=value selected=value == filter.status>
                                    {words}
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
    if filter.q.is_empty() && filter.status.is_empty() {
        view! {
            <Empty title="No certificate yet">
                <p>
                    "Certificates come by themselves once a profile is assigned to a group and a device of one of its members is enrolled."
                </p>
                <a class="btn" href="/devices">
                    "Show the devices"
                </a>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <Empty title="No certificate is like this">
                <p>"Take away a part of the filter, or look at all of them."</p>
                <a class="btn" href="/certificates">
                    "Show all certificates"
                </a>
            </Empty>
        }
        .into_any()
    }
    .into_any()
}
