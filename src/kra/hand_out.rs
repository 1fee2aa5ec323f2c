//! Files that are handed out: a key leaves the KRA only within a PFX under a random password, and what is made of that
//! waits sealed to the storage key until somebody fetches it, once.

use certporter_model::KraGenerationId;
use certporter_model::profile::PfxFormat;
use zeroize::Zeroizing;

use super::generation::GenerationKind;
use super::{Kra, KraError, no_key};
use crate::pki::pkcs12::{self, Pfx};
use crate::pki::{Certificate, cms};
use crate::store::escrowed_keys::EscrowedKey;

/// What goes into a PFX beside the key.
#[derive(Debug, Clone)]
pub struct PfxOrder {
    /// The certificate of the escrowed key.
    pub certificate: Certificate,
    /// The certificates above it, the issuer's first; none where the reader takes a single certificate.
    pub chain: Vec<Certificate>,
    /// The PFX's cryptography.
    pub format: PfxFormat,
    /// What a certificate store shall show.
    pub friendly_name: String,
}

/// A file that waits to be fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedFile {
    /// The key that it is sealed to.
    pub generation: KraGenerationId,
    /// The CMS envelope.
    pub octets: Vec<u8>,
}

impl Kra {
    /// A PFX of an escrowed key under a password. Whoever asks has made sure that the key may be handed out, gives the
    /// password to one person alone, and keeps neither.
    ///
    /// # Errors
    /// When the key is destroyed, can't be opened, or is not the certificate's; when the password will not do.
    pub async fn pfx(
        &self,
        escrowed: &EscrowedKey,
        order: &PfxOrder,
        password: &str,
    ) -> Result<Zeroizing<Vec<u8>>, KraError> {
        let key = self.unseal(escrowed).await?;
        let pfx = Pfx { key, certificate: order.certificate.clone(), chain: order.chain.clone() };
        Ok(pkcs12::build(&pfx, order.format, password, &order.friendly_name)?)
    }

    /// Seals a file to the storage key until it is fetched.
    ///
    /// # Errors
    /// When cryptography fails.
    pub fn keep(&self, file: &[u8]) -> Result<SealedFile, KraError> {
        let storage = self.newest(GenerationKind::Storage).ok_or_else(no_key)?;
        Ok(SealedFile { generation: storage.row.id, octets: cms::seal(&storage.certificate, file)? })
    }

    /// Opens a file that was kept.
    ///
    /// # Errors
    /// When the KRA's key is not there, or the file was changed.
    pub async fn kept(&self, file: &SealedFile) -> Result<Zeroizing<Vec<u8>>, KraError> {
        let generation = self.generation(file.generation).await?;
        Ok(cms::open(&generation.certificate, &generation.key, &file.octets)?)
    }
}

impl std::fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedFile").field("generation", &self.generation).finish_non_exhaustive()
    }
}
