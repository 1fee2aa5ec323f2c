//! What happens in a history, drawn from three numbers, and what it may revoke for.

use std::time::Duration;

use certporter::plan::actual::Copy;
use certporter::plan::directory::Reissue;
use certporter::plan::{Holder, Slot};
use certporter_model::assignment::AssignmentMode;
use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::escrow::EscrowPolicy;
use certporter_model::feature::Feature;
use certporter_model::key::KeyAlgorithm;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, GroupId, ProfileId, RequestId, UserId};

use super::organisation::{DEVICE, MAIL, Member, NETWORK, SIGNING};
use super::world::World;

/// An event: its kind and two numbers that say of what.
pub(super) type Event = (u8, u16, u16);

/// An organisation of twenty people with one to three devices each, four shared devices, six groups, four profiles.
pub(super) struct History {
    pub(super) world: World,
    profiles: Vec<ProfileId>,
    groups: Vec<GroupId>,
    users: Vec<UserId>,
    devices: Vec<DeviceId>,
}

fn pick<T: Clone>(from: &[T], number: u16) -> T {
    from[usize::from(number) % from.len()].clone()
}

impl History {
    pub(super) fn new(seed: u16) -> Self {
        let mut world = World::new();
        let profiles = [NETWORK, DEVICE, MAIL, SIGNING].map(|draft| world.profile(draft)).to_vec();
        let groups: Vec<GroupId> = (0..6).map(|_| world.group()).collect();
        let users: Vec<UserId> = (0..20).map(|n| world.user(&format!("user{n}"))).collect();
        let mut devices = Vec::new();
        for (n, user) in users.iter().enumerate() {
            for k in 0..=(n + usize::from(seed)) % 3 {
                devices.push(world.add_device(&format!("device{n}-{k}"), Some(*user)));
            }
            world.join(Member::User(*user), groups[n % 3]);
        }
        for n in 0..4 {
            let shared = world.add_device(&format!("shared{n}"), None);
            world.join(Member::Device(shared), groups[3]);
            devices.push(shared);
        }
        world.join(Member::Group(groups[0]), groups[4]);
        world.join(Member::Group(groups[4]), groups[5]);
        for (profile, group) in [(0, 5), (0, 1), (1, 3), (1, 2), (2, 5), (2, 2), (3, 4)] {
            world.assign(profiles[profile], groups[group], AssignmentMode::Include);
        }
        Self { world, profiles, groups, users, devices }
    }

    /// Lets it happen. Returns the triggers for which certificates may be revoked, beside supersession.
    pub(super) fn happen(&mut self, (kind, a, b): Event) -> Vec<Trigger> {
        self.world.now = self.world.now.plus(Duration::from_millis(1));
        match kind % 25 {
            0..=5 => self.work(a, b),
            6..=8 => self.contact(a, b),
            9 => self.report_missing(a),
            10 => self.wait(b),
            11 => self.late_answer(a),
            12 | 13 => self.group_change(a, b),
            14 => self.assignment(a, b),
            15 => self.edit(a, b),
            16 => self.attribute(a, b),
            17 => self.user_state(a, b),
            18 | 19 => self.device_state(a, b),
            20 => self.owner(a, b),
            21 => self.enrol_again(a),
            22 => self.renew_management(a),
            23 => self.reissue(a),
            _ => self.ask(a, b),
        }
    }

    /// Connectors work: several steps, so that histories get somewhere.
    fn work(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        for id in self.world.requests().into_iter().skip(usize::from(a) % 7).take(30) {
            for _ in 0..b % 9 {
                if self.world.request(id).state.is_in_flight() {
                    self.world.progress(id, b.is_multiple_of(5));
                    self.world.replan();
                }
            }
        }
        if let Some(id) = self.world.requests().get(usize::from(a) % 40).filter(|_| b.is_multiple_of(6)) {
            let request = self.world.request(*id);
            request.state = request.state.to(RequestState::Failed).unwrap_or(request.state);
        }
        if b.is_multiple_of(2) {
            self.world.seal();
        }
        vec![]
    }

    fn contact(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        self.world.seal();
        for n in 0..30 {
            let device = pick(&self.devices, a.wrapping_add(n));
            self.world.contact(device, b.is_multiple_of(11));
        }
        vec![]
    }

