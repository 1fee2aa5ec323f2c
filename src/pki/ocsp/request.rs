//! OCSP requests.

use certporter_model::serial::SerialNumber;
use der::asn1::{Any, ObjectIdentifier, OctetString, OctetStringRef};
use der::{Decode, Encode, Sequence};
use openssl::hash::{MessageDigest, hash};
use x509_cert::ext::Extension;
use x509_cert::serial_number::SerialNumber as X509SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::pki::{Certificate, PkiError};

/// The most octets of a request.
pub const REQUEST_MAX: usize = 8 * 1024;
/// The most certificates that one request asks about.
const CERTIFICATES_MAX: usize = 20;
/// The most octets of a nonce (RFC 9654, section 2.1).
const NONCE_MAX: usize = 128;

const WHAT: &str = "OCSP request";
/// id-pkix-ocsp-nonce (RFC 9654).
pub(super) const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

#[derive(Sequence)]
struct OcspRequestForm {
    tbs: TbsRequest,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    signature: Option<Any>,
}

#[derive(Sequence)]
struct TbsRequest {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "Default::default")]
    version: u8,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    requestor: Option<Any>,
    requests: Vec<SingleRequest>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Sequence)]
struct SingleRequest {
    certificate: CertIdForm,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Sequence)]
struct CertIdForm {
    algorithm: AlgorithmIdentifierOwned,
    issuer_name_hash: OctetString,
    issuer_key_hash: OctetString,
    serial: X509SerialNumber,
}

/// Which certificate is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertId {
    /// As it came: the answer repeats it octet for octet.
    pub(super) der: Vec<u8>,
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    serial: Option<SerialNumber>,
}

impl CertId {
    /// The serial number, if it is one that a certificate can have.
    #[must_use]
    pub fn serial(&self) -> Option<&SerialNumber> {
        self.serial.as_ref()
    }
}

/// A request for the state of certificates. Its signature, if it has one, is of no interest: the answer is public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspRequest {
    certificates: Vec<CertId>,
    nonce: Option<Vec<u8>>,
}

impl OcspRequest {
    /// Reads DER.
    ///
    /// # Errors
    /// When it is none, is over [`REQUEST_MAX`], asks about no certificate or too many, or its nonce is too long.
    pub fn parse(der: &[u8]) -> Result<Self, PkiError> {
        let wrong = |why: String| PkiError::malformed(WHAT, why);
        if der.len() > REQUEST_MAX {
            return Err(wrong(format!("it has {} octets, and {REQUEST_MAX} are the most", der.len())));
        }
        let form = OcspRequestForm::from_der(der).map_err(|e| wrong(e.to_string()))?;
        let requests = form.tbs.requests;
        if requests.is_empty() || requests.len() > CERTIFICATES_MAX {
            return Err(wrong(format!("it asks about 1 to {CERTIFICATES_MAX} certificates")));
        }
        let mut certificates = Vec::with_capacity(requests.len());
        for asked in requests {
            certificates.push(CertId {
                der: asked.certificate.to_der().map_err(|e| wrong(e.to_string()))?,
                name_hash: asked.certificate.issuer_name_hash.as_bytes().to_vec(),
                key_hash: asked.certificate.issuer_key_hash.as_bytes().to_vec(),
                serial: SerialNumber::from_octets(asked.certificate.serial.as_bytes()).ok(),
            });
        }
        let nonce = form.tbs.extensions.iter().flatten().find(|e| e.extn_id == NONCE);
        let nonce = nonce.map(|e| read_nonce(e.extn_value.as_bytes())).transpose()?;
        Ok(Self { certificates, nonce })
    }

    /// The certificates that it asks about: at least one.
    #[must_use]
    pub fn certificates(&self) -> &[CertId] {
        &self.certificates
    }

    /// What the answer must repeat, so that it is no old one.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
}

/// The nonce is an OCTET STRING within the extension's; older clients put its octets there directly.
fn read_nonce(value: &[u8]) -> Result<Vec<u8>, PkiError> {
    let nonce = <&OctetStringRef>::from_der(value).map_or(value, |inner| inner.as_bytes());
    if nonce.is_empty() || nonce.len() > NONCE_MAX {
        return Err(PkiError::malformed(WHAT, format!("its nonce has 1 to {NONCE_MAX} octets")));
    }
    Ok(nonce.to_vec())
}

/// How requests name an issuer: by hashes of its name and key, with SHA-1 (which most clients use, and which is no
/// signature here) or SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerHashes([(Vec<u8>, Vec<u8>); 2]);

impl IssuerHashes {
    /// Of an issuer's certificate.
    ///
    /// # Errors
    /// When its name or key can't be encoded.
    pub fn of(issuer: &Certificate) -> Result<Self, PkiError> {
        let name = issuer.subject_name().to_der().map_err(|e| PkiError::malformed("certificate", e))?;
        let key = SubjectPublicKeyInfoOwned::from_der(issuer.public_key_der())
            .map_err(|e| PkiError::malformed("public key", e))?;
        let key = key.subject_public_key.raw_bytes();
        let pair = |digest| -> Result<_, PkiError> {
            Ok((hash(digest, &name)?.to_vec(), hash(digest, key)?.to_vec()))
        };
        Ok(Self([pair(MessageDigest::sha1())?, pair(MessageDigest::sha256())?]))
    }

    /// Whether this issuer is the one of the certificate that is asked about.
    #[must_use]
    pub fn are_of(&self, asked: &CertId) -> bool {
        self.0.iter().any(|(name, key)| *name == asked.name_hash && *key == asked.key_hash)
    }

    /// SHA-1 of the key: how a response names its signer.
    pub(super) fn key_sha1(&self) -> &[u8] {
        &self.0[0].1
    }
}

impl CertId {
    /// Asks about a certificate: for clients and tests.
    ///
    /// # Errors
    /// When it can't be encoded.
    pub fn request(issuer: &Certificate, serial: &SerialNumber, sha256: bool) -> Result<Vec<u8>, PkiError> {
        let hashes = IssuerHashes::of(issuer)?;
        let [sha1_pair, sha256_pair] = hashes.0;
        let (oid, (name, key)) = if sha256 { (SHA256, sha256_pair) } else { (SHA1, sha1_pair) };
        let wrong = |e: der::Error| PkiError::malformed(WHAT, e);
        let form = OcspRequestForm {
            tbs: TbsRequest {
                version: 0,
                requestor: None,
                requests: vec![SingleRequest {
                    certificate: CertIdForm {
                        algorithm: AlgorithmIdentifierOwned { oid, parameters: Some(Any::null()) },
                        issuer_name_hash: OctetString::new(name).map_err(wrong)?,
                        issuer_key_hash: OctetString::new(key).map_err(wrong)?,
                        serial: X509SerialNumber::new(serial.as_octets()).map_err(wrong)?,
                    },
                    extensions: None,
                }],
                extensions: None,
            },
            signature: None,
        };
        form.to_der().map_err(wrong)
    }
}
