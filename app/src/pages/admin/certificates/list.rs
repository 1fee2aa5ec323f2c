//! `/certificates`: every certificate that the caller may see.

use axum::body::Body;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use certporter::service::certificates::{
    self, CertificateChoices, CertificateDelivery, CertificateState, CertificateSummary,
};
use certporter::service::{Operation, ServiceError};
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::platform::Platform;
use certporter_model::revocation::Reason;
use certporter_model::{CertificateId, Timestamp};
use http::header;
use leptos::prelude::*;

use super::filter::Filter;
use crate::pages::asked::{Asked, word};
use crate::ui::facts::Copied;
use crate::ui::field::Hidden;
use crate::ui::filters::{ChoiceFilter, DayFilter, Filters, SearchFilter, choices};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::{State, Status};
use crate::ui::table::{Column, Direction, Empty, SortedTable};
use crate::ui::time::{Now, PerhapsMoment};
use crate::ui::words;

/// A row of the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The certificate.
    pub id: CertificateId,
    /// Its subject.
    pub subject: String,
    /// Whose it is.
    pub holder: String,
    /// Its serial number.
    pub serial: String,
    /// Whether it is good.
    pub status: CertificateStatus,
    /// The profile's name.
    pub profile: Option<String>,
    /// Since when it is good.
    pub from: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
}

/// A page of the list.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The order that it is in.
    pub order: &'static str,
    /// What can be chosen.
    pub choices: CertificateChoices,
    /// The rows.
    pub rows: Vec<Row>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// Whether the caller may do something to many of them at once.
    pub bulk: bool,
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let list = read(&asked, filter).await;
    asked.answer(list, page).await
}

/// Everything that the list holds on all of its pages, as CSV.
pub async fn export(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let export = async {
        let query = filter.query()?;
        certificates::export(&asked.portal, &asked.caller, &query).await
    };
    match export.await {
        Ok(export) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"certificates.csv\""),
            ];
            (headers, Body::from_stream(export.portions())).into_response()
        }
        Err(error) => asked.refuse(error).await,
    }
}

async fn read(asked: &Asked, filter: Filter) -> Result<List, ServiceError> {
    let query = filter.query()?;
    let found = certificates::list(&asked.portal, &asked.caller, &query).await?;
    Ok(List {
        filter,
        order: query.order().as_str(),
        choices: certificates::choices(&asked.portal, &asked.caller).await?,
        rows: found.data.into_iter().map(Row::from).collect(),
        next: found.next,
        bulk: Operation::CertificatesBulk.organisation(&asked.caller).is_ok(),
    })
}

impl From<CertificateSummary> for Row {
    fn from(certificate: CertificateSummary) -> Self {
        let holder = match (&certificate.user, &certificate.device) {
            (Some(user), Some(device)) => format!("{}, {}", user.display_name, device.name),
            (Some(user), None) => user.display_name.clone(),
            (None, Some(device)) => device.name.clone(),
            (None, None) => String::new(),
        };
        Self {
            id: certificate.id,
            subject: certificate.subject,
            holder,
            serial: certificate.serial.to_string(),
            status: certificate.status,
            profile: Some(certificate.profile.name),
            from: certificate.not_before,
            until: certificate.not_after,
        }
    }
}

/// The page.
pub fn page(list: List) -> AnyView {
    let export = list.filter.export();
    let something = !list.rows.is_empty();
    view! {
        <Page title="Certificates".to_owned() task=Some(Task::Certificates)>
            <Heading
                title="Certificates"
                lead="Every certificate that was issued, for whom, and whether it is still good."
            >
                {something
                    .then(|| {
                        view! {
                            <a class="btn" href=export download>
                                <Icon name="download"/>
                                "Export as CSV"
                            </a>
                        }
                    })}
            </Heading>
            {filters(&list)}
            {of_status(&list.filter)}
            {of_one(&list.filter)}
            {if something { table(list) } else { nothing(&list.filter) }}
        </Page>
    }
    .into_any()
}

