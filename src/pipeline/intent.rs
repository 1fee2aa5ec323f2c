//! The intent: stored before a CSR leaves, so that anybody can finish after a crash.

use certporter_model::EscrowedKeyId;
use certporter_model::escrow::EscrowState;
use certporter_model::request::{RequestState, Step};

use super::error::StepError;
use super::orders::ConnectorIdentity;
use super::timeline;
use super::{Pipeline, fault};
use crate::pki::Csr;
use crate::random::octets;
use crate::store::escrowed_keys::{self, EscrowedKey};
use crate::store::jobs;
use crate::store::steps::requests;
use crate::store::{AuditEvent, Target};
use crate::wire::connector::{Intent, IntentAnswer, Lease};
use certporter_model::RequestId;

impl Pipeline {
    /// Stores an intent: public key, CSR, and the key as it was sealed to the transport key, in one commit. If there
    /// is one already, that one counts.
    ///
    /// # Errors
    /// [`StepError::LeaseLost`] when another worker has the request; when the CSR is none for that key; when the
    /// database refuses.
    pub async fn record_intent(
        &self,
        connector: &ConnectorIdentity,
        lease: Lease,
        id: RequestId,
        intent: &Intent,
    ) -> Result<IntentAnswer, StepError> {
        let csr = Csr::parse(intent.csr.as_slice())?;
        if csr.public_key_hash() != intent.public_key_hash {
            let cause = "the connector's CSR is not for the key that it names".to_owned();
            return Err(StepError::Hopeless { cause, remedy: "Update the connector.".into() });
        }
        let now = self.clock.now();
        let mut tx = self.db.write(&connector.permit()?).await?;
        if !jobs::is_held(&mut tx, lease.job, lease.fence).await? {
            return Err(StepError::LeaseLost);
        }
        let mut request = requests::lock(&mut tx, id).await?;
        if let Some(stored) = self.stored_intent(&mut tx, &request).await? {
            return Ok(IntentAnswer::Already { intent: Box::new(stored) });
        }
        if request.state != RequestState::Claimed {
            return Ok(IntentAnswer::NotWanted);
        }
        let profile = self.profile(&mut tx, request.profile_id, request.profile_version).await?;
        let key = EscrowedKeyId::new(now, octets(self.random.as_ref()));
        let escrowed = EscrowedKey {
            id: key,
            request_id: id,
            public_key_hash: intent.public_key_hash,
            kra_generation_id: intent.kra_generation,
            sealed: Some(intent.sealed_key.as_slice().to_vec()),
            state: EscrowState::Transport,
            policy: profile.escrow(),
            created_at: now,
            stored_at: None,
            destroyed_at: None,
            destroyed_trigger: None,
        };
        escrowed_keys::insert(&mut tx, &escrowed).await?;
        request.go(RequestState::KeyGenerated)?;
        request.public_key_hash = Some(intent.public_key_hash);
        request.csr = Some(intent.csr.as_slice().to_vec());
        request.escrowed_key_id = Some(key);
        request.ca_id = Some(self.ca_named(&mut tx, profile.ca()).await?);
        requests::save(&mut tx, &request, now).await?;
        let row = timeline::of_request(Step::KeyGenerated, &request, None).took(intent.generation_ms);
        row.detail(profile.key_algorithm().as_str()).write(&mut tx, now, self.random.as_ref());
        Self::announce_request(&mut tx, &request);
        fault::point("before_intent_commit");
        let event = AuditEvent::new(now, "request.intent", Target::one("request", id.as_uuid()))
            .with("public_key_hash", intent.public_key_hash.to_string());
        tx.commit(event).await?;
        fault::point("after_intent");
        Ok(IntentAnswer::Stored)
    }
}
