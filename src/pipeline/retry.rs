//! Trying again everything that failed for the same reason, in chunks: each is a transaction, so that it goes on where
//! it was when the process dies.

use certporter_model::Timestamp;

use super::error::StepError;
use super::queue::Outcome;
use super::work::Work;
use super::{Pipeline, change};
use crate::store::{AuditEvent, Target, jobs, trouble};
use crate::wire::connector::Lease;

/// Requests tried again in one transaction.
const CHUNK: u32 = 200;

impl Pipeline {
    /// Tries the next requests again that failed or wait for this reason and have not changed since it was asked for;
    /// one that fails again in the meantime is left alone.
    pub(super) async fn retry_those(
        &self,
        lease: Lease,
        cause: String,
        asked_at: Timestamp,
        asked_by: String,
    ) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        let random = self.random.as_ref();
        let mut tx = self.db.write(&Self::permit()?).await?;
        let chunk = trouble::of_cause(&mut tx, &cause, asked_at, CHUNK).await?;
        for id in &chunk {
            change::retry(&mut tx, *id, now, random).await?;
        }
        let event = AuditEvent::new(now, "requests.retry", Target::none("request"))
            .with("cause", cause.clone())
            .with("requests", chunk.len())
            .with("asked_by", asked_by.clone());
        if chunk.len() == usize::try_from(CHUNK).unwrap_or(usize::MAX) {
            Work::Retry { cause, asked_at, asked_by }.enqueue(&mut tx, now, random).await?;
        }
        jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
        tx.commit(event).await?;
        Ok(Outcome::Finished)
    }
}
