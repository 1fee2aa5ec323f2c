//! What is the matter with a device: whether it may hold something, whether it is heard of, whether it can connect.

use certporter_model::Timestamp;
use certporter_model::device::DeviceState;

use super::facts::{DeviceFacts, Standing};
use super::words::{span, when};
use super::{Facts, Finding, NextAction, Severity, UNHEARD, held, person};
use crate::plan::Limits;
use crate::service::device_protocol::GRACE;

/// What is asked of whoever has a device that is not heard of.
fn open_the_agent(device: &DeviceFacts) -> String {
    format!("Ask {} to switch it on, connect it to a network and open the agent.", device.whom())
}

/// What enrols a device, or enrols it again.
fn enrol(device: &DeviceFacts) -> String {
    format!("Make a new enrolment code, and have {} type it on the device.", device.whom())
}

/// Everything about a device and what is on it.
pub(super) fn look(facts: &Facts, device: &DeviceFacts, now: Timestamp) -> Vec<Finding> {
    let state = of_state(device, now);
    if !matches!(device.state, DeviceState::Enrolled) {
        return state.into_iter().map(|finding| finding.on(device.id)).collect();
    }
    let away = reach_of(device, now);
    let mut found: Vec<Finding> = away.into_iter().collect();
    // What waits for a device that is not there waits for that alone.
    let is_there = found.is_empty();
    found.extend(held::copies(device, is_there, now));
    found.extend(held::requests(facts, device, now));
    found.extend(held::nothing_there(facts, device, now));
    found.extend(of_profiles(facts, device));
    found.into_iter().map(|finding| finding.on(device.id)).collect()
}

/// What follows from its state alone.
fn of_state(device: &DeviceFacts, now: Timestamp) -> Option<Finding> {
    let name = &device.name;
    let since = when(device.since, now);
    Some(match device.state {
        DeviceState::Enrolled | DeviceState::Deleted => return None,
        DeviceState::Registered => Finding::new(
            Severity::Problem,
            format!("{name} is registered, but has never enrolled."),
            "Its enrolment code was not used, or is over.",
            enrol(device),
        )
        .by(NextAction::EnrolmentCode { device: device.id }),
        DeviceState::Blocked => Finding::new(
            Severity::Problem,
            format!(
                "{name} has been blocked for {}: what was on it is on hold.",
                span(now.since(device.since))
            ),
            "Somebody blocked it for a while; the timeline names who and why.",
            "If the reason is gone, lift the block: the device gets back what it is assigned.",
        )
        .by(NextAction::UnblockDevice { device: device.id }),
        DeviceState::Lost => Finding::new(
            Severity::Note,
            format!("{name} was declared lost {since}: what it held is revoked for good."),
            "Somebody reported it lost or stolen.",
            "If it was found and is trusted, make a new enrolment code: it gets new certificates.",
        )
        .by(NextAction::EnrolmentCode { device: device.id }),
        DeviceState::Wiped => Finding::new(
            Severity::Note,
            format!("{name} was wiped {since}: what it held is revoked for good."),
            "It was erased, by its own management or by hand.",
            "If it is to be used again, make a new enrolment code: it gets new certificates.",
        )
        .by(NextAction::EnrolmentCode { device: device.id }),
        DeviceState::Retired => Finding::new(
            Severity::Note,
            format!("{name} was retired {since}: it gets no certificates."),
            if device.shared {
                "Somebody of the staff took it out of service."
            } else {
                "Its person or somebody of the staff took it out of service."
            },
            "If it is still in use, make a new enrolment code.",
        )
        .by(NextAction::EnrolmentCode { device: device.id }),
    })
}

/// Whether the device can connect, and does.
fn reach_of(device: &DeviceFacts, now: Timestamp) -> Option<Finding> {
    let name = &device.name;
    let code = NextAction::EnrolmentCode { device: device.id };
    if let Some((_, until)) = device.management.filter(|(_, until)| *until < now) {
        let ended = when(until, now);
        if until.plus(GRACE) < now {
            let cause = "It was away for so long that it could not renew the certificate in time.";
            let sentence = format!("{name} can no longer connect: its management certificate ended {ended}.");
            return Some(Finding::new(Severity::Problem, sentence, cause, enrol(device)).by(code));
        }
        let sentence = format!("{name} has to renew its management certificate, which ended {ended}.");
        let cause = "It was away when the renewal was due. It renews by itself at its next contact.";
        return Some(Finding::new(Severity::Problem, sentence, cause, open_the_agent(device)));
    }
    let Some(seen) = device.last_contact_at else {
        let enrolled = device.enrolled_at?;
        let long_ago = now.since(enrolled) >= UNHEARD;
        return long_ago.then(|| {
            let sentence = format!("{name} enrolled {}, and was not heard of since.", when(enrolled, now));
            let cause = "The agent was not started after it enrolled.";
            Finding::new(Severity::Problem, sentence, cause, open_the_agent(device))
        });
    };
    let away = now.since(seen);
    if away < UNHEARD {
        return None;
    }
    let waiting = device.copies.iter().filter(|copy| held::waits_for_device(copy)).count();
    let waiting = match waiting {
        0 => String::new(),
        1 => " One copy waits for it.".to_owned(),
        many => format!(" {many} copies wait for it."),
    };
    // Beyond that its certificates are not renewed until it comes back.
    let grave = !waiting.is_empty() || away >= Limits::default().contact;
    Some(Finding::new(
        if grave { Severity::Problem } else { Severity::Warning },
        format!("{name} has not checked in for {}.{waiting}", span(away)),
        "It is switched off, has no way to the portal, or its agent does not run.",
        open_the_agent(device),
    ))
}

/// What groups, platform and confirmation have against a profile here, where somebody may expect it.
fn of_profiles(facts: &Facts, device: &DeviceFacts) -> Vec<Finding> {
    let here = facts.profiles.iter().filter(|it| it.device == Some(device.id));
    let found = here.filter_map(|it| {
        let (profile, name) = (&it.profile.1, &device.name);
        let finding = match &it.standing {
            Standing::Excluded(groups) => person::excluded(name, profile, groups),
            Standing::OtherPlatform => Finding::new(
                Severity::Note,
                format!("{profile} is not for {name}."),
                format!("The profile is made for other platforms than {}.", device.platform),
                "If the device should have it, ask whoever keeps the profile to add the platform.",
            ),
            Standing::NamesAPerson => Finding::new(
                Severity::Note,
                format!("{profile} does not come to {name}."),
                "Its certificates name a person, and the device is nobody's.",
                "If it is somebody's, hand the device over to them; else ask whoever keeps profiles for one that names \
                 the device.",
            ),
            Standing::Unconfirmed => Finding::new(
                Severity::Problem,
                format!("{profile} does not come to {name} until its person confirms the device."),
                "The device enrolled with a code from staff, and this certificate's key is on the person's other \
                 devices too.",
                "Ask the person to sign in to the portal and to confirm the device.",
            ),
            Standing::Wanted | Standing::Lacks { .. } | Standing::Held | Standing::Not => return None,
        };
        Some(finding.of(it.profile.0, None))
    });
    found.collect()
}
