//! `/helpdesk/people/{id}/devices/{device}/profiles/{profile}` and `/helpdesk/devices/{device}/profiles/{profile}`: why a
//! device gets a profile's certificate, or not, how far it is, and what can be done about it.

use axum::extract::Path;
use axum::response::Response;
use certporter::service::ServiceError;
use certporter::service::helpdesk::grid::{CellState, GridCell};
use certporter::service::helpdesk::why::{self, CheckAbout, WhyCell, WhyCheck, WhyView};
use certporter::service::reach::Outcome;
use leptos::prelude::*;

use super::act::Act;
use super::findings::{Findings, May};
use super::grid::status;
use super::read::may;
use super::subject::Subject;
use crate::pages::admin::users::why::reason;
use crate::pages::asked::{Asked, id};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::status::{State, Status};
use crate::ui::table::Table;
use crate::ui::time::PerhapsMoment;
use crate::ui::words;

/// What is shown.
#[derive(Debug, Clone)]
pub struct Cell {
    /// From whose page.
    pub of: Subject,
    /// Why, and how far.
    pub view: WhyView,
    /// What the caller may do.
    pub may: May,
}

/// Shows it.
pub async fn get(asked: Asked, Path((text, device, profile)): Path<(String, String, String)>) -> Response {
    let read = async {
        let user = id(&text, "user")?;
        let (device, profile) = (id(&device, "device")?, id(&profile, "profile")?);
        let view = why::why_for(&asked.portal, &asked.caller, user, device, profile).await?;
        Ok::<_, ServiceError>(Cell { of: Subject::Person(user), view, may: may(&asked.caller) })
    };
    let read = read.await;
    asked.answer(read, page).await
}

/// Shows it from the device's own page.
pub async fn get_of_device(asked: Asked, Path((device, profile)): Path<(String, String)>) -> Response {
    let read = async {
        let (device, profile) = (id(&device, "device")?, id(&profile, "profile")?);
        let view = why::why(&asked.portal, &asked.caller, device, profile).await?;
        Ok::<_, ServiceError>(Cell { of: Subject::Device(device), view, may: may(&asked.caller) })
    };
    let read = read.await;
    asked.answer(read, page).await
}

/// The page.
pub fn page(cell: Cell) -> AnyView {
    let Cell { of, view, may } = cell;
    let back = match of {
        Subject::Person(_) => "Back to the person",
        Subject::Device(_) => "Back to the device",
    };
    let title = format!("{} on {}", view.profile.name, view.device.name);
    let (answer, lead) = answer(view.outcome);
    let device = view.device.id;
    view! {
        <Page title=title.clone() task=Some(Task::Helpdesk)>
            <Heading title lead within=("/helpdesk", "Helpdesk")>
                <div class="actions">
                    <a class="btn" href=of.to_string()>
                        {back}
                    </a>
                </div>
            </Heading>
            <Facts>
                <Fact name="Does the device get it?">
                    <State of=answer/>
                </Fact>
                <Fact name="Device">
                    <a href=format!("/devices/{device}")>{view.device.name.clone()}</a>
                </Fact>
                <Fact name="Profile">
                    <a href=format!("/profiles/{}", view.profile.id)>{view.profile.name.clone()}</a>
                </Fact>
            </Facts>
            {(!view.findings.is_empty())
                .then(|| {
                    view! {
                        <Section title="What is wrong now">
                            <Findings findings=view.findings of may/>
                        </Section>
                    }
                })}
            <Section title="Why">
                <ul class="checks">{view.checks.into_iter().map(check).collect_view()}</ul>
            </Section>
            {(!view.cells.is_empty())
                .then(|| {
                    view! {
                        <Section title="How far it is">
                            <div class="device-acts">
                                <Table label="How far it is" columns=&["For", "State", "Since", "Good until", ""]>
                                    {view.cells.into_iter().map(|cell| row(cell, of, may)).collect_view()}
                                </Table>
                            </div>
                        </Section>
                    }
                })}
        </Page>
    }
    .into_any()
}

const fn answer(outcome: Outcome) -> (Status, &'static str) {
    match outcome {
        Outcome::Gets => (
            Status::new("good", "circle-check", "Yes"),
            "Groups, platform and states say yes. What is below says how far it is.",
        ),
        Outcome::Waits => (
            Status::new("wary", "hourglass", "Not yet"),
            "It would, but a value that its names need is missing.",
        ),
        Outcome::Held => (
            Status::new("wary", "circle-pause", "Not now"),
            "The person or the device is blocked: it is on hold until that is lifted.",
        ),
        Outcome::None => (Status::new("over", "ban", "No"), "Something stands against it: see below what."),
    }
}

fn check(check: WhyCheck) -> AnyView {
    let status = if check.passed {
        Status::new("good", "circle-check", about(check.about))
    } else {
        Status::new("bad", "circle-x", about(check.about))
    };
    let told = if check.passed { "speaks for it" } else { "stands against it" };
    view! {
        <li>
            <State of=status/>
            <div>
                <span class="sr-only">{told}</span>
                {check.found.into_iter().map(reason).collect_view()}
            </div>
        </li>
    }
    .into_any()
}

const fn about(about: CheckAbout) -> &'static str {
    match about {
        CheckAbout::Person => "Person",
        CheckAbout::Device => "Device",
        CheckAbout::Profile => "Profile",
        CheckAbout::Groups => "Groups",
        CheckAbout::Exclusions => "Exclusions",
        CheckAbout::Values => "Values",
    }
}

fn row(it: WhyCell, of: Subject, may: May) -> AnyView {
    let WhyCell { feature, cell } = it;
    let acts = acts(&cell, may);
    view! {
        <tr>
            <td class="name">{words::feature(feature)}</td>
            <td class="state">
                <State of=status(cell.state)/>
            </td>
            <td data-label="Since">
                <PerhapsMoment at=cell.since otherwise=""/>
            </td>
            <td data-label="Good until">
                <PerhapsMoment at=cell.not_after otherwise=""/>
            </td>
            <td class="act">
                <div class="buttons">
                    {acts
                        .into_iter()
                        .map(|(act, target)| {
                            let label = format!("{}: {}", act.words(), words::feature(feature));
                            view! {
                                <a class="btn btn-sm" href=act.address(of, target) aria-label=label>
                                    {act.words()}
                                </a>
                            }
                        })
                        .collect_view()}
                </div>
            </td>
        </tr>
    }
    .into_any()
}

/// What can be done about a cell.
fn acts(cell: &GridCell, may: May) -> Vec<(Act, String)> {
    use CellState as S;
    let mut acts = Vec::new();
    let there = matches!(cell.state, S::Installed | S::HandedOut | S::NotInstalled | S::Gone);
    if let Some(copy) = cell.copy.filter(|_| there && cell.key_kept && may.reissue) {
        acts.push((Act::Deliver, copy.to_string()));
    }
    let alive = there || matches!(cell.state, S::Offered | S::Preparing | S::Expired);
    if let Some(certificate) = cell.certificate.filter(|_| alive) {
        if may.reissue {
            acts.push((Act::Reissue, certificate.to_string()));
        }
        if may.revoke && cell.state != S::Expired {
            acts.push((Act::Revoke, certificate.to_string()));
        }
    }
    if let Some(request) =
        cell.request.filter(|_| may.retry && matches!(cell.state, S::Failed | S::WaitsForValue))
    {
        acts.push((Act::Retry, request.to_string()));
    }
    acts
}
