//! Object identifiers.

use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::macros::parsed_text;

/// An object identifier in dotted form (X.660): the first arc 0 to 2, the second up to 39 below arcs 0 and 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(String);

impl Oid {
    /// id-kp-clientAuth (RFC 5280, section 4.2.1.12).
    pub const CLIENT_AUTH: &'static str = "1.3.6.1.5.5.7.3.2";
    /// id-kp-serverAuth (RFC 5280, section 4.2.1.12).
    pub const SERVER_AUTH: &'static str = "1.3.6.1.5.5.7.3.1";
    /// id-kp-emailProtection (RFC 5280, section 4.2.1.12).
    pub const EMAIL_PROTECTION: &'static str = "1.3.6.1.5.5.7.3.4";
    /// Key recovery agent (Microsoft).
    pub const KEY_RECOVERY_AGENT: &'static str = "1.3.6.1.4.1.311.21.6";

    /// # Errors
    /// When the text is not an object identifier of 2 to 20 arcs, each below 2^32.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong =
            || ParseError::new("object identifier", "is numbers with dots, such as 1.3.6.1.5.5.7.3.2");
        let arcs: Vec<u32> = text
            .split('.')
            .map(|arc| {
                let plain = !arc.is_empty()
                    && arc.bytes().all(|b| b.is_ascii_digit())
                    && (arc.len() == 1 || !arc.starts_with('0'));
                plain.then(|| arc.parse().ok()).flatten()
            })
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        match arcs.as_slice() {
            [0 | 1, 0..=39, ..] | [2, ..] if (2..=20).contains(&arcs.len()) => Ok(Self(text.to_owned())),
            _ => Err(wrong()),
        }
    }
}
parsed_text!(Oid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_object_identifiers_parse() {
        assert!(Oid::parse(Oid::CLIENT_AUTH).is_ok());
        for text in ["", "1", "3.1", "1.40", "1.3.", "1.03.4", "1.3.x", "1.3.4294967296"] {
            assert!(Oid::parse(text).is_err(), "{text:?}");
        }
    }
}
