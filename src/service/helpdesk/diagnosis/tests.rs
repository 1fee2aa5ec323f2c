//! What is found out, case by case.

use std::time::Duration;

use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::{CertificateId, CopyId, DeviceId, ProfileId, RequestId, Timestamp, UserId};

use super::facts::{
    CertificateFacts, CopyFacts, DeviceFacts, PersonFacts, ProfileFacts, RequestFacts, Standing,
};
use super::{Facts, Finding, NextAction, Severity, diagnose};

pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

fn ago(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

fn ahead(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn laptop_id() -> DeviceId {
    DeviceId::new(ago(99 * DAY), [1; 10])
}

fn person_id() -> UserId {
    UserId::new(ago(99 * DAY), [2; 10])
}

fn profile() -> (ProfileId, String) {
    (ProfileId::new(ago(99 * DAY), [3; 10]), "Wi-Fi for staff".to_owned())
}

fn copy_id() -> CopyId {
    CopyId::new(ago(9 * DAY), [4; 10])
}

fn certificate_id() -> CertificateId {
    CertificateId::new(ago(9 * DAY), [5; 10])
}

fn request_id() -> RequestId {
    RequestId::new(ago(DAY), [6; 10])
}

/// Anna with a laptop that was heard of a minute ago, and a Wi-Fi certificate that is installed: nothing is wrong.
pub(super) fn well() -> Facts {
    let copy = CopyFacts {
        id: copy_id(),
        profile: profile(),
        feature: Feature::Wifi,
        state: CopyState::Installed,
        since: ago(9 * DAY),
        offered_at: Some(ago(9 * DAY)),
        trouble: None,
        certificate: CertificateFacts {
            id: certificate_id(),
            status: CertificateStatus::Valid,
            is_current: true,
            renew_at: ahead(200 * DAY),
            not_after: ahead(300 * DAY),
            key_kept: true,
        },
    };
    let laptop = DeviceFacts {
        id: laptop_id(),
        name: "anna-laptop".to_owned(),
        platform: Platform::Linux,
        shared: false,
        state: DeviceState::Enrolled,
        since: ago(20 * DAY),
        enrolled_at: Some(ago(20 * DAY)),
        last_contact_at: Some(ago(MINUTE)),
        management: Some((ahead(100 * DAY), ahead(200 * DAY))),
        copies: vec![copy],
    };
    let wifi = ProfileFacts {
        profile: profile(),
        features: vec![Feature::Wifi],
        device: Some(laptop_id()),
        standing: Standing::Wanted,
    };
    Facts {
        person: Some(PersonFacts { id: person_id(), name: "Anna".to_owned(), state: UserState::Enabled }),
        devices: vec![laptop],
        profiles: vec![wifi],
        requests: Vec::new(),
    }
}

fn request(state: RequestState, since: u64) -> RequestFacts {
    RequestFacts {
        id: request_id(),
        profile: profile(),
        device: Some(laptop_id()),
        state,
        created_at: ago(since),
        since: ago(since),
        trouble: None,
        retry_at: None,
    }
}

/// With a request instead of the copy.
fn asked(facts: &mut Facts, request: RequestFacts) {
    facts.devices[0].copies.clear();
    facts.requests.push(request);
}

type Change = fn(&mut Facts);
type Expected = (Severity, &'static str, Option<NextAction>);

fn code() -> Option<NextAction> {
    Some(NextAction::EnrolmentCode { device: laptop_id() })
}

fn reissue() -> Option<NextAction> {
    Some(NextAction::Reissue { certificate: certificate_id() })
}

fn again() -> Option<NextAction> {
    Some(NextAction::DeliverAgain { copy: copy_id() })
}

/// What changes, and the one thing that is found then.
fn cases() -> Vec<(Change, Expected)> {
    use Severity::{Note, Problem, Warning};
    vec![
        // The person.
        (
            |it| it.person.as_mut().unwrap().state = UserState::Disabled,
            (Problem, "Anna is disabled: they get no certificates, and what they held is revoked.", None),
        ),
        (
            |it| it.devices.clear(),
            (
                Problem,
                "Anna has no device that could hold a certificate.",
                Some(NextAction::RegisterDevice { user: person_id() }),
            ),
        ),
        (
            |it| {
                it.profiles.clear();
                it.devices[0].copies.clear();
            },
            (Problem, "No profile reaches Anna or their devices.", None),
        ),
        // The device.
        (
            |it| {
                it.devices[0].state = DeviceState::Registered;
                it.devices[0].enrolled_at = None;
                it.devices[0].copies.clear();
            },
            (Problem, "anna-laptop is registered, but has never enrolled.", code()),
        ),
        (
            |it| it.devices[0].state = DeviceState::Blocked,
            (
                Problem,
                "anna-laptop has been blocked for 20 days: what was on it is on hold.",
                Some(NextAction::UnblockDevice { device: laptop_id() }),
            ),
        ),
        (
            |it| it.devices[0].last_contact_at = Some(ago(9 * DAY)),
            (Warning, "anna-laptop has not checked in for 9 days.", None),
        ),
        (
            |it| {
                it.devices[0].last_contact_at = Some(ago(9 * DAY));
                it.devices[0].copies[0].state = CopyState::Offered;
                it.devices[0].copies[0].offered_at = Some(ago(8 * DAY));
            },
            (Problem, "anna-laptop has not checked in for 9 days. One copy waits for it.", None),
        ),
        (
            |it| it.devices[0].last_contact_at = Some(ago(31 * DAY)),
            (Problem, "anna-laptop has not checked in for 31 days.", None),
        ),
        (
            |it| it.devices[0].last_contact_at = None,
            (Problem, "anna-laptop enrolled 20 days ago, and was not heard of since.", None),
        ),
        (
            |it| it.devices[0].management = Some((ago(50 * DAY), ago(3 * DAY))),
            (Problem, "anna-laptop has to renew its management certificate, which ended 3 days ago.", None),
        ),
        (
            |it| it.devices[0].management = Some((ago(99 * DAY), ago(31 * DAY))),
            (
                Problem,
                "anna-laptop can no longer connect: its management certificate ended 31 days ago.",
                code(),
            ),
        ),
        // The copy.
        (
            |it| {
                it.devices[0].copies[0].state = CopyState::Failed;
                it.devices[0].copies[0].trouble = Some(("the store is locked".into(), None));
            },
            (Problem, "Wi-Fi for staff on anna-laptop (Wi-Fi) could not be installed.", again()),
        ),
        (
            |it| {
                it.devices[0].copies[0].state = CopyState::Failed;
                it.devices[0].copies[0].certificate.key_kept = false;
            },
            (Problem, "Wi-Fi for staff on anna-laptop (Wi-Fi) could not be installed.", reissue()),
        ),
        (
            |it| it.devices[0].copies[0].state = CopyState::Missing,
            (
                Problem,
                "Wi-Fi for staff on anna-laptop (Wi-Fi) is gone from the device though it should be there.",
                again(),
            ),
        ),
        (
            |it| {
                it.devices[0].copies[0].state = CopyState::Offered;
                it.devices[0].copies[0].offered_at = Some(ago(MINUTE));
            },
            (Note, "Wi-Fi for staff on anna-laptop (Wi-Fi) is on its way to the device.", None),
        ),
        (
            |it| {
                it.devices[0].copies[0].state = CopyState::Offered;
                it.devices[0].copies[0].offered_at = Some(ago(5 * HOUR));
            },
            (
                Problem,
                "Wi-Fi for staff on anna-laptop (Wi-Fi) was offered 5 hours ago, and the device has not installed it.",
                again(),
            ),
        ),
        (
            |it| {
                it.devices[0].last_contact_at = Some(ago(DAY));
                it.devices[0].copies[0].state = CopyState::Offered;
                it.devices[0].copies[0].offered_at = Some(ago(5 * HOUR));
            },
            (
                Warning,
                "Wi-Fi for staff on anna-laptop (Wi-Fi) has been waiting for the device for 5 hours.",
                None,
            ),
        ),
        (
            |it| it.devices[0].copies[0].state = CopyState::Pending,
            (
                Problem,
                "Wi-Fi for staff on anna-laptop (Wi-Fi) has been waiting to be prepared for 9 days.",
                None,
            ),
        ),
        // Its certificate.
        (
            |it| it.devices[0].copies[0].certificate.not_after = ago(2 * DAY),
            (Problem, "Wi-Fi for staff on anna-laptop (Wi-Fi) ended 2 days ago.", reissue()),
        ),
        (
            |it| {
                it.devices[0].copies[0].certificate.not_after = ahead(5 * DAY);
                it.devices[0].copies[0].certificate.renew_at = ago(DAY);
            },
            (
                Warning,
                "Wi-Fi for staff on anna-laptop (Wi-Fi) ends in 5 days, and is not renewed yet.",
                reissue(),
            ),
        ),
        // The request.
        (
            |it| {
                asked(it, request(RequestState::Waiting, DAY));
                it.profiles[0].standing =
                    Standing::Lacks { what: vec!["{{EmailAddress}}".to_owned()], of_device: false };
            },
            (
                Problem,
                "Wi-Fi for staff for anna-laptop waits for a value.",
                Some(NextAction::EditUser { user: person_id() }),
            ),
        ),
        (
            |it| {
                asked(it, request(RequestState::Waiting, DAY));
                it.profiles[0].standing =
                    Standing::Lacks { what: vec!["{{SerialNumber}}".to_owned()], of_device: true };
            },
            (
                Problem,
                "Wi-Fi for staff for anna-laptop waits for a value.",
                Some(NextAction::EditDevice { device: laptop_id() }),
            ),
        ),
        (
            |it| asked(it, request(RequestState::Failed, DAY)),
            (
                Problem,
                "Wi-Fi for staff for anna-laptop could not be issued.",
                Some(NextAction::RetryRequest { request: request_id() }),
            ),
        ),
        (
            |it| asked(it, request(RequestState::Requested, MINUTE)),
            (Note, "Wi-Fi for staff for anna-laptop is on its way.", None),
        ),
        (
            |it| asked(it, request(RequestState::Requested, 2 * HOUR)),
            (Problem, "Wi-Fi for staff for anna-laptop has been waiting for a connector for 2 hours.", None),
        ),
        (
            |it| asked(it, request(RequestState::Submitted, 2 * HOUR)),
            (Problem, "Wi-Fi for staff for anna-laptop has not gone on for 2 hours.", None),
        ),
        (
            |it| asked(it, request(RequestState::Pending, 2 * HOUR)),
            (Note, "Wi-Fi for staff for anna-laptop is with the CA, which has not decided yet.", None),
        ),
        (
            |it| asked(it, request(RequestState::Pending, 4 * DAY)),
            (Warning, "Wi-Fi for staff for anna-laptop has been waiting for the CA for 4 days.", None),
        ),
        // Groups and platforms.
        (
            |it| {
                it.devices[0].copies.clear();
                it.profiles[0].standing = Standing::Excluded(vec!["Contractors".to_owned()]);
            },
            (Note, "anna-laptop is excluded from Wi-Fi for staff.", None),
        ),
        (
            |it| {
                it.devices[0].copies.clear();
                it.profiles[0].standing = Standing::OtherPlatform;
            },
            (Note, "Wi-Fi for staff is not for anna-laptop.", None),
        ),
        (
            |it| {
                it.devices[0].copies.clear();
                it.profiles[0].standing = Standing::Unconfirmed;
            },
            (
                Problem,
                "Wi-Fi for staff does not come to anna-laptop until its person confirms the device.",
                None,
            ),
        ),
        (
            |it| it.devices[0].copies.clear(),
            (Problem, "anna-laptop should have Wi-Fi for staff, and nothing is on its way.", None),
        ),
    ]
}

#[test]
fn when_nothing_is_wrong_nothing_is_found() {
    assert_eq!(diagnose(&well(), NOW), []);
    // A short life is no trouble while its renewal is not due.
    let mut short = well();
    short.devices[0].copies[0].certificate.not_after = ahead(DAY);
    short.devices[0].copies[0].certificate.renew_at = ahead(HOUR);
    assert_eq!(diagnose(&short, NOW), []);
    // What came before and only decrypts may be over.
    let mut old = well();
    let mut former = old.devices[0].copies[0].clone();
    former.certificate.is_current = false;
    former.certificate.not_after = ago(DAY);
    old.devices[0].copies.push(former);
    assert_eq!(diagnose(&old, NOW), []);
}

#[test]
fn each_matter_is_found_and_told_once() {
    for (change, (severity, sentence, action)) in cases() {
        let mut facts = well();
        change(&mut facts);
        let found = diagnose(&facts, NOW);
        let [finding] = found.as_slice() else { panic!("{sentence}: {found:#?}") };
        assert_eq!(
            (finding.severity, finding.sentence.as_str(), finding.action),
            (severity, sentence, action)
        );
        for said in [&finding.sentence, &finding.cause, &finding.next_step] {
            assert!(said.ends_with('.') && said.starts_with(|c: char| !c.is_whitespace()), "{said}");
        }
        let of_device = !sentence.contains("Anna ") && !sentence.starts_with("No profile");
        assert_eq!(finding.device.is_some(), of_device, "{finding:?}");
    }
}

#[test]
fn a_blocked_person_is_told_first_and_what_is_on_hold_is_not_missed() {
    let mut facts = well();
    facts.person.as_mut().unwrap().state = UserState::Blocked;
    facts.devices[0].copies.clear();
    facts.profiles[0].standing = Standing::Held;
    let found = diagnose(&facts, NOW);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].action, Some(NextAction::UnblockUser { user: person_id() }));
}

#[test]
fn the_gravest_comes_first() {
    let mut facts = well();
    facts.devices[0].copies[0].state = CopyState::HandedOut;
    facts.devices[0].last_contact_at = Some(ago(9 * DAY));
    facts.requests.push(RequestFacts { device: None, ..request(RequestState::Failed, DAY) });
    let severities: Vec<Severity> = diagnose(&facts, NOW).iter().map(|it: &Finding| it.severity).collect();
    assert_eq!(severities, [Severity::Problem, Severity::Warning, Severity::Note]);
}

#[test]
fn the_cause_and_the_remedy_that_the_device_gave_are_told() {
    let mut facts = well();
    let copy = &mut facts.devices[0].copies[0];
    copy.state = CopyState::Failed;
    copy.trouble = Some(("the store is locked".into(), Some("unlock the store".into())));
    let found = diagnose(&facts, NOW);
    assert_eq!(found[0].cause, "The store is locked.");
    assert_eq!(found[0].next_step, "Unlock the store. Have it delivered again.");
    assert_eq!((found[0].profile, found[0].feature), (Some(profile().0), Some(Feature::Wifi)));
}
