//! What is found out about a device by itself.

use certporter_model::device::DeviceState;

use super::facts::Standing;
use super::tests::well;
use super::{Facts, NextAction, Severity, diagnose};

const NOW: certporter_model::Timestamp = super::tests::NOW;

/// A device that is nobody's, and well.
fn shared() -> Facts {
    let mut facts = well();
    facts.person = None;
    facts.devices[0].shared = true;
    facts
}

#[test]
fn of_a_shared_device_that_is_well_nothing_is_said() {
    assert_eq!(diagnose(&shared(), NOW), []);
}

#[test]
fn whoever_uses_it_is_asked_since_it_is_nobody_s() {
    let mut facts = shared();
    facts.devices[0].state = DeviceState::Registered;
    let found = diagnose(&facts, NOW);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].next_step.ends_with("have whoever uses it type it on the device."), "{found:?}");
    assert_eq!(found[0].action, Some(NextAction::EnrolmentCode { device: facts.devices[0].id }));
}

#[test]
fn what_reaches_nobody_and_what_names_a_person_are_told_apart() {
    let mut facts = shared();
    facts.devices[0].copies.clear();
    facts.profiles[0].standing = Standing::NamesAPerson;
    let found = diagnose(&facts, NOW);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].severity, Severity::Note);
    assert!(found[0].cause.contains("nobody's"), "{found:?}");

    facts.profiles[0].standing = Standing::Not;
    let found = diagnose(&facts, NOW);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].severity, found[0].device), (Severity::Problem, Some(facts.devices[0].id)));
    assert!(found[0].sentence.starts_with("No profile reaches "), "{found:?}");
    // Out of use it is reached by nothing, and that is no matter.
    facts.devices[0].state = DeviceState::Retired;
    assert!(diagnose(&facts, NOW).iter().all(|it| !it.sentence.starts_with("No profile")));
}
