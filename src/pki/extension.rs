//! Certificate extensions, written and read.

use certporter_model::identity::Sid;
use certporter_model::oid::Oid;
use certporter_model::subject_alternative_name::{SanKind, SubjectAlternativeName};
use der::asn1::{Any, Ia5String, ObjectIdentifier, OctetString, OctetStringRef, Utf8StringRef};
use der::flagset::FlagSet;
use der::{Encode, Tag, Tagged};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, OtherName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage,
    IssuingDistributionPoint, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
    crl::dp::DistributionPoint,
};

use super::PkiError;

/// otherName of a user principal name (Microsoft).
pub(crate) const UPN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");
/// Extension with the user's SID, and the otherName in it (Microsoft KB5014754).
pub(crate) const SID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.25.2");
const SID_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.25.2.1");
/// id-pkix-ocsp-nocheck (RFC 6960, section 4.2.2.2.1).
const OCSP_NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
pub(crate) const AD_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
pub(crate) const AD_CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const AUTHORITY_INFO_ACCESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.1");

pub(crate) fn encode_error(error: impl std::fmt::Display) -> PkiError {
    PkiError::malformed("certificate", format!("it can't be encoded: {error}"))
}

fn extension(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, PkiError> {
    let octets = value.to_der().map_err(encode_error)?;
    let extn_value = OctetString::new(octets).map_err(encode_error)?;
    Ok(Extension { extn_id: oid, critical, extn_value })
}

fn ia5(field: &'static str, text: &str) -> Result<Ia5String, PkiError> {
    Ia5String::new(text).map_err(|_| PkiError::Unfit { field, message: "has only ASCII characters".into() })
}

pub(crate) fn basic_constraints(ca: bool, path_length: Option<u8>) -> Result<Extension, PkiError> {
    extension(BASIC_CONSTRAINTS, true, &BasicConstraints { ca, path_len_constraint: path_length })
}

pub(crate) fn key_usage(bits: FlagSet<KeyUsages>) -> Result<Extension, PkiError> {
    extension(KEY_USAGE, true, &KeyUsage(bits))
}

pub(crate) fn extended_key_usage(oids: &[Oid]) -> Result<Extension, PkiError> {
    let oids = oids.iter().map(|oid| ObjectIdentifier::new(oid.as_str()));
    let oids = oids.collect::<Result<Vec<_>, _>>().map_err(|e| PkiError::Unfit {
        field: "extended_key_usages",
        message: format!("an object identifier can't be encoded: {e}"),
    })?;
    extension(EXTENDED_KEY_USAGE, false, &ExtendedKeyUsage(oids))
}

pub(crate) fn subject_key_identifier(id: &[u8]) -> Result<Extension, PkiError> {
    let id = OctetString::new(id).map_err(encode_error)?;
    extension(SUBJECT_KEY_IDENTIFIER, false, &SubjectKeyIdentifier(id))
}

pub(crate) fn authority_key_identifier(id: &[u8]) -> Result<Extension, PkiError> {
    let id = OctetString::new(id).map_err(encode_error)?;
    let value = AuthorityKeyIdentifier { key_identifier: Some(id), ..Default::default() };
    extension(AUTHORITY_KEY_IDENTIFIER, false, &value)
}

/// Critical when the subject is empty (RFC 5280, section 4.2.1.6).
pub(crate) fn subject_alternative_name(
    names: Vec<GeneralName>,
    subject_is_empty: bool,
) -> Result<Extension, PkiError> {
    extension(SUBJECT_ALT_NAME, subject_is_empty, &SubjectAltName(names))
}

pub(crate) fn authority_information_access(
    ca_issuers: Option<&str>,
    ocsp: Option<&str>,
) -> Result<Extension, PkiError> {
    let mut descriptions = Vec::new();
    for (method, url) in [(AD_OCSP, ocsp), (AD_CA_ISSUERS, ca_issuers)] {
        if let Some(url) = url {
            let location = GeneralName::UniformResourceIdentifier(ia5("pki_url", url)?);
            descriptions.push(AccessDescription { access_method: method, access_location: location });
        }
    }
    extension(AUTHORITY_INFO_ACCESS, false, &AuthorityInfoAccessSyntax(descriptions))
}

pub(crate) fn crl_distribution_point(url: &str) -> Result<Extension, PkiError> {
    let name = GeneralName::UniformResourceIdentifier(ia5("pki_url", url)?);
    let point = DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![name])),
        reasons: None,
        crl_issuer: None,
    };
    extension(CRL_DISTRIBUTION_POINTS, false, &vec![point])
}

