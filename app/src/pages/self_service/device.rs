//! `/me/devices/{id}`: one of one's devices: what is on it, and what one can do.

use axum::extract::{Path, Query};
use axum::response::Response;
use certporter::service::devices::DeviceView;
use certporter::service::self_service::certificates::{self, OwnCertificate};
use certporter::service::self_service::devices;
use certporter::service::{ServiceError, confirmations};
use certporter_model::device::DeviceState;
use certporter_model::platform::Platform;
use certporter_model::{ConfirmationId, DeviceId};
use leptos::prelude::*;

use super::certificates::line;
use crate::pages::asked::{Asked, id};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::layout::Heading;
use crate::ui::notice::{Notice, Tone};
use crate::ui::own::{BigButton, BigLink, OwnPage, OwnPlace, device_status, platform_words};
use crate::ui::status::{State, Status};
use crate::ui::time::{Moment, PerhapsMoment};

/// A device that waits to be confirmed.
pub const UNCONFIRMED: Status = Status::new("wary", "hourglass", "Waits for you to confirm it");

/// What the page shows.
#[derive(Clone)]
pub struct Own {
    /// The device.
    pub device: DeviceView,
    /// What is on it.
    pub certificates: Vec<OwnCertificate>,
    /// Under what it waits to be confirmed.
    pub waiting: Option<ConfirmationId>,
    /// Whether its person may lift the block.
    pub may_be_found: bool,
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
pub async fn get(asked: Asked, Path(text): Path<String>, Query(shown): Query<Shown>) -> Response {
    let read = read(&asked, &text, shown.done).await;
    asked.answer(read, page).await
}

async fn read(asked: &Asked, text: &str, done: String) -> Result<Own, ServiceError> {
    let (portal, caller) = (&asked.portal, &asked.caller);
    let id: DeviceId = id(text, "device")?;
    let device = devices::get(portal, caller, id).await?;
    let certificates = certificates::of_devices(portal, caller, std::slice::from_ref(&device)).await?;
    let waiting = confirmations::own(portal, caller).await?;
    let own = |it: &confirmations::ConfirmationView| it.device.as_ref().is_some_and(|device| device.id == id);
    Ok(Own {
        waiting: waiting.into_iter().find(own).map(|it| it.id),
        may_be_found: devices::may_be_found(portal, caller, id).await?,
        device,
        certificates,
        done,
    })
}

/// The page.
pub fn page(own: Own) -> AnyView {
    let Own { device: view, certificates, waiting, may_be_found, done } = own;
    let device = view.device;
    let here = format!("/me/devices/{}", device.id);
    let state = device.state;
    let done = match done.as_str() {
        "lost" if state == DeviceState::Blocked => {
            Some("It is blocked: from now on nothing on it lets anybody in.")
        }
        "gone" if state == DeviceState::Lost => Some("What was on it is revoked for good."),
        "found" if state == DeviceState::Enrolled => Some("The block is lifted. What was on it comes back."),
        _ => None,
    };
    let unconfirmed = view.enrolment.as_ref().and_then(|enrolment| enrolment.unconfirmed.clone());
    view! {
        <OwnPage title=device.name.clone() place=OwnPlace::Devices>
            <Heading title=device.name lead=platform_words(device.platform) within=("/me", "My devices")/>
            {done.map(|said| view! { <Notice tone=Tone::Good><p>{said}</p></Notice> })}
            {unconfirmed
                .map(|why| {
                    view! {
                        <Notice tone=Tone::Wary>
                            <p>
                                <State of=UNCONFIRMED/>
                            </p>
                            <p>
                                "It was set up with a code from "
                                {why.staff.unwrap_or_else(|| "staff".to_owned())}
                                ". Keys that your other devices have too, such as for old e-mail, come only after you say that it is yours."
                            </p>
                            {waiting
                                .map(|id| {
                                    view! {
                                        <BigLink
                                            address=format!("/me/confirm/{id}")
                                            icon="shield-check"
                                            words="Confirm it"
                                            tone="btn-primary"
                                        />
                                    }
                                })}
                        </Notice>
                    }
                })}
            <Facts>
                <Fact name="State">
                    <State of=device_status(state)/>
                </Fact>
                <Fact name="Last seen">
                    <PerhapsMoment at=device.last_contact_at otherwise="Never"/>
                </Fact>
                <Fact name="Since">
                    <Moment at=view.state_changed_at/>
                </Fact>
            </Facts>
            {(state == DeviceState::Blocked).then(|| next(&here, may_be_found))}
            {(state == DeviceState::Lost).then(after_loss)}
            <Section title="What is on it">
                {if certificates.is_empty() {
                    view! { <p class="quiet">"Nothing at the moment."</p> }.into_any()
                } else {
                    view! { <ul class="own-lines">{certificates.into_iter().map(line).collect_view()}</ul> }
                        .into_any()
                }}
            </Section>
            <div class="own-actions">{actions(&here, state, device.platform)}</div>
        </OwnPage>
    }
    .into_any()
}

/// What somebody does next whose device is blocked.
fn next(here: &str, may_be_found: bool) -> AnyView {
    let (found, gone) = (format!("{here}/found"), format!("{here}/gone"));
    view! {
        <Section title="What happens next">
            <ol class="own-steps">
                <li>"Look for it. Nothing on it works in the meantime, so there is no hurry."</li>
                <li>
                    {if may_be_found {
                        view! {
                            <p>"You have it again:"</p>
                            <BigButton address=found icon="circle-check" words="I found it" tone=""/>
                        }
                            .into_any()
                    } else {
                        view! { <p>"You have it again: the helpdesk lifts the block."</p> }.into_any()
                    }}
                </li>
                <li>
                    <p>"It is gone for good, or somebody else has it:"</p>
                    <BigLink
                        address=gone
                        icon="ban"
                        words="It is gone for good"
                        tone="btn-error btn-outline"
                    />
                </li>
            </ol>
        </Section>
    }
    .into_any()
}

fn after_loss() -> AnyView {
    view! {
        <Section title="What happens next">
            <ol class="own-steps">
                <li>"Everything that was on it is revoked. If it is ever switched on again, it is emptied."</li>
                <li>
                    <p>"Your other devices get new certificates by themselves where they shared one."</p>
                </li>
                <li>
                    <p>"You have another one?"</p>
                    <BigLink address="/me/add" icon="plus" words="Add a device" tone="btn-primary"/>
                </li>
            </ol>
        </Section>
    }
    .into_any()
}

fn actions(here: &str, state: DeviceState, platform: Platform) -> AnyView {
    let in_use = matches!(state, DeviceState::Registered | DeviceState::Enrolled);
    let snippets = (in_use && platform == Platform::Linux).then(|| format!("{here}/snippets"));
    let (lost, code, remove) = (format!("{here}/lost"), format!("{here}/code"), format!("{here}/remove"));
    let files = format!("{here}/hand-outs");
    let set_up = match state {
        DeviceState::Registered => Some("Set it up"),
        DeviceState::Enrolled | DeviceState::Retired | DeviceState::Lost | DeviceState::Wiped => {
            Some("Set it up again")
        }
        DeviceState::Blocked | DeviceState::Deleted => None,
    };
    view! {
        {snippets
            .map(|address| {
                view! { <BigLink address icon="scroll-text" words="Settings for Wi-Fi and VPN on it"/> }
            })}
        {(state == DeviceState::Enrolled)
            .then(|| {
                view! {
                    <BigLink
                        address=lost
                        icon="circle-alert"
                        words="I lost this device"
                        tone="btn-error btn-outline"
                    />
                }
            })}
        {set_up.map(|words| view! { <BigLink address=code icon="send" words/> })}
        {set_up.map(|_| view! { <BigLink address=files icon="download" words="Get certificates as files"/> })}
        <BigLink address=remove icon="trash-2" words="Remove this device"/>
    }
    .into_any()
}
