//! What is the matter with copies, certificates and requests.

use certporter_model::Timestamp;
use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::device::UserState;
use certporter_model::request::RequestState;

use super::facts::{CopyFacts, DeviceFacts, RequestFacts, Standing};
use super::words::{feature, list, sentence, span, when};
use super::{CA_DECIDES, ENDS_SOON, Facts, Finding, NextAction, Severity, UNDER_WAY};

/// Whom to ask about what no helpdesk can mend.
const ASK_OPERATOR: &str = "Tell whoever runs the portal: it shows under Requests.";

/// Whether the device has to do something about a copy.
pub(super) fn waits_for_device(copy: &CopyFacts) -> bool {
    matches!(copy.state, CopyState::Offered | CopyState::Removing)
}

/// Each copy on the device, unless it only waits for a device that is not there.
pub(super) fn copies(device: &DeviceFacts, is_there: bool, now: Timestamp) -> Vec<Finding> {
    let told = device.copies.iter().filter(|copy| is_there || !waits_for_device(copy));
    told.filter_map(|copy| {
        let finding = of_copy(device, copy, now).or_else(|| of_certificate(device, copy, now))?;
        Some(finding.of(copy.profile.0, copy.feature))
    })
    .collect()
}

fn named(device: &DeviceFacts, copy: &CopyFacts) -> String {
    format!("{} on {} ({})", copy.profile.1, device.name, feature(copy.feature))
}

/// Delivered again where the key is kept, else reissued: what helps and can be done.
fn again(copy: &CopyFacts) -> (&'static str, NextAction) {
    if copy.certificate.key_kept {
        ("Have it delivered again.", NextAction::DeliverAgain { copy: copy.id })
    } else {
        (
            "Have the certificate reissued: its key is not kept, so that it can't be delivered a second time.",
            NextAction::Reissue { certificate: copy.certificate.id },
        )
    }
}

fn of_copy(device: &DeviceFacts, copy: &CopyFacts, now: Timestamp) -> Option<Finding> {
    let what = named(device, copy);
    let (again, action) = again(copy);
    let whom = device.whom();
    let waited = now.since(copy.since);
    let problem = |sentence, cause: &str, next: &str| Finding::new(Severity::Problem, sentence, cause, next);
    let note = |sentence, cause: &str, next: &str| Finding::new(Severity::Note, sentence, cause, next);
    Some(match copy.state {
        CopyState::Installed | CopyState::Removed => return None,
        CopyState::Failed => {
            let (cause, remedy) = copy.trouble.clone().unwrap_or_default();
            let cause = if cause.is_empty() { "The device did not say why.".to_owned() } else { sentence(&cause) };
            let next = remedy.map_or_else(|| again.to_owned(), |remedy| format!("{} {again}", sentence(&remedy)));
            problem(format!("{what} could not be installed."), &cause, &next).by(action)
        }
        CopyState::Missing => problem(
            format!("{what} is gone from the device though it should be there."),
            "Somebody or something removed it from the device.",
            "Nothing at first: it is delivered again, or reissued, by itself. If it stays so, have it delivered again.",
        )
        .by(action),
        CopyState::HandedOut => note(
            format!("{what} was handed out as a file."),
            "Nobody can tell whether it was installed.",
            &format!("Ask {whom} whether it works."),
        ),
        CopyState::Pending if waited < UNDER_WAY => {
            note(format!("{what} is being prepared."), "It was asked for a moment ago.", "Wait a few minutes.")
        }
        CopyState::Pending => problem(
            format!("{what} has been waiting to be prepared for {}.", span(waited)),
            "The portal has much to do, or the key can't be had.",
            ASK_OPERATOR,
        ),
        CopyState::Offered => {
            let offered = copy.offered_at.unwrap_or(copy.since);
            let seen_since = device.last_contact_at.is_some_and(|seen| seen > offered);
            if now.since(offered) < UNDER_WAY {
                note(format!("{what} is on its way to the device."), "It was offered a moment ago.", "Wait a few minutes.")
            } else if seen_since {
                problem(
                    format!("{what} was offered {}, and the device has not installed it.", when(offered, now)),
                    "The device was in contact since, but its agent did not finish.",
                    &format!("Ask {whom} to open the agent and look at what it says. {again}"),
                )
                .by(action)
            } else {
                Finding::new(
                    Severity::Warning,
                    format!("{what} has been waiting for the device for {}.", span(now.since(offered))),
                    "The device was not in contact since it was offered.",
                    format!("Ask {whom} to connect the device and to open the agent."),
                )
            }
        }
        CopyState::Removing if waited < UNDER_WAY => {
            note(format!("{what} is being removed."), "It was taken away a moment ago.", "Nothing: it goes by itself.")
        }
        CopyState::Removing => Finding::new(
            Severity::Warning,
            format!("{what} was to be removed {}, and the device has not confirmed it.", when(copy.since, now)),
            "The device was not in contact since, or its agent did not finish.",
            format!("Ask {whom} to connect the device and to open the agent."),
        ),
    })
}