/// A CRL is the shard that certificates with one of these distribution points are in (RFC 5280, section 5.2.5). Critical:
/// whoever does not know shards must not take it for the full CRL.
pub(crate) fn issuing_distribution_point(urls: &[String]) -> Result<Extension, PkiError> {
    let names = urls.iter().map(|url| Ok(GeneralName::UniformResourceIdentifier(ia5("pki_url", url)?)));
    let point = IssuingDistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(names.collect::<Result<_, PkiError>>()?)),
        only_contains_user_certs: false,
        only_contains_ca_certs: false,
        only_some_reasons: None,
        indirect_crl: false,
        only_contains_attribute_certs: false,
    };
    extension(ISSUING_DISTRIBUTION_POINT, true, &point)
}

pub(crate) fn ocsp_no_check() -> Result<Extension, PkiError> {
    extension(OCSP_NO_CHECK, false, &der::asn1::Null)
}

/// SEQUENCE { [0] { OID, [0] { OCTET STRING with the SID's ASCII } } }, never critical.
pub(crate) fn sid(sid: &Sid) -> Result<Extension, PkiError> {
    let octets = OctetStringRef::new(sid.as_str().as_bytes()).map_err(encode_error)?;
    let value = Any::encode_from(&octets).map_err(encode_error)?;
    let name = GeneralName::OtherName(OtherName { type_id: SID_NAME, value });
    extension(SID, false, &vec![name])
}

/// The SID in such an extension.
pub(crate) fn read_sid(names: &[GeneralName]) -> Option<Sid> {
    names.iter().find_map(|name| match name {
        GeneralName::OtherName(other) if other.type_id == SID_NAME => {
            std::str::from_utf8(other.value.value()).ok().and_then(|text| Sid::parse(text).ok())
        }
        _ => None,
    })
}

pub(crate) fn general_name(name: &SubjectAlternativeName) -> Result<GeneralName, PkiError> {
    let field = "subject_alternative_names";
    Ok(match name.kind() {
        SanKind::Email => GeneralName::Rfc822Name(ia5(field, name.value())?),
        SanKind::Dns => GeneralName::DnsName(ia5(field, name.value())?),
        SanKind::Uri => GeneralName::UniformResourceIdentifier(ia5(field, name.value())?),
        SanKind::Upn => {
            let text = Utf8StringRef::new(name.value()).map_err(encode_error)?;
            let value = Any::encode_from(&text).map_err(encode_error)?;
            GeneralName::OtherName(OtherName { type_id: UPN, value })
        }
    })
}

/// The model's form of an alternative name, or a text for those kinds and values that it has not.
pub(crate) fn read_general_name(name: &GeneralName) -> Result<SubjectAlternativeName, String> {
    let parsed = |kind, text: &str| {
        SubjectAlternativeName::new(kind, text).map_err(|_| format!("{kind}:{}", text.escape_debug()))
    };
    match name {
        GeneralName::Rfc822Name(text) => parsed(SanKind::Email, text.as_str()),
        GeneralName::DnsName(text) => parsed(SanKind::Dns, text.as_str()),
        GeneralName::UniformResourceIdentifier(text) => parsed(SanKind::Uri, text.as_str()),
        GeneralName::OtherName(other) if other.type_id == UPN && other.value.tag() == Tag::Utf8String => {
            parsed(SanKind::Upn, &String::from_utf8_lossy(other.value.value()))
        }
        GeneralName::OtherName(other) => Err(format!("otherName:{}", other.type_id)),
        GeneralName::IpAddress(octets) => Err(match octets.as_bytes() {
            [a, b, c, d] => format!("ip:{a}.{b}.{c}.{d}"),
            other => match <[u8; 16]>::try_from(other) {
                Ok(v6) => format!("ip:{}", std::net::Ipv6Addr::from(v6)),
                Err(_) => format!("ip:{}", hex::encode(other)),
            },
        }),
        GeneralName::DirectoryName(name) => Err(format!("directory:{}", super::name::to_text(name))),
        GeneralName::RegisteredId(oid) => Err(format!("oid:{oid}")),
        GeneralName::EdiPartyName(_) => Err("ediPartyName".to_owned()),
    }
}
