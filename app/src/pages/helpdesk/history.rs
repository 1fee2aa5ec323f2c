//! One timeline of what people, connectors, CAs and devices did, for all of a person's devices or one of them.

use std::time::Duration;

use certporter::service::helpdesk::history::{HistoryEntry, HistorySource};
use certporter_model::DeviceId;
use leptos::prelude::*;

use super::subject::Subject;
use crate::pages::address;
use crate::ui::status::Status;
use crate::ui::timeline::{self, Entry};
use crate::ui::words;

/// A part of a person's or a device's timeline.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Whose.
    pub of: Subject,
    /// The devices among which one can be chosen, by name.
    pub devices: Vec<(DeviceId, String)>,
    /// Only what concerns this device.
    pub device: Option<DeviceId>,
    /// What happened, the latest first.
    pub entries: Vec<HistoryEntry>,
    /// Where earlier entries begin.
    pub earlier: Option<String>,
}

/// The timeline with the choice of a device.
#[component]
pub fn History(
    /// What is shown.
    of: Shown,
) -> AnyView {
    let Shown { of, devices, device, entries, earlier } = of;
    let here = of.to_string();
    let text = device.map(|id| id.to_string()).unwrap_or_default();
    let choice = |id: Option<DeviceId>, name: String| {
        let to = match id {
            Some(id) => address(&here, &[("device", &id.to_string())]),
            None => here.clone(),
        };
        view! {
            <a class="btn btn-sm" class:btn-active=device == id href=format!("{to}#timeline") aria-current=(device == id).then_some("true")>
                {name}
            </a>
        }
    };
    let choices = (devices.len() > 1).then(|| {
        let each = devices.iter().map(|(id, name)| choice(Some(*id), name.clone())).collect_view();
        view! {
            <nav class="buttons choose" aria-label="Timeline of">
                {choice(None, "All devices".to_owned())} {each}
            </nav>
        }
    });
    let earlier = earlier.map(|cursor| address(&here, &[("device", &text), ("before", &cursor)]));
    view! {
        {choices}
        {if entries.is_empty() {
            view! { <p class="quiet">"Nothing has happened yet."</p> }.into_any()
        } else {
            view! { <ol class="timeline">{entries.into_iter().map(row).collect_view()}</ol> }.into_any()
        }}
        {earlier
            .map(|to| {
                view! {
                    <p>
                        <a class="btn btn-sm" href=format!("{to}#timeline")>
                            "Earlier"
                        </a>
                    </p>
                }
            })}
    }
    .into_any()
}

fn row(entry: HistoryEntry) -> AnyView {
    let (tone, icon, what) = match (entry.step, entry.action.as_deref()) {
        (Some(step), _) => {
            let status = Status::from(step);
            (status.tone(), status.icon(), words::step(step).to_owned())
        }
        (None, action) if entry.ok => ("over", icon_of(entry.source), done(action.unwrap_or_default())),
        (None, action) => ("bad", "circle-x", done(action.unwrap_or_default())),
    };
    let device = entry.device.map(|device| device.name);
    // What somebody wrote of why they did it stands for itself.
    let (detail, said) = match entry.step {
        Some(_) => (entry.detail.as_deref().map(words::detail), None),
        None => (None, entry.detail),
    };
    let about = [entry.profile.map(|profile| profile.name), detail, device];
    let about: Vec<String> = about.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let to = match (entry.request_id, entry.certificate_id) {
        (_, Some(id)) => Some(format!("/certificates/{id}")),
        (Some(id), None) => Some(format!("/requests/{id}")),
        (None, None) => None,
    };
    let took = entry.duration_ms.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis);
    timeline::entry(Entry {
        at: entry.at,
        tone,
        icon,
        what,
        to,
        about: (!about.is_empty()).then(|| about.join(", ")),
        by: format!("{}: {}", source(entry.source), words::actor(&entry.actor)),
        took,
        said,
        cause: entry.cause,
        remedy: entry.remedy,
    })
}

