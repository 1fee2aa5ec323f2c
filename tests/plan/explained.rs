//! What is said about who gets what, and why, agrees with who shall have what.

use certporter::plan::Holder;
use certporter::plan::why::{Obstacle, explain};
use certporter_model::assignment::AssignmentMode;

use super::organisation::Member;
use super::reference::{Answer, gets};
use super::scene::Scene;
use super::world::World;

/// For every device and profile, the explanation says what the reference says; and what groups are named for, they do.
pub(super) fn check(world: &World) {
    for (id, device) in &world.directory.devices {
        for told in explain(&world.directory, Holder::Device(*id), world.now) {
            let entry = &world.directory.profiles[&told.profile];
            let expected = gets(world, told.profile, entry, *id, entry.profile.key_scope());
            let answer = match (told.obstacles.is_empty(), told.held) {
                (false, _) => Answer::No,
                (true, true) => Answer::Blocked,
                (true, false) => Answer::Yes,
            };
            assert_eq!(answer, expected, "{told:?} of {device:?}");
            assert!(!told.obstacles.contains(&Obstacle::Excluded) || !told.excluded.is_empty(), "{told:?}");
            assert!(answer == Answer::No || !told.included.is_empty(), "no group brings {told:?}");
        }
    }
}

#[test]
fn the_groups_are_named_from_the_assigned_one_to_the_member() {
    let mut scene = Scene::new();
    let (around, other) = (scene.world.group(), scene.world.group());
    scene.world.join(Member::Group(scene.group), around);
    scene.world.join(Member::Device(scene.tablet), other);
    scene.world.assign(scene.network, around, AssignmentMode::Include);
    scene.world.assign(scene.mail, other, AssignmentMode::Exclude);
    let told = |holder, profile| {
        let all = explain(&scene.world.directory, holder, scene.world.now);
        all.into_iter().filter(|it| it.profile == profile).collect::<Vec<_>>()
    };
    let network = &told(Holder::Device(scene.laptop), scene.network)[0];
    let ways: Vec<_> = network.included.iter().map(|way| (way.member, way.groups.clone())).collect();
    let maria = Holder::User(scene.maria);
    assert_eq!(ways, [(maria, vec![scene.group]), (maria, vec![scene.group, around])]);
    assert!(network.obstacles.is_empty());
    let mail = told(maria, scene.mail);
    let of = |device| mail.iter().find(|it| it.device == Some(device)).unwrap();
    assert!(of(scene.laptop).obstacles.is_empty());
    assert_eq!(of(scene.tablet).obstacles, [Obstacle::Excluded]);
    assert_eq!(of(scene.tablet).excluded[0].groups, [other]);
}
