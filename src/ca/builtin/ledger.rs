//! Signing, on record.

use certporter_model::Timestamp;
use certporter_model::ids::CaGenerationId;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::PublicKeyHash;

use super::{BuiltinCa, urls};
use crate::ca::contract::{CaError, Issued, SignOutcome, SignRequest};
use crate::ca::generation::Generation;
use crate::ca::generation::permit;
use crate::pki::issuance::{Issuance, Issuer, Prepared};
use crate::pki::{Certificate, PkiError};
use crate::random::octets;
use crate::store::issued_certificates::{self, LedgerEntry};
use crate::store::{AuditEvent, StoreError, Target, ca_generations};

/// How often a serial number is drawn anew; of 126 random bits none repeats in practice.
const DRAWS: u32 = 3;

/// Which generation may issue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The one that is not retired when the intent is recorded.
    WhoIssuesNow,
    /// Whichever is named.
    Any,
}

impl BuiltinCa {
    /// The order matters: serial number, intended certificate and audit are committed before there is a signature, so
    /// that no certificate exists that the ledger does not know.
    pub(super) async fn sign_request(&self, request: &SignRequest) -> Result<SignOutcome, CaError> {
        if let Some(entry) = self.entry_of(&request.reference).await? {
            if entry.public_key_hash != request.csr.public_key_hash() {
                return Err(CaError::Changed(request.reference.clone()));
            }
            return self.complete(entry).await;
        }
        let public_key = request.csr.public_key().clone();
        let issuance = Issuance::for_holder(&request.asked, public_key, self.0.clock.now());
        let issued = match issuance {
            Ok(issuance) => self.issue_to_holder(issuance, &request.reference).await,
            Err(error) => Err(error.into()),
        };
        match issued {
            Err(CaError::Pki(PkiError::Unfit { field, message })) => Ok(SignOutcome::Refused {
                cause: format!("{field}: {message}"),
                remedy: "change the profile or the value it takes, then ask again".to_owned(),
            }),
            other => other,
        }
    }

    /// Issues by the generation that issues now. Where another process has made a new one since this one looked, it is
    /// that one: the intent of a retired one is refused.
    async fn issue_to_holder(&self, issuance: Issuance, reference: &str) -> Result<SignOutcome, CaError> {
        for _ in 0..DRAWS {
            let generation = self.issuing()?;
            match self.issue_by(&generation, issuance.clone(), reference, By::WhoIssuesNow).await {
                Err(CaError::Store(StoreError::Stale { .. })) => {
                    self.read_generations().await?;
                }
                other => return other,
            }
        }
        Err(CaError::Interrupted("its issuing key was changed again and again".to_owned()))
    }

    /// Issues what is stated, once for a reference, for the CA's own use: signers of OCSP answers are certified by retired
    /// generations too.
    pub(super) async fn issue(
        &self,
        generation: &Generation,
        issuance: Issuance,
        reference: &str,
    ) -> Result<SignOutcome, CaError> {
        self.issue_by(generation, issuance, reference, By::Any).await
    }

