//! OCSP responses.

use certporter_model::Timestamp;
use certporter_model::revocation::Reason;
use der::Encode;
use der::asn1::BitString;

use super::request::{CertId, IssuerHashes, OcspRequest};
use crate::pki::extension::encode_error;
use crate::pki::key::Signer;
use crate::pki::tbs::{header, signature_algorithm};
use crate::pki::{Certificate, PkiError};

/// The request could not be read (RFC 6960, section 4.2.1). Never signed, as the others here.
pub const MALFORMED_REQUEST: [u8; 5] = [0x30, 0x03, 0x0a, 0x01, 0x01];
/// The responder failed.
pub const INTERNAL_ERROR: [u8; 5] = [0x30, 0x03, 0x0a, 0x01, 0x02];
/// The responder can't answer now.
pub const TRY_LATER: [u8; 5] = [0x30, 0x03, 0x0a, 0x01, 0x03];
/// The responder does not answer for that issuer.
pub const UNAUTHORIZED: [u8; 5] = [0x30, 0x03, 0x0a, 0x01, 0x06];

/// id-pkix-ocsp-basic
const BASIC: [u8; 11] = [0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
/// id-pkix-ocsp-nonce
const NONCE: [u8; 11] = [0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02];

/// The state of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// Issued and not revoked.
    Good,
    /// Revoked, or on hold.
    Revoked(Timestamp, Reason),
    /// Never issued by this issuer: never said to be good.
    Unknown,
}

/// The answer about one certificate.
#[derive(Debug, Clone)]
pub struct SingleAnswer<'q> {
    /// The certificate, as the request named it.
    pub certificate: &'q CertId,
    /// Its state.
    pub state: CertificateState,
}

/// Who answers: the certificate that goes with every response, and how the response names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responder {
    certificate: Certificate,
    id: Vec<u8>,
}

impl Responder {
    /// The one with this certificate.
    ///
    /// # Errors
    /// When its key can't be read.
    pub fn new(certificate: Certificate) -> Result<Self, PkiError> {
        let id = wrap(0xa2, &wrap(0x04, IssuerHashes::of(&certificate)?.key_sha1()));
        Ok(Self { certificate, id })
    }
}

/// A signed response, with the signer's certificate in it.
///
/// # Errors
/// When the signer can't sign now.
pub fn respond(
    request: &OcspRequest,
    answers: &[SingleAnswer<'_>],
    (this_update, next_update): (Timestamp, Timestamp),
    responder: &Responder,
    signer: &dyn Signer,
) -> Result<Vec<u8>, PkiError> {
    let singles: Vec<u8> =
        answers.iter().flat_map(|answer| single(answer, this_update, next_update)).collect();
    let mut data = [responder.id.clone(), time(this_update), wrap(0x30, &singles)].concat();
    if let Some(nonce) = request.nonce() {
        let value = wrap(0x04, &wrap(0x04, nonce));
        let extension = wrap(0x30, &[NONCE.to_vec(), value].concat());
        data.extend(wrap(0xa1, &wrap(0x30, &extension)));
    }
    let data = wrap(0x30, &data);
    let algorithm = signature_algorithm(signer.public_key().algorithm()).to_der().map_err(encode_error)?;
    let signature = BitString::from_bytes(&signer.sign(&data)?).and_then(|bits| bits.to_der());
    let certificates = wrap(0xa0, &wrap(0x30, responder.certificate.as_der()));
    let basic = wrap(0x30, &[data, algorithm, signature.map_err(encode_error)?, certificates].concat());
    let bytes = wrap(0x30, &[BASIC.to_vec(), wrap(0x04, &basic)].concat());
    // responseStatus successful
    Ok(wrap(0x30, &[vec![0x0a, 0x01, 0x00], wrap(0xa0, &bytes)].concat()))
}

fn single(answer: &SingleAnswer<'_>, this_update: Timestamp, next_update: Timestamp) -> Vec<u8> {
    let state = match answer.state {
        CertificateState::Good => vec![0x80, 0x00],
        CertificateState::Unknown => vec![0x82, 0x00],
        CertificateState::Revoked(at, Reason::Unspecified) => wrap(0xa1, &time(at)),
        CertificateState::Revoked(at, reason) => {
            wrap(0xa1, &[time(at), wrap(0xa0, &[0x0a, 0x01, reason.code()])].concat())
        }
    };
    let next = wrap(0xa0, &time(next_update));
    wrap(0x30, &[answer.certificate.der.clone(), state, time(this_update), next].concat())
}

fn wrap(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut der = header(tag, contents.len());
    der.extend_from_slice(contents);
    der
}

/// Always a GeneralizedTime here (RFC 6960, section 4.2.1).
fn time(moment: Timestamp) -> Vec<u8> {
    let utc = moment.to_utc();
    let (year, month, day) = (utc.year(), u8::from(utc.month()), utc.day());
    let text = format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}Z", utc.hour(), utc.minute(), utc.second());
    wrap(0x18, text.as_bytes())
}
