//! What a directory knows of a person.

use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::macros::parsed_text;

/// A user principal name: `name@realm`. Goes into the otherName 1.3.6.1.4.1.311.20.2.3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Upn(String);

impl Upn {
    /// # Errors
    /// When the text is not `name@realm` or is over 1,024 characters.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = || {
            ParseError::new(
                "UPN",
                "is name@realm without spaces, such as maria@example.org, up to 1024 characters",
            )
        };
        let (name, realm) = text.rsplit_once('@').ok_or_else(wrong)?;
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '@';
        if name.is_empty()
            || realm.is_empty()
            || text.chars().count() > 1024
            || name.contains(bad)
            || realm.contains(bad)
        {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(Upn);

/// An e-mail address that fits an rfc822Name (RFC 5280, section 4.2.1.6): ASCII only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// # Errors
    /// When the text is not a plain ASCII address.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = || {
            ParseError::new(
                "e-mail address",
                "is an ASCII address such as maria@example.org, up to 254 characters",
            )
        };
        let (local, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && local.bytes().all(|b| b.is_ascii_graphic() && !b"\"(),:;<>@[\\]".contains(&b));
        let domain_ok = !domain.is_empty() && domain.split('.').all(is_dns_label);
        if !local_ok || !domain_ok || text.len() > 254 {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(Email);

/// Whether a text is a label of a DNS name (RFC 1123, section 2.1).
pub(crate) fn is_dns_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A Windows security identifier such as `S-1-5-21-1004336348-1177238915-682003330-512`. Comes from the directory,
/// never from a CSR.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sid(String);

impl Sid {
    /// # Errors
    /// When the text is not `S-1-` followed by 2 to 16 numbers.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = || {
            ParseError::new(
                "SID",
                "is S-1- and 2 to 16 numbers, such as S-1-5-21-1004336348-1177238915-682003330-512",
            )
        };
        let numbers: Vec<&str> = text.strip_prefix("S-1-").ok_or_else(wrong)?.split('-').collect();
        let number =
            |n: &&str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && n.parse::<u64>().is_ok();
        if !(2..=16).contains(&numbers.len()) || !numbers.iter().all(number) {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(Sid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upns_may_have_any_script() {
        assert!(Upn::parse("jürgen@exämple.org").is_ok());
        for text in ["maria", "@x", "x@", "a b@c", "a@b@c", "a@b\n"] {
            assert!(Upn::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn addresses_fit_an_ia5string() {
        assert!(Email::parse("o'brien+cert@mail.example.org").is_ok());
        for text in ["jürgen@example.org", "a@b..c", "a@-b.c", "a,b@c.d", "a@b@c", "@c.d"] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn sids_are_numbers() {
        assert!(Sid::parse("S-1-5-21-1004336348-1177238915-682003330-512").is_ok());
        for text in ["S-1-", "S-1-5", "s-1-5-21", "S-1-5-x", "S-1-5-21-"] {
            assert!(Sid::parse(text).is_err(), "{text:?}");
        }
    }
}
