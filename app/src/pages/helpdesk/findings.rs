//! What is wrong now: each matter with its likely cause, the next step, and the button that does it.

use certporter::service::helpdesk::diagnosis::{Finding, NextAction, Severity};
use leptos::prelude::*;

use super::subject::Subject;
use crate::ui::icon::Icon;
use crate::ui::status::{State, Status};

/// Which next steps the caller may take.
#[derive(Debug, Clone, Copy, Default)]
pub struct May {
    /// Deliver again, and reissue.
    pub reissue: bool,
    /// Try requests again.
    pub retry: bool,
    /// Make enrolment codes.
    pub code: bool,
    /// Block people, and lift it.
    pub block_person: bool,
    /// Block devices, and lift it.
    pub block_device: bool,
    /// Declare devices lost, or note that they were wiped.
    pub lose: bool,
    /// Take devices out of service.
    pub retire: bool,
    /// Register devices and change what is known of them.
    pub write_device: bool,
    /// Change what is known of people.
    pub write_person: bool,
    /// Revoke certificates.
    pub revoke: bool,
    /// Make one-time codes with which people sign in themselves.
    pub sign_in_code: bool,
}

/// The findings about a person.
#[component]
pub fn Findings(
    /// What was found out.
    findings: Vec<Finding>,
    /// From whose page.
    of: Subject,
    /// What the caller may do.
    may: May,
) -> AnyView {
    if findings.is_empty() {
        return view! {
            <div class="findings">
                <div class="finding">
                    <State of=Status::new("good", "circle-check", "All is well")/>
                    <div>
                        <p class="what">"The portal sees nothing wrong."</p>
                        <p>
                            "Every certificate that should be there is there, and good. If something still does not work, the fault is likely elsewhere: leave the network and join it again, and ask whether others are affected too."
                        </p>
                    </div>
                </div>
            </div>
        }
        .into_any();
    }
    view! {
        <ul class="findings">
            {findings.into_iter().map(|finding| row(finding, of, may)).collect_view()}
        </ul>
    }
    .into_any()
}

fn row(finding: Finding, of: Subject, may: May) -> AnyView {
    let button = finding.action.and_then(|action| button(action, of, may));
    view! {
        <li class="finding">
            <State of=status(finding.severity)/>
            <div>
                <p class="what">{finding.sentence}</p>
                <p>
                    <span class="quiet">"Likely cause: "</span>
                    {finding.cause}
                </p>
                <p>
                    <span class="quiet">"Next step: "</span>
                    {finding.next_step}
                </p>
            </div>
            {button
                .map(|(address, icon, text)| {
                    view! {
                        <a class="btn" href=address>
                            <Icon name=icon/>
                            {text}
                        </a>
                    }
                })}
        </li>
    }
    .into_any()
}

const fn status(severity: Severity) -> Status {
    match severity {
        Severity::Problem => Status::new("bad", "circle-alert", "Problem"),
        Severity::Warning => Status::new("wary", "triangle-alert", "Look at it"),
        Severity::Note => Status::new("over", "circle-help", "Good to know"),
    }
}

/// Where a next step is taken; none if the caller may not.
fn button(action: NextAction, here: Subject, may: May) -> Option<(String, &'static str, &'static str)> {
    let (may, address, icon, text) = match action {
        NextAction::DeliverAgain { copy } => {
            (may.reissue, format!("{here}/deliver/{copy}"), "send", "Deliver again")
        }
        NextAction::Reissue { certificate } => {
            (may.reissue, format!("{here}/reissue/{certificate}"), "rotate-cw", "Reissue")
        }
        NextAction::RetryRequest { request } => {
            (may.retry, format!("{here}/retry/{request}"), "rotate-cw", "Try again")
        }
        NextAction::EnrolmentCode { device } => {
            (may.code, format!("{here}/code/{device}"), "key-round", "New enrolment code")
        }
        NextAction::UnblockUser { user } => {
            (may.block_person, format!("{here}/unblock/{user}"), "circle-check", "Lift the block")
        }
        NextAction::UnblockDevice { device } => {
            (may.block_device, format!("{here}/unblock-device/{device}"), "circle-check", "Lift the block")
        }
        NextAction::RegisterDevice { .. } => {
            (may.write_device, "/devices/new".to_owned(), "plus", "Register a device")
        }
        NextAction::EditUser { user } => {
            (may.write_person, format!("/users/{user}/edit"), "pencil", "Give the value")
        }
        NextAction::EditDevice { device } => {
            (may.write_device, format!("/devices/{device}/edit"), "pencil", "Give the value")
        }
    };
    may.then_some((address, icon, text))
}
