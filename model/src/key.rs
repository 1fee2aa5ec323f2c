//! Keys and what a certificate permits them.

use serde::{Deserialize, Serialize};

use crate::macros::words;

words! {
    /// The key pair's algorithm and size.
    pub enum KeyAlgorithm("key algorithm") {
        /// RSA with a modulus of 2,048 bits.
        Rsa2048 = "rsa-2048",
        /// RSA with a modulus of 3,072 bits.
        Rsa3072 = "rsa-3072",
        /// RSA with a modulus of 4,096 bits.
        Rsa4096 = "rsa-4096",
        /// Elliptic curve NIST P-256.
        EcP256 = "ec-p256",
        /// Elliptic curve NIST P-384.
        EcP384 = "ec-p384",
    }
}

impl KeyAlgorithm {
    /// Whether it is RSA, of whatever size.
    #[must_use]
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }
}

/// The bits of keyUsage (RFC 5280, section 4.2.1.3) that a certificate for a person or device can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "snake_case", default)]
pub struct KeyUsage {
    /// Verifies signatures other than on certificates and CRLs: TLS client authentication, S/MIME signing.
    pub digital_signature: bool,
    /// nonRepudiation, also called contentCommitment.
    pub content_commitment: bool,
    /// Enciphers keys: RSA key transport, S/MIME encryption with RSA.
    pub key_encipherment: bool,
    /// Enciphers data directly. Rarely right.
    pub data_encipherment: bool,
    /// Agrees on keys: S/MIME encryption with elliptic curves.
    pub key_agreement: bool,
}

impl KeyUsage {
    /// Whether no bit is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !(self.digital_signature
            || self.content_commitment
            || self.key_encipherment
            || self.data_encipherment
            || self.key_agreement)
    }

    /// Whether the key decrypts: whoever loses it loses what was encrypted to it.
    #[must_use]
    pub const fn is_encryption(self) -> bool {
        self.key_encipherment || self.data_encipherment || self.key_agreement
    }
}
