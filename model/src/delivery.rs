//! By which road certificates reach a device, and in which form they are handed out.

use crate::macros::words;

words! {
    /// The road by which a device gets its certificates. Chosen when it is enrolled.
    pub enum Channel("delivery channel") {
        /// certporter's own agent, over the device API.
        Agent = "agent",
        /// A configuration profile for Apple's systems, fetched by a one-time link.
        AppleProfile = "apple_profile",
        /// Commands for another device management, fetched by a one-time link.
        Export = "export",
        /// A PFX, fetched by a one-time link.
        Download = "download",
    }
}

words! {
    /// The form of a file in which a certificate is handed out with its key.
    pub enum HandOutFormat("hand-out format") {
        /// A PFX (PKCS#12, RFC 7292).
        Pfx = "pfx",
        /// Apple's configuration profile, signed.
        Mobileconfig = "mobileconfig",
        /// SyncML for the ClientCertificateInstall CSP of Windows.
        Syncml = "syncml",
    }
}

words! {
    /// Where a hand-out is.
    pub enum HandOutState("hand-out state") {
        /// Its link can be used.
        Open = "open",
        /// Its file was fetched: nobody can say whether it was installed.
        Fetched = "fetched",
        /// Its link was withdrawn, or another took its place.
        Withdrawn = "withdrawn",
        /// Nobody used its link in time.
        Expired = "expired",
    }
}

impl Channel {
    /// Whether files are handed out over it, and no agent fetches.
    #[must_use]
    pub const fn is_handed_out(self) -> bool {
        !matches!(self, Self::Agent)
    }

    /// The form that its files have when nothing else is asked for; none for the agent.
    #[must_use]
    pub const fn format(self) -> Option<HandOutFormat> {
        match self {
            Self::Agent => None,
            Self::AppleProfile => Some(HandOutFormat::Mobileconfig),
            Self::Export => Some(HandOutFormat::Syncml),
            Self::Download => Some(HandOutFormat::Pfx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_handed_out_has_a_form() {
        for channel in Channel::ALL {
            assert_eq!(channel.is_handed_out(), channel.format().is_some(), "{channel}");
        }
    }
}
