//! Attribute types of distinguished names.

use crate::ParseError;
use crate::macros::words;

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

    pub(super) fn read(name: &str) -> Result<Self, ParseError> {
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
    pub(super) fn check(self, value: &str) -> Result<(), ParseError> {
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
