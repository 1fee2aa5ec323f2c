//! A CA generation whose key is at hand.

use certporter_model::Timestamp;
use certporter_model::access::{Caller, Forbidden, Permission, Permit, Scope};
use certporter_model::ids::{CaGenerationId, CaId};
use certporter_model::serial::SerialNumber;

use crate::pki::issuance::{Issuance, Issuer};
use crate::pki::ocsp::IssuerHashes;
use crate::pki::secret_box::MasterKey;
use crate::pki::{Certificate, PkiError, PrivateKey};
use crate::random::{Random, octets};
use crate::store::StoreError;
use crate::store::ca_generations::CaGeneration;

/// A generation's row, read, with its private key opened.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) row: CaGeneration,
    pub(super) certificate: Certificate,
    /// How OCSP requests name it.
    pub(super) hashes: IssuerHashes,
    pub(super) key: PrivateKey,
}

/// What a new generation is to be.
pub(super) struct NewGeneration<'n> {
    pub(super) ca_id: CaId,
    pub(super) purpose: &'n str,
    pub(super) number: u32,
    pub(super) parent: Option<CaGenerationId>,
}

impl Generation {
    /// Opens the sealed key of a row.
    pub(super) fn open(row: CaGeneration, master: &MasterKey) -> Result<Self, PkiError> {
        let sealed = row.sealed_key.as_deref().ok_or_else(|| {
            PkiError::MasterKey("a generation of this CA has no private key in the database".to_owned())
        })?;
        let key = PrivateKey::from_pkcs8(&master.open(&context(row.id), sealed)?)?;
        let certificate = Certificate::parse(&row.certificate_der)?;
        if key.public_key_der() != certificate.public_key_der() {
            return Err(PkiError::Damaged(context(row.id)));
        }
        let hashes = IssuerHashes::of(&certificate)?;
        Ok(Self { row, certificate, hashes, key })
    }

    /// Signs the generation's certificate and seals its key; nothing is stored by that.
    pub(super) fn create(
        new: &NewGeneration<'_>,
        key: PrivateKey,
        issuance: Issuance,
        issuer: Option<(&Self, &crate::pki::issuance::IssuerUrls)>,
        (master, random, now): (&MasterKey, &dyn Random, Timestamp),
    ) -> Result<Self, PkiError> {
        let serial = SerialNumber::from_random(octets(random));
        let certificate = match issuer {
            None => issuance.prepare(&serial, Issuer::Itself)?.sign(&key)?,
            Some((ca, urls)) => {
                issuance.prepare(&serial, Issuer::Ca(&ca.certificate, urls))?.sign(&ca.key)?
            }
        };
        let id = CaGenerationId::new(now, octets(random));
        let row = CaGeneration {
            id,
            ca_id: new.ca_id,
            generation: new.number,
            purpose: new.purpose.to_owned(),
            parent_id: new.parent,
            thumbprint: certificate.thumbprint(),
            public_key_hash: certificate.public_key_hash(),
            sealed_key: Some(master.seal(random, &context(id), &key.to_pkcs8()?)?),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            certificate_der: certificate.as_der().to_vec(),
            state: "active".to_owned(),
            created_at: now,
        };
        let hashes = IssuerHashes::of(&certificate)?;
        Ok(Self { row, certificate, hashes, key })
    }

    /// Whether it signs certificates of holders now.
    pub(super) fn issues(&self) -> bool {
        self.row.purpose == "issuing" && self.row.state == "active"
    }

    /// What its published files are called: `issuing-1`.
    pub(super) fn slug(&self) -> String {
        format!("{}-{}", self.row.purpose, self.row.generation)
    }
}

fn context(id: CaGenerationId) -> String {
    format!("ca_generations/{id}")
}

/// The leave of a CA to write what is its own.
pub(super) fn permit(part: &'static str) -> Result<Permit, StoreError> {
    let refused = |error: Forbidden| StoreError::Other(error.to_string());
    Caller::system(part).permitted(Permission::SystemWork, &Scope::Organisation).map_err(refused)
}