/// Of a copy that is where it should be: whether its certificate is good, and for how long.
fn of_certificate(device: &DeviceFacts, copy: &CopyFacts, now: Timestamp) -> Option<Finding> {
    let certificate = &copy.certificate;
    if !certificate.is_current {
        return None;
    }
    let what = named(device, copy);
    let action = NextAction::Reissue { certificate: certificate.id };
    if certificate.status != CertificateStatus::Valid {
        let word = if certificate.status == CertificateStatus::Held { "on hold" } else { "revoked" };
        let sentence = format!("{what} is installed, but its certificate is {word}.");
        let cause = "Nobody who checks it accepts it. The timeline names who did so and why.";
        let next = "Wait until the device has removed it; if it should have one, look at why it has none.";
        return Some(Finding::new(Severity::Problem, sentence, cause, next));
    }
    let until = certificate.not_after;
    if until <= now {
        let sentence = format!("{what} ended {}.", when(until, now));
        let cause = "It was not renewed in time: the device was away, or the renewal failed.";
        return Some(
            Finding::new(Severity::Problem, sentence, cause, "Have the certificate reissued.").by(action),
        );
    }
    if until.since(now) < ENDS_SOON && certificate.renew_at < now {
        let sentence = format!("{what} ends {}, and is not renewed yet.", when(until, now));
        let cause = "Its renewal was due and did not come through.";
        let next = "Have the certificate reissued, before it ends.";
        return Some(Finding::new(Severity::Warning, sentence, cause, next).by(action));
    }
    None
}

/// Requests for this device alone.
pub(super) fn requests(facts: &Facts, device: &DeviceFacts, now: Timestamp) -> Vec<Finding> {
    let here = facts.requests.iter().filter(|request| request.device == Some(device.id));
    here.map(|request| of_request(facts, request, &format!("{} for {}", request.profile.1, device.name), now))
        .collect()
}

/// Requests whose certificate all of the person's devices share.
pub(super) fn shared_requests(facts: &Facts, now: Timestamp) -> Vec<Finding> {
    let Some(person) = &facts.person else { return Vec::new() };
    let shared = facts.requests.iter().filter(|request| request.device.is_none());
    let whose = |request: &RequestFacts| format!("{} for {}", request.profile.1, person.name);
    shared.map(|request| of_request(facts, request, &whose(request), now)).collect()
}

