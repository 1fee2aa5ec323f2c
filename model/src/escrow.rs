//! How long a private key is kept with the key recovery agent (KRA).

use crate::macros::words;

words! {
    /// What a profile says of its keys.
    pub enum EscrowPolicy("escrow policy") {
        /// Destroyed as soon as every copy is sealed for its device.
        None = "none",
        /// Destroyed once every copy is confirmed to be installed.
        UntilDelivered = "until_delivered",
        /// Kept, for recovery and for devices that come later. User scope needs it.
        Retained = "retained",
    }
}

words! {
    /// Where an escrowed key is.
    pub enum EscrowState("escrow state") {
        /// Sealed to the KRA's transport key: the certificate is not issued yet.
        Transport = "transport",
        /// Sealed to the KRA's storage key.
        Stored = "stored",
        /// Gone for good.
        Destroyed = "destroyed",
    }
}
