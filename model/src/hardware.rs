//! What a device says of its hardware.

use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::identity::is_dns_label;
use crate::macros::parsed_text;

/// The serial number that the maker gave to the device: 1 to 64 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HardwareSerial(String);

impl HardwareSerial {
    /// # Errors
    /// When the text is empty, over 64 characters, or not printable ASCII.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || text.len() > 64 || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(ParseError::new("device serial number", "has 1 to 64 printable ASCII characters"));
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(HardwareSerial);

/// International mobile equipment identity: 14 to 16 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Imei(String);

impl Imei {
    /// # Errors
    /// When the text is not 14 to 16 digits.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if !(14..=16).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseError::new("IMEI", "has 14 to 16 digits"));
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(Imei);

/// Mobile equipment identifier: 14 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Meid(String);

impl Meid {
    /// # Errors
    /// When the text is not 14 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() != 14 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ParseError::new("MEID", "has 14 hexadecimal digits"));
        }
        Ok(Self(text.to_ascii_uppercase()))
    }
}
parsed_text!(Meid);

/// The address of a Wi-Fi interface, kept as twelve lower-case hexadecimal digits with colons.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress(String);

impl MacAddress {
    /// # Errors
    /// When the text is not six octets, with or without `:` or `-`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
        if digits.len() != 12 || text.len() > 17 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ParseError::new("MAC address", "has six octets, such as 02:00:5e:10:00:01"));
        }
        let lower = digits.to_ascii_lowercase();
        let pairs: Vec<&str> = (0..6).filter_map(|i| lower.get(i * 2..i * 2 + 2)).collect();
        Ok(Self(pairs.join(":")))
    }
}
parsed_text!(MacAddress);

/// A fully qualified domain name (RFC 1123) in ASCII; an internationalised one in its A-label form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fqdn(String);

impl Fqdn {
    /// # Errors
    /// When the text is not at least one DNS label or is over 253 characters.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || text.len() > 253 || !text.split('.').all(is_dns_label) {
            return Err(ParseError::new(
                "domain name",
                "is labels of letters, digits and hyphens, such as host.example.org",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(Fqdn);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_address_has_one_form() {
        for text in ["02:00:5E:10:00:01", "02-00-5e-10-00-01", "02005e100001"] {
            assert_eq!(MacAddress::parse(text).unwrap().as_str(), "02:00:5e:10:00:01");
        }
        assert!(MacAddress::parse("02:00:5e:10:00").is_err());
        assert!(MacAddress::parse("é2005e10000").is_err());
    }

    #[test]
    fn identifiers_of_mobile_equipment() {
        assert!(Imei::parse("490154203237518").is_ok());
        assert!(Imei::parse("49015420323751x").is_err());
        assert_eq!(Meid::parse("af0123450abcde").unwrap().as_str(), "AF0123450ABCDE");
    }
}
