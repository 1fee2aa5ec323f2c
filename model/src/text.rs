//! Names that people give to things.

use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::macros::parsed_text;

/// The most characters (Unicode scalar values) that a name may have.
pub const NAME_MAX: usize = 200;

/// Whether a text could be a person's, device's or group's name: 1 to 200 characters, none of them a control
/// character. Leading spaces, any script and marks of direction are kept as they are: they must survive from the
/// form to the certificate byte for byte.
fn check(what: &'static str, text: &str) -> Result<(), ParseError> {
    let length = text.chars().count();
    if length == 0 || length > NAME_MAX || text.trim().is_empty() {
        return Err(ParseError::new(
            what,
            format!("has 1 to {NAME_MAX} characters, not all of them spaces; this has {length}"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(ParseError::new(what, "has no control characters, line breaks and tabs included"));
    }
    Ok(())
}

/// The name of a profile, group, device, connector or person, as somebody typed it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// # Errors
    /// When the text is empty, blank, over 200 characters, or has control characters.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        check("name", text)?;
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(Name);

/// Why somebody did something: 1 to 500 characters, kept in the audit trail and shown with what it caused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Explanation(String);

impl Explanation {
    /// # Errors
    /// When the text is blank, over 500 characters, or has control characters other than line breaks.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let length = text.chars().count();
        if text.trim().is_empty() || length > 500 {
            return Err(ParseError::new("explanation", "has 1 to 500 characters, not all of them spaces"));
        }
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
            return Err(ParseError::new("explanation", "has no control characters other than line breaks"));
        }
        Ok(Self(text.to_owned()))
    }
}
parsed_text!(Explanation);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awkward_names_are_kept_byte_for_byte() {
        for text in ["  leading", "a,b+c=d;e\"f\\g", "Jürgen Größe", "\u{200f}שלום", &"ü".repeat(200)]
        {
            assert_eq!(Name::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for text in ["", "   ", "a\nb", "nul\0", &"x".repeat(201)] {
            assert!(Name::parse(text).is_err(), "{text:?}");
        }
    }
}
