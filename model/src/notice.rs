//! Notices by e-mail: what they are about, to whom they go, and how far each is.

use crate::macros::{transitions, words};

words! {
    /// What a notice is about.
    pub enum NoticeKind("kind of notice") {
        /// To operators: certificates end soon and were not renewed.
        Expiring = "expiring",
        /// To operators: requests failed.
        RequestsFailing = "requests_failing",
        /// To operators: a CRL runs out and no new one was published.
        CrlTrouble = "crl_trouble",
        /// To a person: a certificate of theirs is about to be replaced.
        Replacement = "replacement",
        /// To a person: a certificate of theirs was revoked.
        Revoked = "revoked",
        /// To a person: a file with a private key of theirs was prepared to be fetched.
        KeyHandedOut = "key_handed_out",
        /// To a person: a private key of theirs left escrow for somebody else, in a file or by a recovery.
        KeyRecovered = "key_recovered",
        /// To a person: somebody issued a code with which one signs in as them.
        SignInCode = "sign_in_code",
        /// To a person: a device of theirs was enrolled with a code that staff issued.
        EnrolledByStaff = "enrolled_by_staff",
    }
}

words! {
    /// How far a notice is.
    pub enum NoticeState("notice state") {
        /// To be sent; tried again by itself until the mail server takes it.
        Waiting = "waiting",
        /// The mail server has taken it.
        Sent = "sent",
        /// It can't be sent as it is, with cause and remedy.
        Failed = "failed",
    }
}

transitions!(NoticeState("notice") {
    Waiting => [Waiting, Sent, Failed],
    Sent => [],
    Failed => [Waiting],
});

words! {
    /// How the connection to a mail server is protected.
    pub enum MailSecurity("protection of the connection") {
        /// Not at all: for a server on the same host or a network of its own.
        None = "none",
        /// By TLS from a command of the protocol on (RFC 3207); a server that can't is refused.
        StartTls = "starttls",
        /// By TLS from the start (RFC 8314, section 3.3).
        Tls = "tls",
    }
}

impl NoticeKind {
    /// Whether it goes to the operators' addresses rather than to the person whom it is about.
    #[must_use]
    pub const fn is_for_operators(self) -> bool {
        matches!(self, Self::Expiring | Self::RequestsFailing | Self::CrlTrouble)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_not_sent_again() {
        assert!(NoticeState::Sent.to(NoticeState::Waiting).is_err());
        assert_eq!(NoticeState::Failed.to(NoticeState::Waiting), Ok(NoticeState::Waiting));
    }
}
