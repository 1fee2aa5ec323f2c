//! What an event does: one test for each row of the table, with reason and trigger.

use std::time::Duration;

use certporter::plan::directory::Reissue;
use certporter::plan::{Action, Departure, Holder, Slot};
use certporter_model::assignment::AssignmentMode;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, GroupId, ProfileId, UserId};

use super::organisation::{DEVICE, MAIL, Member, NETWORK};
use super::world::World;

const DAY: Duration = Duration::from_secs(86_400);

/// Maria with a laptop and a tablet, in a group that has the network and the mail profile. Everything is installed.
struct Scene {
    world: World,
    group: GroupId,
    maria: UserId,
    laptop: DeviceId,
    tablet: DeviceId,
    network: ProfileId,
    mail: ProfileId,
}

impl Scene {
    fn new() -> Self {
        let mut scene = Self::unsettled();
        scene.world.settle();
        scene
    }

    fn unsettled() -> Self {
        let mut world = World::new();
        let (group, maria) = (world.group(), world.user("maria"));
        let laptop = world.add_device("laptop", Some(maria));
        let tablet = world.add_device("tablet", Some(maria));
        let (network, mail) = (world.profile(NETWORK), world.profile(MAIL));
        world.assign(network, group, AssignmentMode::Include);
        world.assign(mail, group, AssignmentMode::Include);
        world.join(Member::User(maria), group);
        Self { world, group, maria, laptop, tablet, network, mail }
    }

    fn network_of(&self, device: DeviceId) -> Slot {
        Slot { holder: Holder::Device(device), profile: self.network }
    }

    fn mail(&self) -> Slot {
        Slot { holder: Holder::User(self.maria), profile: self.mail }
    }

    /// Revocations in a slot by these actions.
    fn revoked(&self, slot: Slot, actions: &[Action]) -> Vec<Departure> {
        let here = |id| self.world.actual.holdings[&slot].certificates.iter().any(|c| c.id == id);
        let of = |action: &Action| match action {
            Action::Revoke { certificate, departure, .. } if here(*certificate) => Some(*departure),
            _ => None,
        };
        actions.iter().filter_map(of).collect()
    }

    fn asked(&self, actions: &[Action]) -> Vec<(Slot, Trigger)> {
        let of = |action: &Action| match action {
            Action::Issue { slot, trigger, .. } => Some((*slot, *trigger)),
            Action::Renew { slot, .. } => Some((*slot, Trigger::Renewal)),
            _ => None,
        };
        actions.iter().filter_map(of).collect()
    }

    /// States of the copies of the certificate in use.
    fn copies(&self, slot: Slot, device: DeviceId) -> Vec<CopyState> {
        let all = self.world.actual.holdings[&slot].certificates.iter();
        let current = all.filter(|c| c.standing == Standing::Current).flat_map(|c| &c.copies);
        current.filter(|c| c.place.device == device).map(|c| c.state).collect()
    }

    fn alive(&self, slot: Slot) -> usize {
        let all = self.world.actual.holdings[&slot].certificates.iter();
        all.filter(|c| c.is_alive(self.world.now)).count()
    }

    fn state(&mut self, device: DeviceId, state: DeviceState) -> Vec<Action> {
        self.world.device(device).state = state;
        self.world.replan()
    }
}

fn removals(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Remove { .. })).count()
}

fn deliveries(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Deliver { .. })).count()
}

#[test]
fn an_assignment_brings_each_device_its_own_and_the_user_one_for_all() {
    let mut scene = Scene::unsettled();
    let asked = scene.world.replan();
    let targeted = |slot| (slot, Trigger::Targeted);
    assert_eq!(
        scene.asked(&asked),
        [scene.network_of(scene.laptop), scene.network_of(scene.tablet), scene.mail()].map(targeted)
    );
    scene.world.settle();
    assert_eq!(scene.copies(scene.network_of(scene.laptop), scene.laptop), [CopyState::Installed; 2]);
    assert_eq!(scene.copies(scene.mail(), scene.tablet), [CopyState::Installed]);
    let keys: Vec<_> =
        scene.world.certificates().map(|(slot, c)| (slot.holder.kind(), c.key.is_some())).collect();
    assert!(keys.iter().all(|(kind, key)| *key == (kind.as_str() == "user")), "{keys:?}");
}

#[test]
fn retire() {
    let mut scene = Scene::new();
    let actions = scene.state(scene.laptop, DeviceState::Retired);
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::RETIRED]);
    assert_eq!(scene.revoked(scene.mail(), &actions), []);
    assert_eq!(removals(&actions), 3);
    assert_eq!(Departure::RETIRED.reason, Reason::CessationOfOperation);
    // The user's certificate outlives even the last device, and no new one is made without a device.
    let actions = scene.state(scene.tablet, DeviceState::Retired);
    assert_eq!(scene.revoked(scene.mail(), &actions), []);
    scene.world.settle();
    assert_eq!((scene.alive(scene.mail()), scene.alive(scene.network_of(scene.tablet))), (1, 0));
}

#[test]
fn block_and_unblock() {
    let mut scene = Scene::new();
    let actions = scene.state(scene.laptop, DeviceState::Blocked);
    let held = actions.iter().filter(|action| matches!(action, Action::Hold { .. })).count();
    assert_eq!((held, removals(&actions)), (1, 3));
    scene.world.settle();
    let actions = scene.state(scene.laptop, DeviceState::Enrolled);
    assert!(actions.iter().any(|action| matches!(action, Action::Release { .. })));
    assert_eq!(deliveries(&actions), 1, "the mail certificate comes back from escrow");
    assert_eq!(scene.asked(&actions), [(scene.network_of(scene.laptop), Trigger::Unblocked)]);
    scene.world.settle();
    assert_eq!(scene.alive(scene.network_of(scene.laptop)), 1);
}

