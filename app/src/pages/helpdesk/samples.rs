//! The helpdesk's pages rendered from samples, with names that would break out if they were not escaped.

use certporter::service::helpdesk::diagnosis::{Finding, NextAction, Severity};
use certporter::service::helpdesk::grid::{CellState, GridCell, GridDevice, GridRow, GridView};
use certporter::service::helpdesk::history::{HistoryEntry, HistorySource};
use certporter::service::helpdesk::search::{MatchKind, MatchedBy, PeopleFound, PersonFound};
use certporter::service::helpdesk::why::{CheckAbout, WhyCell, WhyCheck, WhyView};
use certporter::service::helpdesk::{DeviceOverview, LookedUp, PersonView};
use certporter::service::reach::{Outcome, ReachReason};
use certporter::service::reference::{DeviceReference, GroupReference, ProfileReference, UserReference};
use certporter_model::device::{DeviceState, UserState};
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::request::Step;
use certporter_model::revocation::Reason;
use certporter_model::{CertificateId, CopyId, DeviceId, FieldErrors, GroupId, ProfileId, UserId};
use http::StatusCode;

use super::act::{Act, ActForm};
use super::acting::{self, Asking};
use super::findings::May;
use super::subject::Subject;
use super::{cell, device, enrol, history, person, start};
use crate::pages::admin::devices::code::Code;
use crate::pages::samples::{HOSTILE, ago, now, renderer, text};
use crate::ui::consequences::Shown;
use crate::ui::field::Typed;

fn user() -> UserReference {
    UserReference {
        id: UserId::new(now(), [1; 10]),
        user_name: HOSTILE.to_owned(),
        display_name: HOSTILE.to_owned(),
    }
}

fn device_id() -> DeviceId {
    DeviceId::new(now(), [2; 10])
}

fn profile() -> ProfileReference {
    ProfileReference { id: ProfileId::new(now(), [3; 10]), name: HOSTILE.to_owned() }
}

fn may() -> May {
    May {
        reissue: true,
        retry: true,
        code: true,
        block_person: true,
        block_device: true,
        lose: true,
        retire: true,
        write_device: true,
        write_person: true,
        revoke: true,
        sign_in_code: true,
    }
}

fn cell_of(state: CellState) -> GridCell {
    GridCell {
        device: device_id(),
        state,
        since: Some(ago(90)),
        copy: Some(CopyId::new(now(), [4; 10])),
        certificate: Some(CertificateId::new(now(), [5; 10])),
        not_after: Some(now().plus(std::time::Duration::from_secs(9_000))),
        key_kept: true,
        request: None,
    }
}

fn finding() -> Finding {
    Finding {
        severity: Severity::Problem,
        device: Some(device_id()),
        profile: Some(profile().id),
        feature: Some(Feature::Wifi),
        sentence: HOSTILE.to_owned(),
        cause: HOSTILE.to_owned(),
        next_step: HOSTILE.to_owned(),
        action: Some(NextAction::DeliverAgain { copy: CopyId::new(now(), [4; 10]) }),
    }
}

fn grid() -> GridView {
    let device = GridDevice {
        id: device_id(),
        name: HOSTILE.to_owned(),
        platform: Platform::Linux,
        state: DeviceState::Enrolled,
        enrolled_at: Some(ago(90)),
        last_contact_at: Some(ago(60)),
    };
    let row =
        GridRow { profile: profile(), feature: Feature::Wifi, cells: vec![cell_of(CellState::NotInstalled)] };
    GridView { devices: vec![device], rows: vec![row] }
}

fn entry(step: Option<Step>, action: Option<&str>) -> HistoryEntry {
    HistoryEntry {
        id: user().id.as_uuid(),
        at: ago(30),
        source: HistorySource::Connector,
        step,
        action: action.map(str::to_owned),
        actor: HOSTILE.to_owned(),
        device: Some(DeviceReference { id: device_id(), name: HOSTILE.to_owned() }),
        profile: Some(profile()),
        request_id: None,
        certificate_id: Some(CertificateId::new(now(), [5; 10])),
        duration_ms: Some(61),
        ok: step.is_none(),
        cause: Some(HOSTILE.to_owned()),
        remedy: Some(HOSTILE.to_owned()),
        detail: Some(HOSTILE.to_owned()),
    }
}

fn sample_person() -> person::Person {
    person::Person {
        view: PersonView { user: user(), state: UserState::Enabled, findings: vec![finding()], grid: grid() },
        address: Some(HOSTILE.to_owned()),
        past: history::Shown {
            of: Subject::Person(user().id),
            devices: vec![(device_id(), HOSTILE.to_owned()), (DeviceId::new(now(), [9; 10]), "b".to_owned())],
            device: None,
            entries: vec![entry(Some(Step::Failed), None), entry(None, Some("devices.block"))],
            earlier: Some("cursor&=".to_owned()),
        },
        may: may(),
    }
}

fn sample_device() -> device::Shown {
    let view = DeviceOverview {
        device: DeviceReference { id: device_id(), name: HOSTILE.to_owned() },
        shared: true,
        person: None,
        findings: vec![finding()],
        grid: grid(),
    };
    let past =
        history::Shown { of: Subject::Device(device_id()), devices: Vec::new(), ..sample_person().past };
    device::Shown { view, past, may: may() }
}

