//! Digests that name certificates and public keys.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ParseError;

macro_rules! digests {
    ($($(#[$meta:meta])* $name:ident[$length:literal] = $what:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);
        crate::macros::text_schema!($name, None);

        impl $name {
            /// From the digest's octets.
            #[must_use]
            pub const fn from_octets(octets: [u8; $length]) -> Self {
                Self(octets)
            }

            /// From a slice, as read from the database.
            ///
            /// # Errors
            /// When it has another length.
            pub fn from_slice(octets: &[u8]) -> Result<Self, ParseError> {
                octets.try_into().map(Self).map_err(|_| ParseError::new($what, concat!("has ", $length, " octets")))
            }

            /// The digest's octets.
            #[must_use]
            pub const fn as_octets(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let wrong = || ParseError::new($what, concat!("has ", $length, " octets in hexadecimal, with or without colons"));
                let digits: Vec<u8> = text
                    .chars()
                    .filter(|c| !matches!(c, ':' | ' '))
                    .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
                    .collect::<Option<_>>()
                    .ok_or_else(wrong)?;
                if digits.len() != $length * 2 {
                    return Err(wrong());
                }
                let octets: Vec<u8> = digits.chunks_exact(2).map(|p| p[0] << 4 | p[1]).collect();
                Self::from_slice(&octets).map_err(|_| wrong())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

digests! {
    /// SHA-256 of a certificate's DER: what tools call its fingerprint or thumbprint.
    Thumbprint[32] = "thumbprint",
    /// SHA-1 of a certificate's DER: what Windows shows. For searching only, never for trust.
    Sha1Thumbprint[20] = "SHA-1 thumbprint",
    /// SHA-256 of a DER SubjectPublicKeyInfo: names a key wherever it goes.
    PublicKeyHash[32] = "public key hash",
    /// SHA-256 of a secret's octets (token, code, session id): all that is kept of it.
    SecretHash[32] = "hash of a secret",
    /// SHA-256 of anything else: contents, previews, audit events.
    ContentDigest[32] = "digest",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_do_not_matter_and_length_does() {
        let text = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(text.parse::<Thumbprint>(), colons.parse::<Thumbprint>());
        assert_eq!(text.parse::<Thumbprint>().unwrap().to_string(), text);
        assert!(text.parse::<Sha1Thumbprint>().is_err());
    }
}
