//! `/helpdesk`: the one box, large, and the people who were looked up last. `/helpdesk/results` is what was found alone,
//! for whoever is still typing.

use axum::extract::Query;
use axum::response::{Html, IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::helpdesk::search::{self, MatchKind, PeopleFound, PeopleQuery, PersonFound};
use certporter::service::helpdesk::{self, LookedUp};
use certporter_model::device::UserState;
use leptos::prelude::*;

use super::subject::Subject;
use crate::pages::asked::Asked;
use crate::ui::facts::Section;
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::status::State;
use crate::ui::table::Empty;
use crate::ui::time::Moment;

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asks {
    q: String,
}

/// What is shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// What was searched for.
    pub q: String,
    /// Who was found.
    pub found: PeopleFound,
    /// Who was looked up last.
    pub latest: Vec<LookedUp>,
}

/// Shows the box; whoever alone is called just so is shown at once.
pub async fn get(asked: Asked, Query(asks): Query<Asks>) -> Response {
    let shown = read(&asked, asks.q).await;
    if let Ok(Shown { found, .. }) = &shown
        && let Some(only) = alone(found)
    {
        return Redirect::to(&only.to_string()).into_response();
    }
    asked.answer(shown, page).await
}

/// What was found alone.
pub async fn part(asked: Asked, Query(asks): Query<Asks>) -> Response {
    match read(&asked, asks.q).await {
        Ok(shown) => Html(asked.renderer.part(|| results(shown))).into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

async fn read(asked: &Asked, q: String) -> Result<Shown, ServiceError> {
    let (portal, caller) = (&asked.portal, &asked.caller);
    let found = search::find(portal, caller, &PeopleQuery { q: q.clone() }).await?;
    let latest = if q.trim().is_empty() { helpdesk::looked_up(portal, caller).await? } else { Vec::new() };
    Ok(Shown { q, found, latest })
}

/// The only one who is called just so, or the only person or device at all.
fn alone(found: &PeopleFound) -> Option<Subject> {
    let mut exact = found.people.iter().filter(|person| person.exact);
    match (exact.next(), exact.next()) {
        (Some(person), None) => return Some(Subject::Person(person.user.id)),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    match (found.people.as_slice(), found.devices.as_slice()) {
        _ if found.more => None,
        ([person], []) => Some(Subject::Person(person.user.id)),
        ([], [device]) => Some(Subject::Device(device.id)),
        _ => None,
    }
}

fn address(person: &PersonFound) -> String {
    Subject::Person(person.user.id).to_string()
}

/// The page.
pub fn page(shown: Shown) -> AnyView {
    let q = shown.q.clone();
    view! {
        <Page title="Helpdesk".to_owned() task=Some(Task::Helpdesk)>
            <Heading
                title="Helpdesk"
                lead="Find the person: by a name or address, by their device, or by a certificate of theirs."
            />
            <form
                class="box"
                method="get"
                action="/helpdesk"
                role="search"
                aria-label="People"
                data-results="/helpdesk/results"
                data-into="people"
            >
                <label for="people-box" class="sr-only">
                    "Name, address, device, serial number or thumbprint"
                </label>
                <Icon name="search"/>
                <input
                    id="people-box"
                    class="input"
                    type="search"
                    name="q"
                    value=q
                    placeholder="Name, e-mail, device, serial number, IMEI, thumbprint"
                    autocomplete="off"
                    maxlength="200"
                    autofocus
                />
                <button class="btn btn-primary" type="submit">
                    "Find"
                </button>
            </form>
            <div id="people">{results(shown)}</div>
        </Page>
    }
    .into_any()
}

/// Who was found, or who was looked up last.
pub fn results(shown: Shown) -> AnyView {
    let Shown { q, found, latest } = shown;
    if q.trim().is_empty() {
        return recent(latest);
    }
    let PeopleFound { people, devices, more, too_short } = found;
    let nothing = people.is_empty() && devices.is_empty();
    let told = match people.len() {
        1 => "1 person".to_owned(),
        many => format!("{many} people"),
    };
    view! {
        <p class="sr-only" role="status">{told}</p>
        {nothing
            .then(|| {
                view! {
                    <Empty title="Nobody found">
                        <p>
                            "Try a part of the name, the device’s name, or a number that stands on the device. Accents, capitals and dashes make no difference."
                        </p>
                    </Empty>
                }
            })}
        {(!people.is_empty())
            .then(|| {
                view! {
                    <ul class="hits people">{people.into_iter().map(person).collect_view()}</ul>
                }
            })}
        {(!devices.is_empty())
            .then(|| {
                view! {
                    <Section title="Devices by themselves">
                        <ul class="hits">
                            {devices
                                .into_iter()
                                .map(|device| {
                                    view! {
                                        <li>
                                            <a href=Subject::Device(device.id).to_string()>
                                                <Icon name="monitor-smartphone"/>
                                                <span class="name">{device.name}</span>
                                            </a>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    </Section>
                }
            })}
        {more
            .then(|| {
                view! { <p class="quiet after">"There are more: type more of it, and the best come first."</p> }
            })}
        {too_short
            .then(|| {
                view! { <p class="quiet after">"Devices and certificates are searched from three characters on."</p> }
            })}
    }
    .into_any()
}

fn person(found: PersonFound) -> AnyView {
    let here = address(&found);
    let PersonFound { user, address, state, matched, .. } = found;
    let by = match matched.kind {
        // The row says these itself.
        MatchKind::Name | MatchKind::UserName => None,
        MatchKind::Upn | MatchKind::Email if address.as_deref() == Some(matched.text.as_str()) => None,
        kind => Some(format!("{} {}", words(kind), matched.text)),
    };
    view! {
        <li>
            <a href=here>
                <Icon name="user-round"/>
                <span class="name">{user.display_name}</span>
                <span class="quiet">{address.unwrap_or(user.user_name)}</span>
                {by.map(|by| view! { <span class="by">{by}</span> })}
                {(state != UserState::Enabled).then(|| view! { <State of=state/> })}
            </a>
        </li>
    }
    .into_any()
}

/// What matched, before its name or number.
const fn words(kind: MatchKind) -> &'static str {
    match kind {
        MatchKind::Name => "name",
        MatchKind::UserName => "user name",
        MatchKind::Upn => "UPN",
        MatchKind::Email => "e-mail",
        MatchKind::Device => "device",
        MatchKind::DeviceSerial => "device with serial number",
        MatchKind::Imei => "device with IMEI",
        MatchKind::DeviceAddress => "device at",
        MatchKind::Certificate => "certificate",
        MatchKind::CertificateName => "certificate of",
    }
}

fn recent(latest: Vec<LookedUp>) -> AnyView {
    if latest.is_empty() {
        return view! {
            <p class="quiet">"The people whom you look up stand here, the last one first."</p>
        }
        .into_any();
    }
    view! {
        <Section title="Looked up last">
            <ul class="hits">
                {latest
                    .into_iter()
                    .map(|it| {
                        view! {
                            <li>
                                <a href=format!("/helpdesk/people/{}", it.user.id)>
                                    <Icon name="user-round"/>
                                    <span class="name">{it.user.display_name}</span>
                                    <span class="quiet">
                                        <Moment at=it.at/>
                                    </span>
                                </a>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </Section>
    }
    .into_any()
}
