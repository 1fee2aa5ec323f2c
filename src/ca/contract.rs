//! The contract of an issuing CA.
//!
//! **What may be repeated.** Everything. A caller that was interrupted, or got an error for which
//! [`CaError::is_transient`] holds, asks the same again, from another machine if need be:
//!
//! - [`IssuingCa::sign`] with the same reference and CSR gives the same certificate, or goes on with the same pending
//!   request. A CA that has no memory of references (no capability `remembers_requests`) may issue a second one; so
//!   the caller first asks [`IssuingCa::find_by_key`] where that is possible, and revokes what is surplus.
//! - An error for which [`CaError::is_outage`] holds says nothing of the request: the CA as a whole does not work, or
//!   doesn't let us in. The request waits for as long as that lasts.
//! - [`IssuingCa::poll`] changes nothing.
//! - [`IssuingCa::revoke`] brings a certificate into a standing; where it is there already, nothing happens. An
//!   order for many may be carried out in part when it fails: give the whole order again.
//!
//! **What a caller may assume.** An issued certificate is on record at the CA before it is answered. `Pending` is
//! final only in so far as the reference stays good: poll no earlier than `poll_at`, for days if need be. `Refused`
//! is the CA's decision on this content: asking again unchanged gives the same. When `revoke` has answered, the CA
//! has it; its CRL and OCSP follow by its own schedule unless `publishes` says that they are ours.
//!
//! **What it may not assume.** That the certificate says what was asked: compare it
//! ([`differences`](crate::pki::check::differences)). That a call is quick: no transaction is open during one.

use certporter_model::Timestamp;
use certporter_model::certificate::RevocationKind;
use certporter_model::ids::CaGenerationId;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use futures::future::BoxFuture;

use crate::pki::{Asked, Certificate, Csr, PkiError};
use crate::store::StoreError;

/// What a CA can, beyond signing and revoking for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Certificates can be put on hold and released. Without it, block revokes, and the preview says so.
    pub hold: bool,
    /// The reason of a revocation reaches the CRL.
    pub reasons: bool,
    /// Certificates can be found by their public key, if need be with the help of the CSR's other contents.
    pub find_by_key: bool,
    /// All certificates can be listed.
    pub enumerate: bool,
    /// The serial number can be chosen by us.
    pub choose_serial: bool,
    /// The same reference and CSR give the same certificate.
    pub remembers_requests: bool,
    /// CRLs are made by this installation, at once after a revocation.
    pub publishes: bool,
}

/// A request for a certificate.
#[derive(Debug, Clone)]
pub struct SignRequest {
    /// Names the request: the same for the same request, whoever asks and however often.
    pub reference: String,
    /// Key and proof of its possession.
    pub csr: Csr,
    /// What the certificate shall say.
    pub asked: Asked,
    /// Template or role at the CA; empty where it has none.
    pub template: String,
}

/// A certificate as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// The generation of the CA that signed it.
    pub generation: CaGenerationId,
}

/// What a CA answers to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignOutcome {
    /// It signed.
    Issued(Box<Issued>),
    /// It will decide later: ask again with the reference.
    Pending {
        /// The CA's name for the request.
        reference: String,
        /// Not before this.
        poll_at: Timestamp,
    },
    /// It will not sign this.
    Refused {
        /// What is wrong, naming the field if there is one.
        cause: String,
        /// What to do about it.
        remedy: String,
    },
}

/// The standing that a certificate shall have at its CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationOrder {
    /// The generation that signed it.
    pub generation: CaGenerationId,
    /// Its serial number.
    pub serial: SerialNumber,
    /// Revoke, hold or release.
    pub kind: RevocationKind,
    /// Why; of no meaning for a release.
    pub reason: Reason,
    /// Since when.
    pub at: Timestamp,
}

/// A certificate's standing at its CA: since when it is revoked or held, and why; `None` while it is good.
pub type Standing = Option<(Timestamp, Reason)>;

/// A certificate in a CA's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its serial number.
    pub serial: SerialNumber,
    /// How it stands, if the list says so; else the CRL does.
    pub standing: Option<Standing>,
    /// The last moment of its validity, if the list says so.
    pub not_after: Option<Timestamp>,
}

/// A part of a CA's list of what it has issued, in the order of the serial numbers' octets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The certificates.
    pub certificates: Vec<Listed>,
    /// Whether others follow.
    pub more: bool,
}

/// What a CA knows of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    /// The certificate.
    pub certificate: Certificate,
    /// The generation that signed it; none when none that is on record did.
    pub generation: Option<CaGenerationId>,
    /// How it stands.
    pub standing: Standing,
}

/// Whether a CA can work now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether it can sign and revoke.
    pub well: bool,
    /// What was found, and what to do about it, in sentences.
    pub findings: Vec<String>,
    /// When the credential ends with which the CA is asked, if it does.
    pub credential_ends_at: Option<Timestamp>,
}

