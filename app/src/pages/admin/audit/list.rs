//! The trail, the newest first.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::audit::{self, AuditQuery, AuditView};
use certporter::service::{ServiceError, page};
use certporter_model::FieldErrors;
use http::StatusCode;
use leptos::prelude::*;

use super::page_of;
use crate::pages::address;
use crate::pages::asked::{Asked, form_errors, present};
use crate::ui::filters::{DayFilter, Filters, SearchFilter};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::table::{Empty, Table};
use crate::ui::time::Moment;
use crate::ui::words::sentence;

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// The name or id of an account.
    pub who: String,
    /// The action.
    pub action: String,
    /// The kind of thing.
    pub target_kind: String,
    /// Which thing.
    pub target_id: String,
    /// From which network address.
    pub address: String,
    /// The first day, as in ISO 8601.
    pub from: String,
    /// The last day.
    pub until: String,
    /// Where the page begins.
    pub after: String,
}

impl Filter {
    /// The address of a page with the same filter.
    #[must_use]
    pub fn page(&self, path: &str, after: &str) -> String {
        address(
            path,
            &[
                ("who", &self.who),
                ("action", &self.action),
                ("target_kind", &self.target_kind),
                ("target_id", &self.target_id),
                ("address", &self.address),
                ("from", &self.from),
                ("until", &self.until),
                ("after", after),
            ],
        )
    }

    /// What is asked of the service.
    #[must_use]
    pub fn query(&self) -> AuditQuery {
        // Days are meant from their beginning to their end.
        let moment = |day: &str, time: &str| present(day).map(|day| format!("{}T{time}Z", day.trim()));
        AuditQuery {
            who: present(&self.who),
            action: present(&self.action),
            target_kind: present(&self.target_kind),
            target_id: present(self.target_id.trim()),
            address: present(&self.address),
            from: moment(&self.from, "00:00:00"),
            until: moment(&self.until, "23:59:59.999"),
            cursor: present(&self.after),
            ..AuditQuery::default()
        }
    }
}

/// A page of the trail.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The events.
    pub events: page::Page<AuditView>,
    /// What is wrong with the filter.
    pub errors: FieldErrors,
}

/// Shows the trail.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let found = audit::list(&asked.portal, &asked.caller, &filter.query()).await;
    let (status, list) = match found {
        Ok(events) => (StatusCode::OK, List { filter, events, errors: FieldErrors::new() }),
        Err(error @ ServiceError::Invalid(_)) => {
            let errors = form_errors(error).unwrap_or_default();
            let events = page::Page { data: Vec::new(), next: None };
            (StatusCode::UNPROCESSABLE_ENTITY, List { filter, events, errors })
        }
        Err(error) => return asked.refuse(error).await,
    };
    asked.renderer.page(status, move || page(list.clone())).await
}

/// The page.
pub fn page(list: List) -> AnyView {
    let List { filter, events, errors } = list;
    let first = (!filter.after.is_empty()).then(|| filter.page("/audit", ""));
    let next = events.next.as_deref().map(|next| filter.page("/audit", next));
    let shown = counted(events.data.len(), "event", "events");
    let export = filter.page("/audit/export.csv", "");
    let wrong = errors.as_slice().iter().map(|error| sentence(&error.message)).collect::<Vec<_>>();
    let Filter { who, action, target_kind, target_id, address, from, until, .. } = filter;
    view! {
        <Page title="Audit".to_owned() task=Some(Task::Audit)>
            <Heading title="Audit" lead="Who did what to which, when and from where. Nothing here can be changed.">
                <a class="btn" href=export download="audit.csv">
                    <Icon name="download"/>
                    "Export as CSV"
                </a>
            </Heading>
            {(!wrong.is_empty())
                .then(|| {
                    view! {
                        <Notice tone=Tone::Bad>
                            {wrong.into_iter().map(|message| view! { <p>{message}</p> }).collect_view()}
                        </Notice>
                    }
                })}
            <Filters action="/audit">
                <SearchFilter label="Who (account)" name="who" value=who/>
                <SearchFilter label="Action, such as devices.block" name="action" value=action/>
                <SearchFilter label="Kind, such as device" name="target_kind" value=target_kind/>
                <SearchFilter label="Id of the thing" name="target_id" value=target_id/>
                <SearchFilter label="From address" name="address" value=address/>
                <DayFilter label="First day (UTC)" name="from" value=from/>
                <DayFilter label="Last day (UTC)" name="until" value=until/>
            </Filters>
            {if events.data.is_empty() {
                view! {
                    <Empty title="Nothing of the kind">
                        <p>"Take a filter away, or choose other days."</p>
                    </Empty>
                }
                    .into_any()
            } else {
                view! {
                    <Table label="Audit trail" columns=&["Action", "When", "Who", "To what", "From"]>
                        {events.data.into_iter().map(row).collect_view()}
                    </Table>
                    <Pager shown first next/>
                }
                    .into_any()
            }}
        </Page>
    }
    .into_any()
}

fn row(event: AuditView) -> AnyView {
    let id = event.target_id.map(|id| id.to_string());
    let target = match &id {
        Some(id) => match page_of(&event.target_kind, id) {
            Some(address) => view! { <a href=address>{event.target_kind.replace('_', " ")}</a> }.into_any(),
            None => view! { {event.target_kind.replace('_', " ")} }.into_any(),
        },
        None => view! { <span class="quiet">{event.target_kind.replace('_', " ")}</span> }.into_any(),
    };
    let name = ["name", "user_name", "serial"]
        .iter()
        .find_map(|key| event.details.get(key))
        .and_then(|value| value.as_str())
        .map(|name| format!(" {name}"));
    view! {
        <tr>
            <td class="name">
                <a class="mono" href=format!("/audit/{}", event.id)>
                    {event.action}
                </a>
            </td>
            <td class="state">
                <Moment at=event.at/>
            </td>
            <td data-label="By">{event.actor_name}</td>
            <td><p>{target} {name}</p></td>
            <td class="mono address">{event.address}</td>
        </tr>
    }
    .into_any()
}
