//! What a device's agent and the portal say to each other, under `/device/v1` (see docs/device-protocol.md).

mod command;
mod confirmation;
mod enrol;
mod enrolment_code;
mod report;

pub use command::{Command, CommandKind, Commands, PollQuery, Revision, UnknownRevision};
pub use confirmation::{AwaitedConfirmation, AwaitedKind, ConfirmAnswer, ConfirmRequest, Confirmations};
pub use enrol::{
    CsrOctets, DeviceFacts, EnrolAnswer, EnrolRequest, ManagementCertificate, RenewRequest, TrustAnchors,
};
pub use enrolment_code::EnrolmentCode;
pub use report::{CopyStatus, Report, ReportAnswer, ReportedState, RetireRequest};

/// The version that messages carry. It goes up when a message gets a new meaning that an older peer may ignore;
/// what an older peer must not ignore gets another path.
pub const VERSION: u16 = 1;

/// The longest that a poll may wait, in seconds: below the time after which common proxies cut an idle connection.
pub const LONGEST_WAIT: u16 = 55;

/// The largest message that the portal reads from a device, in octets.
pub const LARGEST_MESSAGE: usize = 64 * 1024;

/// The most commands in one answer; the others follow once these are reported.
pub const MOST_COMMANDS: usize = 32;

/// The paths of the protocol.
pub mod path {
    /// GET, without a client certificate: the CA by which the listener is known.
    pub const TRUST_ANCHORS: &str = "/device/v1/ca";
    /// POST, without a client certificate.
    pub const ENROL: &str = "/device/v1/enrol";
    /// GET: long poll.
    pub const COMMANDS: &str = "/device/v1/commands";
    /// POST: what became of the commands, and what is there.
    pub const REPORT: &str = "/device/v1/report";
    /// POST: another management certificate.
    pub const RENEW: &str = "/device/v1/renew";
    /// GET: what of the person's waits to be confirmed. POST: it is the person's.
    pub const CONFIRMATIONS: &str = "/device/v1/confirmations";
    /// POST: the device gives up.
    pub const RETIRE: &str = "/device/v1/retire";
}

/// The names of the problems (RFC 9457) that an agent branches on.
pub mod problem {
    /// The code is wrong, expired or used: which of these is not said.
    pub const CODE_REFUSED: &str = "enrolment-code-refused";
    /// Too many attempts from this address.
    pub const TOO_MANY_ATTEMPTS: &str = "too-many-attempts";
    /// The CSR can't be accepted.
    pub const CSR_REFUSED: &str = "csr-refused";
    /// The client certificate is missing, or none of ours.
    pub const CERTIFICATE_UNKNOWN: &str = "management-certificate-unknown";
    /// The management certificate is expired, within its grace period: renew it, then go on.
    pub const RENEW_FIRST: &str = "management-certificate-expired";
    /// The device is not served any more: it gets removals and nothing else.
    pub const REMOVALS_ONLY: &str = "removals-only";
    /// The device waits to be confirmed itself.
    pub const UNCONFIRMED: &str = "unconfirmed";
    /// Nothing of that id waits to be confirmed.
    pub const NOTHING_AWAITED: &str = "nothing-awaited";
    /// A copy that is not this device's.
    pub const COPY_UNKNOWN: &str = "copy-unknown";
    /// The message can't be read.
    pub const MESSAGE_MALFORMED: &str = "message-malformed";
}
