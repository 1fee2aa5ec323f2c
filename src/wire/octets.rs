//! Octets in a JSON message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// At most `MAX` octets, in JSON as base64 with padding (RFC 4648, section 4).
#[derive(Clone, PartialEq, Eq)]
pub struct Octets<const MAX: usize>(Vec<u8>);

/// The DER form of a certificate: some kilobytes at most.
pub type CertificateOctets = Octets<16_384>;

/// More octets than a message may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has at most {max} octets; this has {found}")]
pub struct TooLong {
    max: usize,
    found: usize,
}

impl<const MAX: usize> Octets<MAX> {
    /// Takes the octets.
    ///
    /// # Errors
    /// When there are more than `MAX`.
    pub fn new(octets: Vec<u8>) -> Result<Self, TooLong> {
        if octets.len() > MAX {
            return Err(TooLong { max: MAX, found: octets.len() });
        }
        Ok(Self(octets))
    }

    /// The octets.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The octets, taken.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl<const MAX: usize> std::fmt::Debug for Octets<MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} octets", self.0.len())
    }
}

impl<const MAX: usize> Serialize for Octets<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Octets<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        if text.len() > MAX.div_ceil(3) * 4 {
            return Err(D::Error::custom(TooLong { max: MAX, found: text.len() / 4 * 3 }));
        }
        let octets = STANDARD.decode(text.as_bytes()).map_err(|_| {
            D::Error::custom("octets are written in base64 with padding (RFC 4648, section 4)")
        })?;
        Self::new(octets).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_or_not_base64_is_refused() {
        assert_eq!(serde_json::from_str::<Octets<3>>("\"AQID\"").unwrap().as_slice(), [1, 2, 3]);
        for text in ["\"AQIDBA==\"", "\"AQI\"", "\"A-_D\"", "7"] {
            assert!(serde_json::from_str::<Octets<3>>(text).is_err(), "{text}");
        }
        assert!(Octets::<3>::new(vec![0; 4]).is_err());
    }
}
