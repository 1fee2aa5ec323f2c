//! `/devices/{id}/code`: a one-time enrolment code as text, as a picture and as the command to run, shown this once.

use axum::extract::Path;
use axum::response::Response;
use certporter::service::devices::{self, CodeDraft, DeviceView, EnrolmentCodeView};
use certporter_model::platform::Platform;
use certporter_model::{DeviceId, Timestamp};
use leptos::prelude::*;

use crate::pages::asked::{Asked, id};
use crate::pages::escaped;
use crate::ui::facts::Section;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::qr::Qr;
use crate::ui::time::Moment;

/// What is shown of a code.
#[derive(Clone)]
pub struct Code {
    /// The device.
    pub device: DeviceId,
    /// The device's name.
    pub name: String,
    /// Its operating system.
    pub platform: Platform,
    /// Where the device's agent goes with it.
    pub server: String,
    /// The code.
    pub code: String,
    /// Until when it can be used.
    pub until: Timestamp,
}

/// Says what a code is and offers to make one: reading a page makes none.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    let found = async {
        let id: DeviceId = id(&text, "device")?;
        devices::get(&asked.portal, &asked.caller, id).await
    };
    let found = found.await;
    asked.answer(found, offer).await
}

/// Makes a code and shows it.
pub async fn post(asked: Asked, Path(text): Path<String>) -> Response {
    let made = async {
        let id: DeviceId = id(&text, "device")?;
        let view = devices::get(&asked.portal, &asked.caller, id).await?;
        let made = devices::issue_code(&asked.portal, &asked.caller, id, &CodeDraft::default()).await?;
        Ok(code(view, made))
    };
    let made = made.await;
    asked.answer(made, page).await
}

fn code(view: DeviceView, made: EnrolmentCodeView) -> Code {
    Code {
        device: view.device.id,
        name: view.device.name,
        platform: view.device.platform,
        server: made.server,
        code: made.code,
        until: made.expires_at,
    }
}

/// The page that offers a code.
pub fn offer(view: DeviceView) -> AnyView {
    let device = view.device;
    let here = format!("/devices/{}/code", device.id);
    let title = format!("Enrol {}", device.name);
    view! {
        <Page title=title.clone() task=Some(Task::Devices)>
            <Heading
                title
                lead="A one-time code lets this device, and no other, enrol within three days."
                within=("/devices", "Devices")
            />
            <form class="form" method="post" action=here>
                <p>
                    "The code is shown once and kept nowhere. Making one ends those that were made before and not used. If the device is enrolled already, enrolling it again takes the place of that."
                </p>
                <div>
                    <button class="btn btn-primary" type="submit">
                        "Make an enrolment code"
                    </button>
                </div>
            </form>
        </Page>
    }
    .into_any()
}

/// The page that shows a code.
pub fn page(code: Code) -> AnyView {
    let here = format!("/devices/{}", code.device);
    let title = format!("Enrol {}", code.name);
    view! {
        <Page title=title.clone() task=Some(Task::Devices)>
            <Heading
                title
                lead="Give this code to whoever sets the device up, and to nobody else."
                within=("/devices", "Devices")
            >
                <a class="btn" href=here>
                    "To the device"
                </a>
            </Heading>
            {command_and_picture(code)}
        </Page>
    }
    .into_any()
}

/// The code as text, as the command to run and as a picture.
pub fn command_and_picture(code: Code) -> AnyView {
    let agent = code.platform == Platform::Linux;
    let command = command(&code);
    let picture = format!("certporter:enrol?server={}&code={}", escaped(&code.server), code.code);
    view! {
        <Notice tone=Tone::Wary>
            <p>
                "This page can\u{2019}t be shown again: the code is kept nowhere. It can be used once, and ends "
                <Moment at=code.until/> "."
            </p>
        </Notice>
        <div class="code-and-picture">
            <div>
                <Section title="Enrolment code">
                    <p class="secret mono">{code.code.clone()}</p>
                </Section>
                <Section title="Server">
                    <p class="secret mono">{code.server.clone()}</p>
                </Section>
                {agent
                    .then(|| {
                        view! {
                            <Section title="With the agent">
                                <p class="quiet">"Run this on the device; it asks for nothing else."</p>
                                <pre class="command" tabindex="0">
                                    <code>{command}</code>
                                </pre>
                            </Section>
                        }
                    })}
            </div>
            <Section title="As a picture">
                <Qr text=picture label="The enrolment code and the server\u{2019}s address"/>
            </Section>
        </div>
    }
    .into_any()
}

/// What is run on the device: enrolling, with the code where no list of processes shows it, then fetching what there is.
fn command(code: &Code) -> String {
    let Code { server, code, .. } = code;
    format!(
        "CERTPORTER_ENROLMENT_CODE={code} \\\n  certporter agent enrol --server {server} --dir /var/lib/certporter\n\
         certporter agent sync --dir /var/lib/certporter"
    )
}
