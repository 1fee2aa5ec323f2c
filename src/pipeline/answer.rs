//! What the connector brings back from the CA for a request, other than a certificate: see [`issued`](super::issued)
//! for that.

use certporter_model::request::{RequestState, Step};
use certporter_model::{RequestId, Timestamp};

use super::error::StepError;
use super::orders::ConnectorIdentity;
use super::{Pipeline, backoff, timeline};
use crate::store::jobs::{self, Retry};
use crate::store::steps::requests::{self, RequestInWork};
use crate::store::{AuditEvent, Target, WriteTx, outages};
use crate::wire::connector::{Answer, Lease};

/// Why a request did not get on, and what to do about it.
#[derive(Debug, Clone, Copy)]
struct Trouble<'t> {
    cause: &'t str,
    remedy: &'t str,
}

impl Pipeline {
    /// Takes the answer to an order to issue.
    ///
    /// # Errors
    /// [`StepError::LeaseLost`] when another worker has the request; a certificate is recorded all the same. When the
    /// database refuses; then the lease runs out, and the next attempt brings the same.
    pub async fn record_answer(
        &self,
        connector: &ConnectorIdentity,
        lease: Lease,
        id: RequestId,
        answer: &Answer,
    ) -> Result<(), StepError> {
        if let Answer::Issued { certificate, generation, duration_ms } = answer {
            let brought = (certificate.as_slice(), *generation, *duration_ms);
            return self.record_issued(connector, lease, id, brought).await;
        }
        let now = self.clock.now();
        let mut tx = self.db.write(&connector.permit()?).await?;
        if !jobs::is_held(&mut tx, lease.job, lease.fence).await? {
            return Err(StepError::LeaseLost);
        }
        let mut request = requests::lock(&mut tx, id).await?;
        let action = match answer {
            Answer::Pending { reference, poll_at } => {
                self.pending(&mut tx, &mut request, lease, (reference, *poll_at), now).await?;
                "request.pending"
            }
            Answer::Refused { cause, remedy } => {
                self.fail(&mut tx, &mut request, Trouble { cause, remedy }, now).await?;
                jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
                "request.refused"
            }
            Answer::Failed { cause, remedy, outage } => {
                let trouble = Trouble { cause, remedy };
                self.failed_attempt(&mut tx, &mut request, lease, (trouble, *outage), now).await?;
                "request.attempt_failed"
            }
            // Cancelled, and the CA has nothing: the end.
            Answer::Nothing | Answer::Revoked { .. } | Answer::Issued { .. } => {
                jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
                "request.nothing_issued"
            }
        };
        Self::announce_request(&mut tx, &request);
        tx.commit(AuditEvent::new(now, action, Target::one("request", id.as_uuid()))).await?;
        self.queue.wake();
        Ok(())
    }

    async fn pending(
        &self,
        tx: &mut WriteTx,
        request: &mut RequestInWork,
        lease: Lease,
        (reference, poll_at): (&str, Timestamp),
        now: Timestamp,
    ) -> Result<(), StepError> {
        request.ca_reference = Some(reference.to_owned());
        request.poll_at = Some(poll_at);
        // A cancelled request stays cancelled; the CA's answer is waited for, so that it can be revoked.
        if request.state != RequestState::Cancelled {
            let first = request.state != RequestState::Pending;
            if request.state == RequestState::KeyGenerated {
                request.go(RequestState::Submitted)?;
                let row = timeline::of_request(Step::Submitted, request, None);
                row.write(tx, now, self.random.as_ref());
            }
            request.go(RequestState::Pending)?;
            if first {
                let row = timeline::of_request(Step::Pending, request, None).detail(reference);
                row.write(tx, now, self.random.as_ref());
            }
        }
        requests::save(tx, request, now).await?;
        let again = Retry { not_before: poll_at, progress: true, cause: "", remedy: "" };
        Ok(jobs::retry(tx, lease.job, lease.fence, &again, now).await?)
    }

    /// Fails the request for good, until somebody has it tried again. Its key is destroyed.
    async fn fail(
        &self,
        tx: &mut WriteTx,
        request: &mut RequestInWork,
        trouble: Trouble<'_>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        if request.state.is_final() {
            return Ok(());
        }
        self.fail_with(tx, request, trouble.cause, trouble.remedy, now).await
    }

    /// The same for a request that is known not to be finished.
    pub(super) async fn fail_with(
        &self,
        tx: &mut WriteTx,
        request: &mut RequestInWork,
        cause: &str,
        remedy: &str,
        now: Timestamp,
    ) -> Result<(), StepError> {
        request.go(RequestState::Failed)?;
        request.cause = Some(cause.to_owned());
        request.remedy = Some(remedy.to_owned());
        requests::save(tx, request, now).await?;
        request.version += 1;
        let row = timeline::of_request(Step::Failed, request, None).wrong(cause, remedy);
        row.write(tx, now, self.random.as_ref());
        Self::announce_request(tx, request);
        Ok(())
    }

    async fn failed_attempt(
        &self,
        tx: &mut WriteTx,
        request: &mut RequestInWork,
        lease: Lease,
        (trouble, outage): (Trouble<'_>, bool),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let job = jobs::get(tx, lease.job).await?;
        if outage {
            outages::forgive(tx, lease.job, lease.fence).await?;
        } else if super::queue::is_last_attempt(&job) {
            self.fail(tx, request, trouble, now).await?;
            let Trouble { cause, remedy } = trouble;
            return Ok(jobs::bury(tx, lease.job, lease.fence, cause, remedy, now).await?);
        }
        let random = self.random.as_ref();
        let row = timeline::of_request(Step::Failed, request, None).wrong(trouble.cause, trouble.remedy);
        let counted = format!("attempt {} of {}", job.attempt, job.max_attempts);
        let detail = if outage { "tried again until it works".to_owned() } else { counted };
        // The same trouble again and again is told once.
        if job.cause.as_deref() != Some(trouble.cause) {
            row.detail(detail).write(tx, now, random);
        }
        if !request.state.is_final() {
            request.cause = Some(trouble.cause.to_owned());
            request.remedy = Some(trouble.remedy.to_owned());
            requests::save(tx, request, now).await?;
            request.version += 1;
        }
        let not_before = now.plus(backoff::wait_after(job.attempt, random));
        let again = Retry { not_before, progress: false, cause: trouble.cause, remedy: trouble.remedy };
        Ok(jobs::retry(tx, lease.job, lease.fence, &again, now).await?)
    }
}
