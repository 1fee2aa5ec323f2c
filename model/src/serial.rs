//! Serial numbers of certificates.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ParseError;

/// A certificate's serial number: a positive integer of at most 20 octets (RFC 5280, section 4.1.2.2), without
/// leading zero octets. Ordered by value. In JSON and in the database's text columns: lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SerialNumber(Vec<u8>);
crate::macros::text_schema!(SerialNumber, None);

impl SerialNumber {
    /// From big-endian octets, leading zeros dropped.
    ///
    /// # Errors
    /// When the number is zero or needs more than 20 octets as a DER INTEGER.
    pub fn from_octets(octets: &[u8]) -> Result<Self, ParseError> {
        let start = octets.iter().position(|&b| b != 0).unwrap_or(octets.len());
        let value = octets.get(start..).unwrap_or_default();
        let padded = value.len() + usize::from(value.first().is_some_and(|&b| b & 0x80 != 0));
        if value.is_empty() || padded > 20 {
            return Err(ParseError::new("serial number", "is a positive number of at most 20 octets"));
        }
        Ok(Self(value.to_vec()))
    }

    /// From 16 random octets: 127 random bits (CA/Browser Forum asks for 64) with the top bits set so that the
    /// length, and so the DER form, is always the same.
    #[must_use]
    pub fn from_random(mut random: [u8; 16]) -> Self {
        random[0] = (random[0] & 0x7f) | 0x40;
        Self(random.to_vec())
    }

    /// Reads hexadecimal digits, with or without colons or spaces between octets, in either case.
    ///
    /// # Errors
    /// When there are other characters, or the number is out of range.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong =
            || ParseError::new("serial number", "has 1 to 40 hexadecimal digits, with or without colons");
        let mut digits = Vec::with_capacity(40);
        for c in text.chars() {
            match c {
                ':' | ' ' => {}
                _ => digits.push(c.to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or_else(wrong)?),
            }
            if digits.len() > 42 {
                return Err(wrong());
            }
        }
        if digits.len() % 2 == 1 {
            digits.insert(0, 0);
        }
        let octets: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        Self::from_octets(&octets)
    }

    /// Big-endian octets without leading zeros.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }

    /// Octets separated by colons, as most tools show it.
    #[must_use]
    pub fn with_colons(&self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":")
    }
}

impl Ord for SerialNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for SerialNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl std::fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

impl std::str::FromStr for SerialNumber {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for SerialNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SerialNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_to_write_it_is_the_same_number() {
        let plain = SerialNumber::parse("0a1b2c").unwrap();
        for text in ["0A:1B:2C", "a1b2c", "00 0a 1b 2c"] {
            assert_eq!(SerialNumber::parse(text).unwrap(), plain);
        }
        assert_eq!(plain.to_string(), "0a1b2c");
        assert_eq!(plain.with_colons(), "0a:1b:2c");
    }

    #[test]
    fn out_of_range_is_refused() {
        assert!(SerialNumber::parse("0").is_err());
        assert!(SerialNumber::parse("").is_err());
        assert!(SerialNumber::parse(&"7f".repeat(20)).is_ok());
        assert!(SerialNumber::parse(&"80".repeat(20)).is_err());
        assert!(SerialNumber::parse("é0").is_err());
    }

    #[test]
    fn order_is_by_value() {
        let value = |t| SerialNumber::parse(t).unwrap();
        assert!(value("ff") < value("0100"));
    }

    #[test]
    fn random_ones_have_one_length() {
        assert_eq!(SerialNumber::from_random([0; 16]).as_octets().len(), 16);
        assert_eq!(SerialNumber::from_random([0xff; 16]).as_octets()[0], 0x7f);
    }
}
