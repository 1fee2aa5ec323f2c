//! Distinguished names, and patterns of them.

use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::macros::words;
use crate::pattern::{Part, Pattern};
use crate::variable::Variable;

words! {
    /// An attribute type of a distinguished name, by its short name (RFC 4514, section 3, and X.520).
    pub enum AttributeType("attribute type") {
        /// commonName
        CommonName = "CN",
        /// serialNumber
        SerialNumber = "SERIALNUMBER",
        /// surname
        Surname = "SN",
        /// givenName
        GivenName = "GN",
        /// userId
        UserId = "UID",
        /// emailAddress (PKCS#9)
        EmailAddress = "E",
        /// title
        Title = "T",
        /// organizationalUnitName
        OrganizationalUnit = "OU",
        /// organizationName
        Organization = "O",
        /// localityName
        Locality = "L",
        /// stateOrProvinceName
        State = "ST",
        /// streetAddress
        Street = "STREET",
        /// countryName
        Country = "C",
        /// domainComponent
        DomainComponent = "DC",
    }
}

impl AttributeType {
    /// The object identifier in dotted form.
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::CommonName => "2.5.4.3",
            Self::Surname => "2.5.4.4",
            Self::SerialNumber => "2.5.4.5",
            Self::Country => "2.5.4.6",
            Self::Locality => "2.5.4.7",
            Self::State => "2.5.4.8",
            Self::Street => "2.5.4.9",
            Self::Organization => "2.5.4.10",
            Self::OrganizationalUnit => "2.5.4.11",
            Self::Title => "2.5.4.12",
            Self::GivenName => "2.5.4.42",
            Self::UserId => "0.9.2342.19200300.100.1.1",
            Self::DomainComponent => "0.9.2342.19200300.100.1.25",
            Self::EmailAddress => "1.2.840.113549.1.9.1",
        }
    }

    /// The most characters of a value (upper bounds of RFC 5280, appendix A.1).
    #[must_use]
    pub const fn upper_bound(self) -> usize {
        match self {
            Self::CommonName
            | Self::OrganizationalUnit
            | Self::Organization
            | Self::SerialNumber
            | Self::Title => 64,
            Self::Locality | Self::State | Self::Street => 128,
            Self::Country => 2,
            Self::Surname | Self::GivenName => 64,
            Self::DomainComponent => 63,
            Self::UserId => 256,
            Self::EmailAddress => 255,
        }
    }

    fn read(name: &str) -> Result<Self, ParseError> {
        let upper = name.to_ascii_uppercase();
        match upper.as_str() {
            "EMAILADDRESS" | "EMAIL" => Ok(Self::EmailAddress),
            "S" => Ok(Self::State),
            "G" | "GIVENNAME" => Ok(Self::GivenName),
            "SURNAME" => Ok(Self::Surname),
            "TITLE" => Ok(Self::Title),
            other => other.parse(),
        }
    }

    /// Whether a value may stand under this type: length, and the character set that its ASN.1 type allows.
    fn check(self, value: &str) -> Result<(), ParseError> {
        let length = value.chars().count();
        if length == 0 || length > self.upper_bound() {
            let right = format!(
                "has 1 to {} characters under {self} (RFC 5280); this has {length}",
                self.upper_bound()
            );
            return Err(ParseError::new("name", right));
        }
        let fits = match self {
            Self::Country => value.bytes().all(|b| b.is_ascii_uppercase()) && length == 2,
            Self::SerialNumber => {
                value.bytes().all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b))
            }
            Self::EmailAddress | Self::DomainComponent => value.is_ascii(),
            _ => true,
        };
        if !fits {
            let right = match self {
                Self::Country => "is a country code of two capital letters under C".to_owned(),
                _ => format!("has only the ASCII characters that {self} allows"),
            };
            return Err(ParseError::new("name", right));
        }
        if value.chars().any(char::is_control) {
            return Err(ParseError::new("name", "has no control characters"));
        }
        Ok(())
    }
}

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

/// Why a name could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A variable has no value: the request waits until it comes.
    #[error("{0} has no value for this user or device")]
    Missing(Variable),
    /// A value doesn't fit where it should stand.
    #[error(transparent)]
    Unfit(#[from] ParseError),
}

/// A subject with variables in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DnPattern {
    /// Types with patterns as their values, the most specific first.
    Rdns(Vec<Vec<(AttributeType, Pattern)>>),
    /// The distinguished name that the directory has: `{{OnPrem_Distinguished_Name}}`.
    FromDirectory,
}

