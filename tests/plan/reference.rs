//! Who shall have what, said again and otherwise: device by device and profile by profile, each question asked of the
//! directory from the start.

use std::collections::BTreeSet;

use certporter::plan::directory::{DeviceEntry, Membership, ProfileEntry};
use certporter::plan::{Holder, Slot};
use certporter_model::assignment::AssignmentMode;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::profile::{KeyScope, SubjectType};
use certporter_model::{DeviceId, EnrolmentId, GroupId, ProfileId, UserId};

use super::world::World;

/// What a slot or a device's place in it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    Blocked,
    No,
}

/// Whether a certificate may be alive in a slot.
pub(super) fn may_live(world: &World, slot: Slot) -> Answer {
    let Some(profile) = world.directory.profiles.get(&slot.profile) else { return Answer::No };
    match slot.holder {
        Holder::Device(id) => gets(world, slot.profile, profile, id, KeyScope::Device),
        Holder::User(id) => {
            let user = &world.directory.users[&id];
            let gone = matches!(user.state, UserState::Disabled | UserState::Deleted);
            let wrong = profile.deleted || profile.profile.key_scope() != KeyScope::User;
            let barred = reached(world, slot.profile, AssignmentMode::Exclude, &user.memberships);
            if gone || wrong || barred {
                return Answer::No;
            }
            let by_user = reached(world, slot.profile, AssignmentMode::Include, &user.memberships);
            let by_device = devices_of(world, id).any(|(_, device)| {
                reached(world, slot.profile, AssignmentMode::Include, &device.memberships)
                    && !reached(world, slot.profile, AssignmentMode::Exclude, &device.memberships)
                    && profile.profile.platforms().contains(&device.platform)
                    && matches!(device.state, DeviceState::Enrolled | DeviceState::Blocked)
            });
            match (by_user || by_device, user.state) {
                (false, _) => Answer::No,
                (true, UserState::Blocked) => Answer::Blocked,
                (true, _) => Answer::Yes,
            }
        }
    }
}

/// Devices that shall have copies of what is in a slot, with their enrolments. Blocked ones too if asked for.
pub(super) fn places(world: &World, slot: Slot, blocked: bool) -> BTreeSet<(DeviceId, EnrolmentId)> {
    let Some(profile) = world.directory.profiles.get(&slot.profile) else { return BTreeSet::new() };
    let scope = profile.profile.key_scope();
    let here = |id: &DeviceId| match slot.holder {
        Holder::Device(device) => device == *id,
        Holder::User(user) => world.directory.devices[id].owner == Some(user),
    };
    let fits = matches!(slot.holder, Holder::Device(_)) == (scope == KeyScope::Device);
    let ids = world.directory.devices.keys().filter(|id| fits && here(id));
    let got = ids.filter(|id| match gets(world, slot.profile, profile, **id, scope) {
        Answer::Yes => true,
        Answer::Blocked => blocked,
        Answer::No => false,
    });
    got.filter_map(|id| Some((*id, world.directory.devices[id].enrolment?))).collect()
}

pub(super) fn gets(
    world: &World,
    id: ProfileId,
    entry: &ProfileEntry,
    device: DeviceId,
    scope: KeyScope,
) -> Answer {
    let device = &world.directory.devices[&device];
    let owner = device.owner.map(|user| &world.directory.users[&user]);
    let mut memberships = device.memberships.clone();
    memberships.extend(owner.iter().flat_map(|user| user.memberships.iter().copied()));
    let names_nobody = entry.profile.subject_type() == SubjectType::User && owner.is_none();
    let no = entry.deleted
        || entry.profile.key_scope() != scope
        || names_nobody
        || !entry.profile.platforms().contains(&device.platform)
        || !matches!(device.state, DeviceState::Enrolled | DeviceState::Blocked)
        || owner.is_some_and(|user| matches!(user.state, UserState::Disabled | UserState::Deleted))
        || !reached(world, id, AssignmentMode::Include, &memberships)
        || reached(world, id, AssignmentMode::Exclude, &memberships);
    let device_blocked = device.state == DeviceState::Blocked;
    let user_blocked = owner.is_some_and(|user| user.state == UserState::Blocked);
    match (no, device_blocked, user_blocked) {
        (true, _, _) => Answer::No,
        // A user's own certificate isn't on hold for one blocked device: that device is left out.
        (_, true, _) if scope == KeyScope::User => Answer::No,
        (_, true, _) | (_, _, true) => Answer::Blocked,
        _ => Answer::Yes,
    }
}

fn devices_of(world: &World, user: UserId) -> impl Iterator<Item = (&DeviceId, &DeviceEntry)> {
    world.directory.devices.iter().filter(move |(_, device)| device.owner == Some(user))
}

fn reached(world: &World, profile: ProfileId, mode: AssignmentMode, memberships: &[Membership]) -> bool {
    let assigned = world.directory.assignments.iter();
    let mut open = assigned.filter(|a| a.profile == profile && a.mode == mode && a.span.holds(world.now));
    open.any(|a| is_in(world, memberships, a.group, &mut Vec::new()))
}

fn is_in(world: &World, memberships: &[Membership], group: GroupId, seen: &mut Vec<GroupId>) -> bool {
    memberships.iter().filter(|m| m.span.holds(world.now)).any(|m| {
        m.group == group
            || (!seen.contains(&m.group) && {
                seen.push(m.group);
                world.directory.nesting.get(&m.group).is_some_and(|above| is_in(world, above, group, seen))
            })
    })
}
