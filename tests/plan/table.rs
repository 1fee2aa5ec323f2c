//! What an event does to a person or device: one test for each row of the table, with reason and trigger.

use certporter::plan::{Action, Departure};
use certporter_model::assignment::AssignmentMode;
use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::revocation::{Reason, Trigger};

use super::organisation::Member;

use super::scene::{DAY, Scene, deliveries, removals};

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
fn wiped() {
    let mut scene = Scene::new();
    let actions = scene.state(scene.laptop, DeviceState::Wiped);
    assert_eq!(scene.revoked(scene.network_of(scene.laptop), &actions), [Departure::WIPED]);
    assert_eq!(scene.revoked(scene.mail(), &actions), [Departure::WIPED]);
    assert_eq!(scene.asked(&actions), [(scene.mail(), Trigger::DeviceWiped)], "a new one for the tablet");
    assert_eq!(removals(&actions), 4);
    assert_eq!(Departure::WIPED.reason, Reason::KeyCompromise);
    // Lost before: that stays what set it off.
    let mut scene = Scene::new();
    scene.state(scene.laptop, DeviceState::Lost);
    let actions = scene.state(scene.laptop, DeviceState::Wiped);
    assert_eq!(actions, []);
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
