//! What was handed out can't be called back: nobody hears of it any more. Its certificate's revocation is what counts.

use certporter::plan::{Action, Departure};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::revocation::Trigger;

use super::scene::{DAY, Scene, removals};

/// The laptop has no agent: what it is assigned was handed out.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let slot = scene.network_of(scene.laptop);
    for certificate in &mut scene.world.actual.holdings.get_mut(&slot).unwrap().certificates {
        for copy in &mut certificate.copies {
            copy.state = CopyState::HandedOut;
        }
    }
    scene
}

#[test]
fn nothing_is_to_be_done_about_it() {
    assert_eq!(scene().world.replan(), []);
}

#[test]
fn it_is_revoked_and_not_removed() {
    let mut scene = scene();
    let slot = scene.network_of(scene.laptop);
    let actions = scene.state(scene.laptop, DeviceState::Retired);
    assert_eq!(scene.revoked(slot, &actions), [Departure::RETIRED]);
    // The mail certificate's copy has come by the agent.
    assert_eq!(removals(&actions), 1);
    assert_eq!(scene.world.replan(), [], "applying a plan makes the next one empty");
}

#[test]
fn a_lost_device_has_what_was_handed_out_for_it() {
    let mut scene = scene();
    let slot = scene.network_of(scene.laptop);
    let actions = scene.state(scene.laptop, DeviceState::Lost);
    assert_eq!(scene.revoked(slot, &actions), [Departure::LOST]);
}

#[test]
fn a_block_and_its_end_ask_for_nothing_new() {
    let mut scene = scene();
    let slot = scene.network_of(scene.laptop);
    let actions = scene.state(scene.laptop, DeviceState::Blocked);
    assert!(actions.iter().any(|action| matches!(action, Action::Hold { .. })));
    scene.world.settle();
    let actions = scene.state(scene.laptop, DeviceState::Enrolled);
    assert!(actions.iter().any(|action| matches!(action, Action::Release { .. })));
    assert!(scene.asked(&actions).is_empty(), "{actions:?}");
    assert_eq!(scene.copies(slot, scene.laptop), [CopyState::HandedOut; 2]);
}

#[test]
fn it_is_renewed_though_the_device_never_makes_contact() {
    let mut scene = scene();
    scene.world.device(scene.laptop).last_seen = None;
    scene.world.now = scene.world.now.plus(DAY * 80);
    let actions = scene.world.replan();
    let slot = scene.network_of(scene.laptop);
    assert!(scene.asked(&actions).contains(&(slot, Trigger::Renewal)), "{actions:?}");
}
