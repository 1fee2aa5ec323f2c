//! One person, two devices, two profiles: what the tests of the table start from.

use std::time::Duration;

use certporter::plan::{Action, Departure, Holder, Slot};
use certporter_model::assignment::AssignmentMode;
use certporter_model::certificate::Standing;
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::revocation::Trigger;
use certporter_model::{DeviceId, GroupId, ProfileId, UserId};

use super::organisation::{MAIL, Member, NETWORK};
use super::world::World;

pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// Maria with a laptop and a tablet, in a group that has the network and the mail profile. Everything is installed.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) group: GroupId,
    pub(super) maria: UserId,
    pub(super) laptop: DeviceId,
    pub(super) tablet: DeviceId,
    pub(super) network: ProfileId,
    pub(super) mail: ProfileId,
}

impl Scene {
    pub(super) fn new() -> Self {
        let mut scene = Self::unsettled();
        scene.world.settle();
        scene
    }

    pub(super) fn unsettled() -> Self {
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

    pub(super) fn network_of(&self, device: DeviceId) -> Slot {
        Slot { holder: Holder::Device(device), profile: self.network }
    }

    pub(super) fn mail(&self) -> Slot {
        Slot { holder: Holder::User(self.maria), profile: self.mail }
    }

    /// Revocations in a slot by these actions.
    pub(super) fn revoked(&self, slot: Slot, actions: &[Action]) -> Vec<Departure> {
        let here = |id| self.world.actual.holdings[&slot].certificates.iter().any(|c| c.id == id);
        let of = |action: &Action| match action {
            Action::Revoke { certificate, departure, .. } if here(*certificate) => Some(*departure),
            _ => None,
        };
        actions.iter().filter_map(of).collect()
    }

    pub(super) fn asked(&self, actions: &[Action]) -> Vec<(Slot, Trigger)> {
        let of = |action: &Action| match action {
            Action::Issue { slot, trigger, .. } => Some((*slot, *trigger)),
            Action::Renew { slot, .. } => Some((*slot, Trigger::Renewal)),
            _ => None,
        };
        actions.iter().filter_map(of).collect()
    }

    /// States of the copies of the certificate in use.
    pub(super) fn copies(&self, slot: Slot, device: DeviceId) -> Vec<CopyState> {
        let all = self.world.actual.holdings[&slot].certificates.iter();
        let current = all.filter(|c| c.standing == Standing::Current).flat_map(|c| &c.copies);
        current.filter(|c| c.place.device == device).map(|c| c.state).collect()
    }

    pub(super) fn alive(&self, slot: Slot) -> usize {
        let all = self.world.actual.holdings[&slot].certificates.iter();
        all.filter(|c| c.is_alive(self.world.now)).count()
    }

    pub(super) fn state(&mut self, device: DeviceId, state: DeviceState) -> Vec<Action> {
        self.world.device(device).state = state;
        self.world.replan()
    }
}

pub(super) fn removals(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Remove { .. })).count()
}

pub(super) fn deliveries(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Deliver { .. })).count()
}