fn offered() -> enrol::Offer {
    let values = enrol::CodeForm { explanation: format!("</textarea>{HOSTILE}") };
    enrol::Offer {
        of: Subject::Device(device_id()),
        device: device_id(),
        name: HOSTILE.to_owned(),
        state: DeviceState::Enrolled,
        typed: Typed { values, errors: FieldErrors::one("explanation", HOSTILE) },
    }
}

fn made() -> enrol::Made {
    let code = Code {
        device: device_id(),
        name: HOSTILE.to_owned(),
        platform: Platform::Linux,
        server: HOSTILE.to_owned(),
        code: HOSTILE.to_owned(),
        until: now(),
    };
    enrol::Made { of: Subject::Person(user().id), code, since: ago(100), grid: grid() }
}

fn sample_cell() -> cell::Cell {
    let group = GroupReference { id: GroupId::new(now(), [6; 10]), name: HOSTILE.to_owned() };
    let told = ReachReason { text: format!("Barred by group {HOSTILE}."), groups: vec![group] };
    cell::Cell {
        of: Subject::Person(user().id),
        view: WhyView {
            profile: profile(),
            device: DeviceReference { id: device_id(), name: HOSTILE.to_owned() },
            owner: Some(user().id),
            outcome: Outcome::None,
            checks: vec![WhyCheck { about: CheckAbout::Exclusions, passed: false, found: vec![told] }],
            cells: vec![WhyCell { feature: Feature::Wifi, cell: cell_of(CellState::Installed) }],
            findings: vec![finding()],
        },
        may: may(),
    }
}

fn asking(act: Act, shown: Option<Shown>) -> Asking {
    let values = ActForm { explanation: format!("</textarea>{HOSTILE}"), ..ActForm::default() };
    Asking {
        act,
        of: Subject::Person(user().id),
        target: HOSTILE.to_owned(),
        name: HOSTILE.to_owned(),
        typed: Typed { values, errors: FieldErrors::one("explanation", HOSTILE) },
        shown,
        reasons: vec![Reason::KeyCompromise],
    }
}

fn found() -> start::Shown {
    let person = PersonFound {
        user: user(),
        address: Some(HOSTILE.to_owned()),
        state: UserState::Blocked,
        matched: MatchedBy { kind: MatchKind::Imei, text: HOSTILE.to_owned() },
        exact: false,
    };
    let device = DeviceReference { id: device_id(), name: HOSTILE.to_owned() };
    let found = PeopleFound { people: vec![person], devices: vec![device], more: true, too_short: true };
    start::Shown { q: HOSTILE.to_owned(), found, latest: Vec::new() }
}

fn begun() -> start::Shown {
    start::Shown { latest: vec![LookedUp { user: user(), at: ago(3) }], ..start::Shown::default() }
}

#[tokio::test]
async fn what_people_type_never_becomes_markup() {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    let ok = StatusCode::OK;
    let pages = [
        text(renderer.page(ok, || start::page(found())).await).await,
        text(renderer.page(ok, || start::page(begun())).await).await,
        text(renderer.page(ok, || person::page(sample_person(), "deliver")).await).await,
        text(renderer.page(ok, || device::page(sample_device(), "retire")).await).await,
        text(renderer.page(ok, || enrol::offer(offered())).await).await,
        text(renderer.page(ok, || enrol::page(made())).await).await,
        text(renderer.page(ok, || cell::page(sample_cell())).await).await,
        text(renderer.page(ok, || acting::page(asking(Act::Revoke, None))).await).await,
        text(renderer.page(ok, || acting::page(asking(Act::Deliver, Some(Shown::default())))).await).await,
        text(renderer.page(ok, || acting::page(asking(Act::Revoke, Some(Shown::default())))).await).await,
    ];
    for page in &pages {
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("Zoë"), "the sample is not on the page: {page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
        assert!(!page.contains("style=\""), "the policy forbids inline styles: {page}");
    }
    assert!(pages[2].contains("<leptos-island"), "the page of a person does not move: {}", pages[2]);
}

#[tokio::test]
async fn each_state_is_a_word_at_every_width() {
    let (_folder, renderer) = renderer(Some("desk"));
    let part = renderer.part(|| person::part(sample_person()));
    // Once across, once by device.
    assert_eq!(part.matches("Not installed").count(), 2, "{part}");
    let address = format!("/helpdesk/people/{}/deliver/", user().id);
    assert!(part.contains(&address), "the next step is no link: {part}");
    let nothing = PersonView { findings: Vec::new(), ..sample_person().view };
    let part = renderer.part(|| person::part(person::Person { view: nothing, ..sample_person() }));
    assert!(part.contains("The portal sees nothing wrong."), "{part}");
}

#[tokio::test]
async fn a_device_is_followed_until_it_has_what_it_is_to_have() {
    let (_folder, renderer) = renderer(Some("desk"));
    let of = |since, state| {
        let mut grid = grid();
        grid.rows[0].cells[0].state = state;
        renderer.part(|| enrol::progress((since, grid)))
    };
    // The enrolment of before the code says nothing about the code.
    let part = of(ago(30), CellState::Installed);
    assert!(part.contains("The code has not been used yet."), "{part}");
    let part = of(ago(100), CellState::Offered);
    assert!(part.contains("Its certificates are on their way."), "{part}");
    let part = of(ago(100), CellState::Installed);
    assert!(part.contains("The device has all that it is to have."), "{part}");
}
