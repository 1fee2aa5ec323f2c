//! What can go wrong with cryptography.

use openssl::error::ErrorStack;

/// Why something cryptographic could not be done. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// Octets that are not what they should be.
    #[error("this is not a {what}: {why}")]
    Malformed {
        /// What it should have been, such as "certificate signing request".
        what: &'static str,
        /// What is wrong with it, and what would be right.
        why: String,
    },
    /// A key, algorithm or size that is not taken.
    #[error("{0}")]
    Unsupported(String),
    /// A signature that is not that of the key.
    #[error("the signature of this {0} is not made with its key")]
    Signature(&'static str),
    /// A certificate that must not be made like this; names the field.
    #[error("{field}: {message}")]
    Unfit {
        /// The field that is wrong.
        field: &'static str,
        /// What would be right.
        message: String,
    },
    /// The password does not open the file.
    #[error("the password does not open this PKCS#12 file")]
    WrongPassword,
    /// An envelope that is not for this key, or was changed on its way.
    #[error("this key does not open the envelope: it is sealed to another certificate, or was damaged")]
    NotRecipient,
    /// A secret that is sealed with another master key.
    #[error(
        "the secret is sealed with the master key {sealed}, but the one given is {given}: give the one it was \
         sealed with"
    )]
    OtherMasterKey {
        /// Fingerprint of the key that sealed.
        sealed: String,
        /// Fingerprint of the key at hand.
        given: String,
    },
    /// The master key can't be had.
    #[error("master key: {0}")]
    MasterKey(String),
    /// A sealed secret that was damaged or belongs elsewhere.
    #[error("the sealed secret is damaged, or does not belong to {0}")]
    Damaged(String),
    /// OpenSSL failed where it should not.
    #[error("OpenSSL failed: {0}")]
    OpenSsl(String),
    /// The pool of key generators has stopped.
    #[error("key generation has stopped: the process is ending")]
    Stopped,
}

impl PkiError {
    /// Octets that are not a `what`, and why.
    pub(crate) fn malformed(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Malformed { what, why: why.to_string() }
    }
}

impl From<ErrorStack> for PkiError {
    fn from(stack: ErrorStack) -> Self {
        Self::OpenSsl(reason(&stack))
    }
}

/// What OpenSSL says of a signature. A signature that does not verify leaves errors in the thread's queue, where the next
/// TLS connection on the same thread would take them for its own: they are dropped.
pub(crate) fn verdict(answer: Result<bool, ErrorStack>) -> bool {
    let good = answer.unwrap_or(false);
    if !good {
        drop(ErrorStack::get());
    }
    good
}

/// The innermost reason that OpenSSL gives. Its other data may hold parts of what was read.
pub(crate) fn reason(stack: &ErrorStack) -> String {
    let reason = stack.errors().first().and_then(openssl::error::Error::reason);
    reason.unwrap_or("no reason given").to_owned()
}
