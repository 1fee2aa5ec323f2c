//! `/helpdesk/people/{id}/code/{device}` and `/helpdesk/devices/{id}/code/{device}`: a new enrolment code with its reason,
//! shown this once; below it the device is followed until it has enrolled and has what it is to have.

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::Response;
use certporter::service::devices::{self, CodeDraft, EnrolmentCodeView};
use certporter::service::helpdesk::grid::{CellState, GridView};
use certporter::service::helpdesk::{self, grid};
use certporter::service::live::Change;
use certporter::service::{Operation, ServiceError};
use certporter_model::device::DeviceState;
use certporter_model::{DeviceId, Timestamp};
use http::StatusCode;
use leptos::prelude::*;

use super::grid::Grid;
use super::subject::Subject;
use crate::islands::live::Live;
use crate::pages::address;
use crate::pages::admin::devices::code::{Code, command_and_picture};
use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::live::follow;
use crate::ui::facts::Section;
use crate::ui::field::{LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;
use crate::ui::status::{State, Status};

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct CodeForm {
    /// Why, in somebody's own words.
    pub explanation: String,
}

/// Offers a code, from a person's page.
pub async fn get(asked: Asked, Path((text, device)): Path<(String, String)>) -> Response {
    ask(&asked, person(&text), &device).await
}

/// Offers a code, from the device's own page.
pub async fn get_of_device(asked: Asked, Path((text, device)): Path<(String, String)>) -> Response {
    ask(&asked, itself(&text), &device).await
}

/// Makes a code, from a person's page.
pub async fn post(
    asked: Asked,
    Path((text, device)): Path<(String, String)>,
    Form(form): Form<CodeForm>,
) -> Response {
    make(&asked, person(&text), &device, form).await
}

/// Makes a code, from the device's own page.
pub async fn post_of_device(
    asked: Asked,
    Path((text, device)): Path<(String, String)>,
    Form(form): Form<CodeForm>,
) -> Response {
    make(&asked, itself(&text), &device, form).await
}

fn person(text: &str) -> Result<Subject, ServiceError> {
    Ok(Subject::Person(id(text, "user")?))
}

fn itself(text: &str) -> Result<Subject, ServiceError> {
    Ok(Subject::Device(id(text, "device")?))
}

async fn ask(asked: &Asked, of: Result<Subject, ServiceError>, device: &str) -> Response {
    show(asked, of, device, StatusCode::OK, Typed::default()).await
}

async fn show(
    asked: &Asked,
    of: Result<Subject, ServiceError>,
    device: &str,
    status: StatusCode,
    typed: Typed<CodeForm>,
) -> Response {
    let found = async {
        let of = of?;
        Operation::DevicesCodesIssue.thinkable(&asked.caller)?;
        let (id, name, state) = named(asked, of, device).await?;
        Ok(Offer { of, device: id, name, state, typed })
    };
    match found.await {
        Ok(found) => asked.renderer.page(status, move || offer(found.clone())).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// The device, if it is on the page.
async fn named(
    asked: &Asked,
    of: Subject,
    device: &str,
) -> Result<(DeviceId, String, DeviceState), ServiceError> {
    let grid = of.read(asked).await?.grid;
    let found = grid.devices.into_iter().find(|it| it.id.to_string() == device);
    let found = found.ok_or(ServiceError::NotFound { what: "device" })?;
    Ok((found.id, found.name, found.state))
}

async fn make(asked: &Asked, of: Result<Subject, ServiceError>, device: &str, form: CodeForm) -> Response {
    let made = async {
        let of = of.as_ref().map_err(|_| ServiceError::NotFound { what: "page" })?;
        let (id, ..) = named(asked, *of, device).await?;
        if form.explanation.trim().is_empty() {
            return Err(ServiceError::field("explanation", "say why: it is kept in the audit trail"));
        }
        let view = devices::get(&asked.portal, &asked.caller, id).await?;
        let draft = CodeDraft { explanation: Some(form.explanation.clone()), ..CodeDraft::default() };
        let since = asked.portal.now();
        let made = devices::issue_code(&asked.portal, &asked.caller, id, &draft).await?;
        let grid = helpdesk::device(&asked.portal, &asked.caller, id).await?.grid;
        let EnrolmentCodeView { code, server, expires_at, .. } = made;
        let code = Code {
            device: id,
            name: view.device.name,
            platform: view.device.platform,
            server,
            code,
            until: expires_at,
        };
        Ok(Made { of: *of, code, since, grid })
    };
    match made.await.map_err(form_errors) {
        Ok(made) => asked.renderer.page(StatusCode::OK, move || page(made.clone())).await,
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(asked, of, device, StatusCode::UNPROCESSABLE_ENTITY, typed).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// What the address of what is followed says.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Since {
    /// When the code was made, in milliseconds: the device enrols after it.
    since: i64,
}

/// Sends how far the device is, whenever that has changed.
pub async fn events(asked: Asked, Path(text): Path<String>, Query(asks): Query<Since>) -> Response {
    let id: DeviceId = match id(&text, "device") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let since = Timestamp::from_millis(asks.since);
    let concerns = move |change: &Change| change.device == Some(id);
    let read =
        move |portal, caller| async move { Ok((since, helpdesk::device(&portal, &caller, id).await?.grid)) };
    follow(asked, concerns, read, progress).await
}

/// What is offered.
#[derive(Debug, Clone)]
pub struct Offer {
    /// From whose page.
    pub of: Subject,
    /// The device.
    pub device: DeviceId,
    /// What it is called.
    pub name: String,
    /// Where it is in its life.
    pub state: DeviceState,
    /// What was typed.
    pub typed: Typed<CodeForm>,
}

/// The page that offers a code.
pub fn offer(offer: Offer) -> AnyView {
    let Offer { of, device, name, state, typed } = offer;
    let title = format!("New enrolment code: {name}");
    let follows = match state {
        DeviceState::Enrolled => {
            "Until the code is used nothing changes. Then the new enrolment takes the place of the present one: what the old one held is revoked as superseded, and the device gets new certificates."
        }
        DeviceState::Registered => {
            "Until the code is used nothing changes. Then the device gets what it is assigned."
        }
        DeviceState::Blocked | DeviceState::Deleted => {
            "A device that is blocked can\u{2019}t enrol: lift the block first."
        }
        DeviceState::Retired | DeviceState::Lost | DeviceState::Wiped => {
            "Until the code is used nothing changes. Then the device is in use again, and gets new certificates; what it held before stays revoked."
        }
    };
    view! {
        <Page title=title.clone() task=Some(Task::Helpdesk)>
            <Heading
                title
                lead="A one-time code lets this device, and no other, enrol within three days."
                within=("/helpdesk", "Helpdesk")
            />
            <FormErrors errors=typed.errors.clone()/>
            <form class="form" method="post" action=format!("{of}/code/{device}")>
                <p>{follows}</p>
                <p>
                    "The code is shown once and kept nowhere. Making one ends those that were made before and not used."
                </p>
                <LongField
                    name="explanation"
                    label="Why"
                    hint="For the audit trail: who asked, and what happened."
                    value=typed.values.explanation
                    errors=typed.errors
                />
                <div class="buttons">
                    <button class="btn btn-primary" type="submit">
                        "Make an enrolment code"
                    </button>
                    <a class="btn btn-ghost" href=of.to_string()>
                        "Don\u{2019}t do it"
                    </a>
                </div>
            </form>
        </Page>
    }
    .into_any()
}

/// A code that was just made.
#[derive(Clone)]
pub struct Made {
    /// From whose page.
    pub of: Subject,
    /// The code.
    pub code: Code,
    /// When it was made.
    pub since: Timestamp,
    /// What is on the device.
    pub grid: GridView,
}

/// The page that shows a code, and how far the device is with it.
pub fn page(made: Made) -> AnyView {
    let Made { of, code, since, grid } = made;
    let title = format!("Enrol {}", code.name);
    let source = format!("{}/enrolment-events", Subject::Device(code.device));
    let source = address(&source, &[("since", &since.as_millis().to_string())]);
    let back = match of {
        Subject::Person(_) => "Back to the person",
        Subject::Device(_) => "Back to the device",
    };
    view! {
        <Page title=title.clone() task=Some(Task::Helpdesk) island=true>
            <Heading
                title
                lead="Give this code to whoever sets the device up, and to nobody else."
                within=("/helpdesk", "Helpdesk")
            >
                <a class="btn" href=of.to_string()>
                    {back}
                </a>
            </Heading>
            {command_and_picture(code)}
            <Section title="How far it is">
                <Live source>{progress((since, grid))}</Live>
            </Section>
        </Page>
    }
    .into_any()
}

/// How far a device is with a code of that moment.
pub fn progress((since, grid): (Timestamp, GridView)) -> AnyView {
    let device = grid.devices.first().cloned();
    let enrolled = device.as_ref().is_some_and(|device| {
        device.state == DeviceState::Enrolled && device.enrolled_at.is_some_and(|at| at > since)
    });
    if !enrolled {
        return view! {
            <p>
                <State of=Status::new("busy", "hourglass", "Waits for the device")/>
                " The code has not been used yet."
            </p>
        }
        .into_any();
    }
    let of = device.map(|device| Subject::Device(device.id));
    let done = grid.rows.iter().flat_map(|row| &row.cells).all(settled);
    let told = if done {
        (Status::new("good", "circle-check", "Enrolled"), " The device has all that it is to have.")
    } else {
        (Status::new("busy", "loader", "Enrolled"), " Its certificates are on their way.")
    };
    view! {
        <p>
            <State of=told.0/>
            {told.1}
        </p>
        {of.map(|of| view! { <Grid grid of/> })}
    }
    .into_any()
}

/// Whether nothing more happens with a cell by itself.
const fn settled(cell: &grid::GridCell) -> bool {
    !matches!(
        cell.state,
        CellState::Offered
            | CellState::Preparing
            | CellState::Removing
            | CellState::UnderWay
            | CellState::CaDecides
            | CellState::Missing
    )
}
