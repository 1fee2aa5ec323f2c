//! What a user should hold on all devices: profiles whose key scope is the user.

use std::collections::{BTreeMap, BTreeSet};

use certporter_model::device::{DeviceState, UserState};
use certporter_model::names::Names;
use certporter_model::profile::KeyScope;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{DeviceId, ProfileId, UserId};

use super::departure::Departure;
use super::desired::{Parting, Rendered, View, Wish, render};
use super::directory::{DeviceEntry, ProfileEntry, UserEntry};
use super::reach::Source;
use super::slot::{Holder, Place, Slot};
use super::why::{Obstacle, Reached};

/// A device of the user, and what its own groups bring and bar.
pub(super) struct Owned<'d> {
    id: DeviceId,
    pub(super) device: &'d DeviceEntry,
    brought: BTreeSet<ProfileId>,
    barred: BTreeSet<ProfileId>,
}

/// Adds what a user should hold, and why not what is in the other occupied slots.
pub(super) fn add(
    view: &View<'_>,
    id: UserId,
    occupied: &BTreeSet<ProfileId>,
    wishes: &mut BTreeMap<Slot, Wish>,
) {
    let Some(user) = view.directory.users.get(&id) else { return };
    let brought = view.reach.brought(&user.memberships);
    let barred = view.reach.barred(&user.memberships);
    let owned: Vec<Owned<'_>> = view.devices_of(id).map(|(id, device)| Owned::of(view, id, device)).collect();
    let by_device = owned.iter().flat_map(|owned| &owned.brought);
    let candidates: BTreeSet<ProfileId> = brought.iter().chain(by_device).chain(occupied).copied().collect();
    let mut rendered = Rendered::default();
    for profile in candidates {
        let Some(entry) = view.directory.profiles.get(&profile) else { continue };
        let slot = Slot { holder: Holder::User(id), profile };
        let by_user = brought.contains(&profile);
        let reached = Reached {
            brought: by_user || owned.iter().any(|owned| owned.brings(profile, entry)),
            barred: barred.contains(&profile),
        };
        let history = || lost_reach(view, profile, user, &owned);
        let against = obstacles(entry, user, reached);
        let causes = against.into_iter().map(|it| it.departure().unwrap_or_else(history));
        let wish = match Departure::gravest(causes) {
            Some(departure) => {
                Wish::Unwanted(Parting { departure, owner: Some(id), enrolment: None, of_device: None })
            }
            None => wanted(view, &mut rendered, (profile, entry), (id, user), &owned, by_user),
        };
        let new = matches!(&wish, Wish::Wanted(wanted) if !wanted.copies.is_empty());
        if new || occupied.contains(&profile) {
            wishes.insert(slot, wish);
        }
    }
}

/// Everything that stands against a user's having a certificate from this profile, whatever the devices.
pub(super) fn obstacles(entry: &ProfileEntry, user: &UserEntry, reached: Reached) -> Vec<Obstacle> {
    let mut found = Vec::new();
    if Departure::of_user(user.state).is_some() {
        found.push(Obstacle::User(user.state));
    }
    if entry.deleted {
        found.push(Obstacle::ProfileDeleted);
    } else if entry.profile.key_scope() != KeyScope::User {
        found.push(Obstacle::KeyScope);
    }
    found.extend(reached.obstacle(entry));
    found
}

impl<'d> Owned<'d> {
    pub(super) fn of(view: &View<'_>, id: DeviceId, device: &'d DeviceEntry) -> Self {
        let brought = view.reach.brought(&device.memberships);
        Self { id, device, brought, barred: view.reach.barred(&device.memberships) }
    }

