//! `/helpdesk/devices/{id}`: a device by itself on one page, as a person is: one that is nobody's, or whose person the
//! caller may not see. Where they may, the person's page shows it among all that is theirs.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::helpdesk::diagnosis::Severity;
use certporter::service::helpdesk::history::{self, HistoryQuery};
use certporter::service::helpdesk::{self, DeviceOverview};
use certporter::service::live::Change;
use certporter::service::{Portal, ServiceError};
use certporter_model::DeviceId;
use certporter_model::access::Caller;
use http::StatusCode;
use leptos::prelude::*;

use super::act::Act;
use super::device_acts::device_table;
use super::findings::{Findings, May};
use super::grid::Grid;
use super::history::{History, Shown as Past};
use super::read::{Asks, ENTRIES, may};
use super::subject::Subject;
use crate::islands::live::Live;
use crate::pages::address;
use crate::pages::asked::{Asked, id, present};
use crate::pages::live::follow;
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::status::State;
use crate::ui::time::PerhapsMoment;
use crate::ui::words;

/// What is shown of a device.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is wrong, and how everything stands.
    pub view: DeviceOverview,
    /// What happened.
    pub past: Past,
    /// What the caller may do.
    pub may: May,
}

/// Shows the device, and notes that somebody looked it up; or leads to its person.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(asks): Query<Asks>) -> Response {
    let found = async {
        let id: DeviceId = id(&text, "device")?;
        let shown = read(&asked.portal, &asked.caller, id, present(&asks.before)).await?;
        if shown.view.person.is_none() {
            helpdesk::look_up_device(&asked.portal, &asked.caller, id).await?;
        }
        Ok(shown)
    };
    match found.await {
        Ok(Shown { view: DeviceOverview { person: Some(person), device, .. }, .. }) => {
            let to = Subject::Person(person).to_string();
            let asks = [("device", device.id.to_string()), ("done", asks.done)];
            let asks = asks.each_ref().map(|(name, value)| (*name, value.as_str()));
            Redirect::to(&address(&to, &asks)).into_response()
        }
        Ok(shown) => asked.renderer.page(StatusCode::OK, move || page(shown.clone(), &asks.done)).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Sends the moving part of the page whenever something about the device has changed.
pub async fn events(asked: Asked, Path(text): Path<String>) -> Response {
    let id: DeviceId = match id(&text, "device") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let concerns = move |change: &Change| change.device == Some(id);
    let read = move |portal, caller| async move { read(&portal, &caller, id, None).await };
    follow(asked, concerns, read, part).await
}

async fn read(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    before: Option<String>,
) -> Result<Shown, ServiceError> {
    let view = helpdesk::device(portal, caller, id).await?;
    let query = HistoryQuery { device: None, cursor: before, limit: Some(ENTRIES) };
    let past = history::of_device(portal, caller, id, &query).await?;
    Ok(Shown {
        view,
        past: Past {
            of: Subject::Device(id),
            devices: Vec::new(),
            device: None,
            entries: past.data,
            earlier: past.next,
        },
        may: may(caller),
    })
}

/// The page. `done` is the word of what was just done.
pub fn page(shown: Shown, done: &str) -> AnyView {
    let of = Subject::Device(shown.view.device.id);
    let title = shown.view.device.name.clone();
    let lead = if shown.view.shared {
        "A device that is nobody\u{2019}s: it gets certificates that name the device, and none that name a person."
    } else {
        "A device by itself: its person is not among those whom you help."
    };
    let notice = Act::from_word(done).map(|act| {
        view! {
            <Notice tone=Tone::Good>
                <p>{act.done()}</p>
            </Notice>
        }
    });
    let all = format!("/devices/{}", shown.view.device.id);
    let source = format!("{of}/events");
    view! {
        <Page title=title.clone() task=Some(Task::Helpdesk) island=true>
            <Heading title lead within=("/helpdesk", "Helpdesk")>
                <div class="actions">
                    <a class="btn" href=all>
                        "All that is known"
                    </a>
                </div>
            </Heading>
            {notice}
            <Live source>{part(shown)}</Live>
        </Page>
    }
    .into_any()
}

/// The part of the page that moves by itself.
pub fn part(shown: Shown) -> AnyView {
    let Shown { view, past, may } = shown;
    let of = Subject::Device(view.device.id);
    let DeviceOverview { findings, grid, .. } = view;
    let problems = findings.iter().filter(|finding| finding.severity == Severity::Problem).count();
    let facts = grid.devices.first().cloned().map(|device| {
        view! {
            <Fact name="State">
                <State of=device.state/>
            </Fact>
            <Fact name="Platform">{words::platform(device.platform)}</Fact>
            <Fact name="Last seen">
                <PerhapsMoment at=device.last_contact_at otherwise="never"/>
            </Fact>
        }
    });
    let table = device_table(grid.devices.clone(), of, may);
    view! {
        <Facts>
            {facts} <Fact name="Problems">{if problems == 0 { "none".to_owned() } else { problems.to_string() }}</Fact>
        </Facts>
        <Section title="What is wrong now">
            <Findings findings of may/>
        </Section>
        <Section title="On this device">
            <Grid grid of/>
        </Section>
        {table}
        <div id="timeline">
            <Section title="Timeline">
                <History of=past/>
            </Section>
        </div>
    }
    .into_any()
}