fn table(list: List) -> AnyView {
    let List { filter, order, rows, next, bulk, .. } = list;
    let shown = counted(rows.len(), "certificate", "certificates");
    let first = (!filter.after.is_empty()).then(|| filter.page(""));
    let next = next.as_deref().map(|cursor| filter.page(cursor));
    let sorted = |words, key, first| Column::sorted(words, key, first, order, |order| filter.sorted(order));
    let mut columns = vec![
        sorted("Subject", "subject", Direction::Ascending),
        Column::plain("State"),
        Column::plain("Holder"),
        Column::plain("Profile"),
        Column::plain("Serial number"),
        sorted("Issued", "issued", Direction::Descending),
        sorted("Good until", "expiry", Direction::Ascending),
    ];
    if bulk {
        columns.insert(0, Column::ticks("Chosen"));
    }
    let whole = first.is_none() && next.is_none();
    let rows = rows.into_iter().map(|one| row(one, bulk)).collect_view();
    let pager = view! { <Pager shown first next/> };
    if !bulk {
        return view! {
            <SortedTable label="Certificates" columns>
                {rows}
            </SortedTable>
            {pager}
        }
        .into_any();
    }
    view! {
        <form method="post" action="/certificates/bulk">
            {filter
                .fields()
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                // The form that follows asks for a reason of its own.
                .map(|(name, value)| (if name == "reason" { "only_reason" } else { name }, value))
                .map(|(name, value)| view! { <Hidden name value/> })
                .collect_view()}
            <SortedTable label="Certificates" columns class="ticked">
                {rows}
            </SortedTable>
            {pager}
            <Chosen whole/>
        </form>
    }
    .into_any()
}

/// What can be done with those that are chosen.
#[component]
fn Chosen(
    /// Whether the page shows all that match.
    whole: bool,
) -> AnyView {
    let all = if whole { "All of them" } else { "All that match the filter, on every page" };
    view! {
        <fieldset class="chosen">
            <legend>"With those chosen"</legend>
            <label>
                <input class="checkbox checkbox-sm" type="checkbox" name="all" value="true"/>
                {all}
            </label>
            <button class="btn" type="submit" name="kind" value="revoke">
                <Icon name="ban"/>
                "Revoke\u{2026}"
            </button>
            <button class="btn" type="submit" name="kind" value="reissue">
                <Icon name="rotate-cw"/>
                "Reissue\u{2026}"
            </button>
        </fieldset>
    }
    .into_any()
}

/// How a certificate's status looks at a moment: expiry is seen from its dates.
#[must_use]
pub fn status_at(status: CertificateStatus, until: Timestamp, now: Timestamp) -> Status {
    if status != CertificateStatus::Revoked && until < now { Status::EXPIRED } else { status.into() }
}

fn row(row: Row, bulk: bool) -> AnyView {
    let now = expect_context::<Now>().0;
    let subject = if row.subject.is_empty() { "(no subject)".to_owned() } else { row.subject };
    let choose = format!("Choose {subject}, serial number {}", row.serial);
    view! {
        <tr>
            {bulk
                .then(|| {
                    view! {
                        <td class="tick">
                            <input
                                class="checkbox checkbox-sm"
                                type="checkbox"
                                name="id"
                                value=row.id.to_string()
                                aria-label=choose
                            />
                        </td>
                    }
                })}
            <td class="name">
                <a href=format!("/certificates/{}", row.id)>{subject}</a>
            </td>
            <td class="state">
                <State of=status_at(row.status, row.until, now)/>
            </td>
            <td>{row.holder}</td>
            <td>{row.profile.unwrap_or_default()}</td>
            <td class="serial">
                <Copied value=row.serial/>
            </td>
            <td data-label="Issued">
                <PerhapsMoment at=Some(row.from) otherwise=""/>
            </td>
            <td data-label="Good until">
                <PerhapsMoment at=Some(row.until) otherwise=""/>
            </td>
        </tr>
    }
    .into_any()
}