/// Why a CA could not do something.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// It can't be reached, or is overloaded.
    #[error("the CA can't be reached: {0}")]
    Unreachable(String),
    /// It can't do this at all.
    #[error("this CA can't {0}")]
    NotCapable(&'static str),
    /// It knows no such certificate or request.
    #[error("the CA does not know {0}")]
    Unknown(String),
    /// The same reference came with another key or content.
    #[error(
        "the request {0} was made with another key or content before; it can't be changed, only made anew"
    )]
    Changed(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Cryptography failed.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// A part of the program stopped in the middle.
    #[error("the CA stopped in the middle of its work: {0}")]
    Interrupted(String),
    /// The CA as a whole does not work or does not let us in: no request can get on until that is over.
    #[error("{cause}")]
    Outage {
        /// What is wrong.
        cause: String,
        /// What to do about it.
        remedy: String,
    },
    /// The CA works, and does not do this.
    #[error("{cause}")]
    Refused {
        /// What is wrong.
        cause: String,
        /// What to do about it.
        remedy: String,
    },
}

impl CaError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Interrupted(_) | Self::Outage { .. } => true,
            Self::Store(error) => error.may_be_retried(),
            Self::NotCapable(_)
            | Self::Unknown(_)
            | Self::Changed(_)
            | Self::Pki(_)
            | Self::Refused { .. } => false,
        }
    }

    /// Whether it is the CA's trouble, whatever was asked of it.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Outage { .. })
    }
}

/// An issuing CA. See the [module](self) for what may be repeated and assumed.
pub trait IssuingCa: Send + Sync {
    /// What it can.
    fn capabilities(&self) -> Capabilities;

    /// Asks for a certificate.
    fn sign<'a>(&'a self, request: &'a SignRequest) -> BoxFuture<'a, Result<SignOutcome, CaError>>;

    /// Asks what became of a pending request, by the reference that `Pending` gave.
    fn poll<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<SignOutcome, CaError>>;

    /// Brings certificates into their standing; answers the standing of each afterwards, in order. What is revoked
    /// for good stays so, and of two reasons the graver stands. Hold and release need the capability.
    fn revoke<'a>(&'a self, orders: &'a [RevocationOrder]) -> BoxFuture<'a, Result<Vec<Standing>, CaError>>;

    /// Whether many are as little trouble for it as one: then they are brought to it together, by
    /// [`revoke_each`](Self::revoke_each).
    fn takes_many(&self) -> bool {
        false
    }

    /// As [`revoke`](Self::revoke), but what fails for one says nothing of the others; answers in the order of the
    /// orders.
    fn revoke_each<'a>(
        &'a self,
        orders: &'a [RevocationOrder],
    ) -> BoxFuture<'a, Vec<Result<Standing, CaError>>> {
        Box::pin(async move {
            let mut standings = Vec::with_capacity(orders.len());
            for order in orders {
                let one = self.revoke(std::slice::from_ref(order)).await;
                standings.push(one.map(|standings| standings.into_iter().next().flatten()));
            }
            standings
        })
    }

    /// Every certificate for the public key of a CSR, the newest first. Needs the capability.
    fn find_by_key<'a>(&'a self, csr: &'a Csr) -> BoxFuture<'a, Result<Vec<Issued>, CaError>>;

    /// The certificates above one of its certificates: the issuer's first, the root last.
    fn chain(&self, generation: CaGenerationId) -> BoxFuture<'_, Result<Vec<Certificate>, CaError>>;

    /// The CRL of a generation as the CA gives it out, DER; its signature is not verified. For CAs that publish by
    /// themselves.
    fn crl(&self, generation: CaGenerationId) -> BoxFuture<'_, Result<Vec<u8>, CaError>> {
        let _ = generation;
        Box::pin(std::future::ready(Err(CaError::NotCapable("hand its CRL over"))))
    }

    /// At most so many of the certificates that it has issued, beyond a serial number. Needs the capability `enumerate`.
    /// What expired long ago may be missing.
    fn enumerate<'a>(
        &'a self,
        after: Option<&'a SerialNumber>,
        most: u32,
    ) -> BoxFuture<'a, Result<Listing, CaError>> {
        let _ = (after, most);
        Box::pin(std::future::ready(Err(CaError::NotCapable("list what it has issued"))))
    }

    /// What it knows of the certificate with a serial number, by whichever of its generations. Needs the capability
    /// `enumerate`.
    fn look_up<'a>(&'a self, serial: &'a SerialNumber) -> BoxFuture<'a, Result<Option<LookedUp>, CaError>> {
        let _ = serial;
        Box::pin(std::future::ready(Err(CaError::NotCapable("look a certificate up by its number"))))
    }

    /// Whether it can work now. What keeps it usable, such as renewing a credential, is done on the way.
    fn health(&self) -> BoxFuture<'_, Health>;
}
