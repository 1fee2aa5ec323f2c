//! Renewals that keep their key: only the key recovery agent can sign the CSR, so the intent is made here and not by the
//! connector. It is made between two transactions: none is open while a key is taken out of escrow and signs.

use std::collections::HashMap;

use certporter_model::request::{RequestState, Step};
use certporter_model::{EscrowedKeyId, JobId, RequestId};

use super::error::{StepError, kra_error};
use super::orders::ConnectorIdentity;
use super::queue::Outcome;
use super::{Pipeline, timeline};
use crate::kra::KraError;
use crate::pki;
use crate::store::steps::requests;
use crate::store::{AuditEvent, Target, escrowed_keys, jobs};
use crate::wire::connector::{Answer, Intent, Lease, Order, Task};

impl Pipeline {
    /// Gives orders that were just claimed the intents of the keys that they keep. One for which that fails is not given
    /// out, and its request says why.
    pub(super) async fn with_kept_keys(
        &self,
        connector: &ConnectorIdentity,
        orders: Vec<Order>,
        kept: &HashMap<JobId, EscrowedKeyId>,
    ) -> Result<Vec<Order>, StepError> {
        let mut ready = Vec::with_capacity(orders.len());
        for mut order in orders {
            let lease = order.lease;
            if let (Task::Issue(issue), Some(key)) = (&mut order.task, kept.get(&lease.job)) {
                match self.keep_key(connector, lease, issue.request, *key).await {
                    Ok(intent) => issue.intent = intent,
                    // Another worker has the request by now.
                    Err(StepError::LeaseLost) => continue,
                    Err(error) => {
                        let request = issue.request;
                        self.no_key_kept(connector, lease, request, error).await?;
                        continue;
                    }
                }
            }
            ready.push(order);
        }
        Ok(ready)
    }

    /// The intent with the key that is kept. None if the key is gone by now: then the connector generates another.
    async fn keep_key(
        &self,
        connector: &ConnectorIdentity,
        lease: Lease,
        id: RequestId,
        key: EscrowedKeyId,
    ) -> Result<Option<Intent>, StepError> {
        let mut conn = self.db.read().await?;
        let request = requests::get(&mut conn, id).await?;
        let escrowed = escrowed_keys::get(&mut conn, key).await?;
        let profile = self.profile(&mut conn, request.profile_id, request.profile_version).await?;
        drop(conn);
        let Ok(names) = request.names()?.ready().cloned() else { return Ok(None) };
        let asked =
            pki::Asked::of_profile(&profile, names.subject, names.subject_alternative_names, names.sid);
        let csr = match self.kra.csr(&escrowed, Some(&asked)).await {
            Ok(csr) => csr,
            Err(KraError::Destroyed) => return Ok(None),
            Err(error) => return Err(kra_error(error)),
        };
        let now = self.clock.now();
        let mut tx = self.db.write(&connector.permit()?).await?;
        if !jobs::is_held(&mut tx, lease.job, lease.fence).await? {
            return Err(StepError::LeaseLost);
        }
        let mut request = requests::lock(&mut tx, id).await?;
        if let Some(stored) = self.stored_intent(&mut tx, &request).await? {
            return Ok(Some(stored));
        }
        // Cancelled in between, or the key was destroyed.
        let gone = escrowed_keys::get(&mut tx, key).await?.sealed.is_none();
        if request.state != RequestState::Claimed || gone {
            return Ok(None);
        }
        request.go(RequestState::KeyGenerated)?;
        request.public_key_hash = Some(csr.public_key_hash());
        request.csr = Some(csr.as_der().to_vec());
        request.escrowed_key_id = Some(key);
        request.ca_id = Some(self.ca_named(&mut tx, profile.ca()).await?);
        requests::save(&mut tx, &request, now).await?;
        request.version += 1;
        let row = timeline::of_request(Step::KeyGenerated, &request, None).detail("the key is kept");
        row.write(&mut tx, now, self.random.as_ref());
        Self::announce_request(&mut tx, &request);
        let intent = self.stored_intent(&mut tx, &request).await?;
        let event = AuditEvent::new(now, "request.intent", Target::one("request", id.as_uuid()))
            .with("public_key_hash", csr.public_key_hash().to_string())
            .with("kept", true);
        tx.commit(event).await?;
        Ok(intent)
    }

    /// What an attempt that failed says: the request waits for another, or fails.
    async fn no_key_kept(
        &self,
        connector: &ConnectorIdentity,
        lease: Lease,
        request: RequestId,
        error: StepError,
    ) -> Result<(), StepError> {
        let answer = match error.outcome() {
            Outcome::Dead { cause, remedy } => Answer::Refused { cause, remedy },
            Outcome::Failed { cause, remedy } => Answer::Failed { cause, remedy, outage: false },
            _ => return Err(error),
        };
        match self.record_answer(connector, lease, request, &answer).await {
            Err(StepError::LeaseLost) => Ok(()),
            other => other,
        }
    }
}
