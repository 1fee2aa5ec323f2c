//! States of certificates.

use crate::macros::{transitions, words};

words! {
    /// Whether a certificate is good, as the portal has decided. Expiry is seen from its dates; what the CA, the CRL
    /// and the device know of it is in its revocation.
    pub enum CertificateStatus("certificate status") {
        /// Good.
        Valid = "valid",
        /// On hold.
        Held = "held",
        /// Revoked for good.
        Revoked = "revoked",
    }
}

transitions!(CertificateStatus("certificate") {
    Valid => [Held, Revoked],
    Held => [Valid, Revoked],
    Revoked => [],
});

words! {
    /// A certificate's place among those of the same holder and profile.
    pub enum Standing("standing") {
        /// The one in use: at most one for a holder and profile.
        Current = "current",
        /// The one before, still good until the current one is confirmed: at most one.
        Predecessor = "predecessor",
        /// One from before that serves only to decrypt.
        History = "history",
        /// One from before.
        Former = "former",
        /// One that nobody asked for, or that came too late or wrong: recorded to be revoked.
        Surplus = "surplus",
    }
}

transitions!(Standing("certificate's standing") {
    Current => [Predecessor, History, Former],
    Predecessor => [History, Former],
    History => [Former],
    Former => [],
    Surplus => [],
});

words! {
    /// What is being done to a certificate's standing at its CA.
    pub enum RevocationKind("kind of revocation") {
        /// For good.
        Revoke = "revoke",
        /// On hold (RFC 5280, reason certificateHold).
        Hold = "hold",
        /// Off hold.
        Release = "release",
    }
}

words! {
    /// What is done to many certificates at once.
    pub enum BulkKind("bulk action") {
        /// They are revoked.
        Revoke = "revoke",
        /// They are superseded, and new ones are issued.
        Reissue = "reissue",
    }
}
