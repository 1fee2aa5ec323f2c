//! `/devices/{id}`: one device, the copies on it, and what happened to them, moving as it happens.

use certporter::service::reach::ProfileReach;
use certporter_model::device::DeviceState;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::{DeviceId, RequestId, Timestamp, UserId};
use leptos::prelude::*;

use super::action::Action;
use super::copies::{self, Copy};
use crate::islands::live::Live;
use crate::pages::admin::users::why::Why;
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::status::State;
use crate::ui::table::Table;
use crate::ui::time::PerhapsMoment;
use crate::ui::timeline::{Event, Timeline};
use crate::ui::words;

/// What is shown of a device.
#[derive(Debug, Clone)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub platform: Platform,
    /// Where it is in its life.
    pub state: DeviceState,
    /// Since when.
    pub since: Timestamp,
    /// Whose it is.
    pub owner: Option<(UserId, String)>,
    /// When it last connected.
    pub seen: Option<Timestamp>,
    /// When its present enrolment began.
    pub enrolled: Option<Timestamp>,
    /// Until when its management certificate is good.
    pub managed_until: Option<Timestamp>,
    /// When its management certificate renews by itself.
    pub renews: Option<Timestamp>,
    /// When it was registered.
    pub registered: Timestamp,
    /// Other facts: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// Further values, by name.
    pub attributes: Vec<(String, String)>,
    /// The copies that it has or is to have.
    pub copies: Vec<Copy>,
    /// Requests that are not done.
    pub requests: Vec<Request>,
    /// Which profiles reach the device and why; none where the caller may not know.
    pub reach: Option<Vec<ProfileReach>>,
    /// What happened, the latest first.
    pub events: Vec<Event>,
    /// Why it gets no key that other devices have too, and what to do about it.
    pub unconfirmed: Option<(String, String)>,
    /// Where earlier events begin.
    pub earlier: Option<String>,
}

/// A request that is not done.
#[derive(Debug, Clone)]
pub struct Request {
    /// The request.
    pub id: RequestId,
    /// The profile's name.
    pub profile: String,
    /// How far it is.
    pub state: RequestState,
    /// What it waits for or what went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// What the caller may do with the device.
#[derive(Debug, Clone, Default)]
pub struct Offered {
    /// Make an enrolment code.
    pub code: bool,
    /// Change what is known of it.
    pub edit: bool,
    /// Hand it over.
    pub hand_over: bool,
    /// Change its state.
    pub actions: Vec<Action>,
}

/// The page. `done` is the word of what was just done.
pub fn page(device: Device, offered: Offered, done: &str) -> AnyView {
    let lead = match &device.owner {
        Some((_, owner)) => format!("{} device of {owner}.", words::platform(device.platform)),
        None => format!("{} device that several people share.", words::platform(device.platform)),
    };
    let here = format!("/devices/{}", device.id);
    let source = format!("{here}/events");
    let buttons = buttons(&offered, &here, device.state);
    let notice = told(done).map(|text| notice(text, (done == "register").then(|| format!("{here}/code"))));
    view! {
        <Page title=device.name.clone() task=Some(Task::Devices) island=true>
            <Heading title=device.name.clone() lead within=("/devices", "Devices")>
                {buttons}
            </Heading>
            {notice}
            <Live source>{part(device)}</Live>
        </Page>
    }
    .into_any()
}

/// What can be done: the next step of a device that never enrolled stands out.
fn buttons(offered: &Offered, here: &str, state: DeviceState) -> AnyView {
    let first_code = offered.code && state == DeviceState::Registered;
    let menu = menu(offered, here, first_code);
    let edit = offered.edit.then(|| format!("{here}/edit"));
    let code = first_code.then(|| format!("{here}/code"));
    view! {
        <div class="buttons">
            {edit
                .map(|address| {
                    view! {
                        <a class="btn" href=address>
                            "Edit"
                        </a>
                    }
                })}
            {menu}
            {code
                .map(|address| {
                    view! {
                        <LinkButton to=address icon="key-round" label="Enrol this device" primary=true/>
                    }
                })}
        </div>
    }
    .into_any()
}

/// Says what was done, and what comes next if something does.
fn notice(text: &'static str, next: Option<String>) -> AnyView {
    view! {
        <Notice tone=Tone::Good>
            <p>
                {text}
                {next.map(|address| view! { " Next, " <a href=address>"make its enrolment code"</a> "." })}
            </p>
        </Notice>
    }
    .into_any()
}

/// What was just done, as a sentence.
fn told(done: &str) -> Option<&'static str> {
    match done {
        "register" => Some("The device is registered."),
        "edit" => Some("Saved."),
        "hand-over" => Some("The device is handed over. What follows is under way below."),
        "block" => Some("The device is blocked. What is on it is being removed."),
        "unblock" => Some("The block is lifted. What the device is assigned comes back."),
        "retire" => Some("The device is retired. What it held is being revoked."),
        "lost" => Some("The device counts as lost. What it held is being revoked as compromised."),
        "wiped" => Some("The device counts as wiped. What it held is being revoked as compromised."),
        _ => None,
    }
}