    async fn issue_by(
        &self,
        generation: &Generation,
        issuance: Issuance,
        reference: &str,
        by: By,
    ) -> Result<SignOutcome, CaError> {
        for _ in 0..DRAWS {
            let (entry, prepared) = self.intend(generation, issuance.clone(), reference)?;
            match self.record_intent(&entry, &prepared, reference, by).await {
                Ok(()) => return self.finish(&entry, prepared).await,
                Err(StoreError::Conflict { .. }) => {
                    // Somebody works on the same request, or the number is taken.
                    if let Some(there) = self.entry_of(reference).await? {
                        if there.public_key_hash != entry.public_key_hash {
                            return Err(CaError::Changed(reference.to_owned()));
                        }
                        return self.complete(there).await;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(CaError::Interrupted("no free serial number was drawn".to_owned()))
    }

    /// What became of a request that the ledger knows.
    pub(super) async fn answer_again(&self, reference: &str) -> Result<SignOutcome, CaError> {
        let entry = self.entry_of(reference).await?;
        let entry = entry.ok_or_else(|| CaError::Unknown(format!("the request {reference}")))?;
        self.complete(entry).await
    }

    async fn entry_of(&self, reference: &str) -> Result<Option<LedgerEntry>, CaError> {
        let generations: Vec<CaGenerationId> = self.generations().await?.iter().map(|g| g.row.id).collect();
        let mut conn = self.0.db.read().await?;
        Ok(issued_certificates::of_reference(&mut conn, &generations, reference).await?)
    }

    /// The certificate of an entry, signed now if that is still to be done.
    async fn complete(&self, entry: LedgerEntry) -> Result<SignOutcome, CaError> {
        if let Some(der) = &entry.der {
            return issued(der, entry.ca_generation_id);
        }
        let generation = self.generation(entry.ca_generation_id).await?;
        let prepared = Prepared::resume(entry.intent.clone(), &generation.certificate)?;
        self.finish(&entry, prepared).await
    }

    fn intend(
        &self,
        generation: &Generation,
        issuance: Issuance,
        reference: &str,
    ) -> Result<(LedgerEntry, Prepared), CaError> {
        let public_key_hash = issuance.public_key().hash();
        let not_after = issuance.validity().not_after();
        let serial = SerialNumber::from_random(octets(self.0.random.as_ref()));
        let shard = self.shard_of(&serial);
        let urls = urls(&self.0.settings.pki_url, &generation.slug(), shard);
        let prepared = issuance.prepare(&serial, Issuer::Ca(&generation.certificate, &urls))?;
        let entry = LedgerEntry {
            ca_generation_id: generation.row.id,
            serial,
            public_key_hash,
            request_reference: Some(reference.to_owned()),
            intent: prepared.tbs().to_vec(),
            der: None,
            shard,
            not_after,
            created_at: self.0.clock.now(),
            issued_at: None,
            revoked_at: None,
            reason: None,
            held: false,
            changed_at: None,
        };
        Ok((entry, prepared))
    }

    async fn record_intent(
        &self,
        entry: &LedgerEntry,
        prepared: &Prepared,
        reference: &str,
        by: By,
    ) -> Result<(), StoreError> {
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        if by == By::WhoIssuesNow && !ca_generations::issues(&mut tx, entry.ca_generation_id).await? {
            return Err(StoreError::Stale { what: "issuing CA" });
        }
        issued_certificates::insert(&mut tx, entry).await?;
        let new_shard = self.name_shard(&mut tx, entry.ca_generation_id, entry.shard).await?;
        let event = event(entry, "ca.intend", entry.created_at)
            .with("request", reference)
            .with("public_key_hash", entry.public_key_hash.to_string())
            .with("tbs_digest", prepared.tbs_digest().to_string());
        tx.commit(event).await?;
        self.shard_is_named(new_shard);
        Ok(())
    }

    async fn finish(&self, entry: &LedgerEntry, prepared: Prepared) -> Result<SignOutcome, CaError> {
        let generation = self.generation(entry.ca_generation_id).await?;
        let certificate = prepared.sign(&generation.key)?;
        let now = self.0.clock.now();
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        let (id, serial) = (entry.ca_generation_id, &entry.serial);
        // Whoever signed the same intent at the same time may have been first: one certificate a number.
        let stored = issued_certificates::signed(&mut tx, id, serial, certificate.as_der(), now).await?;
        let certificate =
            if stored == certificate.as_der() { certificate } else { Certificate::parse(&stored)? };
        let event = event(entry, "ca.issue", now).with("thumbprint", certificate.thumbprint().to_string());
        tx.commit(event).await?;
        Ok(SignOutcome::Issued(Box::new(Issued { certificate, generation: id })))
    }

    /// Every certificate in the ledger for a public key, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn issued_for_key(&self, key: PublicKeyHash) -> Result<Vec<Issued>, CaError> {
        let mut conn = self.0.db.read().await?;
        let entries = issued_certificates::of_public_key(&mut conn, key).await?;
        let all = self.generations().await?;
        let own =
            entries.into_iter().filter(|entry| all.iter().any(|it| it.row.id == entry.ca_generation_id));
        let signed = own.filter_map(|entry| entry.der.map(|der| (der, entry.ca_generation_id)));
        let parsed =
            signed.map(|(der, generation)| Ok(Issued { certificate: Certificate::parse(&der)?, generation }));
        parsed.collect()
    }
}

fn issued(der: &[u8], generation: CaGenerationId) -> Result<SignOutcome, CaError> {
    let certificate = Certificate::parse(der)?;
    Ok(SignOutcome::Issued(Box::new(Issued { certificate, generation })))
}

fn event(entry: &LedgerEntry, action: &'static str, at: Timestamp) -> AuditEvent {
    let target = Target::one("ca_generation", entry.ca_generation_id.as_uuid());
    AuditEvent::new(at, action, target).with("serial", entry.serial.to_string())
}
