//! One timeline of what people, connectors, CAs and devices did, for all of a person's devices or one of them.

use std::time::Duration;

use certporter::service::helpdesk::history::{HistoryEntry, HistorySource};
use certporter_model::{DeviceId, UserId};
use leptos::prelude::*;

use crate::pages::address;
use crate::ui::icon::Icon;
use crate::ui::status::Status;
use crate::ui::time::{Moment, took};
use crate::ui::words;

/// A part of a person's timeline.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Whose.
    pub user: UserId,
    /// Their devices, by name.
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
    let Shown { user, devices, device, entries, earlier } = of;
    let here = format!("/helpdesk/people/{user}");
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
        (None, action) => ("over", icon_of(entry.source), done(action.unwrap_or_default())),
    };
    let device = entry.device.map(|device| device.name);
    // What somebody wrote of why they did it stands for itself.
    let (detail, said) = match entry.step {
        Some(_) => (entry.detail.as_deref().map(words::detail), None),
        None => (None, entry.detail),
    };
    let about = [entry.profile.map(|profile| profile.name), detail, device];
    let about: Vec<String> = about.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let by = format!("{}: {}", source(entry.source), words::actor(&entry.actor));
    let by = match entry.duration_ms.and_then(|millis| u64::try_from(millis).ok()) {
        Some(millis) => format!("{by}, {}", took(Duration::from_millis(millis))),
        None => by,
    };
    let to = match (entry.request_id, entry.certificate_id) {
        (_, Some(id)) => Some(format!("/certificates/{id}")),
        (Some(id), None) => Some(format!("/requests/{id}")),
        (None, None) => None,
    };
    let what = match to {
        Some(to) => view! { <a class="what" href=to>{what}</a> }.into_any(),
        None => view! { <span class="what">{what}</span> }.into_any(),
    };
    view! {
        <li>
            <span class=format!("status {tone}")>
                <Icon name=icon/>
            </span>
            <div>
                {what}
                {(!about.is_empty()).then(|| view! { <span>{format!(": {}", about.join(", "))}</span> })}
                " "
                <span class="beside">{by}</span>
                {said.map(|said| view! { <p class="cause">{format!("\u{201c}{said}\u{201d}")}</p> })}
                {entry.cause.map(|cause| view! { <p class="cause">{cause}</p> })}
                {entry
                    .remedy
                    .map(|remedy| {
                        view! {
                            <p class="cause">
                                <strong>"What to do: "</strong>
                                {remedy}
                            </p>
                        }
                    })}
            </div>
            <span class="when">
                <Moment at=entry.at/>
            </span>
        </li>
    }
    .into_any()
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
        "sign_in_codes.issue" => "Sign-in code made",
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
        assert_eq!(done("confirmations.confirm_device"), "Confirmations confirm device");
    }
}
