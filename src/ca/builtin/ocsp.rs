//! OCSP for the built-in CA: answers from the ledger, signed by delegated signers.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::distinguished_name::{AttributeType, DistinguishedName};
use certporter_model::ids::CaGenerationId;
use certporter_model::key::KeyAlgorithm;

use super::BuiltinCa;
use crate::ca::contract::{CaError, SignOutcome};
use crate::ca::generation::Generation;
use crate::pki::issuance::{Issuance, Validity};
use crate::pki::ocsp::{
    self, CertId, CertificateState, OcspRequest, Responder, SingleAnswer, UNAUTHORIZED, respond,
};
use crate::pki::{PkiError, PrivateKey};
use crate::random::octets;

/// How long a signer's certificate is good, in days. Its key lives in this process's memory alone, so that every
/// start makes a new one, and half of its life is the longest that one is used.
const SIGNER_DAYS: u32 = 14;
/// How long relying parties may go on with an answer.
pub const ANSWER_LIFE: Duration = Duration::from_secs(3600);

/// The delegated signers of this process, by the generation that they sign for.
#[derive(Default)]
pub(super) struct Signers(RwLock<HashMap<CaGenerationId, Arc<Delegate>>>);

struct Delegate {
    key: PrivateKey,
    responder: Responder,
    /// When its certificate begins: it may be that of a clock that was ahead.
    from: Timestamp,
    until: Timestamp,
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspAnswer {
    /// The response.
    pub octets: Vec<u8>,
    /// When it was true.
    pub this_update: Timestamp,
    /// Until when it may be kept; none for answers that must not be (errors, nonces, unknown certificates).
    pub fresh_until: Option<Timestamp>,
}

impl OcspAnswer {
    /// An error: it is never signed, and not kept.
    #[must_use]
    pub fn error(octets: [u8; 5]) -> Self {
        Self { octets: octets.to_vec(), this_update: Timestamp::default(), fresh_until: None }
    }
}

impl BuiltinCa {
    /// Answers a request in DER. What is wrong with it is in the answer.
    ///
    /// # Errors
    /// When the database or cryptography fails: the client should try later.
    pub async fn ocsp(&self, der: &[u8]) -> Result<OcspAnswer, CaError> {
        let Ok(request) = OcspRequest::parse(der) else {
            return Ok(OcspAnswer::error(ocsp::MALFORMED_REQUEST));
        };
        let Some(first) = request.certificates().first() else {
            return Ok(OcspAnswer::error(ocsp::MALFORMED_REQUEST));
        };
        let all = self.generations().await?;
        let Some(generation) = issuer_of(&all, first) else {
            return Ok(OcspAnswer::error(UNAUTHORIZED));
        };
        // Before the look at the ledger: an answer without a revocation is good for no longer than its life after it.
        let now = self.0.clock.now();
        let mut answers = Vec::with_capacity(request.certificates().len());
        for asked in request.certificates() {
            // One signature speaks for one issuer: certificates of others are unknown to it.
            let state = match issuer_of(&all, asked) {
                Some(issuer) if issuer.row.id == generation.row.id => {
                    self.state_of(&all, issuer, asked).await?
                }
                _ => CertificateState::Unknown,
            };
            answers.push(SingleAnswer { certificate: asked, state });
        }
        let delegate = self.delegate(generation, now).await?;
        let until = now.plus(ANSWER_LIFE);
        let octets = respond(&request, &answers, (now, until), &delegate.responder, &delegate.key)?;
        // A nonce is for one client; and what is unknown now may be issued in a moment.
        let known = answers.iter().all(|answer| answer.state != CertificateState::Unknown);
        let fresh_until = (known && request.nonce().is_none()).then_some(until);
        Ok(OcspAnswer { octets, this_update: now, fresh_until })
    }

    async fn state_of(
        &self,
        all: &[Arc<Generation>],
        issuer: &Generation,
        asked: &CertId,
    ) -> Result<CertificateState, CaError> {
        let Some(serial) = asked.serial() else { return Ok(CertificateState::Unknown) };
        // The certificates of CAs are no part of the ledger.
        let below = |g: &&Arc<Generation>| g.row.parent_id == Some(issuer.row.id);
        if all.iter().filter(below).any(|g| g.certificate.serial() == serial) {
            return Ok(CertificateState::Good);
        }
        let entry = self.0.look_ups.status(&self.0.db, issuer.row.id, serial).await?;
        Ok(match entry {
            Some(entry) => match entry.revoked_at.zip(entry.reason) {
                Some((at, reason)) => CertificateState::Revoked(at, reason),
                None => CertificateState::Good,
            },
            None => CertificateState::Unknown,
        })
    }

    async fn delegate(&self, generation: &Arc<Generation>, now: Timestamp) -> Result<Arc<Delegate>, CaError> {
        let id = generation.row.id;
        let signers = &self.0.signers.0;
        let known = signers.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(known) = known.filter(|known| known.from <= now && known.until > now) {
            return Ok(known);
        }
        let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        let reference = hex::encode(octets::<8>(self.0.random.as_ref()));
        let name = vec![vec![(AttributeType::CommonName, format!("OCSP {} {reference}", generation.slug()))]];
        let subject = DistinguishedName::new(name)
            .map_err(|error| PkiError::Unfit { field: "subject", message: error.to_string() })?;
        let validity = Validity::days(now, SIGNER_DAYS);
        let issuance = Issuance::ocsp_signer(subject, key.public_key().clone(), validity);
        let outcome = self.issue(generation, issuance, &format!("ocsp-{reference}")).await?;
        let SignOutcome::Issued(issued) = outcome else {
            return Err(CaError::Interrupted("no OCSP signer was issued".to_owned()));
        };
        let half = Duration::from_secs(u64::from(SIGNER_DAYS) * 43_200);
        let from = issued.certificate.not_before();
        let responder = Responder::new(issued.certificate)?;
        let delegate = Arc::new(Delegate { key, responder, from, until: now.plus(half) });
        let mut known = signers.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(id, Arc::clone(&delegate));
        Ok(delegate)
    }
}

fn issuer_of<'g>(all: &'g [Arc<Generation>], asked: &CertId) -> Option<&'g Arc<Generation>> {
    all.iter().find(|generation| generation.hashes.are_of(asked))
}
