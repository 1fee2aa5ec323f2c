//! What a device should hold of its own: profiles whose key scope is the device.

use std::collections::{BTreeMap, BTreeSet};

use certporter_model::device::{DeviceState, UserState};
use certporter_model::names::Names;
use certporter_model::profile::{KeyScope, SubjectType};
use certporter_model::{DeviceId, EnrolmentId, ProfileId};

use super::departure::Departure;
use super::desired::{Parting, Rendered, View, Wanted, Wish, render};
use super::directory::{DeviceEntry, Membership, ProfileEntry, UserEntry};
use super::reach::Source;
use super::slot::{Holder, Place, Slot};
use super::why::{Obstacle, Reached};

/// Adds what a device should hold, and why it shouldn't hold what is in the other occupied slots.
pub(super) fn add(
    view: &View<'_>,
    id: DeviceId,
    occupied: &BTreeSet<ProfileId>,
    wishes: &mut BTreeMap<Slot, Wish>,
) {
    let Some(device) = view.directory.devices.get(&id) else { return };
    let owner = match device.owner {
        // An owner who isn't in the snapshot: nothing is known about this device.
        Some(user) => match view.directory.users.get(&user) {
            Some(entry) => Some(entry),
            None => return,
        },
        None => None,
    };
    let memberships = Memberships::of(device, owner);
    let brought = memberships.union(|m| view.reach.brought(m));
    let barred = memberships.union(|m| view.reach.barred(m));
    let mut rendered = Rendered::default();
    for profile in brought.union(occupied).copied() {
        let Some(entry) = view.directory.profiles.get(&profile) else { continue };
        let slot = Slot { holder: Holder::Device(id), profile };
        let reached = Reached { brought: brought.contains(&profile), barred: barred.contains(&profile) };
        let history = || view.reach.why_not(profile, &memberships.sources());
        let against = obstacles(entry, device, owner, reached);
        let causes = against.into_iter().map(|it| it.departure().unwrap_or_else(history));
        let parting = |departure| {
            Wish::Unwanted(Parting {
                departure,
                owner: device.owner,
                enrolment: device.enrolment,
                of_device: Departure::of_device(device.state),
            })
        };
        let wish = match (Departure::gravest(causes), device.enrolment) {
            (Some(departure), _) => parting(departure),
            (None, Some(enrolment)) => {
                let wanted =
                    Box::new(wanted(view, &mut rendered, (profile, entry), (id, device), enrolment, owner));
                let user_blocked = owner.is_some_and(|user| user.state == UserState::Blocked);
                if user_blocked || device.state == DeviceState::Blocked {
                    Wish::Held(wanted)
                } else {
                    Wish::Wanted(wanted)
                }
            }
            (None, None) => parting(Departure::RETIRED),
        };
        if matches!(wish, Wish::Wanted(_)) || occupied.contains(&profile) {
            wishes.insert(slot, wish);
        }
    }
}

/// Everything that stands against a device's having a certificate of its own from this profile.
pub(super) fn obstacles(
    entry: &ProfileEntry,
    device: &DeviceEntry,
    owner: Option<&UserEntry>,
    reached: Reached,
) -> Vec<Obstacle> {
    let mut found = Vec::new();
    if Departure::of_device(device.state).is_some() {
        found.push(Obstacle::Device(device.state));
    }
    if let Some(user) = owner.filter(|user| Departure::of_user(user.state).is_some()) {
        found.push(Obstacle::User(user.state));
    }
    found.extend(obstacle_in_profile(entry, device));
    found.extend(reached.obstacle(entry));
    if found.is_empty() && device.enrolment.is_none() {
        found.push(Obstacle::NotEnrolled);
    }
    found
}

/// What the profile itself has against this device.
fn obstacle_in_profile(entry: &ProfileEntry, device: &DeviceEntry) -> Option<Obstacle> {
    let profile = &entry.profile;
    if entry.deleted {
        Some(Obstacle::ProfileDeleted)
    } else if profile.key_scope() != KeyScope::Device {
        Some(Obstacle::KeyScope)
    } else if profile.subject_type() == SubjectType::User && device.owner.is_none() {
        Some(Obstacle::Shared)
    } else if !profile.platforms().contains(&device.platform) {
        Some(Obstacle::Platform(device.platform))
    } else {
        None
    }
}

fn wanted(
    view: &View<'_>,
    rendered: &mut Rendered,
    (profile, entry): (ProfileId, &ProfileEntry),
    (id, device): (DeviceId, &DeviceEntry),
    enrolment: EnrolmentId,
    owner: Option<&UserEntry>,
) -> Wanted {
    let names = (rendered, || names(entry, device, owner));
    let mut wanted = view.wanted(profile, entry, names, device.owner, Some(enrolment));
    wanted.last_seen = device.last_seen;
    for feature in entry.profile.features() {
        let place = Place { device: id, enrolment, feature: *feature };
        wanted.copies.insert(place, device.management_generation);
    }
    wanted
}

/// The names that a certificate of the device's would have.
pub(super) fn names(entry: &ProfileEntry, device: &DeviceEntry, owner: Option<&UserEntry>) -> Names {
    let of_device = entry.profile.subject_type() == SubjectType::Device;
    let user = owner.filter(|_| !of_device).map(|user| &user.values);
    render(&entry.profile, user, Some(&device.values))
}

/// The memberships that count for a device: its own and its owner's.
struct Memberships<'d>(Vec<&'d [Membership]>);

impl<'d> Memberships<'d> {
    fn of(device: &'d DeviceEntry, owner: Option<&'d UserEntry>) -> Self {
        let of_user = owner.map(|user| user.memberships.as_slice());
        Self(of_user.into_iter().chain([device.memberships.as_slice()]).collect())
    }

    fn sources(&self) -> Vec<Source<'d>> {
        self.0.iter().map(|memberships| Source::always(memberships)).collect()
    }

    fn union(&self, of: impl Fn(&[Membership]) -> BTreeSet<ProfileId>) -> BTreeSet<ProfileId> {
        self.0.iter().flat_map(|memberships| of(memberships)).collect()
    }
}
