//! `/reports`: how the certificates of the fleet are, on one screen. Each number leads to the list that holds just those.

use axum::response::{IntoResponse, Response};
use certporter::service::reports::health::{self, HealthCounts, HealthView};
use http::header;
use leptos::prelude::*;

use crate::pages::address;
use crate::pages::admin::overview::number;
use crate::pages::asked::Asked;
use crate::ui::facts::Section;
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::table::{Empty, Table};
use crate::ui::time::{Moment, Now};
use crate::ui::words;

/// Shows it.
pub async fn get(asked: Asked) -> Response {
    let view = health::get(&asked.portal, &asked.caller).await;
    asked.answer(view, page).await
}

/// Sends it as CSV.
pub async fn export(asked: Asked) -> Response {
    match health::export(&asked.portal, &asked.caller).await {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"health.csv\""),
            ];
            (headers, text).into_response()
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// What of the fleet a row is about: a parameter of both lists.
#[derive(Clone, Default)]
struct Of {
    name: &'static str,
    value: String,
}

const COLUMNS: [&str; 9] = [
    "",
    "Current",
    "Installed",
    "On the way",
    "Failing",
    "On no device",
    "End soon",
    "Requested",
    "In trouble",
];

/// The page.
pub fn page(view: HealthView) -> AnyView {
    // They may have been counted for this very page.
    let counted = use_context::<Now>().map_or(view.counted_at, |now| now.0.min(view.counted_at));
    let nothing = view.profiles.is_empty();
    let HealthView { total, profiles, platforms, groups, .. } = view;
    view! {
        <Page title="Reports".to_owned() task=Some(Task::Reports)>
            <Heading
                title="Certificate health"
                lead="The current certificates of the fleet: whether they are on their devices, and what is on its way. Each number leads to those that it counts."
            >
                <div class="buttons">
                    <LinkButton to="/reports/held" icon="history" label="Who held what"/>
                    <a class="btn" href="/reports/health.csv" download>
                        <Icon name="download"/>
                        "Export as CSV"
                    </a>
                </div>
            </Heading>
            {if nothing {
                view! {
                    <Empty title="Nothing to count yet">
                        <p>"Numbers come with the first certificate or request."</p>
                        <a class="btn" href="/profiles">
                            "To the profiles"
                        </a>
                    </Empty>
                }
                    .into_any()
            } else {
                view! {
                    {tiles(&total)}
                    <p class="quiet counted">
                        "Counted " <Moment at=counted/> ": certificates that are current and good, and requests in flight."
                    </p>
                    {part(
                        "By profile",
                        "Profile",
                        profiles
                            .into_iter()
                            .map(|it| {
                                let of = Of { name: "profile", value: it.profile.to_string() };
                                (it.name, Some(format!("/profiles/{}", it.profile)), of, it.counts)
                            })
                            .collect(),
                    )}
                    {part(
                        "By platform",
                        "Platform",
                        platforms
                            .into_iter()
                            .map(|it| {
                                let of = Of { name: "platform", value: it.platform.as_str().to_owned() };
                                (words::platform(it.platform).to_owned(), None, of, it.counts)
                            })
                            .collect(),
                    )}
                    {part(
                        "By group",
                        "Group",
                        groups
                            .into_iter()
                            .map(|it| {
                                let of = Of { name: "group", value: it.group.to_string() };
                                (it.name, Some(format!("/groups/{}", it.group)), of, it.counts)
                            })
                            .collect(),
                    )}
                    <p class="quiet">
                        "Groups are those that a profile is assigned to, with their users, their devices and the groups within them. A certificate on devices of two platforms, or of two groups, counts for both."
                    </p>
                }
                    .into_any()
            }}
        </Page>
    }
    .into_any()
}

/// The numbers of a row with the address of each one's list.
fn cells(counts: &HealthCounts, of: &Of) -> [(u64, String, &'static str); 8] {
    let certificates = |query: &[(&str, &str)]| {
        let mut all = vec![("standing", "current")];
        all.extend_from_slice(query);
        all.push((of.name, &of.value));
        address("/certificates", &all)
    };
    let good = |delivery| certificates(&[("state", "valid"), ("delivery", delivery)]);
    let requests = |stage| address("/requests", &[("stage", stage), (of.name, &of.value)]);
    [
        (counts.certificates, certificates(&[("state", "valid")]), ""),
        (counts.installed, good("installed"), "good"),
        (counts.pending, good("pending"), "busy"),
        (counts.failing, good("failing"), "bad"),
        (counts.nowhere, good("nowhere"), "wary"),
        (counts.expiring, certificates(&[("state", "expiring")]), "wary"),
        (counts.requests_under_way, requests("under_way"), "busy"),
        (counts.requests_troubled, requests("troubled"), "bad"),
    ]
}

fn tiles(total: &HealthCounts) -> AnyView {
    const LOOKS: [(&str, &str); 8] = [
        ("file-badge", "Current certificates"),
        ("circle-check", "Installed"),
        ("send", "On the way to a device"),
        ("circle-x", "Could not be installed"),
        ("circle-dashed", "On no device"),
        ("hourglass", "End within 30 days"),
        ("list-checks", "Requests on their way"),
        ("triangle-alert", "Requests in trouble"),
    ];
    let tiles = cells(total, &Of::default())
        .into_iter()
        .zip(LOOKS)
        .map(|((count, address, tone), (icon, words))| {
            let tone = if count == 0 || tone.is_empty() { "over" } else { tone };
            view! {
                <a class="tile" href=address>
                    <span class=format!("status {tone}")>
                        <Icon name=icon/>
                        {words}
                    </span>
                    <strong>{number(count)}</strong>
                </a>
            }
        })
        .collect_view();
    view! { <div class="tiles health">{tiles}</div> }.into_any()
}

/// A row: its name, where it leads, what it is about, its numbers.
type Line = (String, Option<String>, Of, HealthCounts);

fn part(title: &'static str, label: &'static str, rows: Vec<Line>) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <Section title>
            <div class="counts">
                <Table label columns=columns(label)>
                    {rows}
                </Table>
            </div>
        </Section>
    }
    .into_any()
}

fn columns(label: &'static str) -> &'static [&'static str] {
    match label {
        "Profile" => const { &named("Profile") },
        "Platform" => const { &named("Platform") },
        _ => const { &named("Group") },
    }
}

const fn named(first: &'static str) -> [&'static str; 9] {
    let mut columns = COLUMNS;
    columns[0] = first;
    columns
}

fn row((name, address, of, counts): Line) -> AnyView {
    let numbers = cells(&counts, &of)
        .into_iter()
        .zip(COLUMNS.into_iter().skip(1))
        .map(|((count, address, tone), column)| {
            let class =
                if count == 0 || tone.is_empty() { "amount".to_owned() } else { format!("amount {tone}") };
            view! {
                <td class=class data-label=column>
                    {if count == 0 {
                        view! { <span class="quiet">"0"</span> }.into_any()
                    } else {
                        view! {
                            <a href=address aria-label=format!("{name}, {column}: {count}")>
                                {number(count)}
                            </a>
                        }
                            .into_any()
                    }}
                </td>
            }
        })
        .collect_view();
    view! {
        <tr>
            <td class="name">
                {match address {
                    Some(address) => view! { <a href=address>{name.clone()}</a> }.into_any(),
                    None => name.clone().into_any(),
                }}
            </td>
            {numbers}
        </tr>
    }
    .into_any()
}
