//! Subject alternative names (RFC 5280, section 4.2.1.6), and patterns of them.

use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::distinguished_name::RenderError;
use crate::hardware::Fqdn;
use crate::identity::{Email, Upn};
use crate::macros::words;
use crate::pattern::{Part, Pattern};
use crate::variable::Variable;

words! {
    /// A kind of alternative name.
    pub enum SanKind("kind of alternative name") {
        /// rfc822Name
        Email = "email",
        /// otherName with a user principal name
        Upn = "upn",
        /// dNSName
        Dns = "dns",
        /// uniformResourceIdentifier
        Uri = "uri",
    }
}

/// An alternative name that fits its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "SanText", into = "SanText")]
pub struct SubjectAlternativeName {
    kind: SanKind,
    value: String,
}

impl SubjectAlternativeName {
    /// # Errors
    /// When the value doesn't fit the kind.
    pub fn new(kind: SanKind, value: &str) -> Result<Self, ParseError> {
        let value = match kind {
            SanKind::Email => Email::parse(value)?.into(),
            SanKind::Upn => Upn::parse(value)?.into(),
            SanKind::Dns => Fqdn::parse(value)?.into(),
            SanKind::Uri => {
                let scheme = value.split_once(':').map_or("", |(scheme, _)| scheme);
                let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
                let rest_ok = value.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b));
                if !scheme_ok || !rest_ok || value.len() > 1024 || value.len() == scheme.len() + 1 {
                    return Err(ParseError::new(
                        "URI",
                        "is an absolute URI in ASCII, such as urn:device:4711",
                    ));
                }
                value.to_owned()
            }
        };
        Ok(Self { kind, value })
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> SanKind {
        self.kind
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Display for SubjectAlternativeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

/// An alternative name as text: in JSON an object of kind and value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SanText {
    /// Which kind of name.
    pub kind: SanKind,
    /// The name, or a pattern of it.
    pub value: String,
}

impl TryFrom<SanText> for SubjectAlternativeName {
    type Error = ParseError;
    fn try_from(text: SanText) -> Result<Self, ParseError> {
        Self::new(text.kind, &text.value)
    }
}

impl From<SubjectAlternativeName> for SanText {
    fn from(name: SubjectAlternativeName) -> Self {
        Self { kind: name.kind, value: name.value }
    }
}

/// An alternative name with variables in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "SanText", into = "SanText")]
pub struct SanPattern {
    kind: SanKind,
    pattern: Pattern,
}

impl SanPattern {
    /// # Errors
    /// When the pattern is wrong, or has no variable and doesn't fit the kind.
    pub fn parse(kind: SanKind, text: &str) -> Result<Self, ParseError> {
        let pattern = Pattern::parse(text)?;
        if let [Part::Literal(literal)] = pattern.parts() {
            SubjectAlternativeName::new(kind, literal)?;
        }
        Ok(Self { kind, pattern })
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> SanKind {
        self.kind
    }

    /// The pattern of its value.
    #[must_use]
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Puts the values in. In a URI, what a URI can't have is percent-encoded (RFC 3986, section 2.1).
    ///
    /// # Errors
    /// When a value is missing or doesn't fit.
    pub fn render<'v>(
        &self,
        value: &dyn Fn(&Variable) -> Option<&'v str>,
    ) -> Result<SubjectAlternativeName, RenderError> {
        let mut text = String::new();
        for part in self.pattern.parts() {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(variable) => {
                    let known = value(variable).filter(|v| !v.is_empty());
                    let known = known.ok_or_else(|| RenderError::Missing(variable.clone()))?;
                    if self.kind == SanKind::Uri {
                        percent_encode(known, &mut text);
                    } else {
                        text.push_str(known);
                    }
                }
            }
        }
        Ok(SubjectAlternativeName::new(self.kind, &text)?)
    }
}

fn percent_encode(value: &str, text: &mut String) {
    for b in value.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~:@".contains(&b) {
            text.push(char::from(b));
        } else {
            text.push_str(&format!("%{b:02X}"));
        }
    }
}

impl TryFrom<SanText> for SanPattern {
    type Error = ParseError;
    fn try_from(text: SanText) -> Result<Self, ParseError> {
        Self::parse(text.kind, &text.value)
    }
}

impl From<SanPattern> for SanText {
    fn from(pattern: SanPattern) -> Self {
        Self { kind: pattern.kind, value: pattern.pattern.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_a_uri_is_encoded_and_elsewhere_is_not() {
        let uri = SanPattern::parse(SanKind::Uri, "urn:device:{{DeviceName}}").unwrap();
        assert_eq!(uri.render(&|_| Some("lap top/ü")).unwrap().value(), "urn:device:lap%20top%2F%C3%BC");
        let upn = SanPattern::parse(SanKind::Upn, "{{UserPrincipalName}}").unwrap();
        assert_eq!(upn.render(&|_| Some("jürgen@example.org")).unwrap().value(), "jürgen@example.org");
    }

    #[test]
    fn values_that_do_not_fit_their_kind_are_refused() {
        let mail = SanPattern::parse(SanKind::Email, "{{EmailAddress}}").unwrap();
        assert!(matches!(mail.render(&|_| Some("jürgen@example.org")), Err(RenderError::Unfit(_))));
        assert!(SanPattern::parse(SanKind::Dns, "not a name").is_err());
        assert!(SanPattern::parse(SanKind::Uri, "urn:").is_err());
    }
}
