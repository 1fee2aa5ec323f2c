//! PFX files (PKCS#12, RFC 7292).

use certporter_model::profile::PfxFormat;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::stack::Stack;
use zeroize::Zeroizing;

use super::{Certificate, PkiError, PrivateKey};

/// Iterations of the key derivation. The passwords are random and long: more would cost time and add nothing.
const ITERATIONS: u32 = 2048;

/// The most octets of a PFX that is opened.
pub const PFX_MAX: usize = 256 * 1024;

/// What a PFX holds.
#[derive(Debug)]
pub struct Pfx {
    /// The private key.
    pub key: PrivateKey,
    /// Its certificate.
    pub certificate: Certificate,
    /// The certificates above it, the issuer's first; the root may be left out.
    pub chain: Vec<Certificate>,
}

/// Builds a PFX: the leaf first, the same localKeyID on key and certificate, and the friendly name on both.
///
/// *modern* is PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA256, and a SHA-256 MAC; *compat* is triple DES and a SHA-1
/// MAC, for readers that know nothing newer, and belongs only inside an envelope.
///
/// # Errors
/// When the key is not the certificate's, the password is empty, not ASCII (Java refuses others) or has control
/// characters, or the name has a NUL.
pub fn build(
    pfx: &Pfx,
    format: PfxFormat,
    password: &str,
    friendly_name: &str,
) -> Result<Zeroizing<Vec<u8>>, PkiError> {
    let unfit = |field, message: &str| Err(PkiError::Unfit { field, message: message.to_owned() });
    if password.is_empty() || !password.bytes().all(|b| b.is_ascii() && !b.is_ascii_control()) {
        return unfit("password", "has printable ASCII characters only, and at least one");
    }
    if friendly_name.contains('\0') {
        return unfit("friendly_name", "has no NUL character");
    }
    if pfx.key.public_key_der() != pfx.certificate.public_key_der() {
        return unfit("key", "the private key is not that of the certificate");
    }
    let mut chain = Stack::new()?;
    for certificate in &pfx.chain {
        chain.push(certificate.to_openssl()?)?;
    }
    let (cipher, digest) = match format {
        PfxFormat::Modern => (Nid::AES_256_CBC, MessageDigest::sha256()),
        PfxFormat::Compat => (Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC, MessageDigest::sha1()),
    };
    let certificate = pfx.certificate.to_openssl()?;
    let mut builder = Pkcs12::builder();
    builder.name(friendly_name).pkey(pfx.key.openssl()).cert(&certificate).ca(chain);
    builder.key_algorithm(cipher).cert_algorithm(cipher).mac_md(digest);
    builder.key_iter(ITERATIONS).mac_iter(ITERATIONS);
    Ok(Zeroizing::new(builder.build2(password)?.to_der()?))
}

/// Opens a PFX of either format.
///
/// # Errors
/// When it is none, is over [`PFX_MAX`], the password is wrong, or it lacks key or certificate or they don't match.
pub fn open(der: &[u8], password: &str) -> Result<Pfx, PkiError> {
    let wrong = |why: &str| PkiError::malformed("PKCS#12 file", why);
    if der.len() > PFX_MAX {
        return Err(wrong("it has more than 262144 octets"));
    }
    if password.contains('\0') {
        return Err(PkiError::WrongPassword);
    }
    let parsed = Pkcs12::from_der(der).map_err(|_| wrong("it is no DER of one"))?;
    let parsed = parsed.parse2(password).map_err(|stack| {
        let mac = stack.errors().iter().any(|e| e.reason().is_some_and(|r| r.contains("mac verify failure")));
        if mac { PkiError::WrongPassword } else { stack.into() }
    })?;
    let key = parsed.pkey.ok_or_else(|| wrong("it has no private key"))?;
    let key = PrivateKey::from_openssl(key)?;
    let certificate = parsed.cert.ok_or_else(|| wrong("it has no certificate for its key"))?;
    let certificate = Certificate::parse(&certificate.to_der()?)?;
    if key.public_key_der() != certificate.public_key_der() {
        return Err(wrong("its key is not that of its certificate"));
    }
    let mut chain = Vec::new();
    for above in parsed.ca.iter().flatten() {
        chain.push(Certificate::parse(&above.to_der()?)?);
    }
    Ok(Pfx { key, certificate, chain })
}
