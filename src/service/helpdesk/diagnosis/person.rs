//! What is the matter with the person themselves, or whether anything reaches a device that is looked at by itself.

use certporter_model::device::{DeviceState, UserState};

use super::facts::Standing;
use super::words::list;
use super::{Facts, Finding, NextAction, Severity};

/// Whether there is anything to look at on devices: who is disabled holds nothing, and that is all that matters.
pub(super) fn holds_anything(facts: &Facts) -> bool {
    let state = facts.person.as_ref().map(|person| person.state);
    !matches!(state, Some(UserState::Disabled | UserState::Deleted))
}

/// The person's state, whether they have a device, and whether a profile reaches them.
pub(super) fn look(facts: &Facts) -> Vec<Finding> {
    let Some(person) = &facts.person else { return unreached(facts) };
    let (id, name) = (person.id, &person.name);
    let mut found = Vec::new();
    match person.state {
        UserState::Enabled => {}
        UserState::Blocked => found.push(
            Finding::new(
                Severity::Problem,
                format!("{name} is blocked: every certificate of theirs is on hold."),
                "Somebody blocked them for a while; the timeline names who and when.",
                "If the reason is gone, lift the block: certificates come off hold and are delivered again.",
            )
            .by(NextAction::UnblockUser { user: id }),
        ),
        UserState::Disabled | UserState::Deleted => {
            found.push(Finding::new(
                Severity::Problem,
                format!("{name} is disabled: they get no certificates, and what they held is revoked."),
                "They left, or the directory that they come from disabled them.",
                "If that is a mistake, ask an administrator to enable them again.",
            ));
            return found;
        }
    }
    if facts.devices.iter().all(|device| device.state.is_out_of_use()) {
        found.push(
            Finding::new(
                Severity::Problem,
                format!("{name} has no device that could hold a certificate."),
                "None was registered for them, or all of theirs are retired, lost or wiped.",
                "Register their device, then make its enrolment code.",
            )
            .by(NextAction::RegisterDevice { user: id }),
        );
    } else if is_unreached(facts) {
        found.push(Finding::new(
            Severity::Problem,
            format!("No profile reaches {name} or their devices."),
            "They are in no group that a profile is assigned to.",
            "Ask whoever keeps the groups to add them to the right one.",
        ));
    }
    // What holds for all of their devices is told once.
    for it in facts.profiles.iter().filter(|it| it.device.is_none()) {
        if let Standing::Excluded(groups) = &it.standing {
            found.push(excluded(name, &it.profile.1, groups).of(it.profile.0, None));
        }
    }
    found
}

/// Whether no profile has anything to do with them.
fn is_unreached(facts: &Facts) -> bool {
    facts.profiles.iter().all(|it| it.standing == Standing::Not)
        && facts.profiles.iter().all(nothing_of(facts))
}

/// Of a device by itself: whether a profile reaches it.
fn unreached(facts: &Facts) -> Vec<Finding> {
    let in_use = facts.devices.iter().find(|device| device.state == DeviceState::Enrolled);
    let Some(device) = in_use.filter(|_| is_unreached(facts)) else { return Vec::new() };
    let cause = if device.shared {
        "It is in no group that a profile is assigned to. What names a person never comes to a device that is nobody's."
    } else {
        "It is in no group that a profile is assigned to, and neither is its person."
    };
    let finding = Finding::new(
        Severity::Problem,
        format!("No profile reaches {}.", device.name),
        cause,
        "Ask whoever keeps the groups to add the device to the right one.",
    );
    vec![finding.on(device.id)]
}

/// Whether nothing of a profile is on any of the devices or on its way.
fn nothing_of(facts: &Facts) -> impl Fn(&super::facts::ProfileFacts) -> bool {
    |it| {
        let of = |profile| profile == it.profile.0;
        !facts.requests.iter().any(|request| of(request.profile.0))
            && !facts.devices.iter().flat_map(|device| &device.copies).any(|copy| of(copy.profile.0))
    }
}

/// That a group bars somebody or something from a profile.
pub(super) fn excluded(whom: &str, profile: &str, groups: &[String]) -> Finding {
    let (what, them) = if groups.len() == 1 { ("group", "it") } else { ("groups", "them") };
    Finding::new(
        Severity::Note,
        format!("{whom} is excluded from {profile}."),
        format!("An exclusion wins over every assignment: {what} {}.", list(groups)),
        format!("If they should have it, ask whoever keeps the {what} to take them out of {them}."),
    )
}
