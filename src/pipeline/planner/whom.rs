//! Whom a change may concern, and which holders that makes.

use std::collections::BTreeSet;

use certporter_model::assignment::MemberKind;
use certporter_model::{DeviceId, GroupId, ProfileId, UserId};

use crate::pipeline::work::ReplanScope;
use crate::plan::Holder;
use crate::store::memberships;
use crate::store::planning::reached;
use crate::store::{Conn, StoreError};

/// Whom a change touches. What follows from that (a user's devices, a device's owner, members of groups) is added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whom {
    /// Users.
    pub users: Vec<UserId>,
    /// Devices.
    pub devices: Vec<DeviceId>,
    /// Everybody in these groups now, directly or not. Who has just left one is named apart.
    pub groups: Vec<GroupId>,
    /// Everybody whom these profiles reach, or who has something of theirs.
    pub profiles: Vec<ProfileId>,
    /// Exactly these, and nobody besides: a chunk of what was worked out before.
    pub exactly: Vec<Holder>,
}

impl Whom {
    /// One user.
    #[must_use]
    pub fn user(id: UserId) -> Self {
        Self { users: vec![id], ..Self::default() }
    }

    /// One device.
    #[must_use]
    pub fn device(id: DeviceId) -> Self {
        Self { devices: vec![id], ..Self::default() }
    }

    /// One profile.
    #[must_use]
    pub fn profile(id: ProfileId) -> Self {
        Self { profiles: vec![id], ..Self::default() }
    }

    /// One group.
    #[must_use]
    pub fn group(id: GroupId) -> Self {
        Self { groups: vec![id], ..Self::default() }
    }
}

impl From<ReplanScope> for Whom {
    fn from(scope: ReplanScope) -> Self {
        match scope {
            ReplanScope::Device { id } => Self::device(id),
            ReplanScope::User { id } => Self::user(id),
            ReplanScope::Group { id } => Self::group(id),
            ReplanScope::Profile { id } => Self::profile(id),
            ReplanScope::Some { users, devices } => {
                let users = users.into_iter().map(Holder::User);
                let exactly = users.chain(devices.into_iter().map(Holder::Device)).collect();
                Self { exactly, ..Self::default() }
            }
        }
    }
}

/// The holders, sorted: devices before users.
pub(super) async fn holders(conn: &mut Conn, whom: &Whom) -> Result<BTreeSet<Holder>, StoreError> {
    let mut users: BTreeSet<UserId> = whom.users.iter().copied().collect();
    let mut some: BTreeSet<DeviceId> = whom.devices.iter().copied().collect();
    let mut exactly: BTreeSet<Holder> = whom.exactly.iter().copied().collect();
    let mut groups = whom.groups.clone();
    for profile in &whom.profiles {
        groups.extend(reached::groups_of_profile(conn, *profile).await?);
        for having in reached::holders_of_profile(conn, *profile).await? {
            exactly.insert(Holder::new(having.holder_kind, having.holder_id));
        }
    }
    if !groups.is_empty() {
        for member in memberships::members_within(conn, &groups).await? {
            match member.kind {
                MemberKind::User => drop(users.insert(UserId::from_uuid(member.id))),
                MemberKind::Device => drop(some.insert(DeviceId::from_uuid(member.id))),
                MemberKind::Group => {}
            }
        }
    }
    // A device's owner may hold a copy on it, and so may whoever had it before.
    for chunk in chunks(&some) {
        users.extend(reached::owners_of(conn, &chunk).await?);
        users.extend(reached::users_with_copies(conn, &chunk).await?);
    }
    for chunk in chunks(&users) {
        some.extend(reached::devices_of(conn, &chunk).await?);
    }
    exactly.extend(users.into_iter().map(Holder::User));
    exactly.extend(some.into_iter().map(Holder::Device));
    Ok(exactly)
}

/// Lists that fit into a statement.
fn chunks<T: Copy>(all: &BTreeSet<T>) -> Vec<Vec<T>> {
    all.iter().copied().collect::<Vec<T>>().chunks(1000).map(<[T]>::to_vec).collect()
}

/// Users and devices apart.
pub(super) fn split(holders: &BTreeSet<Holder>) -> (Vec<UserId>, Vec<DeviceId>) {
    let (mut users, mut devices) = (Vec::new(), Vec::new());
    for holder in holders {
        match holder {
            Holder::User(id) => users.push(*id),
            Holder::Device(id) => devices.push(*id),
        }
    }
    (users, devices)
}
