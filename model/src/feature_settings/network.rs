//! Names of networks and servers.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::identity::{Email, is_dns_label};
use crate::macros::parsed_text;

/// A Wi-Fi's name: 1 to 32 octets (IEEE 802.11, 9.4.2.2), here of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ssid(String);

impl Ssid {
    /// # Errors
    /// When the text is empty, over 32 octets, or has control characters.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || text.len() > 32 {
            let right =
                format!("has 1 to 32 octets in UTF-8, where an umlaut takes two; this has {}", text.len());
            return Err(ParseError::new("SSID", right));
        }
        if text.chars().any(char::is_control) {
            return Err(ParseError::new("SSID", "has no control characters"));
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(Ssid);

/// A server: a DNS name (RFC 1123, section 2.1), or an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

impl HostName {
    /// # Errors
    /// When the text is neither a DNS name in ASCII nor an IP address.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let name = text.len() <= 253 && text.split('.').all(is_dns_label);
        if text.parse::<IpAddr>().is_err() && !name {
            return Err(ParseError::new(
                "server name",
                "is a DNS name such as radius.example.org, or an address; umlauts are written as punycode, such as \
                 xn--bcher-kva.example",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it is an address, and no name.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.0.parse::<IpAddr>().is_ok()
    }
}
parsed_text!(HostName);

/// What a peer calls itself in IKEv2 (RFC 7296, section 3.5): a DNS name, an address, or a mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IkeIdentity(String);

impl IkeIdentity {
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if HostName::parse(text).is_err() && Email::parse(text).is_err() {
            return Err(ParseError::new(
                "remote ID",
                "is a DNS name, an address or a mail address, such as vpn.example.org",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(IkeIdentity);

/// CA certificates in PEM (RFC 7468), one after another. Whether they are certificates is for whoever can read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificatesPem(String);

impl CertificatesPem {
    /// # Errors
    /// When there is no such block or a foreign one, or the text is over 32,768 octets.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        const BEGIN: &str = "-----BEGIN ";
        let labels = text.matches(BEGIN).count();
        let certificates = text.matches("-----BEGIN CERTIFICATE-----").count();
        let ends = text.matches("-----END CERTIFICATE-----").count();
        if certificates == 0 || labels != certificates || ends != certificates || text.len() > 32_768 {
            return Err(ParseError::new(
                "CA certificates",
                "are PEM, each from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, up to 32768 octets, \
                 and nothing else such as a key",
            ));
        }
        Ok(Self(text.replace("\r\n", "\n")))
    }
}
parsed_text!(CertificatesPem);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ssid_is_counted_in_octets() {
        assert!(Ssid::parse(&"ü".repeat(16)).is_ok());
        let error = Ssid::parse(&"ü".repeat(17)).unwrap_err().to_string();
        assert!(error.contains("this has 34"), "{error}");
        assert!(Ssid::parse(" & < > \"").is_ok());
        assert!(Ssid::parse("").is_err() && Ssid::parse("a\nb").is_err());
    }

    #[test]
    fn servers_are_names_or_addresses() {
        for right in ["radius.example.org", "localhost", "10.0.0.1", "2001:db8::1", "xn--bcher-kva.example"] {
            assert!(HostName::parse(right).is_ok(), "{right}");
        }
        for wrong in ["", "bücher.example", "a b", "a..b", "-a.b", "https://a.b", "a.b/", "*.example.org"] {
            assert!(HostName::parse(wrong).is_err(), "{wrong}");
        }
        assert!(IkeIdentity::parse("gateway@example.org").is_ok());
        assert!(IkeIdentity::parse("CN=gateway").is_err());
    }

    #[test]
    fn a_private_key_is_no_ca_certificate() {
        let block = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
        assert!(CertificatesPem::parse(&block("CERTIFICATE")).is_ok());
        for wrong in [block("PRIVATE KEY"), block("CERTIFICATE") + &block("EC PRIVATE KEY"), String::new()] {
            assert!(CertificatesPem::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