impl DnPattern {
    /// Reads RFC 4514's text form with variables in the values, such as `CN={{UserName}},O=Example`.
    ///
    /// # Errors
    /// When the text is not of that form or a pattern is wrong.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Ok(Variable::OnPremDistinguishedName) = Variable::try_from(text.trim().to_owned()) {
            return Ok(Self::FromDirectory);
        }
        let mut rdns = Vec::new();
        for rdn in split(text)? {
            let mut patterns = Vec::new();
            for (kind, value) in rdn {
                let pattern = Pattern::parse(&value)?;
                if pattern.variables().any(|v| *v == Variable::OnPremDistinguishedName) {
                    return Err(ParseError::new(
                        "subject",
                        "is {{OnPrem_Distinguished_Name}} as a whole, or doesn't have it",
                    ));
                }
                if let [Part::Literal(literal)] = pattern.parts() {
                    kind.check(literal)?;
                }
                patterns.push((kind, pattern));
            }
            rdns.push(patterns);
        }
        Ok(Self::Rdns(rdns))
    }

    /// The variables in it.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        match self {
            Self::Rdns(rdns) => rdns.iter().flatten().flat_map(|(_, p)| p.variables().cloned()).collect(),
            Self::FromDirectory => vec![Variable::OnPremDistinguishedName],
        }
    }

    /// Puts the values in. They need no escaping: a value is a value, whatever characters it has.
    ///
    /// # Errors
    /// When a value is missing or doesn't fit.
    pub fn render<'v>(
        &self,
        value: &dyn Fn(&Variable) -> Option<&'v str>,
    ) -> Result<DistinguishedName, RenderError> {
        match self {
            Self::FromDirectory => {
                let variable = Variable::OnPremDistinguishedName;
                let text = value(&variable).ok_or(RenderError::Missing(variable))?;
                Ok(DistinguishedName::parse(text)?)
            }
            Self::Rdns(rdns) => {
                let mut rendered = Vec::with_capacity(rdns.len());
                for rdn in rdns {
                    let mut values = Vec::with_capacity(rdn.len());
                    for (kind, pattern) in rdn {
                        values.push((*kind, pattern.render(value).map_err(RenderError::Missing)?));
                    }
                    rendered.push(values);
                }
                Ok(DistinguishedName::new(rendered)?)
            }
        }
    }
}

impl std::fmt::Display for DnPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FromDirectory => Variable::OnPremDistinguishedName.fmt(f),
            Self::Rdns(rdns) => {
                let texts: Vec<Rdn> =
                    rdns.iter().map(|rdn| rdn.iter().map(|(k, p)| (*k, p.to_string())).collect()).collect();
                write_rdns(f, &texts)
            }
        }
    }
}

impl TryFrom<String> for DnPattern {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DnPattern> for String {
    fn from(value: DnPattern) -> String {
        value.to_string()
    }
}

fn write_rdns(f: &mut std::fmt::Formatter<'_>, rdns: &[Rdn]) -> std::fmt::Result {
    for (index, rdn) in rdns.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        for (part, (kind, value)) in rdn.iter().enumerate() {
            if part > 0 {
                f.write_str("+")?;
            }
            write!(f, "{kind}=")?;
            let last = value.chars().count().saturating_sub(1);
            for (at, c) in value.chars().enumerate() {
                let edge = (at == 0 && matches!(c, ' ' | '#')) || (at == last && c == ' ');
                if edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
        }
    }
    Ok(())
}

/// Splits RFC 4514's text form into types and unescaped values. Spaces around a part are dropped unless escaped.
fn split(text: &str) -> Result<Vec<Rdn>, ParseError> {
    let wrong = |right: &str| ParseError::new("distinguished name", right);
    if text.chars().count() > 2000 {
        return Err(wrong("has at most 2000 characters"));
    }
    let mut rdns: Vec<Rdn> = vec![Vec::new()];
    let mut chars = text.chars().peekable();
    loop {
        let mut name = String::new();
        loop {
            match chars.next() {
                Some('=') => break,
                Some(c) => name.push(c),
                None => {
                    return Err(wrong("is TYPE=value with commas between, such as CN=Maria Ortiz,O=Example"));
                }
            }
        }
        let kind = AttributeType::read(name.trim())?;
        let mut value: Vec<u8> = Vec::new();
        let mut kept = 0; // octets that trailing spaces must not cut off
        let mut end = None;
        while chars.peek() == Some(&' ') {
            chars.next();
        }
        while let Some(c) = chars.next() {
            match c {
                ',' | '+' => {
                    end = Some(c);
                    break;
                }
                '\\' => {
                    let escaped =
                        chars.next().ok_or_else(|| wrong("has a character after every backslash"))?;
                    if let (Some(high), Some(low)) =
                        (escaped.to_digit(16), chars.peek().and_then(|c| c.to_digit(16)))
                    {
                        chars.next();
                        value.push(u8::try_from(high << 4 | low).unwrap_or_default());
                    } else {
                        value.extend(escaped.to_string().bytes());
                    }
                    kept = value.len();
                }
                ';' | '"' | '<' | '>' => {
                    return Err(wrong("has a backslash before each of , + \" \\ < > ; in a value"));
                }
                ' ' => value.push(b' '),
                _ => {
                    value.extend(c.to_string().bytes());
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        let value = String::from_utf8(value).map_err(|_| wrong("has UTF-8 in its escapes"))?;
        if value.is_empty() {
            return Err(wrong("has a value after every TYPE="));
        }
        if let Some(rdn) = rdns.last_mut() {
            rdn.push((kind, value));
        }
        match end {
            Some(',') => rdns.push(Vec::new()),
            Some(_) => {}
            None => return Ok(rdns),
        }
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
