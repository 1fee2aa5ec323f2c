//! What edits, changes, renewals and losses of copies do: the other rows of the table, with reason and trigger.

use certporter::plan::directory::Reissue;
use certporter::plan::{Action, Departure, Holder, Slot};
use certporter_model::assignment::AssignmentMode;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::variable::Variable;

use super::organisation::{DEVICE, Member};

use super::scene::{DAY, Scene, deliveries, removals};

#[test]
fn an_edit_does_nothing_or_comes_at_renewal_or_now() {
    let mut scene = Scene::new();
    assert!(scene.world.edit(scene.network, Reissue::Now, |draft| draft.description = "Better".into()));
    assert_eq!(scene.world.replan(), []);
    assert!(scene.world.edit(scene.network, Reissue::AtRenewal, |draft| draft.validity_days = 91));
    assert_eq!(scene.world.replan(), []);
    assert!(scene.world.edit(scene.network, Reissue::Now, |draft| draft.validity_days = 92));
    let actions = scene.world.replan();
    let laptop = scene.network_of(scene.laptop);
    assert!(scene.asked(&actions).contains(&(laptop, Trigger::ProfileEdited)));
    assert_eq!(actions.len(), 2, "the old ones stay until the new ones are confirmed");
    scene.world.settle();
    let (_, departure) = scene.world.revoked[0];
    assert_eq!(departure, Departure::SUCCEEDED);
    assert_eq!((departure.reason, scene.alive(laptop)), (Reason::Superseded, 1));
}

#[test]
fn an_edit_at_renewal_reaches_what_is_only_being_asked_for_at_once() {
    let mut scene = Scene::unsettled();
    scene.world.replan();
    let slot = scene.network_of(scene.laptop);
    let request = scene.world.actual.holdings[&slot].requests[0].id;
    for _ in 0..4 {
        scene.world.progress(request, true);
    }
    assert_eq!(scene.world.request(request).state, RequestState::Pending);
    scene.world.now = scene.world.now.plus(DAY);
    scene.world.edit(scene.network, Reissue::AtRenewal, |draft| draft.validity_days = 91);
    let actions = scene.world.replan();
    assert!(actions.contains(&Action::Cancel { request, departure: Departure::EDITED }), "{actions:#?}");
    assert!(scene.asked(&actions).contains(&(slot, Trigger::ProfileEdited)));
    scene.world.settle();
    let current = scene.world.actual.holdings[&slot].certificates.last().unwrap();
    assert_eq!(current.not_after.since(current.not_before), 91 * DAY);
}

#[test]
fn reissue_asked_for() {
    let mut scene = Scene::new();
    let laptop = scene.network_of(scene.laptop);
    for slot in [laptop, scene.mail()] {
        let id = scene.world.actual.holdings[&slot].certificates[0].id;
        scene.world.certificate(id).reissue_asked = true;
    }
    let actions = scene.world.replan();
    assert_eq!(
        scene.asked(&actions),
        [(laptop, Trigger::Asked), (scene.mail(), Trigger::Asked)],
        "{actions:#?}"
    );
    assert_eq!(actions.len(), 2, "the old ones stay until the new ones are confirmed");
    assert_eq!(scene.copies(laptop, scene.laptop), [CopyState::Installed; 2]);
    for id in scene.world.requests() {
        while scene.world.request(id).state != RequestState::Completed {
            scene.world.progress(id, false);
            scene.world.replan();
        }
    }
    assert_eq!((scene.alive(laptop), scene.world.revoked.len()), (2, 0), "not confirmed yet");
    scene.world.settle();
    let departures: Vec<Departure> = scene.world.revoked.iter().map(|(_, departure)| *departure).collect();
    assert_eq!(departures, [Departure::SUCCEEDED; 2]);
    assert_eq!((scene.alive(laptop), scene.alive(scene.mail())), (1, 1));
    assert_eq!(scene.world.replan(), [], "asked once is done once");
}

