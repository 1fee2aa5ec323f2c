//! Why a profile's certificate is with somebody, or isn't: what the plan decides, told with the groups and obstacles
//! that decided it.

use certporter_model::assignment::AssignmentMode;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::names::Names;
use certporter_model::platform::Platform;
use certporter_model::profile::KeyScope;
use certporter_model::{DeviceId, GroupId, ProfileId, Timestamp, UserId};

use super::departure::Departure;
use super::desired::View;
use super::directory::{DeviceEntry, Directory, Membership, ProfileEntry, UserEntry};
use super::slot::Holder;
use super::user_wish::Owned;
use super::{device_wish, user_wish};

/// What stands against a certificate or its copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The device's state.
    Device(DeviceState),
    /// The user's state.
    User(UserState),
    /// The profile was deleted.
    ProfileDeleted,
    /// The profile's key scope is another: the certificate belongs to a user, not to a device, or the other way round.
    KeyScope,
    /// The profile names the user, and the device is nobody's.
    Shared,
    /// The device's platform is not among the profile's.
    Platform(Platform),
    /// A group bars the profile.
    Excluded,
    /// No group brings the profile.
    NotAssigned,
    /// The device has no enrolment.
    NotEnrolled,
    /// The device enrolled with a code from staff, and its person has not confirmed it: it gets no key that other
    /// devices have too.
    Unconfirmed,
    /// The user has no device.
    NoDevice,
}

impl Obstacle {
    /// For what cause a certificate goes that has this against it. None where only the history of groups tells.
    pub(super) fn departure(self) -> Option<Departure> {
        match self {
            Self::Device(state) => Departure::of_device(state),
            Self::User(state) => Departure::of_user(state),
            Self::ProfileDeleted => Some(Departure::PROFILE_DELETED),
            Self::KeyScope => Some(Departure::EDITED),
            Self::Shared => Some(Departure::HANDED_OVER),
            Self::Platform(_) => Some(Departure::EDITED_OUT),
            Self::Excluded => Some(Departure::LEFT_GROUP),
            Self::NotEnrolled | Self::Unconfirmed => Some(Departure::RETIRED),
            Self::NotAssigned | Self::NoDevice => None,
        }
    }
}

/// Whether groups bring a profile, and whether they bar it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) brought: bool,
    pub(super) barred: bool,
}

impl Reached {
    /// What the groups have against it. A deleted profile has no assignments: that is no obstacle of its own.
    pub(super) fn obstacle(self, entry: &ProfileEntry) -> Option<Obstacle> {
        if self.barred {
            Some(Obstacle::Excluded)
        } else if !self.brought && !entry.deleted {
            Some(Obstacle::NotAssigned)
        } else {
            None
        }
    }
}

/// A way on which an assignment reaches somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Whose membership it begins with.
    pub member: Holder,
    /// From the group that the member is in directly to the one that has the assignment.
    pub groups: Vec<GroupId>,
}

/// Why a profile's certificate is on a device, or isn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The profile.
    pub profile: ProfileId,
    /// The device; none where it is the same for all of a user's devices, or there is no device.
    pub device: Option<DeviceId>,
    /// What stands against it; empty if nothing does.
    pub obstacles: Vec<Obstacle>,
    /// Whether it is on hold, since the user or the device is blocked.
    pub held: bool,
    /// The names that it has, or what they wait for.
    pub names: Names,
    /// Ways on which groups bring the profile.
    pub included: Vec<Way>,
    /// Ways on which groups bar it.
    pub excluded: Vec<Way>,
}

/// Explains every living profile to a holder: a device, or a user with all devices. The snapshot is that of a plan for
/// this holder.
#[must_use]
pub fn explain(directory: &Directory, holder: Holder, now: Timestamp) -> Vec<Explanation> {
    let view = View::new(directory, now);
    let living = directory.profiles.iter().filter(|(_, entry)| !entry.deleted);
    match holder {
        Holder::Device(id) => {
            let Some(device) = directory.devices.get(&id) else { return Vec::new() };
            living.map(|(profile, entry)| on_device(&view, (*profile, entry), (id, device))).collect()
        }
        Holder::User(id) => {
            let Some(user) = directory.users.get(&id) else { return Vec::new() };
            living.flat_map(|profile| of_user(&view, profile, (id, user))).collect()
        }
    }
}

