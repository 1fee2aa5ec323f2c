//! `/me`: one's devices, what needs a hand, and adding another.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::confirmations::{self, ConfirmationKind, ConfirmationView};
use certporter::service::devices::DeviceView;
use certporter::service::security_events::{self, SecurityEventView};
use certporter::service::self_service::certificates::{self, OwnCertificate};
use certporter::service::self_service::devices;
use certporter::service::{ServiceError, sign_in_codes};
use certporter_model::device::DeviceState;
use certporter_model::{CertificateId, Timestamp};
use leptos::prelude::*;

use super::certificates::line;
use super::events;
use crate::pages::asked::Asked;
use crate::ui::facts::Section;
use crate::ui::icon::Icon;
use crate::ui::layout::Heading;
use crate::ui::notice::{Notice, Tone};
use crate::ui::own::{BigButton, BigLink, OwnPage, OwnPlace, device_status, platform_icon, platform_words};
use crate::ui::status::State;
use crate::ui::time::Moment;

/// What the page shows.
#[derive(Clone)]
pub struct Start {
    /// Their name, as the portal greets them.
    pub name: String,
    /// When the session ends by itself, for one that a code opened.
    pub ends_at: Option<Timestamp>,
    /// What happened that they have not seen.
    pub news: Vec<SecurityEventView>,
    /// Whether they may say that they have seen it: it is known that it is they.
    pub may_acknowledge: bool,
    /// What waits for them to confirm.
    pub waiting: Vec<ConfirmationView>,
    /// Their devices.
    pub devices: Vec<DeviceView>,
    /// Their certificates.
    pub certificates: Vec<OwnCertificate>,
    /// What was just done.
    pub done: String,
}

/// What the address says.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    done: String,
}

/// Shows it.
pub async fn get(asked: Asked, Query(shown): Query<Shown>) -> Response {
    let read = read(&asked, shown.done).await;
    asked.answer(read, page).await
}

async fn read(asked: &Asked, done: String) -> Result<Start, ServiceError> {
    let (portal, caller) = (&asked.portal, &asked.caller);
    let devices = devices::list(portal, caller).await?;
    let certificates = certificates::of_devices(portal, caller, &devices).await?;
    let news = security_events::list(portal, caller).await?.into_iter().filter(|event| event.new).collect();
    Ok(Start {
        name: caller.actor().to_string(),
        ends_at: sign_in_codes::ends_at(portal, caller).await?,
        news,
        may_acknowledge: caller.staff_code().is_none_or(|code| code.confirmed),
        waiting: confirmations::own(portal, caller).await?,
        devices,
        certificates,
        done,
    })
}

/// The page.
pub fn page(start: Start) -> AnyView {
    let Start { name, ends_at, news, may_acknowledge, waiting, devices, certificates, done } = start;
    let (used, gone): (Vec<_>, Vec<_>) =
        devices.into_iter().partition(|device| !device.device.state.is_out_of_use());
    let said = match done.as_str() {
        "removed" => Some("The device is removed. What was on it is revoked."),
        "confirmed" => Some("Thank you. What waited for this is on its way."),
        "seen" => Some("Thank you."),
        "ended" => Some("Every code is void, and whoever came with one is signed out."),
        _ => None,
    };
    view! {
        <OwnPage title="My devices".to_owned() place=OwnPlace::Devices>
            <Heading title="My devices" lead=format!("Signed in as {name}.")/>
            {said.map(|said| view! { <Notice tone=Tone::Good><p>{said}</p></Notice> })}
            {ends_at.map(|ends_at| by_code(ends_at, may_acknowledge))}
            {waiting.into_iter().map(waits).collect_view()}
            {(!news.is_empty()).then(|| told(news, may_acknowledge))}
            <ul class="own-cards">{used.iter().map(|device| card(device, &certificates)).collect_view()}</ul>
            {used
                .is_empty()
                .then(|| {
                    view! {
                        <div class="empty">
                            <h2>"You have no device here yet"</h2>
                            <p>"Add the phone or computer that you work with: it takes a minute."</p>
                        </div>
                    }
                })}
            <div class="own-actions">
                <BigLink address="/me/add" icon="plus" words="Add a device" tone="btn-primary"/>
            </div>
            {(!certificates.is_empty())
                .then(|| {
                    view! {
                        <Section title="What you have on them">
                            <ul class="own-lines">{certificates.into_iter().map(line).collect_view()}</ul>
                        </Section>
                    }
                })}
            {(!gone.is_empty()).then(|| no_longer(gone))}
        </OwnPage>
    }
    .into_any()
}

fn by_code(ends_at: Timestamp, confirmed: bool) -> AnyView {
    let (tone, keys) = if confirmed {
        (Tone::Good, ". It is confirmed that it is you.")
    } else {
        (
            Tone::Wary,
            ". Keys that other devices of yours have too come only after you confirm that it is you.",
        )
    };
    view! {
        <Notice tone>
            <p>
                "You came with a code from the helpdesk. You are signed out " <Moment at=ends_at/> {keys}
            </p>
        </Notice>
    }
    .into_any()
}

