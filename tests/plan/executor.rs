//! Does what the plan says, and checks that it can be done.

use certporter::plan::actual::{Certificate, Copy, Request};
use certporter::plan::{Action, Asked, Purpose, Slot};
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::request::RequestState;
use certporter_model::revocation::Trigger;
use certporter_model::{CertificateId, CopyId, EscrowedKeyId, RequestId};

use super::world::{Memory, World};

impl World {
    pub(super) fn apply(&mut self, action: &Action) {
        *self.done.entry(kind(action)).or_default() += 1;
        if let Action::Cancel { departure, .. } | Action::Revoke { departure, .. } = action {
            self.causes.insert(*departure);
        }
        match action {
            Action::Cancel { request, departure } => {
                let request = self.request(*request);
                request.state = request.state.to(RequestState::Cancelled).unwrap();
                let id = request.id;
                self.memory.get_mut(&id).unwrap().departure = Some(*departure);
            }
            Action::Revoke { certificate, departure, standing } => {
                let certificate = self.certificate(*certificate);
                if certificate.status == CertificateStatus::Revoked {
                    // Again only for something graver.
                    let before = certificate.reason.unwrap();
                    assert_ne!(before.graver(departure.reason), before);
                } else {
                    certificate.status = certificate.status.to(CertificateStatus::Revoked).unwrap();
                }
                certificate.reason = Some(departure.reason);
                stand(certificate, *standing);
                let id = certificate.id;
                self.revoked.push((id, *departure));
            }
            Action::Hold { certificate } => {
                let now = self.now;
                let certificate = self.certificate(*certificate);
                certificate.status = certificate.status.to(CertificateStatus::Held).unwrap();
                certificate.held_since = Some(now);
            }
            Action::Release { certificate } => {
                let certificate = self.certificate(*certificate);
                certificate.status = certificate.status.to(CertificateStatus::Valid).unwrap();
                certificate.held_since = None;
            }
            Action::Settle { certificate, standing } => {
                let certificate = self.certificate(*certificate);
                assert_ne!(certificate.standing, *standing);
                stand(certificate, *standing);
            }
            Action::Amend { request, asked } => {
                let request = self.request(*request);
                assert!(matches!(request.state, RequestState::Requested | RequestState::Waiting));
                request.state = state(asked);
                request.digest = asked.digest;
                let id = request.id;
                let (slot, trigger) = (self.memory[&id].slot, self.memory[&id].trigger);
                let fresh = self.remember(slot, trigger, asked);
                self.memory.insert(id, fresh);
            }
            Action::Issue { slot, trigger, asked } => self.ask(*slot, *trigger, None, asked),
            Action::Renew { slot, certificate, key, asked } => {
                assert_eq!(self.certificate(*certificate).standing, Standing::Current);
                self.ask(*slot, Trigger::Renewal, *key, asked);
            }
            Action::Deliver { certificate, place, copy, purpose } => {
                let id = CopyId::new(self.now, self.next());
                let device = self.directory.devices[&place.device].state;
                let certificate = self.certificate(*certificate);
                assert!(certificate.key.is_some(), "there is no key to deliver");
                if *purpose == Purpose::Use {
                    assert_eq!(certificate.status, CertificateStatus::Valid, "delivered for use");
                } else {
                    assert_eq!(certificate.standing, Standing::History);
                    assert!(!certificate.is_exposed(), "a compromised one reads nothing");
                }
                match copy {
                    Some(copy) => {
                        let copy = certificate.copies.iter_mut().find(|c| c.id == *copy).unwrap();
                        copy.state = copy.state.to(CopyState::Pending).unwrap();
                        copy.sealed_for = None;
                    }
                    None => {
                        let (place, state) = (*place, CopyState::Pending);
                        certificate.copies.push(Copy { id, place, state, sealed_for: None, device });
                    }
                }
            }
            Action::Reseal { copy } => {
                let copy = self.copies_mut().find(|c| c.id == *copy).unwrap();
                copy.state = copy.state.to(CopyState::Pending).unwrap();
            }
            Action::Remove { copy } => {
                let copy = self.copies_mut().find(|c| c.id == *copy).unwrap();
                let never_sealed = copy.state == CopyState::Pending && copy.sealed_for.is_none();
                let next = if never_sealed { CopyState::Removed } else { CopyState::Removing };
                assert_ne!(copy.state, CopyState::Removing, "told twice");
                copy.state = copy.state.to(next).unwrap();
            }
            Action::DestroyKey { key } => {
                for holding in self.actual.holdings.values_mut() {
                    let of_certificates = holding.certificates.iter_mut().map(|c| &mut c.key);
                    let of_requests = holding.requests.iter_mut().map(|r| &mut r.key);
                    of_certificates.chain(of_requests).filter(|k| **k == Some(*key)).for_each(|k| *k = None);
                }
            }
        }
    }

    pub(super) fn certificate(&mut self, id: CertificateId) -> &mut Certificate {
        self.certificates_mut().find(|certificate| certificate.id == id).unwrap()
    }

    fn ask(&mut self, slot: Slot, trigger: Trigger, kept_key: Option<EscrowedKeyId>, asked: &Asked) {
        let id = RequestId::new(self.now, self.next());
        let mut memory = self.remember(slot, trigger, asked);
        memory.kept_key = kept_key;
        self.memory.insert(id, memory);
        let (owner, enrolment) = match slot.holder {
            certporter::plan::Holder::User(user) => (Some(user), None),
            certporter::plan::Holder::Device(device) => {
                let device = &self.directory.devices[&device];
                (device.owner, device.enrolment)
            }
        };
        let request = Request {
            id,
            state: state(asked),
            digest: asked.digest,
            owner,
            enrolment,
            // A kept key is in escrow already, and must not go before the request has used it.
            key: kept_key,
        };
        self.actual.holdings.entry(slot).or_default().requests.push(request);
    }

    fn remember(&self, slot: Slot, trigger: Trigger, asked: &Asked) -> Memory {
        let profile = &self.directory.profiles[&slot.profile].profile;
        Memory {
            slot,
            trigger,
            kept_key: None,
            departure: None,
            at_ca: false,
            digest: asked.digest,
            encryption: profile.key_usage().is_encryption(),
            escrow: profile.escrow(),
            validity_days: profile.validity_days(),
        }
    }
}

/// Every kind of action.
pub(super) const KINDS: [&str; 12] = [
    "cancel",
    "revoke",
    "hold",
    "release",
    "settle",
    "amend",
    "issue",
    "renew",
    "deliver",
    "reseal",
    "remove",
    "destroy_key",
];

fn kind(action: &Action) -> &'static str {
    match action {
        Action::Cancel { .. } => "cancel",
        Action::Revoke { .. } => "revoke",
        Action::Hold { .. } => "hold",
        Action::Release { .. } => "release",
        Action::Settle { .. } => "settle",
        Action::Amend { .. } => "amend",
        Action::Issue { .. } => "issue",
        Action::Renew { .. } => "renew",
        Action::Deliver { .. } => "deliver",
        Action::Reseal { .. } => "reseal",
        Action::Remove { .. } => "remove",
        Action::DestroyKey { .. } => "destroy_key",
    }
}

fn state(asked: &Asked) -> RequestState {
    if asked.names.ready().is_ok() { RequestState::Requested } else { RequestState::Waiting }
}

fn stand(certificate: &mut Certificate, standing: Standing) {
    if certificate.standing != standing {
        certificate.standing = certificate.standing.to(standing).unwrap();
    }
}
