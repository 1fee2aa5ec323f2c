//! What a plan does.

use certporter_model::certificate::Standing;
use certporter_model::names::Names;
use certporter_model::revocation::Trigger;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{CertificateId, CopyId, EscrowedKeyId, RequestId};
use serde::Serialize;

use super::departure::Departure;
use super::slot::{Place, Slot};

/// What a request shall ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The profile's version, by number.
    pub version: i64,
    /// The names, or why they can't be rendered: then the request waits and says so.
    pub names: Names,
    /// What the certificate depends on.
    pub digest: ContentDigest,
}

/// What a copy serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Everything that its feature is for.
    Use,
    /// Reading what was encrypted to it in its time.
    Decrypt,
}

/// One consequence. Within a slot they come in this order, and are applied in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// A request is given up. A certificate that it still brings is revoked for this departure.
    Cancel {
        /// The request.
        request: RequestId,
        /// Why.
        departure: Departure,
    },
    /// A certificate is revoked for good.
    Revoke {
        /// The certificate.
        certificate: CertificateId,
        /// Why.
        departure: Departure,
        /// Its standing from then on.
        standing: Standing,
    },
    /// A certificate goes on hold: its device or user is blocked.
    Hold {
        /// The certificate.
        certificate: CertificateId,
    },
    /// A certificate comes back from hold.
    Release {
        /// The certificate.
        certificate: CertificateId,
    },
    /// A certificate gives up its place without being revoked: it has expired, or only decrypts from now on.
    Settle {
        /// The certificate.
        certificate: CertificateId,
        /// Its standing from then on.
        standing: Standing,
    },
    /// A request that nobody works on yet asks for something else, or can now be worked on.
    Amend {
        /// The request.
        request: RequestId,
        /// What it asks for now.
        asked: Box<Asked>,
    },
    /// A certificate is asked for.
    Issue {
        /// For which slot.
        slot: Slot,
        /// What set it off.
        trigger: Trigger,
        /// What it shall hold.
        asked: Box<Asked>,
    },
    /// A certificate is asked for in place of one that nears its end.
    Renew {
        /// For which slot.
        slot: Slot,
        /// The one that it takes the place of.
        certificate: CertificateId,
        /// The key that the profile wants to be kept.
        key: Option<EscrowedKeyId>,
        /// What it shall hold.
        asked: Box<Asked>,
    },
    /// A certificate is to be sealed for a device and offered to it.
    Deliver {
        /// The certificate.
        certificate: CertificateId,
        /// Where.
        place: Place,
        /// The copy that was there before and has gone, or was removed; else a new one is made.
        copy: Option<CopyId>,
        /// What for.
        purpose: Purpose,
    },
    /// A copy that isn't confirmed is sealed again: the device's management certificate has changed.
    Reseal {
        /// The copy.
        copy: CopyId,
    },
    /// A copy is taken from its device.
    Remove {
        /// The copy.
        copy: CopyId,
    },
    /// A key is destroyed.
    DestroyKey {
        /// The key.
        key: EscrowedKeyId,
    },
}
