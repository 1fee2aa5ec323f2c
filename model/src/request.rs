//! The steps of a request for a certificate.

use crate::macros::{transitions, words};

words! {
    /// How far a request is. What follows `Sealed` happens to each copy on its own.
    pub enum RequestState("request state") {
        /// Waits for a connector.
        Requested = "requested",
        /// Waits for a value that a name needs.
        Waiting = "waiting",
        /// A connector works on it.
        Claimed = "claimed",
        /// Key generated; its hash, the CSR and the sealed key are stored: the intent.
        KeyGenerated = "key_generated",
        /// The CSR is with the CA.
        Submitted = "submitted",
        /// The CA has not decided yet.
        Pending = "pending",
        /// A certificate came back and is what the profile asked.
        Issued = "issued",
        /// The key is sealed to the KRA's storage key.
        Escrowed = "escrowed",
        /// The first copies are sealed for their devices: the request has done its work.
        Completed = "completed",
        /// Given up, with cause and remedy.
        Failed = "failed",
        /// No longer wanted. A certificate that still comes is recorded and revoked.
        Cancelled = "cancelled",
    }
}

transitions!(RequestState("request") {
    Requested => [Claimed, Waiting, Failed, Cancelled],
    Waiting => [Requested, Cancelled],
    Claimed => [Claimed, KeyGenerated, Requested, Waiting, Failed, Cancelled],
    KeyGenerated => [KeyGenerated, Submitted, Failed, Cancelled],
    Submitted => [Submitted, Pending, Issued, Failed, Cancelled],
    Pending => [Pending, Submitted, Issued, Failed, Cancelled],
    Issued => [Escrowed, Failed, Cancelled],
    Escrowed => [Completed, Failed, Cancelled],
    Completed => [],
    Failed => [Requested, KeyGenerated, Cancelled],
    Cancelled => [],
});

impl RequestState {
    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether it still may bring a certificate: the plan counts it as in flight. A failed one counts too, so that
    /// the plan doesn't ask again and again for what can't be; it is retried, by schedule or by somebody.
    #[must_use]
    pub const fn is_in_flight(self) -> bool {
        !matches!(self, Self::Completed | Self::Cancelled)
    }
}

words! {
    /// A row of the timeline: a step that a request, a copy or a revocation took.
    pub enum Step("step") {
        /// The plan asked for it.
        Requested = "requested",
        /// A connector took it.
        Claimed = "claimed",
        /// A key was generated and the intent stored.
        KeyGenerated = "key_generated",
        /// The CSR went to the CA.
        Submitted = "submitted",
        /// The CA will answer later.
        Pending = "pending",
        /// The certificate came and was checked.
        Issued = "issued",
        /// The key is in escrow.
        Escrowed = "escrowed",
        /// A PFX was sealed for a device.
        Sealed = "sealed",
        /// The device can fetch it.
        Offered = "offered",
        /// The device has confirmed the installation.
        Installed = "installed",
        /// Somebody fetched it as a file. Whether it was installed nobody says.
        HandedOut = "handed_out",
        /// The device said that it can't install it.
        InstallFailed = "install_failed",
        /// The device was told to remove it.
        RemovalOffered = "removal_offered",
        /// The device has confirmed the removal.
        Removed = "removed",
        /// The device reported it gone.
        Missing = "missing",
        /// A request failed or waits, with cause and remedy.
        Failed = "failed",
        /// A request was cancelled.
        Cancelled = "cancelled",
        /// A revocation was asked for.
        RevocationRequested = "revocation_requested",
        /// The CA has recorded the revocation.
        RevokedAtCa = "revoked_at_ca",
        /// A CRL with it is published.
        InCrl = "in_crl",
        /// Put on hold.
        Held = "held",
        /// Taken off hold.
        Released = "released",
        /// The escrowed key was destroyed.
        KeyDestroyed = "key_destroyed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intent_comes_before_submission() {
        assert!(RequestState::Claimed.to(RequestState::Submitted).is_err());
        assert!(RequestState::KeyGenerated.to(RequestState::Submitted).is_ok());
    }

    #[test]
    fn everything_unfinished_can_be_cancelled() {
        for state in RequestState::ALL {
            let cancellable = state.to(RequestState::Cancelled).is_ok();
            assert_eq!(cancellable, !matches!(state, RequestState::Completed | RequestState::Cancelled));
        }
    }
}