    fn report_missing(&mut self, a: u16) -> Vec<Trigger> {
        let device = pick(&self.devices, a);
        for copy in self.world.copies_mut().filter(|copy| copy.place.device == device) {
            if copy.state == CopyState::Installed {
                copy.state = CopyState::Missing;
            }
        }
        vec![]
    }

    fn wait(&mut self, b: u16) -> Vec<Trigger> {
        self.world.now = self.world.now.plus(Duration::from_secs(3600 * u64::from(b % 700)));
        vec![Trigger::HoldExpired]
    }

    fn late_answer(&mut self, a: u16) -> Vec<Trigger> {
        let memory = &self.world.memory;
        let late: Vec<RequestId> =
            memory.iter().filter(|(_, m)| m.at_ca && m.departure.is_some()).map(|(id, _)| *id).collect();
        if let Some(id) = late.get(usize::from(a) % late.len().max(1)) {
            self.world.answer_late(*id);
        } else if let Some(id) = self.world.memory.keys().nth(usize::from(a) % 50).copied() {
            self.world.answer_twice(id);
        }
        // For whatever it was cancelled.
        Trigger::ALL.to_vec()
    }

    fn group_change(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        let group = pick(&self.groups, b);
        let member = match a % 5 {
            0..=2 => Member::User(pick(&self.users, a / 5)),
            3 => Member::Device(pick(&self.devices, a / 5)),
            _ => Member::Group(pick(&self.groups, a / 5)),
        };
        if b.is_multiple_of(2) {
            self.world.leave(member, group);
        } else {
            self.world.join(member, group);
        }
        vec![Trigger::LeftGroup]
    }

    fn assignment(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        let (profile, group) = (pick(&self.profiles, a), pick(&self.groups, b));
        match (a / 4) % 5 {
            0 => {
                let now = self.world.now;
                let open = self.world.directory.assignments.iter().filter(|it| it.span.holds(now));
                let open: Vec<_> = open.map(|it| (it.profile, it.group)).collect();
                if !open.is_empty() {
                    let (profile, group) = pick(&open, b);
                    self.world.unassign(profile, group);
                }
            }
            1 | 2 => self.world.assign(profile, group, AssignmentMode::Include),
            3 => self.world.assign(profile, group, AssignmentMode::Exclude),
            _ if b.is_multiple_of(3) => {
                self.world.directory.profiles.get_mut(&profile).unwrap().deleted = true;
                return vec![Trigger::ProfileDeleted];
            }
            _ => {}
        }
        vec![if (a / 4).is_multiple_of(5) { Trigger::AssignmentRemoved } else { Trigger::LeftGroup }]
    }

    fn edit(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        let when = if b.is_multiple_of(2) { Reissue::Now } else { Reissue::AtRenewal };
        self.world.edit(pick(&self.profiles, a), when, |draft| match (b / 2) % 7 {
            0 => draft.description.push('!'),
            1 => draft.validity_days = 50 + u32::from(b % 100),
            2 => draft.features = vec![pick(Feature::ALL, a), pick(Feature::ALL, b)],
            // All devices are Linux.
            3 if a.is_multiple_of(3) => draft.platforms = vec![Platform::Windows],
            3 => draft.platforms = vec![Platform::Linux, pick(Platform::ALL, b)],
            4 => draft.escrow = pick(EscrowPolicy::ALL, b),
            5 if !draft.key_algorithm.is_rsa() => draft.key_algorithm = KeyAlgorithm::EcP384,
            _ => {
                draft.subject = format!("{},O=Example {}", draft.subject.split(",O=").next().unwrap(), b % 3);
            }
        });
        vec![Trigger::ProfileEdited]
    }

    /// Those for whom something is at the CA, or on its way there.
    fn waiting(&self) -> Vec<UserId> {
        let begun = |state| {
            matches!(
                state,
                RequestState::Claimed
                    | RequestState::KeyGenerated
                    | RequestState::Submitted
                    | RequestState::Pending
            )
        };
        let holdings = self.world.actual.holdings.iter();
        let begun = holdings.filter(|(_, it)| it.requests.iter().any(|request| begun(request.state)));
        let user = |(slot, _): (&Slot, _)| match slot.holder {
            Holder::User(id) => Some(id),
            Holder::Device(id) => self.world.directory.devices[&id].owner,
        };
        begun.filter_map(user).collect()
    }

