//! The management key and certificate: who the device is to the portal.

use zeroize::Zeroizing;

use super::AgentError;
use super::folder::Folder;
use crate::pki::certificate::Certificate;
use crate::pki::key::PrivateKey;
use crate::pki::pem;
use crate::pki::tls::client_identity_pem;
use crate::wire::device::ManagementCertificate;

const CURRENT: &str = "management.pem";
const PREVIOUS: &str = "management.previous.pem";
const NEXT: &str = "management.next.pem";

/// A management key with its certificate and the chain above it.
pub struct ManagementIdentity {
    key: PrivateKey,
    certificate: Certificate,
    chain: Vec<Certificate>,
}

impl ManagementIdentity {
    /// Puts a key and the certificate that the portal gave for it together.
    ///
    /// # Errors
    /// When the certificate is not for this key.
    pub fn new(key: PrivateKey, answer: &ManagementCertificate) -> Result<Self, AgentError> {
        let chain = answer.chain.iter().map(|above| Certificate::parse(above.as_slice()));
        Self::from_parts(
            key,
            Certificate::parse(answer.certificate.as_slice())?,
            chain.collect::<Result<_, _>>()?,
        )
    }

    /// Puts a key, its certificate and the chain above it together.
    ///
    /// # Errors
    /// When the certificate is not for this key.
    pub fn from_parts(
        key: PrivateKey,
        certificate: Certificate,
        chain: Vec<Certificate>,
    ) -> Result<Self, AgentError> {
        if certificate.public_key_hash() != key.public_key_hash() {
            return Err(AgentError::Answer("the management certificate is for another key".to_owned()));
        }
        Ok(Self { key, certificate, chain })
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Certificate with chain, and key, as PEM.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn to_pem(&self) -> Result<(String, Zeroizing<String>), AgentError> {
        Ok(client_identity_pem(&self.key, &self.certificate, &self.chain)?)
    }

    /// The identity in use.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn load(folder: &Folder) -> Result<Self, AgentError> {
        Self::read(folder, CURRENT)?.ok_or_else(|| AgentError::NotEnrolled(folder.root().to_owned()))
    }

    /// The identity before the last renewal.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn load_previous(folder: &Folder) -> Result<Option<Self>, AgentError> {
        Self::read(folder, PREVIOUS)
    }

    fn read(folder: &Folder, name: &str) -> Result<Option<Self>, AgentError> {
        let Some(octets) = folder.read(name)?.map(Zeroizing::new) else { return Ok(None) };
        let damaged = |why: &str| AgentError::Damaged { path: folder.path(name), why: why.to_owned() };
        let text = std::str::from_utf8(&octets).map_err(|_| damaged("it is not text"))?;
        let key = read_key(text)?.ok_or_else(|| damaged("it has no key"))?;
        let mut certificates = Certificate::parse_pem(text)?.into_iter();
        let certificate = certificates.next().ok_or_else(|| damaged("it has no certificate"))?;
        Self::from_parts(key, certificate, certificates.collect()).map(Some)
    }

    /// Makes this the identity in use; the one before is kept for envelopes that are sealed for it.
    ///
    /// # Errors
    /// When the files can't be written.
    pub fn install(&self, folder: &Folder) -> Result<(), AgentError> {
        if let Some(current) = folder.read(CURRENT)?.map(Zeroizing::new) {
            folder.write(PREVIOUS, &current)?;
        }
        let (certificates, mut text) = self.to_pem()?;
        text.push_str(&certificates);
        folder.write(CURRENT, text.as_bytes())?;
        folder.remove(NEXT)
    }

    /// Removes every identity.
    ///
    /// # Errors
    /// When a file can't be removed.
    pub fn remove(folder: &Folder) -> Result<(), AgentError> {
        [NEXT, PREVIOUS, CURRENT].into_iter().try_for_each(|name| folder.remove(name))
    }
}

/// The key whose certificate is not here yet: kept before it is used, so that asking again after a crash asks with the
/// same key and gets the same answer.
///
/// # Errors
/// When the key can't be made, read or written.
pub fn next_key(folder: &Folder) -> Result<PrivateKey, AgentError> {
    if let Some(octets) = folder.read(NEXT)?.map(Zeroizing::new)
        && let Some(key) = std::str::from_utf8(&octets).ok().and_then(|text| read_key(text).ok().flatten())
    {
        return Ok(key);
    }
    let key = PrivateKey::generate(certporter_model::key::KeyAlgorithm::EcP256)?;
    let text = Zeroizing::new(pem::encode("PRIVATE KEY", &key.to_pkcs8()?));
    folder.write(NEXT, text.as_bytes())?;
    Ok(key)
}

fn read_key(text: &str) -> Result<Option<PrivateKey>, AgentError> {
    let Some(der) = pem::decode(&["PRIVATE KEY"], text)?.into_iter().next().map(Zeroizing::new) else {
        return Ok(None);
    };
    Ok(Some(PrivateKey::from_pkcs8(&der)?))
}

impl std::fmt::Debug for ManagementIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManagementIdentity")
            .field("thumbprint", &self.certificate.thumbprint())
            .finish_non_exhaustive()
    }
}
