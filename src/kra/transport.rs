//! What a connector needs of the KRA: a certificate, and no secret.

use certporter_model::ids::KraGenerationId;

use crate::pki::{Certificate, PkiError, PrivateKey, cms};

/// The public half of the KRA's transport key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportKey {
    generation: KraGenerationId,
    certificate: Certificate,
}

/// A private key that is sealed to the KRA.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// The key that it is sealed to.
    pub generation: KraGenerationId,
    /// The CMS envelope.
    pub octets: Vec<u8>,
}

impl TransportKey {
    /// From its parts, as a remote connector gets them.
    #[must_use]
    pub fn new(generation: KraGenerationId, certificate: Certificate) -> Self {
        Self { generation, certificate }
    }

    /// Which generation it is.
    #[must_use]
    pub fn generation(&self) -> KraGenerationId {
        self.generation
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Seals a new key, before its CSR leaves.
    ///
    /// # Errors
    /// When cryptography fails.
    pub fn seal(&self, key: &PrivateKey) -> Result<SealedKey, PkiError> {
        let octets = cms::seal(&self.certificate, &key.to_pkcs8()?)?;
        Ok(SealedKey { generation: self.generation, octets })
    }
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedKey").field("generation", &self.generation).finish_non_exhaustive()
    }
}