#[test]
fn what_is_revoked_already_is_raised_to_a_compromise_when_its_device_is_lost() {
    let mut scene = Scene::new();
    let laptop = scene.network_of(scene.laptop);
    let actions = scene.state(scene.laptop, DeviceState::Retired);
    assert_eq!(scene.revoked(laptop, &actions), [Departure::RETIRED]);
    let actions = scene.state(scene.laptop, DeviceState::Lost);
    assert_eq!(scene.revoked(laptop, &actions), [Departure::LOST]);
    assert_eq!(scene.revoked(scene.mail(), &actions), [Departure::LOST], "the other device's copy of it too");
    // What the device has reported gone is in nobody's hands.
    let mut scene = Scene::new();
    scene.state(scene.laptop, DeviceState::Retired);
    scene.world.settle();
    let actions = scene.state(scene.laptop, DeviceState::Lost);
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), []);
}

#[test]
fn an_edit_that_leaves_a_device_out_revokes() {
    let mut scene = Scene::new();
    scene.world.edit(scene.network, Reissue::Now, |draft| draft.platforms = vec![Platform::Windows]);
    let actions = scene.world.replan();
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::EDITED_OUT]);
}

#[test]
fn attribute_changed() {
    let mut scene = Scene::new();
    let values = &mut scene.world.directory.users.get_mut(&scene.maria).unwrap().values;
    values.insert(Variable::EmailAddress, "maria@example.com".into());
    let actions = scene.world.replan();
    assert_eq!(scene.asked(&actions), [(scene.mail(), Trigger::AttributeChanged)]);
    scene.world.settle();
    let mail = &scene.world.actual.holdings[&scene.mail()];
    let old = mail.certificates.iter().find(|c| c.standing == Standing::History).unwrap();
    assert_eq!((old.status, old.reason), (CertificateStatus::Revoked, Some(Reason::Superseded)));
    assert!(old.key.is_some(), "what was encrypted to it can still be read");
}

#[test]
fn a_missing_value_waits_and_goes_on_when_it_comes() {
    let mut scene = Scene::unsettled();
    let values = &mut scene.world.directory.users.get_mut(&scene.maria).unwrap().values;
    let address = values.remove(&Variable::EmailAddress).unwrap();
    scene.world.settle();
    let request = scene.world.actual.holdings[&scene.mail()].requests[0].clone();
    assert_eq!(request.state, RequestState::Waiting);
    let values = &mut scene.world.directory.users.get_mut(&scene.maria).unwrap().values;
    values.insert(Variable::EmailAddress, address);
    assert!(matches!(&scene.world.replan()[..], [Action::Amend { .. }]));
    scene.world.settle();
    let requests = &scene.world.actual.holdings[&scene.mail()].requests;
    assert_eq!((requests.len(), requests[0].state), (1, RequestState::Completed));
}

#[test]
fn renewal() {
    let mut scene = Scene::new();
    let laptop = scene.network_of(scene.laptop);
    for device in [scene.laptop, scene.tablet] {
        scene.world.device(device).last_seen = Some(scene.world.now.plus(75 * DAY));
    }
    scene.world.now = scene.world.now.plus(75 * DAY);
    let actions = scene.world.replan();
    assert!(scene.asked(&actions).contains(&(laptop, Trigger::Renewal)));
    assert_eq!(scene.revoked(laptop, &actions), []);
    scene.world.settle();
    assert_eq!(scene.world.revoked.len(), 2);
    assert!(scene.world.revoked.iter().all(|(_, departure)| *departure == Departure::SUCCEEDED));
}

