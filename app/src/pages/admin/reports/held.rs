//! `/reports/held`: who held what on a day: a person, a device, a group, or everybody.

use axum::body::Body;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use certporter::service::reports::HeldExport;
use certporter::service::reports::held::{
    self, HeldAssignment, HeldCertificate, HeldDevice, HeldMembership, HeldQuery,
};
use certporter::service::{ServiceError, devices, groups, page, users};
use certporter_model::FieldErrors;
use http::{StatusCode, header};
use leptos::prelude::*;

use super::held_rows;
use crate::pages::address;
use crate::pages::asked::{Asked, form_errors, present, word};
use crate::ui::field::Hidden;
use crate::ui::filters::{DayFilter, Filters};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::table::Empty;
use crate::ui::words::sentence;

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// The day, as in ISO 8601; today when empty.
    pub day: String,
    /// Only about this user.
    pub user: String,
    /// Only about this device.
    pub device: String,
    /// Only about this group.
    pub group: String,
    /// Which rows: certificates, devices, memberships or assignments.
    pub rows: String,
    /// Where the page begins.
    pub after: String,
}

impl Filter {
    fn page(&self, path: &str, rows: &str, after: &str) -> String {
        let parts = [
            ("day", self.day.as_str()),
            ("user", &self.user),
            ("device", &self.device),
            ("group", &self.group),
            ("rows", rows),
            ("after", after),
        ];
        address(path, &parts)
    }

    fn query(&self) -> Result<HeldQuery, ServiceError> {
        Ok(HeldQuery {
            day: present(&self.day),
            user: word(&self.user)?,
            device: word(&self.device)?,
            group: word(&self.group)?,
            cursor: present(&self.after),
            limit: None,
        })
    }
}

/// A page of rows of one kind.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Certificates with their copies.
    Certificates(page::Page<HeldCertificate>),
    /// Whose devices were.
    Devices(page::Page<HeldDevice>),
    /// Who was in which group.
    Memberships(page::Page<HeldMembership>),
    /// Which profiles were assigned to which groups.
    Assignments(page::Page<HeldAssignment>),
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What was asked for, the day filled in.
    pub filter: Filter,
    /// Whom it is about: a word, a name and an address.
    pub whom: Option<(&'static str, String, String)>,
    /// The rows; none when the question was wrong.
    pub rows: Option<Rows>,
    /// What is wrong with the question.
    pub errors: FieldErrors,
}

/// Shows it.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let (status, shown) = match read(&asked, filter.clone()).await {
        Ok(shown) => (StatusCode::OK, shown),
        Err(error @ ServiceError::Invalid(_)) => {
            let errors = form_errors(error).unwrap_or_default();
            (StatusCode::UNPROCESSABLE_ENTITY, Shown { filter, whom: None, rows: None, errors })
        }
        Err(error) => return asked.refuse(error).await,
    };
    asked.renderer.page(status, move || page(shown.clone())).await
}

async fn read(asked: &Asked, mut filter: Filter) -> Result<Shown, ServiceError> {
    let query = filter.query()?;
    let (portal, caller) = (&asked.portal, &asked.caller);
    let rows = match filter.rows.as_str() {
        "devices" => Rows::Devices(held::devices(portal, caller, &query).await?),
        "memberships" => Rows::Memberships(held::memberships(portal, caller, &query).await?),
        "assignments" => Rows::Assignments(held::assignments(portal, caller, &query).await?),
        _ => Rows::Certificates(held::certificates(portal, caller, &query).await?),
    };
    filter.day = query.on(portal.now())?.from.to_string().chars().take(10).collect();
    let whom = match (query.user, query.device, query.group) {
        (Some(id), ..) => {
            Some(("person", users::get(portal, caller, id).await?.display_name, format!("/users/{id}")))
        }
        (_, Some(id), _) => {
            Some(("device", devices::get(portal, caller, id).await?.device.name, format!("/devices/{id}")))
        }
        (.., Some(id)) => {
            Some(("group", groups::get(portal, caller, id).await?.name, format!("/groups/{id}")))
        }
        _ => None,
    };
    Ok(Shown { filter, whom, rows: Some(rows), errors: FieldErrors::new() })
}

