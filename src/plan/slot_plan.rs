//! The plan of one slot.

use std::collections::BTreeSet;

use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::escrow::EscrowPolicy;
use certporter_model::{EnrolmentId, EscrowedKeyId, Timestamp, UserId};

use super::action::Action;
use super::actual::{Certificate, Copy, Holding};
use super::certificates::{self, Fate};
use super::copies;
use super::departure::Departure;
use super::desired::{Limits, Wish};
use super::digest::same_content;
use super::keys;
use super::renewal::is_due;
use super::requests;
use super::slot::{Holder, Slot};

/// A slot with what should be and what is in it, and what follows so far.
#[derive(Debug)]
pub(super) struct SlotPlan<'a> {
    pub(super) slot: Slot,
    pub(super) wish: &'a Wish,
    pub(super) holding: &'a Holding,
    pub(super) limits: Limits,
    pub(super) now: Timestamp,
    pub(super) actions: Vec<Action>,
}

impl<'a> SlotPlan<'a> {
    /// Everything that follows, in the order in which it is to be done.
    pub(super) fn run(mut self) -> Vec<Action> {
        if self.is_at_rest() {
            return Vec::new();
        }
        let holding = self.holding;
        let in_flight = requests::decide(&mut self);
        let current = self.current();
        let needed = match self.wish {
            Wish::Wanted(wanted) => requests::needed(&self, wanted, current, &in_flight),
            Wish::Held(_) | Wish::Unwanted(_) => None,
        };
        let fates = certificates::decide(&mut self, current, needed);
        let mut kept: BTreeSet<EscrowedKeyId> =
            in_flight.kept.and_then(|request| request.key).into_iter().collect();
        if let (Wish::Wanted(wanted), Some(trigger)) = (self.wish, needed) {
            // One that has just made way for its predecessor is no longer there to be renewed.
            let in_place = |c: &&Certificate| matches!(fates.get(&c.id), Some(Fate::Use | Fate::Wait));
            kept.extend(requests::ask(&mut self, wanted, current.filter(in_place), trigger));
        }
        for certificate in &holding.certificates {
            let fate = fates.get(&certificate.id).copied().unwrap_or(Fate::Gone);
            copies::decide(&mut self, certificate, fate);
        }
        keys::decide(&mut self, &fates, &kept);
        self.actions
    }

    /// Whether all is as it should be, which is so nearly always: one certificate, valid, in use, for the right content,
    /// not due, with the key that its policy keeps, and installed in just the places where it should be. Then nothing is
    /// to be done, and nothing of what follows has to be worked out.
    fn is_at_rest(&self) -> bool {
        let (Wish::Wanted(wanted), [certificate]) = (self.wish, self.holding.certificates.as_slice()) else {
            return false;
        };
        let in_use = certificate.status == CertificateStatus::Valid
            && certificate.standing == Standing::Current
            && certificate.is_alive(self.now)
            && certificate.reason.is_none()
            && certificate.unwanted_since.is_none()
            && !certificate.reissue_asked
            && self.of_another(certificate.owner, certificate.enrolment).is_none();
        let percent = wanted.profile.renewal_threshold_percent();
        let installed = |copy: &Copy| {
            copy.state == CopyState::Installed
                && !copy.device.exposes_keys()
                && wanted.copies.contains_key(&copy.place)
        };
        self.holding.requests.is_empty()
            && in_use
            && same_content(&certificate.digest, &wanted.digest)
            && !is_due(certificate, percent, self.now)
            && (certificate.key.is_none() || certificate.escrow == EscrowPolicy::Retained)
            && certificate.copies.iter().all(installed)
            && wanted.copies.keys().all(|place| certificate.copies.iter().any(|copy| copy.place == *place))
    }