/// For each device of the user; once for all of them where no group has to do with it.
fn of_user(
    view: &View<'_>,
    (profile, entry): (&ProfileId, &ProfileEntry),
    (id, user): (UserId, &UserEntry),
) -> Vec<Explanation> {
    let gone = |state| matches!(state, DeviceState::Retired | DeviceState::Deleted);
    let devices = view.devices_of(id).filter(|(_, device)| !gone(device.state));
    let each: Vec<_> = devices.map(|device| on_device(view, (*profile, entry), device)).collect();
    let unknown = |it: &Explanation| it.included.is_empty() && it.excluded.is_empty();
    if !each.iter().all(unknown) {
        return each;
    }
    let members = [(Holder::User(id), user.memberships.as_slice())];
    let (included, excluded) = ways(view, *profile, &members);
    let reached = Reached { brought: !included.is_empty(), barred: !excluded.is_empty() };
    let mut obstacles: Vec<Obstacle> = reached.obstacle(entry).into_iter().collect();
    if Departure::of_user(user.state).is_some() {
        obstacles.insert(0, Obstacle::User(user.state));
    }
    if each.is_empty() {
        obstacles.push(Obstacle::NoDevice);
    }
    let held = user.state == UserState::Blocked;
    let names = user_wish::names(entry, user);
    vec![Explanation { profile: *profile, device: None, obstacles, held, names, included, excluded }]
}

fn on_device(
    view: &View<'_>,
    (profile, entry): (ProfileId, &ProfileEntry),
    (id, device): (DeviceId, &DeviceEntry),
) -> Explanation {
    let owner = device.owner.and_then(|user| Some((user, view.directory.users.get(&user)?)));
    let mut members = vec![(Holder::Device(id), device.memberships.as_slice())];
    members.extend(owner.map(|(user, entry)| (Holder::User(user), entry.memberships.as_slice())));
    let (included, excluded) = ways(view, profile, &members);
    let reached = Reached { brought: !included.is_empty(), barred: !excluded.is_empty() };
    let user = owner.map(|(_, user)| user);
    let blocked = user.is_some_and(|user| user.state == UserState::Blocked);
    let (obstacles, names, held) = match (entry.profile.key_scope(), user) {
        (KeyScope::Device, _) => (
            device_wish::obstacles(entry, device, user, reached),
            device_wish::names(entry, device, user),
            blocked || device.state == DeviceState::Blocked,
        ),
        (KeyScope::User, Some(user)) => {
            let by_user = view.reach.brought(&user.memberships).contains(&profile);
            let barred = view.reach.barred(&user.memberships).contains(&profile);
            // What the groups of this device don't bring is its own obstacle, below.
            let mut found = user_wish::obstacles(entry, user, Reached { brought: true, barred });
            let of_copy = Owned::of(view, id, device).obstacle(profile, entry, by_user);
            found.extend(of_copy.filter(|it| !found.contains(it)));
            (found, user_wish::names(entry, user), blocked)
        }
        (KeyScope::User, None) => (vec![Obstacle::Shared], device_wish::names(entry, device, None), false),
    };
    Explanation { profile, device: Some(id), obstacles, held, names, included, excluded }
}

/// The ways on which groups bring a profile to one of these members, and those on which they bar it.
fn ways(view: &View<'_>, profile: ProfileId, members: &[(Holder, &[Membership])]) -> (Vec<Way>, Vec<Way>) {
    let of = |mode| {
        let each = members.iter().flat_map(move |(member, memberships)| {
            let groups = view.reach.ways(profile, mode, memberships).into_iter();
            groups.map(move |groups| Way { member: *member, groups })
        });
        each.collect()
    };
    (of(AssignmentMode::Include), of(AssignmentMode::Exclude))
}