/// Everything else that can be done, behind one button.
fn menu(offered: &Offered, here: &str, first_code: bool) -> Option<AnyView> {
    let link = |address: String, icon: &'static str, words: &'static str| {
        view! {
            <li>
                <a href=address>
                    <Icon name=icon/>
                    {words}
                </a>
            </li>
        }
        .into_any()
    };
    let mut links = Vec::new();
    if offered.code && !first_code {
        links.push(link(format!("{here}/code"), "key-round", "Make an enrolment code"));
    }
    if offered.code {
        links.push(link(format!("{here}/hand-outs"), "download", "Certificates as files"));
    }
    links.push(link(format!("{here}/snippets"), "file-badge", "Settings for Linux"));
    if offered.hand_over {
        links.push(link(format!("{here}/hand-over"), "user-round", "Hand over"));
    }
    for action in &offered.actions {
        links.push(link(format!("{here}/{}", action.word()), action.icon(), action.words()));
    }
    (!links.is_empty()).then(|| {
        view! {
            <details class="popover">
                <summary class="btn">"More"</summary>
                <div class="panel">
                    <ul class="tasks in-menu">{links}</ul>
                </div>
            </details>
        }
        .into_any()
    })
}

/// The part of the page that moves by itself.
pub fn part(device: Device) -> AnyView {
    let here = format!("/devices/{}", device.id);
    let confirm = device.owner.as_ref().map(|(id, _)| format!("/helpdesk/people/{id}/confirmations"));
    view! {
        {device
            .unconfirmed
            .map(|(cause, remedy)| {
                view! {
                    <Notice tone=Tone::Wary>
                        <p>{cause} " " {remedy}</p>
                        {confirm.map(|address| view! { <a class="text" href=address>"What waits for them"</a> })}
                    </Notice>
                }
            })}
        <Facts>
            <Fact name="State">
                <State of=device.state/>
                <p class="quiet">
                    "since "
                    <PerhapsMoment at=Some(device.since) otherwise=""/>
                </p>
            </Fact>
            <Fact name="Owner">
                {match device.owner {
                    Some((id, name)) => view! { <a href=format!("/users/{id}")>{name}</a> }.into_any(),
                    None => view! { "Shared" }.into_any(),
                }}
            </Fact>
            <Fact name="Last contact">
                <PerhapsMoment at=device.seen otherwise="never"/>
            </Fact>
            <Fact name="Enrolled">
                <PerhapsMoment at=device.enrolled otherwise="not now"/>
            </Fact>
            <Fact name="Management certificate until">
                <PerhapsMoment at=device.managed_until otherwise="none"/>
                {device
                    .renews
                    .map(|at| {
                        view! {
                            <p class="quiet">
                                "renews " <PerhapsMoment at=Some(at) otherwise=""/>
                            </p>
                        }
                    })}
            </Fact>
        </Facts>
        <Section title="Certificates on this device">
            {copies::table(device.copies, device.state)}
            <p class="quiet">
                <a class="text" href=format!("/reports/held?device={}", device.id)>
                    "What was on it on a day"
                </a>
            </p>
        </Section>
        {(!device.requests.is_empty())
            .then(|| {
                view! {
                    <Section title="On the way">
                        <Table label="Requests" columns=&["Profile", "State", "What it waits for"]>
                            {device.requests.into_iter().map(request_row).collect_view()}
                        </Table>
                    </Section>
                }
            })}
        {device
            .reach
            .map(|reach| {
                view! {
                    <Section title="Profiles, and why">
                        <Why reach/>
                    </Section>
                }
            })}
        <Section title="Details">
            <Details>
                <Detail name="Registered">
                    <PerhapsMoment at=Some(device.registered) otherwise=""/>
                </Detail>
                {device
                    .facts
                    .into_iter()
                    .map(|(name, value)| {
                        view! {
                            <Detail name>
                                <span class="mono">{value}</span>
                            </Detail>
                        }
                    })
                    .collect_view()}
                {device
                    .attributes
                    .into_iter()
                    .map(|(name, value)| view! { <dt>{name}</dt> <dd>{value}</dd> })
                    .collect_view()}
            </Details>
        </Section>
        <Section title="Timeline">
            {if device.events.is_empty() {
                view! { <p class="quiet">"Nothing has happened yet."</p> }.into_any()
            } else {
                view! { <Timeline events=device.events/> }.into_any()
            }}
            {device
                .earlier
                .map(|cursor| {
                    view! {
                        <p>
                            <a class="btn btn-sm" href=crate::pages::address(&here, &[("before", &cursor)])>
                                "Earlier"
                            </a>
                        </p>
                    }
                })}
        </Section>
    }
    .into_any()
}

fn request_row(request: Request) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <a href=format!("/requests/{}", request.id)>{request.profile}</a>
            </td>
            <td class="state">
                <State of=request.state/>
            </td>
            <td>
                {request.cause}
                {request
                    .remedy
                    .map(|remedy| {
                        view! {
                            <p>
                                <strong>"What to do: "</strong>
                                {remedy}
                            </p>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}
