//! Who signs configuration profiles: a key of its own, certified by the built-in CA, sealed with the master key.
//!
//! The same key and certificate sign for years: a device takes a profile in place of an earlier one only if both are
//! signed by the same.

use std::sync::{Arc, PoisonError};

use certporter_model::Timestamp;
use certporter_model::distinguished_name::{AttributeType, DistinguishedName};
use certporter_model::key::KeyAlgorithm;

use super::BuiltinCa;
use crate::ca::contract::{CaError, SignOutcome};
use crate::ca::generation::permit;
use crate::pki::issuance::{Issuance, Validity};
use crate::pki::{Certificate, PkiError, PrivateKey};
use crate::random::octets;
use crate::store::hand_out_signers::{self, HandOutSignerRow};
use crate::store::{AuditEvent, StoreError, Target};

/// How long a signer's certificate is good, in days, if its CA is.
const DAYS: u32 = 5 * 365;
/// The part of that at its end in which another signs already, in days.
const SPARE_DAYS: u32 = 90;

/// A key that signs what is handed out.
pub struct HandOutSigner {
    /// The key.
    pub key: PrivateKey,
    /// Its certificate.
    pub certificate: Certificate,
    /// The certificates above it, the issuer's first.
    pub chain: Vec<Certificate>,
    until: Timestamp,
}

impl std::fmt::Debug for HandOutSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandOutSigner").field("until", &self.until).finish_non_exhaustive()
    }
}

impl BuiltinCa {
    /// Who signs now; made when there is none.
    ///
    /// # Errors
    /// When the database or cryptography fails, or the master key is another than the one the key is sealed with.
    pub async fn hand_out_signer(&self) -> Result<Arc<HandOutSigner>, CaError> {
        let now = self.0.clock.now();
        let known = self.0.hand_out_signer.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.certificate.not_before() <= now && now < known.until)
        {
            return Ok(known);
        }
        let row = match self.newest_signer(now).await? {
            Some(row) => row,
            None => {
                match self.make_signer(now).await {
                    // Another process was first.
                    Ok(()) | Err(CaError::Store(StoreError::Conflict { .. })) => {}
                    Err(error) => return Err(error),
                }
                let made = self.newest_signer(now).await?;
                made.ok_or_else(|| CaError::Interrupted("nobody signs what is handed out".to_owned()))?
            }
        };
        let signer = Arc::new(self.open_signer(row).await?);
        *self.0.hand_out_signer.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&signer));
        Ok(signer)
    }

    async fn newest_signer(&self, now: Timestamp) -> Result<Option<HandOutSignerRow>, CaError> {
        let mut conn = self.0.db.read().await?;
        let newest = hand_out_signers::newest(&mut conn).await?;
        Ok(newest.filter(|row| row.not_before <= now && now < until(row)))
    }

    async fn open_signer(&self, row: HandOutSignerRow) -> Result<HandOutSigner, CaError> {
        let key = PrivateKey::from_pkcs8(&self.0.master.open(&context(row.number), &row.sealed_key)?)?;
        let certificate = Certificate::parse(&row.certificate_der)?;
        let chain = self.chain_of(row.ca_generation_id).await?;
        Ok(HandOutSigner { until: until(&row), key, certificate, chain })
    }

    async fn make_signer(&self, now: Timestamp) -> Result<(), CaError> {
        let generation = self.issuing()?;
        let mut conn = self.0.db.read().await?;
        let number = hand_out_signers::newest(&mut conn).await?.map_or(1, |row| row.number + 1);
        drop(conn);
        let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        let random = self.0.random.as_ref();
        let name = format!("certporter configuration profiles {number}");
        let subject = DistinguishedName::new(vec![vec![(AttributeType::CommonName, name)]])
            .map_err(|error| PkiError::Unfit { field: "subject", message: error.to_string() })?;
        let validity = Validity::days(now, DAYS).until_at_most(generation.certificate.not_after());
        let issuance = Issuance::document_signer(subject, key.public_key().clone(), validity);
        let reference = format!("hand-outs-{number}-{}", hex::encode(octets::<8>(random)));
        let outcome = self.issue(&generation, issuance, &reference).await?;
        let SignOutcome::Issued(issued) = outcome else {
            return Err(CaError::Interrupted("no signer of hand-outs was issued".to_owned()));
        };
        let row = HandOutSignerRow {
            number,
            ca_generation_id: issued.generation,
            certificate_der: issued.certificate.as_der().to_vec(),
            sealed_key: self.0.master.seal(random, &context(number), &key.to_pkcs8()?)?,
            not_before: issued.certificate.not_before(),
            not_after: issued.certificate.not_after(),
            created_at: now,
        };
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        hand_out_signers::insert(&mut tx, &row).await?;
        let event = AuditEvent::new(now, "hand_out_signer.create", Target::one("ca", self.0.ca_id.as_uuid()))
            .with("number", number)
            .with("thumbprint", issued.certificate.thumbprint().to_string());
        Ok(tx.commit(event).await?)
    }
}

/// Until when a signer signs: a while before its certificate ends, but not before the middle of its life.
fn until(row: &HandOutSignerRow) -> Timestamp {
    let life = row.not_after.since(row.not_before);
    let spare = std::time::Duration::from_secs(u64::from(SPARE_DAYS) * 86_400);
    row.not_after.minus(spare.min(life / 2))
}

fn context(number: i64) -> String {
    format!("hand_out_signers/{number}")
}
