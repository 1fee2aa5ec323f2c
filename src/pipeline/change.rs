//! Changes that somebody, or the plan, makes to what is under way.

use certporter_model::request::{RequestState, Step};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{EscrowedKeyId, RequestId, Timestamp};

use super::error::StepError;
use super::queue::Outcome;
use super::work::Work;
use super::{Pipeline, timeline};
use crate::random::Random;
use crate::store::steps::profiles;
use crate::store::steps::requests::{self, RequestInWork};
use crate::store::{AuditEvent, StoreError, Target, WriteTx, escrowed_keys, jobs};
use crate::wire::connector::Lease;

/// Cancels a request in `tx`. If its CSR may be with the CA already, a connector still sees to it that whatever comes
/// is recorded and revoked for this reason. Answers whether it was under way at all.
///
/// # Errors
/// When there is no such request, or the database refuses.
pub async fn cancel(
    tx: &mut WriteTx,
    id: RequestId,
    (reason, trigger): (Reason, Trigger),
    now: Timestamp,
    random: &dyn Random,
) -> Result<bool, StoreError> {
    let mut request = requests::lock(tx, id).await?;
    if !request.state.is_in_flight() {
        return Ok(false);
    }
    let may_be_at_ca = request.csr.is_some() && request.certificate_id.is_none();
    request.go(RequestState::Cancelled)?;
    request.cancelled_reason = Some(reason);
    request.cancelled_trigger = Some(trigger);
    requests::save(tx, &request, now).await?;
    let row = timeline::of_request(Step::Cancelled, &request, None).detail(trigger.as_str());
    row.write(tx, now, random);
    if may_be_at_ca {
        enqueue(tx, &request, now, random).await?;
    }
    Pipeline::announce_request(tx, &request);
    Ok(true)
}

/// Has a failed or waiting request tried again in `tx`: with the same CSR if there is one, since the CA may have it.
///
/// # Errors
/// When there is no such request, it is neither failed nor waiting, or the database refuses.
pub async fn retry(
    tx: &mut WriteTx,
    id: RequestId,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let mut request = requests::lock(tx, id).await?;
    let again = match request.csr {
        Some(_) if request.state == RequestState::Failed => RequestState::KeyGenerated,
        _ => RequestState::Requested,
    };
    request.go(again)?;
    requests::save(tx, &request, now).await?;
    let row = timeline::of_request(Step::Requested, &request, None).detail("tried again");
    row.write(tx, now, random);
    enqueue(tx, &request, now, random).await?;
    Pipeline::announce_request(tx, &request);
    Ok(())
}

/// Asks for the work on a request.
async fn enqueue(
    tx: &mut WriteTx,
    request: &RequestInWork,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let profile = profiles::version(tx, request.profile_id, request.profile_version).await?;
    let pool = profile.connector_pool().clone();
    Work::Request { request: request.id, pool }.enqueue(tx, now, random).await
}

impl Pipeline {
    pub(super) async fn destroy_key(&self, lease: Lease, key: EscrowedKeyId) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit()?).await?;
        let before = escrowed_keys::get(&mut tx, key).await?;
        if before.sealed.is_some() {
            escrowed_keys::destroy(&mut tx, key, None, now).await?;
            let request = requests::lock(&mut tx, before.request_id).await?;
            let row = timeline::of_request(Step::KeyDestroyed, &request, None);
            row.write(&mut tx, now, self.random.as_ref());
        }
        jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
        tx.commit(AuditEvent::new(now, "key.destroy", Target::one("escrowed_key", key.as_uuid()))).await?;
        Ok(Outcome::Finished)
    }
}
