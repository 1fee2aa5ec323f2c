//! Revocations, holds and releases on their way to the CA: claimed, and recorded, many in a transaction. Each keeps its
//! own job with its lease and fence, its row of the timeline and its audit event; one publishing of the CRL follows all.

use std::collections::{BTreeMap, HashMap};

use certporter_model::request::Step;
use certporter_model::text::Name;
use certporter_model::{CaGenerationId, CaId, CertificateId, RevocationId, Timestamp};

use super::error::StepError;
use super::orders::{ConnectorIdentity, bounded};
use super::work::Work;
use super::{Pipeline, backoff, fault, timeline};
use crate::ca::builtin::OCSP_ANSWER_LIFE;
use crate::store::jobs::{self, Job, Retry};
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::revocations;
use crate::store::{AuditEvent, Conn, StoreError, Target, WriteTx, ca_generations, outages};
use crate::wire::connector::{Answer, Lease, Order, RevokeAnswer, RevokeOrder, Task, VERSION};

/// So many at most go to a CA together.
pub const TOGETHER: u32 = 2_500;

impl Pipeline {
    /// Makes orders of claimed jobs. What needs none any more is finished; a row that can't be read does not keep the
    /// others.
    pub(super) async fn revoke_orders(
        &self,
        tx: &mut WriteTx,
        claimed: &[Job],
        now: Timestamp,
    ) -> Result<Vec<Order>, StepError> {
        let mut wanted = Vec::with_capacity(claimed.len());
        for job in claimed {
            if job.attempt > job.max_attempts {
                let cause = format!("{} workers stopped while they worked on it", job.max_attempts);
                self.give_up(tx, job, &cause, now).await?;
                continue;
            }
            match Work::of(job) {
                Ok(Work::Revoke { certificate, .. }) => wanted.push((job, certificate)),
                Ok(other) => {
                    let cause = format!("its work is another: {}", other.kind());
                    self.give_up(tx, job, &cause, now).await?;
                }
                Err(error) => self.give_up(tx, job, &error.to_string(), now).await?,
            }
        }
        let ids: Vec<CertificateId> = wanted.iter().map(|(_, certificate)| *certificate).collect();
        let mut open = revocations::latest_open(tx, &ids).await?;
        let ids: Vec<CertificateId> = open.keys().copied().collect();
        let mut found = readable(tx, &ids).await?;
        let mut cas = HashMap::new();
        let (mut orders, mut needless) = (Vec::with_capacity(wanted.len()), Vec::new());
        for (job, id) in wanted {
            let Some(revocation) = open.remove(&id) else {
                needless.push(job.id);
                continue;
            };
            let Some(certificate) = found.remove(&id) else {
                self.give_up(tx, job, "its certificate is not there, or can't be read", now).await?;
                continue;
            };
            let generation = certificate.ca_generation_id;
            orders.push(Order {
                version: VERSION,
                lease: Lease { job: job.id, fence: job.fence },
                attempt: job.attempt,
                task: Task::Revoke(RevokeOrder {
                    revocation: revocation.id,
                    certificate_id: certificate.id,
                    ca: self.ca_of(tx, generation, &mut cas).await?.1,
                    generation,
                    serial: certificate.serial,
                    certificate: bounded(certificate.der)?,
                    what: revocation.kind,
                    reason: revocation.reason,
                    at: revocation.requested_at,
                }),
            });
        }
        jobs::complete_all(tx, &needless, now).await?;
        Ok(orders)
    }

    /// The CA of a generation and what profiles call it, looked up once.
    async fn ca_of(
        &self,
        conn: &mut Conn,
        generation: CaGenerationId,
        known: &mut HashMap<CaGenerationId, (CaId, Name)>,
    ) -> Result<(CaId, Name), StepError> {
        if let Some(known) = known.get(&generation) {
            return Ok(known.clone());
        }
        let id = ca_generations::generation(conn, generation).await?.ca_id;
        let ca = (id, self.ca_name(conn, id).await?);
        known.insert(generation, ca.clone());
        Ok(ca)
    }

