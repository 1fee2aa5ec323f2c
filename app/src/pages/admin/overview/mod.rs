//! `/`: what needs a hand, then the state of things.
//!
//! - [`matters`]: what needs a hand, each in a sentence with a link to where it is mended
//! - [`chart`]: issued and revoked per day
mod chart;
mod matters;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use certporter::service::ServiceError;
use certporter::service::overview::{self, CertificateCounts, FirstSteps, OverviewView};
use certporter_model::access::Role;
use certporter_model::certificate::CertificateStatus;
use leptos::prelude::*;

use crate::pages::asked::{Asked, PagesState, is_helpdesk_alone};
use crate::ui::facts::Section;
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::{Card, Cards};
use crate::ui::status::Status;
use crate::ui::time::{Moment, Now};

/// The routes of the overview.
pub fn routes() -> Router<PagesState> {
    Router::new().route("/", get(show))
}

async fn show(asked: Asked) -> Response {
    let grants = asked.caller.grants();
    if !grants.is_empty() && grants.iter().all(|grant| grant.role == Role::User) {
        return Redirect::to("/me").into_response();
    }
    if is_helpdesk_alone(&asked.caller) {
        return Redirect::to("/helpdesk").into_response();
    }
    match overview::get(&asked.portal, &asked.caller).await {
        // Whoever sees only a part of the organisation begins with their own.
        Err(ServiceError::Forbidden(_)) => {
            let tasks = asked.renderer.person().map(|person| person.tasks.clone()).unwrap_or_default();
            asked.answer(Ok::<_, ServiceError>(tasks), part).await
        }
        seen => asked.answer(seen, page).await,
    }
}

/// A number as people write it: 12,345.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The page of somebody who sees a part of the organisation only.
fn part(tasks: Vec<Task>) -> AnyView {
    let card = |to, icon, name, about| Card { to, icon, name, about };
    let cards = [
        (
            Task::Devices,
            card(
                "/devices",
                "monitor-smartphone",
                "Devices",
                "What is on them, and what to do when one is lost.",
            ),
        ),
        (Task::Users, card("/users", "user-round", "Users", "People with their devices and certificates.")),
        (
            Task::Certificates,
            card(
                "/certificates",
                "file-badge",
                "Certificates",
                "Found by name, serial number or thumbprint.",
            ),
        ),
        (
            Task::Requests,
            card(
                "/requests",
                "list-checks",
                "Requests",
                "What is on its way, and why something did not come.",
            ),
        ),
        (
            Task::Settings,
            card("/settings/own", "settings", "My account", "Your password, time zone and sessions."),
        ),
    ];
    let theirs = cards.into_iter().filter(|(task, _)| tasks.contains(task)).map(|(_, card)| card).collect();
    view! {
        <Page title="Overview".to_owned() task=Some(Task::Overview)>
            <Heading title="Overview" lead="You see the people and devices that are yours to look after."/>
            <Cards of=theirs/>
        </Page>
    }
    .into_any()
}

/// The page.
pub fn page(seen: OverviewView) -> AnyView {
    let OverviewView { matters, counts, first_steps } = seen;
    view! {
        <Page title="Overview".to_owned() task=Some(Task::Overview)>
            <Heading title="Overview" lead="What needs a hand, and how things stand."/>
            {first_steps.map(steps)}
            {(first_steps.is_none() || !matters.is_empty()).then(|| matters::section(matters))}
            {first_steps.is_none().then(|| state(counts))}
        </Page>
    }
    .into_any()
}

fn steps(steps: FirstSteps) -> AnyView {
    let list = [
        (
            steps.profile,
            "/profiles",
            "Author a profile",
            "What certificates say, which key they have, for how long they are good.",
        ),
        (steps.group, "/groups", "Make a group", "The users or devices that are to get certificates."),
        (
            steps.assignment,
            "/profiles",
            "Assign the profile to the group",
            "Everybody in the group gets a certificate of the profile.",
        ),
        (
            steps.device,
            "/devices",
            "Enrol a device",
            "Register it and enter its enrolment code on it: its certificates come by themselves.",
        ),
    ];
    let next = list.iter().position(|(done, ..)| !done);
    view! {
        <Section title="First steps">
            <ol class="steps-list">
                {list
                    .into_iter()
                    .enumerate()
                    .map(|(place, (done, address, title, text))| {
                        let icon = if done { "circle-check" } else { "circle-dashed" };
                        let tone = if done { "status good" } else { "status over" };
                        view! {
                            <li class:next=next == Some(place)>
                                <span class=tone>
                                    <Icon name=icon/>
                                    <span class="sr-only">{if done { "Done" } else { "To do" }}</span>
                                </span>
                                <span>
                                    <a class="name" href=address>
                                        {title}
                                    </a>
                                    <span class="quiet">{text}</span>
                                </span>
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
        </Section>
    }
    .into_any()
}

fn state(counts: CertificateCounts) -> AnyView {
    // They may have been counted for this very page.
    let counted = use_context::<Now>().map_or(counts.counted_at, |now| now.0.min(counts.counted_at));
    let tiles = [CertificateStatus::Valid, CertificateStatus::Held, CertificateStatus::Revoked]
        .into_iter()
        .map(|status| {
            let count = counts.by_status.get(&status).copied().unwrap_or(0);
            let look = Status::from(status);
            view! {
                <a class="tile" href=format!("/certificates?status={}", status.as_str())>
                    <span class=format!("status {}", look.tone())>
                        <Icon name=look.icon()/>
                        {look.word()}
                    </span>
                    <strong>{number(count)}</strong>
                </a>
            }
        })
        .collect_view();
    view! {
        <Section title="Certificates">
            <div class="tiles">{tiles}</div>
            <p class="quiet counted">"Counted " <Moment at=counted/> "; expired ones included."</p>
        </Section>
        {chart::section(counts.days)}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_readable() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(count), text);
        }
    }
}