const fn source(source: HistorySource) -> &'static str {
    match source {
        HistorySource::Portal => "Portal",
        HistorySource::Connector => "Connector",
        HistorySource::Ca => "CA",
        HistorySource::Device => "Device",
    }
}

const fn icon_of(source: HistorySource) -> &'static str {
    match source {
        HistorySource::Device => "monitor-smartphone",
        HistorySource::Connector | HistorySource::Ca => "landmark",
        HistorySource::Portal => "user-round",
    }
}

/// What somebody did, as people say it.
fn done(action: &str) -> String {
    let known = match action {
        "users.create" => "Person created",
        "users.update" => "Person\u{2019}s data changed",
        "users.block" => "Person blocked",
        "users.unblock" => "Person\u{2019}s block lifted",
        "users.disable" => "Person disabled",
        "users.enable" => "Person enabled",
        "devices.create" => "Device registered",
        "devices.update" => "Device\u{2019}s data changed",
        "devices.enrolment_codes.issue" => "Enrolment code made",
        "devices.retire" | "device.retire" => "Device retired",
        "devices.block" => "Device blocked",
        "devices.unblock" => "Device\u{2019}s block lifted",
        "devices.lost" => "Device declared lost",
        "devices.wiped" => "Device noted as wiped",
        "devices.hand_over" => "Device handed over",
        "devices.delete" => "Device deleted",
        "device.enrol" => "Device enrolled",
        "device.return" => "Device back after a long time",
        "management_certificate.renew" => "Management certificate renewed",
        "certificates.revoke" => "Revocation asked for",
        "certificates.reissue" => "Reissue asked for",
        "requests.retry" => "Request tried again",
        "requests.cancel" => "Request cancelled",
        "copies.deliver_again" => "Delivered again",
        "sign_in_codes.issue" => "Sign-in code for self-service made",
        "own.sign_in_with_code" => "Signed in to self-service with a code from the helpdesk",
        "own.sign_in_with_code_refused" => "Sign-in with a code from the helpdesk refused",
        "own.sign_in_codes.end" => {
            "Said \u{201c}That was not me\u{201d}: sign-in codes ended, and sessions with them"
        }
        "own.sign_out" => "Signed out of self-service",
        "own.devices.add" => "Device added by the person",
        "own.devices.remove" => "Device removed by the person",
        "own.devices.report_lost" => "Device reported lost by the person, and blocked",
        "own.devices.found" => "Device found again by the person, and its block lifted",
        "own.confirmations.confirm" => "Confirmed by the person with their password",
        "own.confirmation_refused" => "Confirmation refused: wrong password",
        "own.security_events.acknowledge" => "The person has seen what happened in their name",
        "device.confirm" => "Confirmed by the person on another device of theirs",
        "confirmations.approve" => "Confirmed by a second member of staff",
        "hand_outs.choose_channel" => "Enrolled without the agent",
        "hand_outs.prepare" => "File with a certificate and its key prepared",
        "hand_outs.withdraw" => "Links to files with keys withdrawn",
        "hand_outs.fetch" => "File with a certificate and its key fetched",
        "accounts.create" => "Portal account made for the person",
        "accounts.update" => "Portal account of the person changed",
        "accounts.set_password" => "Portal password set by an administrator",
        "accounts.invite" => "Link made with which the person chooses their portal password",
        "accounts.delete" => "Portal account of the person deleted",
        "invitation.redeem" => "Portal password chosen with a link",
        "own.set_password" => "Portal password changed by the person",
        _ => return words::sentence(&action.replace(['.', '_'], " ")).trim_end_matches('.').to_owned(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_words_of_its_own_is_still_read_as_words() {
        assert_eq!(done("devices.lost"), "Device declared lost");
        assert_eq!(done("own.confirmation_refused"), "Confirmation refused: wrong password");
        assert_eq!(done("something.done_anew"), "Something done anew");
    }
}
