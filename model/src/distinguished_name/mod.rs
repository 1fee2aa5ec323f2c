//! Distinguished names, and patterns of them.

mod attribute_type;
mod pattern;
mod text;

pub use attribute_type::AttributeType;
pub use pattern::{DnPattern, RenderError};
use serde::{Deserialize, Serialize};

use self::text::{split, write_rdns};
use crate::ParseError;

/// A relative distinguished name: one or more types with their values.
pub type Rdn = Vec<(AttributeType, String)>;

/// A distinguished name with its values as they are, unescaped, most significant last as in RFC 4514. Shown and
/// stored in RFC 4514's text form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DistinguishedName(Vec<Rdn>);

impl DistinguishedName {
    /// From relative names, the most specific first.
    ///
    /// # Errors
    /// When there is none, or a value doesn't fit its type.
    pub fn new(rdns: Vec<Rdn>) -> Result<Self, ParseError> {
        if rdns.is_empty() || rdns.len() > 32 || rdns.iter().any(Vec::is_empty) {
            return Err(ParseError::new("distinguished name", "has 1 to 32 parts"));
        }
        for (kind, value) in rdns.iter().flatten() {
            kind.check(value)?;
        }
        Ok(Self(rdns))
    }

    /// Reads the text form of RFC 4514, such as `CN=Maria Ortiz,OU=Sales\, East,O=Example`.
    ///
    /// # Errors
    /// When the text is not of that form, or a value doesn't fit its type.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::new(split(text)?)
    }

    /// The relative names, the most specific first. A certificate encodes them in reverse.
    #[must_use]
    pub fn rdns(&self) -> &[Rdn] {
        &self.0
    }

    /// The first value of a type.
    #[must_use]
    pub fn value(&self, kind: AttributeType) -> Option<&str> {
        self.0.iter().flatten().find(|(k, _)| *k == kind).map(|(_, v)| v.as_str())
    }
}

impl std::fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_rdns(f, &self.0)
    }
}

impl TryFrom<String> for DistinguishedName {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DistinguishedName> for String {
    fn from(value: DistinguishedName) -> String {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_subject_is_rendered_without_its_values_meaning_anything() {
        let pattern = DnPattern::parse("CN={{UserName}},OU=Sales\\, East,O=Example").unwrap();
        let name = pattern.render(&|_| Some("a,b+c=d;e\"f\\g")).unwrap();
        assert_eq!(name.value(AttributeType::CommonName), Some("a,b+c=d;e\"f\\g"));
        assert_eq!(name.value(AttributeType::OrganizationalUnit), Some("Sales, East"));
        assert_eq!(DistinguishedName::parse(&name.to_string()), Ok(name));
    }

    #[test]
    fn the_directory_s_own_name_can_be_the_subject() {
        let pattern = DnPattern::parse("{{OnPrem_Distinguished_Name}}").unwrap();
        let name = pattern.render(&|_| Some("CN=Ortiz\\, Maria,OU=Sales,DC=example,DC=org")).unwrap();
        assert_eq!(name.value(AttributeType::CommonName), Some("Ortiz, Maria"));
        assert!(DnPattern::parse("CN={{OnPrem_Distinguished_Name}}").is_err());
    }

    #[test]
    fn what_x520_does_not_allow_is_refused_with_its_bound() {
        let pattern = DnPattern::parse("CN={{UserName}}").unwrap();
        let long = "x".repeat(65);
        let error = pattern.render(&|_| Some(long.as_str())).unwrap_err();
        assert!(error.to_string().contains("1 to 64 characters under CN"));
        assert!(DnPattern::parse("C=Spain").is_err());
    }

    #[test]
    fn bad_texts_are_refused() {
        for text in ["", "Maria", "CN=", "CN=a,", "XX=a", "CN=a;b", "CN=a\\", "CN=\"a\"", "CN={{UserName"] {
            assert!(DnPattern::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_survives_its_text_form(value in "\\PC{1,64}") {
            let name = DistinguishedName::new(vec![vec![(AttributeType::CommonName, value.clone())]]);
            if let Ok(name) = name {
                let again = DistinguishedName::parse(&name.to_string()).unwrap();
                prop_assert_eq!(again.value(AttributeType::CommonName), Some(value.as_str()));
            }
        }
    }
}