fn waits(it: ConfirmationView) -> AnyView {
    let what = match (it.kind, &it.device) {
        (ConfirmationKind::Device, Some(device)) => format!("{} waits: is it yours?", device.name),
        (ConfirmationKind::Device, None) => "A device waits: is it yours?".to_owned(),
        (ConfirmationKind::Session, _) => "Somebody signed in with a code: is it you?".to_owned(),
    };
    view! {
        <Notice tone=Tone::Wary>
            <p>
                <strong>{what}</strong>
            </p>
            <p>"It was opened " <Moment at=it.since/> " with the help of " {it.staff.unwrap_or_default()} "."</p>
            <BigLink
                address=format!("/me/confirm/{}", it.id)
                icon="shield-check"
                words="Look at it and confirm"
                tone="btn-primary"
            />
        </Notice>
    }
    .into_any()
}

fn told(news: Vec<SecurityEventView>, may_acknowledge: bool) -> AnyView {
    let until = news.iter().map(|event| event.at).max().unwrap_or_default();
    view! {
        <Notice tone=Tone::Wary>
            <p>
                <strong>"This happened in your name"</strong>
            </p>
            <ul class="own-news">{news.into_iter().map(events::sentence_of).collect_view()}</ul>
            {may_acknowledge
                .then(|| {
                    view! {
                        <div class="own-pair">
                            <form method="post" action="/me/events">
                                <input type="hidden" name="until" value=until.as_millis().to_string()/>
                                <button class="btn big" type="submit">
                                    <Icon name="check"/>
                                    "I know about this"
                                </button>
                            </form>
                            <BigButton
                                address="/me/events/not-me"
                                icon="circle-alert"
                                words="That was not me"
                                tone="btn-error btn-outline"
                            />
                        </div>
                    }
                })}
        </Notice>
    }
    .into_any()
}

/// How many certificates a device has, and when the first of them ends.
fn on_it(device: &DeviceView, certificates: &[OwnCertificate]) -> (usize, Option<Timestamp>) {
    let here = |it: &&OwnCertificate| it.places.iter().any(|place| place.device.id == device.device.id);
    let ids: Vec<CertificateId> = certificates.iter().filter(here).map(|it| it.id).collect();
    (ids.len(), certificates.iter().filter(here).map(|it| it.not_after).min())
}

fn card(device: &DeviceView, certificates: &[OwnCertificate]) -> AnyView {
    let (count, until) = on_it(device, certificates);
    let unconfirmed = device.enrolment.as_ref().is_some_and(|enrolment| enrolment.unconfirmed.is_some());
    let device = device.device.clone();
    let here = format!("/me/devices/{}", device.id);
    let state = device.state;
    view! {
        <li class="own-card">
            <div class="own-name">
                <Icon name=platform_icon(device.platform)/>
                <h2>
                    <a href=here.clone()>{device.name}</a>
                </h2>
                <State of=device_status(state)/>
            </div>
            <p class="quiet">{platform_words(device.platform)}</p>
            {match (state, until) {
                (DeviceState::Registered, _) => {
                    view! { <p>"It waits for you to set it up."</p> }.into_any()
                }
                (DeviceState::Blocked, _) => {
                    view! { <p>"Nothing on it works until the block is lifted."</p> }.into_any()
                }
                (_, Some(until)) => {
                    view! {
                        <p>
                            {if count == 1 {
                                "1 certificate, renewed by itself before it ends ".to_owned()
                            } else {
                                format!("{count} certificates, renewed by themselves; the first ends ")
                            }}
                            <Moment at=until/>
                        </p>
                    }
                        .into_any()
                }
                _ => view! { <p>"Nothing is on it yet."</p> }.into_any(),
            }}
            {unconfirmed.then(|| view! { <p><State of=super::device::UNCONFIRMED/></p> })}
            <div class="own-pair">
                {match state {
                    DeviceState::Registered => {
                        view! {
                            <BigLink
                                address=format!("{here}/code")
                                icon="send"
                                words="Set it up"
                                tone="btn-primary"
                            />
                        }
                            .into_any()
                    }
                    DeviceState::Enrolled => {
                        view! {
                            <BigLink
                                address=format!("{here}/lost")
                                icon="circle-alert"
                                words="I lost it"
                                tone="btn-error btn-outline"
                            />
                        }
                            .into_any()
                    }
                    _ => ().into_any(),
                }}
                <BigLink address=here icon="chevron-right" words="More"/>
            </div>
        </li>
    }
    .into_any()
}

fn no_longer(gone: Vec<DeviceView>) -> AnyView {
    view! {
        <details class="more">
            <summary>"No longer in use"</summary>
            <ul class="own-lines">
                {gone
                    .into_iter()
                    .map(|device| {
                        let device = device.device;
                        view! {
                            <li>
                                <a href=format!("/me/devices/{}", device.id)>{device.name}</a>
                                <State of=device_status(device.state)/>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </details>
    }
    .into_any()
}
