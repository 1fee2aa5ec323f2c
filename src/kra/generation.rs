//! A generation of the KRA's keys.

use certporter_model::Timestamp;
use certporter_model::access::{Caller, Forbidden, Permission, Permit, Scope};
use certporter_model::distinguished_name::{AttributeType, DistinguishedName};
use certporter_model::ids::KraGenerationId;
use certporter_model::key::KeyAlgorithm;
use certporter_model::serial::SerialNumber;

use crate::pki::issuance::{Issuance, Issuer, Validity};
use crate::pki::secret_box::MasterKey;
use crate::pki::{Certificate, PkiError, PrivateKey};
use crate::random::{Random, octets};
use crate::store::StoreError;
use crate::store::kra_generations::KraGeneration;

/// How long a generation's certificate is good, in days. Its key opens for longer.
const DAYS: u32 = 10 * 365;

/// What a key of the KRA is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GenerationKind {
    /// Keys on their way from a connector.
    Transport,
    /// Keys at rest.
    Storage,
}

impl GenerationKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Storage => "storage",
        }
    }
}

/// A generation's row, read, with its private key opened.
pub(super) struct Generation {
    pub(super) row: KraGeneration,
    pub(super) certificate: Certificate,
    pub(super) key: PrivateKey,
}

impl Generation {
    /// Opens the sealed key of a row.
    pub(super) fn open(row: KraGeneration, master: &MasterKey) -> Result<Self, PkiError> {
        let sealed = row.sealed_key.as_deref().unwrap_or_default();
        let key = PrivateKey::from_pkcs8(&master.open(&context(row.id), sealed)?)?;
        let certificate = Certificate::parse(&row.certificate_der)?;
        Ok(Self { row, certificate, key })
    }

    /// A new key with a certificate that it signs itself: nobody but the KRA relies on it.
    pub(super) fn create(
        kind: GenerationKind,
        number: u32,
        master: &MasterKey,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Self, PkiError> {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        let name = format!("certporter KRA {} {number}", kind.as_str());
        let subject = DistinguishedName::new(vec![vec![(AttributeType::CommonName, name)]])
            .map_err(|error| PkiError::Unfit { field: "subject", message: error.to_string() })?;
        let issuance = Issuance::key_recovery(subject, key.public_key().clone(), Validity::days(now, DAYS));
        let serial = SerialNumber::from_random(octets(random));
        let certificate = issuance.prepare(&serial, Issuer::Itself)?.sign(&key)?;
        let id = KraGenerationId::new(now, octets(random));
        let row = KraGeneration {
            id,
            kind: kind.as_str().to_owned(),
            generation: number,
            certificate_der: certificate.as_der().to_vec(),
            thumbprint: certificate.thumbprint(),
            sealed_key: Some(master.seal(random, &context(id), &key.to_pkcs8()?)?),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            state: "active".to_owned(),
            created_at: now,
        };
        Ok(Self { row, certificate, key })
    }
}

fn context(id: KraGenerationId) -> String {
    format!("kra_generations/{id}")
}

/// The leave of the KRA to write what is its own.
pub(super) fn permit() -> Result<Permit, StoreError> {
    let refused = |error: Forbidden| StoreError::Other(error.to_string());
    Caller::system("KRA").permitted(Permission::SystemWork, &Scope::Organisation).map_err(refused)
}
