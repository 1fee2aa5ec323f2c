//! States of copies: a certificate on a device for a feature.

use crate::macros::{transitions, words};

words! {
    /// Where a copy is.
    pub enum CopyState("copy state") {
        /// To be sealed for the device.
        Pending = "pending",
        /// Sealed; the device can fetch it.
        Offered = "offered",
        /// The device has confirmed the installation.
        Installed = "installed",
        /// Handed out by a channel that can't confirm.
        HandedOut = "handed_out",
        /// The device said that it can't install it, with cause and remedy.
        Failed = "failed",
        /// Installed once, and gone from the device though it should be there.
        Missing = "missing",
        /// The device is told to remove it.
        Removing = "removing",
        /// The device has confirmed that it is gone.
        Removed = "removed",
    }
}

transitions!(CopyState("copy") {
    Pending => [Offered, HandedOut, Failed, Removing, Removed],
    Offered => [Pending, Offered, Installed, Failed, Missing, Removing, Removed],
    Installed => [Pending, Offered, Installed, Failed, Missing, Removing, Removed],
    HandedOut => [Pending, Removing, Removed],
    Failed => [Pending, Offered, Installed, Failed, Removing, Removed],
    Missing => [Pending, Offered, Installed, Removing, Removed],
    Removing => [Removing, Removed],
    // A device may turn out to have it all the same.
    Removed => [Pending, Removing, Removed],
});

impl CopyState {
    /// Whether the device may have it: it is not known to be gone.
    #[must_use]
    pub const fn may_be_on_device(self) -> bool {
        !matches!(self, Self::Removed)
    }
}
