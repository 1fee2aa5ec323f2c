//! CMS (RFC 5652, RFC 5083): envelopes as AuthEnvelopedData with AES-256-GCM, to RSA and elliptic-curve recipients;
//! for readers that know nothing newer EnvelopedData; and signatures.

use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::stack::Stack;
use openssl::symm::Cipher;
use zeroize::Zeroizing;

use super::{Certificate, PkiError, PrivateKey};

/// The most octets of an envelope that is opened.
pub const ENVELOPE_MAX: usize = 1024 * 1024;

/// Seals contents to a certificate: whoever has its key opens them, and notices any change.
///
/// # Errors
/// When the certificate's key can't receive.
pub fn seal(recipient: &Certificate, contents: &[u8]) -> Result<Vec<u8>, PkiError> {
    let mut recipients = Stack::new()?;
    recipients.push(recipient.to_openssl()?)?;
    let envelope = CmsContentInfo::encrypt(&recipients, contents, Cipher::aes_256_gcm(), CMSOptions::BINARY)?;
    Ok(envelope.to_der()?)
}

/// Seals contents as EnvelopedData with AES-256-CBC, for readers that don't know authenticated encryption. Whoever uses
/// it signs the outside.
///
/// # Errors
/// When the certificate's key can't receive.
pub fn envelop(recipient: &Certificate, contents: &[u8]) -> Result<Vec<u8>, PkiError> {
    let mut recipients = Stack::new()?;
    recipients.push(recipient.to_openssl()?)?;
    let envelope = CmsContentInfo::encrypt(&recipients, contents, Cipher::aes_256_cbc(), CMSOptions::BINARY)?;
    Ok(envelope.to_der()?)
}

/// Signs contents: SignedData that holds them, with the signer's certificate and those above it.
///
/// # Errors
/// When the key is not the certificate's.
pub fn sign(
    signer: &Certificate,
    key: &PrivateKey,
    above: &[Certificate],
    contents: &[u8],
) -> Result<Vec<u8>, PkiError> {
    let mut chain = Stack::new()?;
    for certificate in above {
        chain.push(certificate.to_openssl()?)?;
    }
    let signer = signer.to_openssl()?;
    let signed = CmsContentInfo::sign(
        Some(&signer),
        Some(key.openssl()),
        Some(&chain),
        Some(contents),
        CMSOptions::BINARY,
    )?;
    Ok(signed.to_der()?)
}

/// Opens an envelope with the recipient's key.
///
/// # Errors
/// When it is none, is over [`ENVELOPE_MAX`], is sealed to another certificate, or was changed.
pub fn open(
    recipient: &Certificate,
    key: &PrivateKey,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PkiError> {
    let wrong = |why: &str| PkiError::malformed("CMS envelope", why);
    if envelope.len() > ENVELOPE_MAX {
        return Err(wrong("it has more than 1048576 octets"));
    }
    let envelope = CmsContentInfo::from_der(envelope).map_err(|_| wrong("it is no DER of one"))?;
    let contents = envelope.decrypt(key.openssl(), &recipient.to_openssl()?);
    contents.map(Zeroizing::new).map_err(|_| PkiError::NotRecipient)
}
