//! What is there: certificates, their copies, their keys, and requests in flight.

use std::collections::BTreeMap;

use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::escrow::EscrowPolicy;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{CertificateId, CopyId, EnrolmentId, EscrowedKeyId, RequestId, Timestamp, UserId};

use super::departure::Departure;
use super::slot::{Place, Slot};

/// For each slot what is in it. Finished things without consequences (revoked certificates whose copies are gone and
/// whose key is destroyed, completed requests) may be left out.
#[derive(Debug, Clone, Default)]
pub struct Actual {
    /// By slot.
    pub holdings: BTreeMap<Slot, Holding>,
}

/// What is in a slot.
#[derive(Debug, Clone, Default)]
pub struct Holding {
    /// Certificates, in any order.
    pub certificates: Vec<Certificate>,
    /// Requests in flight, and cancelled ones whose key is still there.
    pub requests: Vec<Request>,
}

/// A certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Its id.
    pub id: CertificateId,
    /// Good, held or revoked.
    pub status: CertificateStatus,
    /// Its place among those of the slot.
    pub standing: Standing,
    /// What it was issued for.
    pub digest: ContentDigest,
    /// Start of its validity.
    pub not_before: Timestamp,
    /// End of its validity.
    pub not_after: Timestamp,
    /// Whose the device was, or which user it names.
    pub owner: Option<UserId>,
    /// The device's enrolment at the time; none for user scope.
    pub enrolment: Option<EnrolmentId>,
    /// Why it was asked for.
    pub issued_for: Trigger,
    /// Whether its key decrypts: a profile's key usage at the time.
    pub encryption: bool,
    /// What was said of its key at the time.
    pub escrow: EscrowPolicy,
    /// Its key, while the key recovery agent has it.
    pub key: Option<EscrowedKeyId>,
    /// Since when it is on hold.
    pub held_since: Option<Timestamp>,
    /// Whether somebody wants another in its place. It stays until that one is confirmed.
    pub reissue_asked: bool,
    /// Whether its CA can put certificates on hold.
    pub can_hold: bool,
    /// Why it is revoked.
    pub reason: Option<Reason>,
    /// Why the request that brought it was cancelled: for one that came too late.
    pub unwanted_since: Option<Departure>,
    /// Its copies, those that are gone included.
    pub copies: Vec<Copy>,
}

impl Certificate {
    /// Whether a relying party would still accept it, now or after a hold.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.status != CertificateStatus::Revoked && now < self.not_after
    }

    /// Whether its key goes on reading what was encrypted to it.
    #[must_use]
    pub fn keeps_history(&self) -> bool {
        self.encryption && self.escrow == EscrowPolicy::Retained
    }

    /// Whether its key may be in other hands.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.reason.is_some_and(Reason::is_compromise) || self.copies.iter().any(Copy::is_exposed)
    }

    /// What put its key into other hands, if anything may have.
    #[must_use]
    pub fn exposure(&self) -> Option<Departure> {
        let of_device =
            self.copies.iter().find(|copy| copy.is_exposed()).and_then(|it| Departure::of_device(it.device));
        of_device.or_else(|| self.is_exposed().then_some(Departure::LOST))
    }
}

/// A certificate on a device for a feature.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Its id.
    pub id: CopyId,
    /// Where.
    pub place: Place,
    /// How far it is.
    pub state: CopyState,
    /// The generation of the device's management certificate that its envelope is sealed for.
    pub sealed_for: Option<i64>,
    /// The device's state, whoever owns it now.
    pub device: DeviceState,
}

impl Copy {
    /// Whether whoever has the device may have the key: it is lost or wiped, and got an envelope that isn't known to be
    /// gone.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.device.exposes_keys() && !matches!(self.state, CopyState::Pending | CopyState::Removed)
    }

    /// Whether it is on its way off the device, or off.
    #[must_use]
    pub fn is_going(&self) -> bool {
        matches!(self.state, CopyState::Removing | CopyState::Removed)
    }

    /// Whether the device has it, as far as its channel can say.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        matches!(self.state, CopyState::Installed | CopyState::HandedOut)
    }
}

/// A request for a certificate.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// How far it is.
    pub state: RequestState,
    /// What it asks for.
    pub digest: ContentDigest,
    /// Whose the device was when it was made, or which user it names.
    pub owner: Option<UserId>,
    /// The device's enrolment at the time; none for user scope.
    pub enrolment: Option<EnrolmentId>,
    /// Its key, while the key recovery agent has it.
    pub key: Option<EscrowedKeyId>,
}