#[test]
fn renewal_leaves_encryption_certificates_to_read_with() {
    let mut scene = Scene::new();
    scene.world.now = scene.world.now.plus(160 * DAY);
    for device in [scene.laptop, scene.tablet] {
        scene.world.device(device).last_seen = Some(scene.world.now);
    }
    scene.world.settle();
    let history: Vec<_> = scene.world.actual.holdings[&scene.mail()]
        .certificates
        .iter()
        .filter(|c| c.standing == Standing::History)
        .collect();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].status, CertificateStatus::Valid);
    assert!(history[0].copies.iter().all(|copy| copy.state == CopyState::Installed));
    // A new device gets it too.
    let phone = scene.world.add_device("phone", Some(scene.maria));
    scene.world.settle();
    let mail = &scene.world.actual.holdings[&scene.mail()];
    assert!(mail.certificates.iter().all(|c| c.copies.iter().any(|copy| copy.place.device == phone)));
    // A loss compromises all of it.
    let actions = scene.state(phone, DeviceState::Lost);
    assert_eq!(scene.revoked(scene.mail(), &actions), [Departure::LOST; 2]);
}

#[test]
fn a_device_unseen_for_long_renews_at_its_next_contact() {
    let mut scene = Scene::new();
    scene.world.now = scene.world.now.plus(80 * DAY);
    assert_eq!(scene.world.replan(), []);
    scene.world.now = scene.world.now.plus(80 * DAY);
    assert_eq!(scene.world.replan(), []);
    scene.world.device(scene.laptop).last_seen = Some(scene.world.now);
    let actions = scene.world.replan();
    assert!(scene.asked(&actions).contains(&(scene.network_of(scene.laptop), Trigger::Renewal)));
    assert!(!scene.asked(&actions).contains(&(scene.network_of(scene.tablet), Trigger::Renewal)));
}

#[test]
fn copy_gone() {
    let mut scene = Scene::new();
    for copy in scene.world.copies_mut().filter(|c| matches!(c.place.feature, Feature::Wifi | Feature::Email))
    {
        copy.state = copy.state.to(CopyState::Missing).unwrap();
    }
    let actions = scene.world.replan();
    assert_eq!(deliveries(&actions), 2, "the mail certificate comes from escrow");
    let lost = |device| (scene.network_of(device), Trigger::CopyLost);
    assert_eq!(scene.asked(&actions), [lost(scene.laptop), lost(scene.tablet)], "these keys are destroyed");
    assert_eq!(scene.revoked(scene.mail(), &actions), []);
    scene.world.settle();
    assert_eq!(scene.alive(scene.network_of(scene.laptop)), 1);
}

#[test]
fn feature_added() {
    let mut scene = Scene::new();
    scene.world.edit(scene.mail, Reissue::Now, |draft| draft.features.push(Feature::General));
    assert_eq!(deliveries(&scene.world.replan()), 2);
    scene.world.edit(scene.network, Reissue::Now, |draft| draft.features.push(Feature::General));
    let actions = scene.world.replan();
    assert!(scene.asked(&actions).contains(&(scene.network_of(scene.laptop), Trigger::FeatureAdded)));
}

#[test]
fn handed_to_another_person() {
    let mut scene = Scene::new();
    let jose = scene.world.user("josé");
    scene.world.hand_over(scene.laptop, Some(jose));
    // José isn't in the group: that is not why Maria's certificate goes.
    let actions = scene.world.plan();
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::HANDED_OVER]);
    scene.world.join(Member::User(jose), scene.group);
    let actions = scene.world.replan();
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::HANDED_OVER]);
    assert!(scene.asked(&actions).contains(&(scene.network_of(scene.laptop), Trigger::OwnerChanged)));
    assert_eq!(removals(&actions), 3);
    assert_eq!(scene.revoked(scene.mail(), &actions), []);
}

#[test]
fn enrolled_again() {
    let mut scene = Scene::new();
    scene.world.enrol_again(scene.laptop);
    let actions = scene.world.replan();
    let laptop = scene.network_of(scene.laptop);
    assert_eq!(scene.revoked(laptop, &actions), [Departure::ENROLLED_AGAIN]);
    assert!(scene.asked(&actions).contains(&(laptop, Trigger::EnrolledAgain)));
    assert_eq!((removals(&actions), deliveries(&actions)), (3, 1), "the mail certificate comes again");
}

