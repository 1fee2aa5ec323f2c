//! The parts of a certificate as octets: what is signed, and how the signature is joined to it.

use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::key::KeyAlgorithm;
use der::asn1::{Any, BitString, GeneralizedTime, Null, ObjectIdentifier, UtcTime};
use der::{Decode, Encode, Sequence};
use x509_cert::certificate::{Rfc5280, Version};
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber as X509SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity as X509Validity};

use super::extension::encode_error;
use super::{PkiError, PublicKey, digest};

/// TBSCertificate (RFC 5280, section 4.1), version 3.
#[derive(Sequence)]
pub(in crate::pki) struct Tbs {
    #[asn1(context_specific = "0")]
    pub(in crate::pki) version: Version,
    pub(in crate::pki) serial: X509SerialNumber<Rfc5280>,
    pub(in crate::pki) signature: AlgorithmIdentifierOwned,
    pub(in crate::pki) issuer: Name,
    pub(in crate::pki) validity: X509Validity<Rfc5280>,
    pub(in crate::pki) subject: Name,
    pub(in crate::pki) public_key: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    pub(in crate::pki) extensions: Vec<Extension>,
}

/// SEQUENCE { what is signed, algorithm, BIT STRING }: certificates and CRLs alike.
pub(in crate::pki) fn signed(
    tbs: &[u8],
    algorithm: &AlgorithmIdentifierOwned,
    signature: &[u8],
) -> Result<Vec<u8>, PkiError> {
    signed_in_place(tbs.to_vec(), algorithm, signature)
}

/// The same around what is signed, where it is: a long list is not there twice.
pub(in crate::pki) fn signed_in_place(
    mut tbs: Vec<u8>,
    algorithm: &AlgorithmIdentifierOwned,
    signature: &[u8],
) -> Result<Vec<u8>, PkiError> {
    let algorithm = algorithm.to_der().map_err(encode_error)?;
    let signature = BitString::from_bytes(signature).and_then(|s| s.to_der()).map_err(encode_error)?;
    let header = header(0x30, tbs.len() + algorithm.len() + signature.len());
    tbs.reserve_exact(header.len() + algorithm.len() + signature.len());
    tbs.extend_from_slice(&algorithm);
    tbs.extend_from_slice(&signature);
    tbs.splice(0..0, header);
    Ok(tbs)
}

/// A DER tag and length.
pub(in crate::pki) fn header(tag: u8, length: usize) -> Vec<u8> {
    let octets = length.to_be_bytes();
    let start = octets.iter().position(|&b| b != 0).unwrap_or(octets.len());
    let octets = octets.get(start..).unwrap_or_default();
    match (octets, length) {
        (_, 0..=0x7f) => vec![tag, u8::try_from(length).unwrap_or_default()],
        (octets, _) => {
            let count = 0x80 | u8::try_from(octets.len()).unwrap_or_default();
            [&[tag, count], octets].concat()
        }
    }
}

/// UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280, section 4.1.2.5).
pub(in crate::pki) fn time(moment: Timestamp) -> Result<Time, PkiError> {
    let since = Duration::from_secs(u64::try_from(moment.as_seconds()).unwrap_or_default());
    match UtcTime::from_unix_duration(since) {
        Ok(time) => Ok(time.into()),
        Err(_) => Ok(GeneralizedTime::from_unix_duration(since).map_err(encode_error)?.into()),
    }
}

/// The key identifier: the leftmost 160 bits of the SHA-256 of the public key's BIT STRING (RFC 7093, section 2).
pub(in crate::pki) fn key_id(key: &PublicKey) -> Result<Vec<u8>, PkiError> {
    let info = public_key_info(key)?;
    let digest = digest::sha256(info.subject_public_key.raw_bytes());
    Ok(digest.get(..20).unwrap_or_default().to_vec())
}

pub(in crate::pki) fn public_key_info(key: &PublicKey) -> Result<SubjectPublicKeyInfoOwned, PkiError> {
    SubjectPublicKeyInfoOwned::from_der(key.as_der()).map_err(|e| PkiError::malformed("public key", e))
}

/// The algorithm that a key signs with.
pub(in crate::pki) fn signature_algorithm(algorithm: KeyAlgorithm) -> AlgorithmIdentifierOwned {
    const SHA256_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
    const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
    const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
    match algorithm {
        KeyAlgorithm::EcP256 => AlgorithmIdentifierOwned { oid: ECDSA_SHA256, parameters: None },
        KeyAlgorithm::EcP384 => AlgorithmIdentifierOwned { oid: ECDSA_SHA384, parameters: None },
        _ => AlgorithmIdentifierOwned { oid: SHA256_RSA, parameters: Some(Any::from(Null)) },
    }
}