    fn attribute(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        let variable = pick(&[Variable::UserName, Variable::EmailAddress, Variable::UserPrincipalName], b);
        let waiting = self.waiting();
        let among = if waiting.is_empty() || b.is_multiple_of(3) { &self.users } else { &waiting };
        let values = &mut self.world.directory.users.get_mut(&pick(among, a)).unwrap().values;
        match b % 4 {
            0 => drop(values.remove(&variable)),
            1 => drop(values.insert(variable, "not an address".into())),
            _ => drop(values.insert(variable, format!("name{b}@example.net"))),
        }
        vec![]
    }

    fn user_state(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        let user = self.world.directory.users.get_mut(&pick(&self.users, a)).unwrap();
        let state = if b.is_multiple_of(3) { UserState::Enabled } else { pick(UserState::ALL, b) };
        user.state = user.state.to(state).unwrap_or(user.state);
        vec![Trigger::UserDisabled, Trigger::Blocked]
    }

    fn device_state(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        self.world.ca_can_hold = !b.is_multiple_of(5);
        let id = pick(&self.devices, a);
        use DeviceState::{Blocked, Deleted, Lost, Retired, Wiped};
        let state = pick(&[Blocked, Retired, Lost, Wiped, Deleted], b);
        let device = self.world.device(id);
        if device.state == DeviceState::Blocked && b.is_multiple_of(2) {
            device.state = DeviceState::Enrolled;
            return vec![];
        }
        device.state = device.state.to(state).unwrap_or(device.state);
        match state {
            Blocked => vec![Trigger::Blocked],
            Retired => vec![Trigger::DeviceRetired],
            Lost => vec![Trigger::DeviceLost],
            Wiped => vec![Trigger::DeviceWiped],
            _ => vec![Trigger::DeviceDeleted],
        }
    }

    fn owner(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        let owner = if b.is_multiple_of(6) { None } else { Some(pick(&self.users, b)) };
        self.world.hand_over(pick(&self.devices, a), owner);
        // What was a shared device's now depends on its owner too.
        vec![Trigger::OwnerChanged, Trigger::LeftGroup, Trigger::UserDisabled, Trigger::Blocked]
    }

    /// A device gets another management certificate, while something is offered to it if that is so of any.
    fn renew_management(&mut self, a: u16) -> Vec<Trigger> {
        self.world.seal();
        let offered = |copy: &&mut Copy| copy.state == CopyState::Offered;
        let waiting: Vec<DeviceId> =
            self.world.copies_mut().filter(offered).map(|copy| copy.place.device).collect();
        let device = pick(if waiting.is_empty() { &self.devices } else { &waiting }, a);
        self.world.device(device).management_generation += 1;
        vec![]
    }

    fn enrol_again(&mut self, a: u16) -> Vec<Trigger> {
        let id = pick(&self.devices, a);
        if self.world.device(id).state != DeviceState::Deleted {
            self.world.enrol_again(id);
        }
        vec![]
    }

    /// Somebody wants another certificate in the place of one.
    fn reissue(&mut self, a: u16) -> Vec<Trigger> {
        let valid = |c: &&certporter::plan::actual::Certificate| c.status == CertificateStatus::Valid;
        let all: Vec<_> = self.world.certificates().map(|(_, c)| c).filter(valid).map(|c| c.id).collect();
        if let Some(id) = all.get(usize::from(a) % all.len().max(1)) {
            self.world.certificate(*id).reissue_asked = true;
        }
        vec![]
    }

    /// Somebody revokes a certificate, or has a request tried again.
    fn ask(&mut self, a: u16, b: u16) -> Vec<Trigger> {
        let all: Vec<_> = self.world.certificates().map(|(_, c)| c.id).collect();
        if let Some(id) = all.get(usize::from(a) % all.len().max(1)).filter(|_| b.is_multiple_of(2)) {
            let certificate = self.world.certificate(*id);
            if certificate.status != CertificateStatus::Revoked {
                certificate.status = CertificateStatus::Revoked;
                certificate.reason =
                    Some(pick(&[Reason::KeyCompromise, Reason::CessationOfOperation], b / 2));
            }
        }
        for id in self.world.requests() {
            let request = self.world.request(id);
            if request.state == RequestState::Failed {
                request.state = RequestState::Requested;
            }
        }
        vec![]
    }
}