#[test]
fn any_of_these_while_the_request_is_at_the_ca() {
    type Change = fn(&mut Scene);
    let events: [(Change, Departure); 6] = [
        (|s| s.world.device(s.laptop).state = DeviceState::Retired, Departure::RETIRED),
        (|s| s.world.device(s.laptop).state = DeviceState::Lost, Departure::LOST),
        (|s| s.world.device(s.laptop).state = DeviceState::Wiped, Departure::WIPED),
        (|s| s.world.device(s.laptop).state = DeviceState::Blocked, Departure::BLOCKED),
        (|s| s.world.leave(Member::User(s.maria), s.group), Departure::LEFT_GROUP),
        (
            |s| s.world.directory.profiles.get_mut(&s.network).unwrap().deleted = true,
            Departure::PROFILE_DELETED,
        ),
    ];
    for (event, departure) in events {
        let mut scene = Scene::unsettled();
        scene.world.replan();
        let slot = scene.network_of(scene.laptop);
        let request = scene.world.actual.holdings[&slot].requests[0].id;
        for _ in 0..4 {
            scene.world.progress(request, true);
            assert_eq!(scene.world.replan(), []);
        }
        assert_eq!(scene.world.request(request).state, RequestState::Pending);
        scene.world.now = scene.world.now.plus(DAY);
        event(&mut scene);
        let actions = scene.world.replan();
        assert!(actions.contains(&Action::Cancel { request, departure }), "{actions:#?}");
        assert_eq!(scene.world.request(request).key, None, "its key is destroyed");
        assert_eq!(deliveries(&actions), 0);
        scene.world.answer_late(request);
        let actions = scene.world.replan();
        assert_eq!(scene.revoked(slot, &actions), [departure]);
        assert_eq!(actions.len(), 1);
    }
}

#[test]
fn an_envelope_for_an_old_management_certificate_is_sealed_again() {
    let mut scene = Scene::unsettled();
    scene.world.replan();
    for request in scene.world.requests() {
        while scene.world.request(request).state != RequestState::Completed {
            scene.world.progress(request, false);
        }
    }
    scene.world.replan();
    scene.world.seal();
    scene.world.device(scene.laptop).management_generation = 2;
    let actions = scene.world.plan();
    // The mail key is retained; those of the network profile are gone once sealed, or are used again.
    assert!(actions.iter().filter(|action| matches!(action, Action::Reseal { .. })).count() >= 1);
    scene.world.settle();
    assert_eq!(scene.copies(scene.mail(), scene.laptop), [CopyState::Installed]);
}

#[test]
fn a_device_enrolled_by_staff_gets_no_retained_key_until_its_person_confirms() {
    let mut scene = Scene::new();
    let phone = scene.world.add_device("phone", Some(scene.maria));
    scene.world.device(phone).trusted = false;
    scene.world.settle();
    assert_eq!(scene.copies(scene.mail(), phone), []);
    assert_eq!(scene.copies(scene.network_of(phone), phone), [CopyState::Installed; 2]);
    scene.world.device(phone).trusted = true;
    scene.world.settle();
    assert_eq!(scene.copies(scene.mail(), phone), [CopyState::Installed]);
}

#[test]
fn a_shared_device_gets_only_what_names_the_device() {
    let mut scene = Scene::new();
    let kiosk = scene.world.add_device("kiosk", None);
    let device = scene.world.profile(DEVICE);
    scene.world.assign(device, scene.group, AssignmentMode::Include);
    scene.world.join(Member::Device(kiosk), scene.group);
    let actions = scene.world.replan();
    let slot = Slot { holder: Holder::Device(kiosk), profile: device };
    assert!(scene.asked(&actions).contains(&(slot, Trigger::Targeted)));
    assert!(!scene.asked(&actions).contains(&(scene.network_of(kiosk), Trigger::Targeted)));
}
