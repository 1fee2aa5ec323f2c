//! What a certificate on a device is used for.

use crate::macros::words;

words! {
    /// A use of a certificate on a device. Each gets a copy of its own.
    pub enum Feature("feature") {
        /// Sign-in to a VPN.
        Vpn = "vpn",
        /// Sign-in to Wi-Fi with EAP-TLS.
        Wifi = "wifi",
        /// E-mail: sign-in to the mail server, S/MIME.
        Email = "email",
        /// The device's or person's own store, for whatever asks.
        General = "general",
    }
}