    /// What stands against a copy of the user's certificate on this device.
    pub(super) fn obstacle(
        &self,
        profile: ProfileId,
        entry: &ProfileEntry,
        by_user: bool,
    ) -> Option<Obstacle> {
        if self.barred.contains(&profile) {
            Some(Obstacle::Excluded)
        } else if !by_user && !self.brought.contains(&profile) {
            Some(Obstacle::NotAssigned)
        } else if !self.device.state.is_served() {
            Some(Obstacle::Device(self.device.state))
        } else if self.device.enrolment.is_none() {
            Some(Obstacle::NotEnrolled)
        } else if !self.device.trusted {
            Some(Obstacle::Unconfirmed)
        } else if !entry.profile.platforms().contains(&self.device.platform) {
            Some(Obstacle::Platform(self.device.platform))
        } else {
            None
        }
    }

    /// Whether its own groups keep the profile with the user: it may get it now, or after its block.
    pub(super) fn brings(&self, profile: ProfileId, entry: &ProfileEntry) -> bool {
        self.brought.contains(&profile)
            && !self.barred.contains(&profile)
            && entry.profile.platforms().contains(&self.device.platform)
            && matches!(self.device.state, DeviceState::Enrolled | DeviceState::Blocked)
    }
}

/// Why neither the user's groups nor those of the devices bring the profile any more.
fn lost_reach(view: &View<'_>, profile: ProfileId, user: &UserEntry, owned: &[Owned<'_>]) -> Departure {
    let reached: Vec<_> = owned.iter().filter(|owned| owned.brought.contains(&profile)).collect();
    if !reached.is_empty() {
        return no_copies(profile, &reached);
    }
    let devices = &view.directory.devices;
    let mut sources = vec![Source::always(&user.memberships)];
    sources.extend(owned.iter().map(|owned| Source::always(&owned.device.memberships)));
    sources.extend(user.former_devices.iter().filter_map(|former| {
        let memberships = &devices.get(&former.device)?.memberships;
        Some(Source { memberships, owned: former.span })
    }));
    view.reach.why_not(profile, &sources)
}

/// Why none of these devices gets a copy, though the profile reaches them.
fn no_copies(profile: ProfileId, reached: &[&Owned<'_>]) -> Departure {
    let cause = |owned: &&Owned<'_>| match owned.device.state {
        // That a key on it counts as compromised is seen from its copies; the device may never have got one.
        DeviceState::Lost => Departure::new(Reason::CessationOfOperation, Trigger::DeviceLost),
        DeviceState::Wiped => Departure::new(Reason::CessationOfOperation, Trigger::DeviceWiped),
        _ if owned.barred.contains(&profile) => Departure::LEFT_GROUP,
        DeviceState::Blocked => Departure::BLOCKED,
        state => Departure::of_device(state).unwrap_or(Departure::EDITED_OUT),
    };
    Departure::gravest(reached.iter().map(cause)).unwrap_or(Departure::HANDED_OVER)
}

/// The names that a certificate of the user's would have.
pub(super) fn names(entry: &ProfileEntry, user: &UserEntry) -> Names {
    render(&entry.profile, Some(&user.values), None)
}

fn wanted(
    view: &View<'_>,
    rendered: &mut Rendered,
    (profile, entry): (ProfileId, &ProfileEntry),
    (id, user): (UserId, &UserEntry),
    owned: &[Owned<'_>],
    by_user: bool,
) -> Wish {
    let names = (rendered, || names(entry, user));
    let mut wanted = Box::new(view.wanted(profile, entry, names, Some(id), None));
    for owned in owned {
        let Owned { id, device, .. } = owned;
        let against = owned.obstacle(profile, entry, by_user);
        let Some(enrolment) = device.enrolment.filter(|_| against.is_none()) else { continue };
        wanted.last_seen = wanted.last_seen.max(device.last_seen);
        for feature in entry.profile.features() {
            let place = Place { device: *id, enrolment, feature: *feature };
            wanted.copies.insert(place, device.management_generation);
        }
    }
    if wanted.copies.is_empty() {
        let reached = owned.iter().filter(|owned| by_user || owned.brought.contains(&profile));
        wanted.idle = Some(no_copies(profile, &reached.collect::<Vec<_>>()));
    }
    if user.state == UserState::Blocked { Wish::Held(wanted) } else { Wish::Wanted(wanted) }
}
