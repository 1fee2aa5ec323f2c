//! Where the portal, the CAs and the devices disagree.

use crate::macros::words;

words! {
    /// What the portal and a CA, or the portal and a device, disagree about.
    pub enum DiscrepancyKind("kind of discrepancy") {
        /// The CA has issued it, and the portal doesn't know it.
        UnknownHere = "unknown_here",
        /// The same, for the key of one of the portal's own requests.
        Stray = "stray",
        /// The portal has it on record, and the CA doesn't know it.
        UnknownThere = "unknown_there",
        /// It is revoked here, and good at the CA.
        RevokedHereOnly = "revoked_here_only",
        /// It is revoked at the CA, and good or on hold here.
        RevokedThereOnly = "revoked_there_only",
        /// It is on hold on one side only.
        HeldDifferently = "held_differently",
        /// A device still has a copy that it was told to remove.
        StillReported = "still_reported",
        /// A device said that a copy is gone, and reports it all the same.
        ReportedAgain = "reported_again",
        /// A device reports a copy with another certificate than the portal's.
        AnotherThumbprint = "another_thumbprint",
    }
}

impl DiscrepancyKind {
    /// Whether it is between the portal and a CA; else it is between the portal and a device.
    #[must_use]
    pub const fn is_of_ca(self) -> bool {
        !matches!(self, Self::StillReported | Self::ReportedAgain | Self::AnotherThumbprint)
    }
}

words! {
    /// What the portal did about a discrepancy by itself.
    pub enum Mending("mending") {
        /// Nothing: somebody has to decide.
        None = "none",
        /// The CA was told again how the certificate stands here.
        OrderedAgain = "ordered_again",
        /// What was done at the CA counts here too.
        TakenOver = "taken_over",
        /// It was recorded and revoked.
        RecordedAndRevoked = "recorded_and_revoked",
        /// The device was asked again to remove it.
        RemovalAskedAgain = "removal_asked_again",
    }
}