/// Sends all of it as CSV.
pub async fn export(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let export = async { HeldExport::begin(&asked.portal, &asked.caller, &filter.query()?).await };
    match export.await {
        Ok(export) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"held.csv\""),
            ];
            (headers, Body::from_stream(export.portions())).into_response()
        }
        Err(error) => asked.refuse(error).await,
    }
}

const KINDS: [(&str, &str); 4] = [
    ("", "Certificates and copies"),
    ("devices", "Devices and their people"),
    ("memberships", "Memberships"),
    ("assignments", "Assignments"),
];

/// The page.
pub fn page(shown: Shown) -> AnyView {
    let Shown { filter, whom, rows, errors } = shown;
    let export = filter.page("/reports/held.csv", "", "");
    let wrong = errors.as_slice().iter().map(|error| sentence(&error.message)).collect::<Vec<_>>();
    let everybody = address("/reports/held", &[("day", &filter.day), ("rows", &filter.rows)]);
    let Filter { day, user, device, group, rows: kind, .. } = filter.clone();
    let kept = [("user", user), ("device", device), ("group", group), ("rows", kind)];
    let chosen = KINDS.iter().find(|(word, _)| *word == filter.rows).map_or("", |(word, _)| *word);
    view! {
        <Page title="Who held what".to_owned() task=Some(Task::Reports)>
            <Heading
                title="Who held what"
                lead="Certificates, devices, memberships and assignments as they were on a day (UTC): whatever had a moment of it."
                within=("/reports", "Reports")
            >
                <a class="btn" href=export download>
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
            <Filters action="/reports/held">
                <DayFilter label="Day (UTC)" name="day" value=day/>
                {kept
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(name, value)| view! { <Hidden name value/> })
                    .collect_view()}
            </Filters>
            {match whom {
                Some((what, name, address)) => {
                    view! {
                        <p class="quiet">
                            {format!("Only about the {what} ")} <a href=address>{name}</a> ". "
                            <a href=everybody>"Show everybody\u{2019}s"</a> "."
                        </p>
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <p class="quiet">
                            "About everybody. The page of a person, a device or a group leads here about them alone."
                        </p>
                    }
                        .into_any()
                }
            }}
            <nav aria-label="Kinds of rows" class="kinds">
                {KINDS
                    .into_iter()
                    .map(|(word, name)| {
                        let current = (word == chosen).then_some("page");
                        view! {
                            <a
                                class="btn btn-sm"
                                class:btn-active=word == chosen
                                href=filter.page("/reports/held", word, "")
                                aria-current=current
                            >
                                {name}
                            </a>
                        }
                    })
                    .collect_view()}
            </nav>
            {rows.map(|rows| table(&filter, rows))}
        </Page>
    }
    .into_any()
}

fn table(filter: &Filter, rows: Rows) -> AnyView {
    let (count, next) = match &rows {
        Rows::Certificates(page) => (page.data.len(), page.next.clone()),
        Rows::Devices(page) => (page.data.len(), page.next.clone()),
        Rows::Memberships(page) => (page.data.len(), page.next.clone()),
        Rows::Assignments(page) => (page.data.len(), page.next.clone()),
    };
    if count == 0 {
        return view! {
            <Empty title="Nothing on that day">
                <p>"Choose another day, or another kind of rows."</p>
            </Empty>
        }
        .into_any();
    }
    let first = (!filter.after.is_empty()).then(|| filter.page("/reports/held", &filter.rows, ""));
    let next = next.as_deref().map(|next| filter.page("/reports/held", &filter.rows, next));
    let shown = counted(count, "row", "rows");
    view! {
        {match rows {
            Rows::Certificates(page) => held_rows::certificates(page.data),
            Rows::Devices(page) => held_rows::devices(page.data),
            Rows::Memberships(page) => held_rows::memberships(page.data),
            Rows::Assignments(page) => held_rows::assignments(page.data),
        }}
        <Pager shown first next/>
    }
    .into_any()
}
