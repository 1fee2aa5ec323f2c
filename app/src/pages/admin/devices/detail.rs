//! `/devices/{id}`: one device, the copies on it, and what happened to them, moving as it happens.

use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::{CertificateId, DeviceId, Timestamp};
use leptos::prelude::*;

use crate::islands::live::Live;
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::status::State;
use crate::ui::table::{Empty, Table};
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
    /// Whose it is.
    pub owner: Option<String>,
    /// When it last connected.
    pub seen: Option<Timestamp>,
    /// When its present enrolment began.
    pub enrolled: Option<Timestamp>,
    /// Until when its management certificate is good.
    pub managed_until: Option<Timestamp>,
    /// Other facts: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// The copies that it has or is to have.
    pub copies: Vec<Copy>,
    /// Requests that are not done.
    pub requests: Vec<Request>,
    /// What happened, the latest first.
    pub events: Vec<Event>,
}

/// A copy on the device.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The profile's name.
    pub profile: String,
    /// What it is used for.
    pub feature: Feature,
    /// Where it is.
    pub state: CopyState,
    /// Since when.
    pub since: Timestamp,
    /// Its certificate and that certificate's serial number.
    pub certificate: (CertificateId, String),
    /// Until when the certificate is good.
    pub until: Timestamp,
    /// What went wrong.
    pub cause: Option<String>,
}

/// A request that is not done.
#[derive(Debug, Clone)]
pub struct Request {
    /// The profile's name.
    pub profile: String,
    /// How far it is.
    pub state: RequestState,
    /// What it waits for or what went wrong, and what to do about it.
    pub cause: Option<String>,
}

/// The page.
pub fn page(device: Device) -> AnyView {
    let lead = match &device.owner {
        Some(owner) => format!("{} device of {owner}.", words::platform(device.platform)),
        None => format!("{} device that several people share.", words::platform(device.platform)),
    };
    let source = format!("/devices/{}/events", device.id);
    view! {
        <Page title=device.name.clone() task=Some(Task::Devices) island=true>
            <Heading title=device.name.clone() lead within=("/devices", "Devices")/>
            <Live source>{part(device)}</Live>
        </Page>
    }
    .into_any()
}

/// The part of the page that moves by itself.
pub fn part(device: Device) -> AnyView {
    view! {
        <Facts>
            <Fact name="State">
                <State of=device.state/>
            </Fact>
            <Fact name="Last seen">
                <PerhapsMoment at=device.seen otherwise="never"/>
            </Fact>
            <Fact name="Enrolled">
                <PerhapsMoment at=device.enrolled otherwise="not yet"/>
            </Fact>
            <Fact name="Management certificate until">
                <PerhapsMoment at=device.managed_until otherwise="none"/>
            </Fact>
        </Facts>
        <Section title="Certificates on this device">{copies(device.copies, device.state)}</Section>
        {(!device.requests.is_empty())
            .then(|| {
                view! {
                    <Section title="On the way">
                        <Table label="Requests" columns=&["Profile", "State", ""]>
                            {device.requests.into_iter().map(request_row).collect_view()}
                        </Table>
                    </Section>
                }
            })}
        {(!device.facts.is_empty())
            .then(|| {
                view! {
                    <Section title="Hardware">
                        <Details>
                            {device
                                .facts
                                .into_iter()
                                .map(|(name, value)| view! { <Detail name>{value}</Detail> })
                                .collect_view()}
                        </Details>
                    </Section>
                }
            })}
        <Section title="Timeline">
            {if device.events.is_empty() {
                view! { <p class="quiet">"Nothing has happened yet."</p> }.into_any()
            } else {
                view! { <Timeline events=device.events/> }.into_any()
            }}
        </Section>
    }
    .into_any()
}

fn copies(copies: Vec<Copy>, state: DeviceState) -> AnyView {
    if copies.is_empty() {
        let next = if state == DeviceState::Enrolled {
            "Assign a profile to a group that the device or its owner is in: its certificates come by themselves."
        } else {
            "Certificates come once the device is enrolled and a profile is assigned to it or its owner."
        };
        return view! {
            <Empty title="No certificate">
                <p>{next}</p>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Table
            label="Certificates on this device"
            columns=&["Profile", "State", "For", "Since", "Certificate", "Good until"]
        >
            {copies.into_iter().map(copy_row).collect_view()}
        </Table>
    }
    .into_any()
}

fn copy_row(copy: Copy) -> AnyView {
    let (id, serial) = copy.certificate;
    view! {
        <tr>
            <td class="name">
                {copy.profile} {copy.cause.map(|cause| view! { <p class="quiet">{cause}</p> })}
            </td>
            <td class="state">
                <State of=copy.state/>
            </td>
            <td>{words::feature(copy.feature)}</td>
            <td data-label="Since">
                <PerhapsMoment at=Some(copy.since) otherwise=""/>
            </td>
            <td>
                <a class="mono" href=format!("/certificates/{id}")>{serial}</a>
            </td>
            <td data-label="Good until">
                <PerhapsMoment at=Some(copy.until) otherwise=""/>
            </td>
        </tr>
    }
    .into_any()
}

fn request_row(request: Request) -> AnyView {
    view! {
        <tr>
            <td class="name">{request.profile}</td>
            <td class="state">
                <State of=request.state/>
            </td>
            <td>{request.cause}</td>
        </tr>
    }
    .into_any()
}