fn filters(list: &List) -> AnyView {
    let Filter {
        q,
        state,
        status,
        profile,
        ca,
        reason,
        from,
        until,
        issued,
        revoked,
        user,
        device,
        standing,
        delivery,
        platform,
        group,
        sort,
        ..
    } = list.filter.clone();
    let profiles = list.choices.profiles.iter().map(|(id, name)| (id.to_string(), name.clone())).collect();
    let cas: Vec<_> = list.choices.cas.iter().map(|(id, name)| (id.to_string(), name.clone())).collect();
    let several = cas.len() > 1 || !ca.is_empty();
    // Those that are seldom needed are folded away until they are used.
    let seldom = [&ca, &reason, &from, &until, &issued, &revoked, &standing, &delivery, &platform];
    let open = seldom.iter().any(|value| !value.is_empty());
    let standings = choices(&[Standing::Current], Standing::as_str, |_| "Current ones only");
    let deliveries = choices(CertificateDelivery::ALL, CertificateDelivery::as_str, words::delivery);
    let platforms = choices(Platform::ALL, Platform::as_str, words::platform);
    let states = choices(CertificateState::ALL, CertificateState::as_str, words::certificate_state);
    let reasons = choices(Reason::ALL, Reason::as_str, words::reason);
    view! {
        <Filters action="/certificates" sort>
            <SearchFilter label="Name, device, subject, serial number or thumbprint" value=q/>
            <ChoiceFilter label="State" name="state" choices=states value=state/>
            <ChoiceFilter label="Profile" name="profile" choices=profiles value=profile/>
            <details class="more" open=open>
                <summary class="btn btn-ghost">"More"</summary>
                <div>
                    <DayFilter label="Good until, from" name="from" value=from/>
                    <DayFilter label="to" name="until" value=until/>
                    {on("Issued on", "issued", issued)}
                    {on("Revoked on", "revoked", revoked)}
                    <ChoiceFilter label="Reason" name="reason" choices=reasons value=reason/>
                    <ChoiceFilter label="On devices" name="delivery" choices=deliveries value=delivery/>
                    <ChoiceFilter label="Platform" name="platform" choices=platforms value=platform/>
                    <ChoiceFilter label="Standing" name="standing" choices=standings value=standing/>
                    {several.then(|| view! { <ChoiceFilter label="Issuing CA" name="ca" choices=cas value=ca/> })}
                </div>
            </details>
            {(!status.is_empty()).then(|| view! { <Hidden name="status" value=status/> })}
            {(!user.is_empty()).then(|| view! { <Hidden name="user" value=user/> })}
            {(!device.is_empty()).then(|| view! { <Hidden name="device" value=device/> })}
            {(!group.is_empty()).then(|| view! { <Hidden name="group" value=group/> })}
        </Filters>
    }
    .into_any()
}

/// A day to choose; a range of days, which only a link asks for, is carried along.
fn on(label: &'static str, name: &'static str, value: String) -> AnyView {
    if value.contains("..") {
        view! {
            <Hidden name value=value.clone()/>
            <p class="quiet">{format!("{label}: {}", value.replace("..", " to "))}</p>
        }
        .into_any()
    } else {
        view! { <DayFilter label name value/> }.into_any()
    }
}

/// Says so when the list is of one status whatever the time.
fn of_status(filter: &Filter) -> AnyView {
    let Ok(Some(status)) = word::<CertificateStatus>(&filter.status) else { return ().into_any() };
    let everything = Filter { status: String::new(), ..filter.clone() }.page("");
    view! {
        <p class="quiet">
            {format!("Only those with the status \u{201c}{}\u{201d}, expired ones included. ", Status::from(status).word())}
            <a href=everything>"Show all of them"</a> "."
        </p>
    }
    .into_any()
}

/// Says so when the list is of one person or device alone.
fn of_one(filter: &Filter) -> AnyView {
    let who = match (filter.user.as_str(), filter.device.as_str(), filter.group.as_str()) {
        ("", "", "") => return ().into_any(),
        ("", "", group) => (format!("/groups/{group}"), "group\u{2019}s members"),
        ("", device, _) => (format!("/devices/{device}"), "device"),
        (user, ..) => (format!("/users/{user}"), "person"),
    };
    let none = String::new;
    let everybody = Filter { user: none(), device: none(), group: none(), ..filter.clone() }.page("");
    view! {
        <p class="quiet">
            "Only those of " <a href=who.0>"one " {who.1}</a> ". " <a href=everybody>"Show everybody\u{2019}s"</a> "."
        </p>
    }
    .into_any()
}

fn nothing(filter: &Filter) -> AnyView {
    if filter.is_empty() && filter.after.is_empty() {
        return view! {
            <Empty title="No certificate yet">
                <p>
                    "Certificates come by themselves once a profile is assigned to a group and a device of one of its members is enrolled."
                </p>
                <a class="btn" href="/devices">
                    "Show the devices"
                </a>
            </Empty>
        }
        .into_any();
    }
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