    /// The certificate in use, expired or not, unless it must end now.
    fn current(&self) -> Option<&'a Certificate> {
        let usable = |c: &&Certificate| {
            c.status != CertificateStatus::Revoked
                && !c.is_exposed()
                && self.must_end(c).is_none()
                && self.of_another(c.owner, c.enrolment).is_none()
        };
        self.newest_current().filter(usable)
    }

    fn newest_current(&self) -> Option<&'a Certificate> {
        let in_place =
            |c: &&Certificate| c.standing == Standing::Current && c.status != CertificateStatus::Revoked;
        self.holding.certificates.iter().filter(in_place).max_by_key(|c| (c.not_before, c.id))
    }

    /// Why the certificate that was in use ends now, if it does.
    pub(super) fn end_of_current(&self) -> Option<Departure> {
        self.newest_current().and_then(|current| self.must_end(current))
    }

    /// Why a living certificate must be revoked whatever takes its place; `None` too if it isn't alive.
    pub(super) fn must_end(&self, certificate: &Certificate) -> Option<Departure> {
        if !certificate.is_alive(self.now) {
            return None;
        }
        let surplus = match certificate.standing {
            Standing::Surplus | Standing::Former => true,
            Standing::Current => self.newest_current().is_some_and(|newest| newest.id != certificate.id),
            Standing::Predecessor | Standing::History => false,
        };
        if surplus {
            return Some(certificate.unwanted_since.unwrap_or(Departure::SURPLUS));
        }
        let exposed = certificate.exposure();
        let departed = match self.departed(certificate.owner, certificate.enrolment) {
            Some(departure) => Some(departure),
            None if matches!(self.wish, Wish::Held(_)) => self.hold_fails(certificate),
            None => None,
        };
        Departure::gravest(exposed.into_iter().chain(departed))
    }

    /// Why nothing of this owner and enrolment may be in the slot, if so.
    pub(super) fn departed(
        &self,
        owner: Option<UserId>,
        enrolment: Option<EnrolmentId>,
    ) -> Option<Departure> {
        let another = self.of_another(owner, enrolment);
        let Wish::Unwanted(parting) = self.wish else { return another };
        Some(match another {
            // What the present owner may or may not have says nothing about the former one.
            Some(Departure::HANDED_OVER) => {
                parting.of_device.map_or(Departure::HANDED_OVER, |cause| cause.graver(Departure::HANDED_OVER))
            }
            Some(departure) => parting.departure.graver(departure),
            None => parting.departure,
        })
    }

    /// Whether the device has gone to another person or has enrolled again since.
    fn of_another(&self, owner: Option<UserId>, enrolment: Option<EnrolmentId>) -> Option<Departure> {
        if matches!(self.slot.holder, Holder::User(_)) {
            return None;
        }
        let (owner_now, enrolment_now) = self.wish.owner_and_enrolment();
        if owner.is_some() && owner != owner_now {
            Some(Departure::HANDED_OVER)
        } else if enrolment.is_some() && enrolment != enrolment_now {
            Some(Departure::ENROLLED_AGAIN)
        } else {
            None
        }
    }

    /// Why a certificate that should be on hold can't be, or not any longer.
    fn hold_fails(&self, certificate: &Certificate) -> Option<Departure> {
        match (certificate.status, certificate.held_since) {
            (CertificateStatus::Valid, _) => (!certificate.can_hold).then_some(Departure::BLOCKED),
            (CertificateStatus::Held, Some(since)) => {
                (since.plus(self.limits.hold) <= self.now).then_some(Departure::HOLD_EXPIRED)
            }
            _ => None,
        }
    }

    /// Revokes; says what the certificate serves from then on.
    pub(super) fn revoke(&mut self, certificate: &Certificate, departure: Departure) -> Fate {
        let readable =
            certificate.keeps_history() && !departure.reason.is_compromise() && !certificate.is_exposed();
        let standing = match certificate.standing {
            Standing::Surplus => Standing::Surplus,
            _ if readable => Standing::History,
            _ => Standing::Former,
        };
        self.actions.push(Action::Revoke { certificate: certificate.id, departure, standing });
        self.serves_history(standing)
    }

    /// Gives up a certificate's place without revoking it; says what it serves from then on.
    pub(super) fn settle(&mut self, certificate: &Certificate) -> Fate {
        let readable = certificate.keeps_history() && !certificate.is_exposed();
        let standing = match certificate.standing {
            Standing::Current | Standing::Predecessor if readable => Standing::History,
            Standing::Current | Standing::Predecessor => Standing::Former,
            Standing::History if !readable => Standing::Former,
            standing => standing,
        };
        if standing != certificate.standing {
            self.actions.push(Action::Settle { certificate: certificate.id, standing });
        }
        self.serves_history(standing)
    }

    fn serves_history(&self, standing: Standing) -> Fate {
        let wanted = matches!(self.wish, Wish::Wanted(_));
        if standing == Standing::History && wanted { Fate::Read } else { Fate::Gone }
    }
}
