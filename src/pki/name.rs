//! Distinguished names between the model's form and X.501's.

use certporter_model::distinguished_name::{AttributeType, DistinguishedName, Rdn};
use der::asn1::{Any, Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use der::{Decode, Encode, Tag};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

use super::PkiError;

/// As X.509 encodes it: the most significant part first. Values go in byte for byte, as UTF8String, but for those
/// types whose syntax is another (RFC 5280, appendix A.1).
pub(crate) fn to_x501(name: &DistinguishedName) -> Result<Name, PkiError> {
    let mut sequence = RdnSequence::default();
    for rdn in name.rdns().iter().rev() {
        let parts = rdn.iter().map(|(kind, value)| attribute(*kind, value)).collect::<Result<Vec<_>, _>>()?;
        sequence.push(RelativeDistinguishedName::try_from(parts).map_err(unfit)?);
    }
    Name::from_der(&sequence.to_der().map_err(unfit)?).map_err(unfit)
}

fn unfit(error: der::Error) -> PkiError {
    PkiError::Unfit { field: "subject", message: format!("the name can't be encoded: {error}") }
}

fn attribute(kind: AttributeType, value: &str) -> Result<AttributeTypeAndValue, PkiError> {
    let value = match kind {
        AttributeType::Country | AttributeType::SerialNumber => {
            Any::encode_from(&PrintableStringRef::new(value).map_err(unfit)?)
        }
        AttributeType::EmailAddress | AttributeType::DomainComponent => {
            Any::encode_from(&Ia5StringRef::new(value).map_err(unfit)?)
        }
        _ => Any::encode_from(&Utf8StringRef::new(value).map_err(unfit)?),
    };
    let oid = ObjectIdentifier::new(kind.oid()).map_err(|e| unfit(e.into()))?;
    Ok(AttributeTypeAndValue { oid, value: value.map_err(unfit)? })
}

/// As the model has it, if it can: a foreign certificate's name may have types that the model has not.
pub(crate) fn from_x501(name: &Name) -> Option<DistinguishedName> {
    let mut rdns: Vec<Rdn> = Vec::new();
    for rdn in name.iter_rdn() {
        let mut parts = Rdn::new();
        for part in rdn.iter() {
            let oid = part.oid.to_string();
            let kind = AttributeType::ALL.iter().copied().find(|kind| kind.oid() == oid)?;
            parts.push((kind, text(&part.value)?));
        }
        rdns.push(parts);
    }
    rdns.reverse();
    DistinguishedName::new(rdns).ok()
}

/// RFC 4514's text form of any name.
pub(crate) fn to_text(name: &Name) -> String {
    match from_x501(name) {
        Some(name) => name.to_string(),
        None => name.to_string(),
    }
}

fn text(value: &Any) -> Option<String> {
    let octets = value.value();
    match der::Tagged::tag(value) {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            std::str::from_utf8(octets).ok().map(ToOwned::to_owned)
        }
        Tag::BmpString => {
            let units = octets.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0xd800, // an odd octet at the end: no text
            });
            char::decode_utf16(units).collect::<Result<String, _>>().ok()
        }
        // T.61 is taken for Latin-1 everywhere.
        Tag::TeletexString => Some(octets.iter().map(|&b| char::from(b)).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_most_specific_part_is_encoded_last_and_types_have_their_syntax() {
        let name = DistinguishedName::parse("CN=Maria,SERIALNUMBER=4711,O=Example,C=ES,DC=example").unwrap();
        let encoded = to_x501(&name).unwrap();
        let tags: Vec<Tag> = encoded.iter().map(|part| der::Tagged::tag(&part.value)).collect();
        assert_eq!(
            tags,
            [Tag::Ia5String, Tag::PrintableString, Tag::Utf8String, Tag::PrintableString, Tag::Utf8String]
        );
        assert_eq!(from_x501(&encoded), Some(name));
    }

    proptest! {
        #[test]
        fn any_value_goes_byte_for_byte(value in "\\PC{1,64}", other in "[ ,+=;\"\\\\#\u{200f}äöß]{1,64}") {
            for value in [value, other] {
                let rdns = vec![vec![(AttributeType::CommonName, value.clone())]];
                let Ok(name) = DistinguishedName::new(rdns) else { continue };
                let encoded = to_x501(&name).unwrap();
                let only = encoded.iter().next().unwrap();
                prop_assert_eq!(only.value.value(), value.as_bytes());
                prop_assert_eq!(from_x501(&encoded), Some(name));
            }
        }
    }
}