    /// Takes the answers to orders to revoke, hold or release. Those whose lease was lost are passed over: whoever has
    /// taken them brings them again.
    ///
    /// # Errors
    /// [`StepError::LeaseLost`] when none is held any more; when the database refuses, and then all of it.
    pub async fn record_revoked(
        &self,
        connector: &ConnectorIdentity,
        answers: &[RevokeAnswer],
    ) -> Result<(), StepError> {
        let now = self.clock.now();
        let mut tx = self.db.write(&connector.permit()?).await?;
        let leases: Vec<_> = answers.iter().map(|it| (it.lease.job, it.lease.fence)).collect();
        let held = jobs::held_among(&mut tx, &leases).await?;
        let (kept, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|it| held.contains(&it.lease.job));
        for it in lost {
            tracing::warn!(job = %it.lease.job, "another worker has taken over the standing of a certificate");
        }
        if kept.is_empty() {
            return Err(StepError::LeaseLost);
        }
        let ids: Vec<CertificateId> = kept.iter().map(|it| it.order.certificate_id).collect();
        let locked = certificates::lock_all(&mut tx, &ids).await?;
        let locked: HashMap<CertificateId, CertificateInWork> =
            locked.into_iter().map(|it| (it.id, it)).collect();
        let mut brought = Vec::with_capacity(kept.len());
        let mut events = Vec::with_capacity(kept.len());
        for it in kept {
            let certificate = locked.get(&it.order.certificate_id);
            let certificate = certificate.ok_or(StoreError::NotFound { what: "certificate" })?;
            let action = match &it.answer {
                Answer::Revoked { duration_ms } => {
                    brought.push((it, certificate, *duration_ms));
                    "revocation.at_ca"
                }
                Answer::Failed { cause, remedy, .. } | Answer::Refused { cause, remedy } => {
                    self.note_trouble(&mut tx, it, certificate, (cause, remedy), now).await?;
                    "revocation.failed"
                }
                Answer::Issued { .. } | Answer::Pending { .. } | Answer::Nothing => {
                    jobs::complete(&mut tx, it.lease.job, it.lease.fence, now).await?;
                    "revocation.unanswered"
                }
            };
            super::revoke::announce(&mut tx, certificate);
            let target = Target::one("certificate", certificate.id.as_uuid());
            let event = AuditEvent::new(now, action, target);
            events.push(event.with("revocation", it.order.revocation.to_string()));
        }
        self.note_at_ca(&mut tx, &brought, now).await?;
        tx.commit_all(events).await?;
        fault::point("after_revoked");
        self.queue.wake();
        Ok(())
    }

    /// The CA has these.
    async fn note_at_ca(
        &self,
        tx: &mut WriteTx,
        brought: &[(&RevokeAnswer, &CertificateInWork, u32)],
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut known = HashMap::new();
        let mut by_ca: BTreeMap<CaId, Vec<(CertificateId, RevocationId)>> = BTreeMap::new();
        for (it, certificate, _) in brought {
            let (ca, _) = self.ca_of(tx, certificate.ca_generation_id, &mut known).await?;
            by_ca.entry(ca).or_default().push((certificate.id, it.order.revocation));
        }
        let mut news = std::collections::HashSet::new();
        for (ca, latest) in by_ca {
            // Only the built-in CA's responder is known: how long its answers are good.
            let ocsp_until = (ca == self.builtin.id()).then(|| now.plus(OCSP_ANSWER_LIFE));
            news.extend(revocations::at_ca(tx, &latest, now, ocsp_until).await?);
            Work::PublishCrl { ca }.enqueue(tx, now, self.random.as_ref()).await?;
        }
        for (it, certificate, took) in brought.iter().filter(|(_, it, _)| news.contains(&it.id)) {
            let row = timeline::of_certificate(Step::RevokedAtCa, certificate).took(*took);
            row.detail(it.order.what.as_str()).write(tx, now, self.random.as_ref());
        }
        let done: Vec<_> = brought.iter().map(|(it, ..)| it.lease.job).collect();
        Ok(jobs::complete_all(tx, &done, now).await?)
    }

    /// The CA does not have this one: it is tried again, or given up.
    async fn note_trouble(
        &self,
        tx: &mut WriteTx,
        it: &RevokeAnswer,
        certificate: &CertificateInWork,
        (cause, remedy): (&str, &str),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let (lease, random) = (it.lease, self.random.as_ref());
        let job = jobs::get(tx, lease.job).await?;
        if job.cause.as_deref() != Some(cause) {
            let row = timeline::of_certificate(Step::RevokedAtCa, certificate).wrong(cause, remedy);
            row.write(tx, now, random);
        }
        let refused = matches!(it.answer, Answer::Refused { .. });
        let outage = matches!(it.answer, Answer::Failed { outage: true, .. });
        if outage {
            outages::forgive(tx, lease.job, lease.fence).await?;
        }
        if refused || (!outage && super::queue::is_last_attempt(&job)) {
            return Ok(jobs::bury(tx, lease.job, lease.fence, cause, remedy, now).await?);
        }
        let not_before = now.plus(backoff::wait_after(job.attempt, random));
        let again = Retry { not_before, progress: false, cause, remedy };
        Ok(jobs::retry(tx, lease.job, lease.fence, &again, now).await?)
    }
}

/// Those that can be read.
async fn readable(
    conn: &mut Conn,
    ids: &[CertificateId],
) -> Result<HashMap<CertificateId, CertificateInWork>, StoreError> {
    let found = match certificates::get_all(conn, ids).await {
        Ok(found) => found,
        Err(StoreError::Corrupt { .. }) => {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                match certificates::get(conn, *id).await {
                    Ok(one) => found.push(one),
                    Err(error @ (StoreError::Corrupt { .. } | StoreError::NotFound { .. })) => {
                        tracing::error!(certificate = %id, "a certificate can't be read: {error}");
                    }
                    Err(error) => return Err(error),
                }
            }
            found
        }
        Err(error) => return Err(error),
    };
    Ok(found.into_iter().map(|it| (it.id, it)).collect())
}
