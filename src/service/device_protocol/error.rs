//! Why the portal refuses a device.

use certporter_model::access::Forbidden;

use crate::pki::PkiError;
use crate::store::StoreError;

/// Why the portal refuses. Says no more than a stranger may know.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The code is wrong, expired, used with another key, or its device must not enrol.
    #[error(
        "this enrolment code can't be used: it is wrong, expired, or was used before. Ask for another one"
    )]
    CodeRefused,
    /// Too many attempts with codes that can't be used from this address.
    #[error("too many attempts to enrol from this address: try again in {0} seconds")]
    TooManyAttempts(u64),
    /// The CSR can't be accepted.
    #[error("{0}")]
    CsrRefused(PkiError),
    /// No management certificate, or none that is known.
    #[error("this takes a management certificate of this portal that still counts: enrol this device again")]
    CertificateUnknown,
    /// Expired within its grace period.
    #[error("the management certificate is expired: renew it first")]
    RenewFirst,
    /// The device is not served any more.
    #[error(
        "this device is blocked, retired, lost, wiped or deleted, has enrolled again, or was away for so long that its \
         management certificate can't be renewed any more: it may fetch and confirm removals and nothing else. To use \
         it again, enrol it again"
    )]
    RemovalsOnly,
    /// Copies that are not this device's; their places in the report.
    #[error("this device has no such copy")]
    CopyUnknown(Vec<usize>),
    /// The device waits to be confirmed itself.
    #[error(
        "this device waits to be confirmed itself: confirm on another one, or with the password on the person's page"
    )]
    Unconfirmed,
    /// Nothing of that id waits that this device could confirm.
    #[error("nothing of that id waits to be confirmed: it was confirmed, or has ended")]
    NothingAwaited,
    /// The gate was not passed.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The device CA failed.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// Something else inside failed.
    #[error("{0}")]
    Internal(String),
}