fn of_request(facts: &Facts, request: &RequestFacts, what: &str, now: Timestamp) -> Finding {
    let (cause, remedy) = request.trouble.clone().unwrap_or_default();
    let finding = match request.state {
        RequestState::Waiting => waiting(facts, request, what),
        RequestState::Failed => {
            let cause =
                if cause.is_empty() { "The timeline tells why.".to_owned() } else { sentence(&cause) };
            let remedy = remedy.map_or_else(|| ASK_OPERATOR.to_owned(), |remedy| sentence(&remedy));
            let next = match request.retry_at.filter(|at| *at > now) {
                Some(at) => format!("{remedy} It is tried again by itself {}.", when(at, now)),
                None => format!("{remedy} Then have it tried again."),
            };
            let again = NextAction::RetryRequest { request: request.id };
            Finding::new(Severity::Problem, format!("{what} could not be issued."), cause, next).by(again)
        }
        RequestState::Pending if now.since(request.since) >= CA_DECIDES => Finding::new(
            Severity::Warning,
            format!("{what} has been waiting for the CA for {}.", span(now.since(request.since))),
            "The CA decides on it by hand, or has lost sight of it.",
            "Ask whoever runs the CA to decide on it.",
        ),
        RequestState::Pending => Finding::new(
            Severity::Note,
            format!("{what} is with the CA, which has not decided yet."),
            "The CA decides by hand.",
            "Wait; the portal asks again by itself.",
        ),
        _ if now.since(request.since) < UNDER_WAY => Finding::new(
            Severity::Note,
            format!("{what} is on its way."),
            "It was asked for a moment ago.",
            "Wait a few minutes.",
        ),
        RequestState::Requested => Finding::new(
            Severity::Problem,
            format!("{what} has been waiting for a connector for {}.", span(now.since(request.since))),
            "No connector of its pool is at work, or there is much before it.",
            ASK_OPERATOR,
        ),
        _ => Finding::new(
            Severity::Problem,
            format!("{what} has not gone on for {}.", span(now.since(request.since))),
            "A connector or the CA does not answer.",
            ASK_OPERATOR,
        ),
    };
    finding.of(request.profile.0, None)
}

/// A request that waits for a value.
fn waiting(facts: &Facts, request: &RequestFacts, what: &str) -> Finding {
    let of = facts.profiles.iter().filter(|it| it.profile.0 == request.profile.0);
    let mut here = of.filter(|it| request.device.is_none() || it.device == request.device);
    let lacks = here.find_map(|it| match &it.standing {
        Standing::Lacks { what, of_device } => Some((what, *of_device)),
        _ => None,
    });
    let (cause, of_device) = match lacks {
        Some((values, of_device)) => (format!("The name needs {}.", list(values)), of_device),
        None => (
            request
                .trouble
                .as_ref()
                .map_or_else(|| "The name needs it.".to_owned(), |(cause, _)| sentence(cause)),
            false,
        ),
    };
    let (whose, action) = match request.device.filter(|_| of_device) {
        Some(device) => ("the device", Some(NextAction::EditDevice { device })),
        None => ("the person", facts.person.as_ref().map(|person| NextAction::EditUser { user: person.id })),
    };
    let next = format!(
        "Give {whose} the value, or ask whoever keeps the directory; the request then goes on by itself."
    );
    Finding::new(Severity::Problem, format!("{what} waits for a value."), cause, next).by(action)
}

/// A profile that the device should have a certificate of, and of which there is nothing.
pub(super) fn nothing_there(facts: &Facts, device: &DeviceFacts, now: Timestamp) -> Vec<Finding> {
    if facts.person.as_ref().is_some_and(|person| person.state != UserState::Enabled) {
        return Vec::new();
    }
    let fresh = device.enrolled_at.is_some_and(|at| now.since(at) < UNDER_WAY);
    let wanted = facts.profiles.iter().filter(|it| it.standing == Standing::Wanted);
    let here = wanted.filter(|it| it.device == Some(device.id));
    let missing = here.filter(|it| {
        let on_its_way = |request: &&RequestFacts| {
            request.profile.0 == it.profile.0 && request.device.is_none_or(|id| id == device.id)
        };
        let is_here = |copy: &&CopyFacts| copy.profile.0 == it.profile.0 && copy.certificate.is_current;
        !facts.requests.iter().any(|request| on_its_way(&request))
            && !device.copies.iter().any(|copy| is_here(&copy))
    });
    missing
        .map(|it| {
            let sentence =
                format!("{} should have {}, and nothing is on its way.", device.name, it.profile.1);
            let finding = if fresh {
                let cause = "The device enrolled a moment ago, or the groups were changed.";
                Finding::new(Severity::Note, sentence, cause, "Wait a few minutes.")
            } else {
                let cause = "A plan waits for an approval, or has not been carried out yet.";
                Finding::new(Severity::Problem, sentence, cause, ASK_OPERATOR)
            };
            finding.of(it.profile.0, None)
        })
        .collect()
}