#[test]
fn a_block_that_lasts_or_can_not_be_held_revokes() {
    let mut scene = Scene::new();
    scene.state(scene.laptop, DeviceState::Blocked);
    scene.world.now = scene.world.now.plus(scene.world.limits.hold);
    scene.world.device(scene.tablet).last_seen = Some(scene.world.now);
    let actions = scene.world.replan();
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::HOLD_EXPIRED]);
    let mut scene = Scene::unsettled();
    scene.world.ca_can_hold = false;
    scene.world.settle();
    let actions = scene.state(scene.laptop, DeviceState::Blocked);
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::BLOCKED]);
}

#[test]
fn blocking_the_user_holds_all() {
    let mut scene = Scene::new();
    scene.world.directory.users.get_mut(&scene.maria).unwrap().state = UserState::Blocked;
    scene.world.replan();
    assert!(scene.world.certificates().all(|(_, c)| c.status == CertificateStatus::Held));
    assert!(scene.world.copies_mut().all(|copy| copy.state == CopyState::Removing));
    scene.world.directory.users.get_mut(&scene.maria).unwrap().state = UserState::Enabled;
    scene.world.settle();
    assert_eq!(scene.copies(scene.mail(), scene.laptop).last(), Some(&CopyState::Installed));
}

#[test]
fn lost() {
    let mut scene = Scene::new();
    let actions = scene.state(scene.laptop, DeviceState::Lost);
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::LOST]);
    assert_eq!(scene.revoked(scene.mail(), &actions), [Departure::LOST]);
    assert_eq!(scene.asked(&actions), [(scene.mail(), Trigger::DeviceLost)], "a new one for the tablet");
    assert_eq!(removals(&actions), 4);
    scene.world.settle();
    assert_eq!(scene.copies(scene.mail(), scene.tablet), [CopyState::Installed]);
    assert_eq!(scene.copies(scene.mail(), scene.laptop), []);
}

#[test]
fn device_deleted() {
    let mut scene = Scene::new();
    let actions = scene.state(scene.laptop, DeviceState::Deleted);
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::DEVICE_DELETED]);
    assert_eq!(removals(&actions), 3);
}

#[test]
fn user_disabled() {
    let mut scene = Scene::new();
    scene.world.directory.users.get_mut(&scene.maria).unwrap().state = UserState::Disabled;
    let actions = scene.world.replan();
    for slot in [scene.network_of(scene.laptop), scene.network_of(scene.tablet), scene.mail()] {
        assert_eq!(scene.revoked(slot, &actions), [Departure::USER_DISABLED]);
    }
    assert_eq!(removals(&actions), 6);
}

#[test]
fn left_the_group() {
    let mut scene = Scene::new();
    scene.world.now = scene.world.now.plus(DAY);
    scene.world.leave(Member::User(scene.maria), scene.group);
    let actions = scene.world.replan();
    for slot in [scene.network_of(scene.laptop), scene.mail()] {
        assert_eq!(scene.revoked(slot, &actions), [Departure::LEFT_GROUP]);
    }
    // Targeted again: always a new one.
    scene.world.now = scene.world.now.plus(DAY);
    scene.world.join(Member::User(scene.maria), scene.group);
    let actions = scene.world.replan();
    assert_eq!(scene.asked(&actions).len(), 3);
    scene.world.settle();
    assert_eq!(scene.alive(scene.mail()), 1);
}

#[test]
fn excluded_as_a_user_or_as_a_device() {
    let mut scene = Scene::new();
    let barred = scene.world.group();
    scene.world.assign(scene.network, barred, AssignmentMode::Exclude);
    scene.world.assign(scene.mail, barred, AssignmentMode::Exclude);
    scene.world.join(Member::Device(scene.laptop), barred);
    let actions = scene.world.replan();
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::LEFT_GROUP]);
    assert_eq!(scene.revoked(scene.network_of(scene.tablet), &actions), []);
    assert_eq!(scene.revoked(scene.mail(), &actions), [], "the tablet still has it");
    assert_eq!(removals(&actions), 3);
    scene.world.join(Member::User(scene.maria), barred);
    let actions = scene.world.replan();
    assert_eq!(scene.revoked(scene.network_of(scene.tablet), &actions), [Departure::LEFT_GROUP]);
    assert_eq!(scene.revoked(scene.mail(), &actions), [Departure::LEFT_GROUP]);
}

#[test]
fn assignment_removed() {
    let mut scene = Scene::new();
    scene.world.now = scene.world.now.plus(DAY);
    scene.world.unassign(scene.network, scene.group);
    let actions = scene.world.replan();
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::ASSIGNMENT_REMOVED]);
    assert_eq!(scene.revoked(scene.mail(), &actions), []);
}

#[test]
fn profile_deleted() {
    let mut scene = Scene::new();
    scene.world.directory.profiles.get_mut(&scene.network).unwrap().deleted = true;
    scene.world.unassign(scene.network, scene.group);
    let actions = scene.world.replan();
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::PROFILE_DELETED]);
}

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
    let events: [(fn(&mut Scene), Departure); 5] = [
        (|s| s.world.device(s.laptop).state = DeviceState::Retired, Departure::RETIRED),
        (|s| s.world.device(s.laptop).state = DeviceState::Lost, Departure::LOST),
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
