//! A simulated organisation: the directory, what is there, and what the outside world does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use certporter::plan::actual::{Actual, Certificate, Copy};
use certporter::plan::directory::{DeviceEntry, Directory};
use certporter::plan::safety::for_relying_parties;
use certporter::plan::{Action, Departure, Desired, Holder, Limits, Slot, by_slot, plan};
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::request::RequestState;
use certporter_model::revocation::Trigger;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{CertificateId, DeviceId, EscrowedKeyId, RequestId, Timestamp};

/// What a request remembers beside what the plan reads of it.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pub(super) slot: Slot,
    pub(super) trigger: Trigger,
    pub(super) kept_key: Option<EscrowedKeyId>,
    /// Set when it is cancelled.
    pub(super) departure: Option<Departure>,
    /// Whether the CA has the CSR and may still answer.
    pub(super) at_ca: bool,
    pub(super) digest: ContentDigest,
    pub(super) encryption: bool,
    pub(super) escrow: certporter_model::escrow::EscrowPolicy,
    pub(super) validity_days: u32,
}

pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) directory: Directory,
    pub(super) actual: Actual,
    pub(super) limits: Limits,
    pub(super) ca_can_hold: bool,
    /// Whether plans are carried out in two steps.
    pub(super) relying_parties_first: bool,
    pub(super) memory: BTreeMap<RequestId, Memory>,
    pub(super) revoked: Vec<(CertificateId, Departure)>,
    /// How often each kind of action was carried out, and for what certificates and requests had to go.
    pub(super) done: BTreeMap<&'static str, usize>,
    pub(super) causes: BTreeSet<Departure>,
    counter: u64,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            now: Timestamp::from_seconds(1_700_000_000),
            directory: Directory::default(),
            actual: Actual::default(),
            limits: Limits::default(),
            ca_can_hold: true,
            relying_parties_first: false,
            memory: BTreeMap::new(),
            revoked: Vec::new(),
            done: BTreeMap::new(),
            causes: BTreeSet::new(),
            counter: 0,
        }
    }

    /// Octets for the next id. Ids sort in the order in which they are made.
    pub(super) fn next(&mut self) -> [u8; 10] {
        self.counter += 1;
        let mut octets = [0; 10];
        octets[2..].copy_from_slice(&self.counter.to_be_bytes());
        octets
    }

    pub(super) fn desired(&self) -> Desired {
        let devices = self.directory.devices.keys().map(|id| Holder::Device(*id));
        let users = self.directory.users.keys().map(|id| Holder::User(*id));
        let occupied = self.actual.holdings.keys().copied();
        Desired::of(&self.directory, self.limits, devices.chain(users), occupied, self.now)
    }

    /// What the plan says now.
    pub(super) fn plan(&mut self) -> Vec<Action> {
        self.see_devices();
        plan(&self.desired(), &self.actual, self.now)
    }

    /// Copies know the states of their devices.
    fn see_devices(&mut self) {
        let states: BTreeMap<DeviceId, DeviceState> =
            self.directory.devices.iter().map(|(id, device)| (*id, device.state)).collect();
        for copy in self.copies_mut() {
            copy.device = states[&copy.place.device];
        }
    }

    /// Plans and does it. The plan after that must be empty.
    pub(super) fn replan(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.relying_parties_first {
            self.see_devices();
            // As if everything were very many.
            let all: Vec<_> = by_slot(&self.desired(), &self.actual, self.now).collect();
            actions = for_relying_parties(&all, 1).unwrap_or_default();
            for action in &actions {
                self.apply(action);
            }
        }
        let rest = self.plan();
        for action in &rest {
            self.apply(action);
        }
        actions.extend(rest);
        let again = self.plan();
        assert!(again.is_empty(), "after {actions:#?}\nthe plan still says {again:#?}");
        actions
    }

    pub(super) fn certificates(&self) -> impl Iterator<Item = (&Slot, &Certificate)> {
        self.actual.holdings.iter().flat_map(|(slot, h)| h.certificates.iter().map(move |c| (slot, c)))
    }

    pub(super) fn certificates_mut(&mut self) -> impl Iterator<Item = &mut Certificate> {
        self.actual.holdings.values_mut().flat_map(|holding| &mut holding.certificates)
    }

    pub(super) fn copies_mut(&mut self) -> impl Iterator<Item = &mut Copy> {
        self.certificates_mut().flat_map(|certificate| &mut certificate.copies)
    }

    pub(super) fn device(&mut self, id: DeviceId) -> &mut DeviceEntry {
        self.directory.devices.get_mut(&id).unwrap()
    }

    pub(super) fn requests(&self) -> Vec<RequestId> {
        let all = self.actual.holdings.values().flat_map(|holding| &holding.requests);
        all.filter(|request| request.state.is_in_flight()).map(|request| request.id).collect()
    }

    pub(super) fn request(&mut self, id: RequestId) -> &mut certporter::plan::actual::Request {
        let slot = self.memory[&id].slot;
        let holding = self.actual.holdings.get_mut(&slot).unwrap();
        holding.requests.iter_mut().find(|request| request.id == id).unwrap()
    }

    /// A connector and the CA take a request one step on. `slow` CAs answer pending first.
    pub(super) fn progress(&mut self, id: RequestId, slow: bool) {
        let key = EscrowedKeyId::new(self.now, self.next());
        let kept = self.memory[&id].kept_key;
        let request = self.request(id);
        let next = match request.state {
            RequestState::Requested => RequestState::Claimed,
            RequestState::Claimed => {
                request.key = Some(kept.unwrap_or(key));
                RequestState::KeyGenerated
            }
            RequestState::KeyGenerated => RequestState::Submitted,
            RequestState::Submitted if slow => RequestState::Pending,
            RequestState::Submitted | RequestState::Pending => RequestState::Issued,
            RequestState::Issued => RequestState::Escrowed,
            RequestState::Escrowed => RequestState::Completed,
            RequestState::Waiting | RequestState::Failed => return,
            RequestState::Completed | RequestState::Cancelled => return,
        };
        request.state = request.state.to(next).unwrap();
        let key = request.key;
        if next == RequestState::Issued {
            self.issued(id, Standing::Current, key);
        }
        if let Some(memory) = self.memory.get_mut(&id) {
            memory.at_ca = matches!(next, RequestState::Submitted | RequestState::Pending);
        }
    }

    /// The CA answers a request that was cancelled meanwhile.
    pub(super) fn answer_late(&mut self, id: RequestId) {
        if let Some(memory) = self.memory.get_mut(&id).filter(|m| m.at_ca && m.departure.is_some()) {
            memory.at_ca = false;
            self.issued(id, Standing::Surplus, None);
        }
    }

    /// The CA answers once more, with another certificate.
    pub(super) fn answer_twice(&mut self, id: RequestId) {
        if self.request(id).state == RequestState::Completed {
            self.issued(id, Standing::Surplus, None);
        }
    }

    fn issued(&mut self, id: RequestId, standing: Standing, key: Option<EscrowedKeyId>) {
        let memory = self.memory[&id].clone();
        let (owner, enrolment) = {
            let request = self.request(id);
            (request.owner, request.enrolment)
        };
        let certificate = Certificate {
            id: CertificateId::new(self.now, self.next()),
            status: CertificateStatus::Valid,
            standing,
            digest: memory.digest,
            not_before: self.now,
            not_after: self.now.plus(Duration::from_secs(u64::from(memory.validity_days) * 86_400)),
            owner,
            enrolment,
            issued_for: memory.trigger,
            encryption: memory.encryption,
            escrow: memory.escrow,
            key,
            held_since: None,
            reissue_asked: false,
            can_hold: self.ca_can_hold,
            reason: None,
            unwanted_since: memory.departure,
            copies: Vec::new(),
        };
        let holding = self.actual.holdings.entry(memory.slot).or_default();
        if standing == Standing::Current {
            for before in holding.certificates.iter_mut().filter(|c| c.standing == Standing::Current) {
                before.standing = before.standing.to(Standing::Predecessor).unwrap();
            }
        }
        holding.certificates.push(certificate);
    }

    /// Seals a copy that waits for it: offers it to the device.
    pub(super) fn seal(&mut self) {
        let generations: BTreeMap<DeviceId, i64> =
            self.directory.devices.iter().map(|(id, d)| (*id, d.management_generation)).collect();
        for certificate in self.certificates_mut() {
            let key = certificate.key;
            for copy in certificate.copies.iter_mut().filter(|copy| copy.state == CopyState::Pending) {
                assert!(key.is_some(), "a copy waits for a key that was destroyed: {copy:?}");
                copy.sealed_for = Some(generations[&copy.place.device]);
                copy.state = copy.state.to(CopyState::Offered).unwrap();
            }
        }
    }

    /// A device connects, does what it is told, and reports. What is sealed for another of its management
    /// certificates it can't open, and leaves alone.
    pub(super) fn contact(&mut self, id: DeviceId, fails: bool) {
        let now = self.now;
        let device = self.device(id);
        let (enrolment, generation) = (device.enrolment, device.management_generation);
        let serves = device.state.is_served();
        device.last_seen = Some(now);
        for copy in self.copies_mut().filter(|copy| copy.place.device == id) {
            let opens =
                serves && Some(copy.place.enrolment) == enrolment && copy.sealed_for == Some(generation);
            copy.state = match copy.state {
                CopyState::Removing => CopyState::Removed,
                CopyState::Offered if opens && fails => CopyState::Failed,
                CopyState::Offered | CopyState::Failed if opens => CopyState::Installed,
                other => other,
            };
        }
    }

    /// Everybody does what is theirs until nothing moves.
    pub(super) fn settle(&mut self) {
        for _ in 0..60 {
            let before = format!("{:?}", self.actual);
            self.replan();
            for id in self.requests() {
                if self.request(id).state == RequestState::Failed {
                    self.request(id).state = RequestState::Requested;
                }
                self.progress(id, false);
                self.replan();
            }
            self.seal();
            let reachable = self.directory.devices.iter().filter(|(_, d)| !d.state.exposes_keys());
            let devices: Vec<DeviceId> = reachable.map(|(id, _)| *id).collect();
            for device in devices {
                self.contact(device, false);
            }
            self.replan();
            if before == format!("{:?}", self.actual) {
                return;
            }
        }
        panic!("it never comes to rest");
    }
}
