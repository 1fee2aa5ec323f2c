//! What became of revocations, holds and releases at the CA, recorded many in a transaction. Each has its row of the
//! timeline and its audit event; one publishing of the CRL follows all.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use certporter_model::job::JobKind;
use certporter_model::request::Step;
use certporter_model::text::Name;
use certporter_model::{CaGenerationId, CaId, CertificateId, JobId, RevocationId, Timestamp};

use super::error::StepError;
use super::orders::ConnectorIdentity;
use super::work::Work;
use super::{Pipeline, backoff, fault, timeline};
use crate::ca::builtin::OCSP_ANSWER_LIFE;
use crate::store::jobs::{self, Job, Retry};
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::revocations;
use crate::store::{AuditEvent, Conn, StoreError, Target, WriteTx, ca_generations, outages};
use crate::wire::connector::{Answer, RevokeAnswer};

/// So many jobs at most go to a CA together.
pub const TOGETHER: u32 = 2_500;

/// What the CA has by now: its answer, of which certificate, and how many milliseconds that took.
type Brought<'a> = (&'a RevokeAnswer, &'a CertificateInWork, u32);

impl Pipeline {
    /// The CA of a generation and what profiles call it, looked up once.
    pub(super) async fn ca_of(
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
        if answers.len() >= super::revoke::MANY {
            // The CRL does not wait until the portal has noted of each that the CA has it.
            self.publish_at_once(answers).await?;
        }
        let mut tx = self.db.write_about(answers.len(), &connector.permit()?).await?;
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
        let mut events = Vec::new();
        // Jobs that are over, whatever has become of single certificates.
        let mut over = BTreeSet::new();
        let of_many = self.jobs_of_many(&mut tx, &kept, now).await?;
        over.extend(of_many.keys().copied());
        for it in kept {
            let certificate = locked.get(&it.order.certificate_id);
            let certificate = certificate.ok_or(StoreError::NotFound { what: "certificate" })?;
            super::revoke::announce(&mut tx, certificate);
            let action = match &it.answer {
                Answer::Revoked { duration_ms } => {
                    brought.push((it, certificate, *duration_ms));
                    continue;
                }
                Answer::Failed { cause, remedy, .. } | Answer::Refused { cause, remedy } => {
                    let alone;
                    let job = match of_many.get(&it.lease.job) {
                        Some(job) => job,
                        None => {
                            alone = jobs::get(&mut tx, it.lease.job).await?;
                            &alone
                        }
                    };
                    self.note_trouble(&mut tx, it, job, certificate, (cause, remedy), now).await?;
                    "revocation.failed"
                }
                Answer::Issued { .. } | Answer::Pending { .. } | Answer::Nothing => {
                    over.insert(it.lease.job);
                    "revocation.unanswered"
                }
            };
            events.push(about_one(it, action, now));
        }
        events.extend(audited(&brought, now));
        self.note_at_ca(&mut tx, &brought, now).await?;
        over.extend(brought.iter().map(|(it, ..)| it.lease.job));
        jobs::complete_all(&mut tx, &over.into_iter().collect::<Vec<_>>(), now).await?;
        tx.commit_all(events).await?;
        fault::point("after_revoked");
        self.queue.wake();
        Ok(())
    }

    /// Those of the jobs that are about many, by their ids. They are over with these answers: what one of them says
    /// nothing about goes on by itself.
    async fn jobs_of_many(
        &self,
        tx: &mut WriteTx,
        answers: &[&RevokeAnswer],
        now: Timestamp,
    ) -> Result<HashMap<JobId, Job>, StepError> {
        let ids: BTreeSet<JobId> = answers.iter().map(|it| it.lease.job).collect();
        let ids: Vec<JobId> = ids.into_iter().collect();
        let found = jobs::of_kind_among(tx, &ids, JobKind::RevokeMany).await?;
        for job in &found {
            let Ok(Work::RevokeMany { certificates, pool }) = Work::of(job) else { continue };
            let told: HashSet<CertificateId> = answers
                .iter()
                .filter(|it| it.lease.job == job.id)
                .map(|it| it.order.certificate_id)
                .collect();
            let untold = certificates.into_iter().filter(|id| !told.contains(id)).collect::<Vec<_>>();
            self.one_by_one(tx, &untold, &pool, now).await?;
        }
        Ok(found.into_iter().map(|job| (job.id, job)).collect())
    }

    /// The CA has these.
    async fn note_at_ca(
        &self,
        tx: &mut WriteTx,
        brought: &[Brought<'_>],
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut known = HashMap::new();
        let mut by_ca: BTreeMap<CaId, Vec<(CertificateId, RevocationId)>> = BTreeMap::new();
        for (it, certificate, _) in brought {
            let (ca, _) = self.ca_of(tx, certificate.ca_generation_id, &mut known).await?;
            by_ca.entry(ca).or_default().push((certificate.id, it.order.revocation));
        }
        let mut news = HashSet::new();
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
        Ok(())
    }

    /// Makes the CRLs of the CA that these were brought to, if it is the portal's own. What keeps it from that keeps nobody
    /// here: the job that notes which revocations they have tries again.
    async fn publish_at_once(&self, answers: &[RevokeAnswer]) -> Result<(), StepError> {
        let Some(one) = answers.iter().find(|it| matches!(it.answer, Answer::Revoked { .. })) else {
            return Ok(());
        };
        let generation =
            ca_generations::generation(&mut *self.db.read().await?, one.order.generation).await?;
        if generation.ca_id == self.builtin.id()
            && let Err(error) = self.make_lists().await
        {
            tracing::warn!("the CRLs are made later: {error}");
        }
        Ok(())
    }

    /// The CA does not have this one: it is tried again, or given up. Of many it goes on by itself.
    async fn note_trouble(
        &self,
        tx: &mut WriteTx,
        it: &RevokeAnswer,
        job: &Job,
        certificate: &CertificateInWork,
        (cause, remedy): (&str, &str),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let (lease, random) = (it.lease, self.random.as_ref());
        if job.cause.as_deref() != Some(cause) {
            let row = timeline::of_certificate(Step::RevokedAtCa, certificate).wrong(cause, remedy);
            row.write(tx, now, random);
        }
        if let Ok(Work::RevokeMany { pool, .. }) = Work::of(job) {
            let again = Work::Revoke { certificate: certificate.id, pool };
            let refused = matches!(it.answer, Answer::Refused { .. });
            let not_before = if refused { now } else { now.plus(backoff::wait_after(job.attempt, random)) };
            return Ok(again.enqueue_at(tx, not_before, now, random).await?);
        }
        let refused = matches!(it.answer, Answer::Refused { .. });
        let outage = matches!(it.answer, Answer::Failed { outage: true, .. });
        if outage {
            outages::forgive(tx, lease.job, lease.fence).await?;
        }
        if refused || (!outage && super::queue::is_last_attempt(job)) {
            return Ok(jobs::bury(tx, lease.job, lease.fence, cause, remedy, now).await?);
        }
        let not_before = now.plus(backoff::wait_after(job.attempt, random));
        let again = Retry { not_before, progress: false, cause, remedy };
        Ok(jobs::retry(tx, lease.job, lease.fence, &again, now).await?)
    }
}

/// The audit events of what the CA has.
fn audited(brought: &[Brought<'_>], now: Timestamp) -> Vec<AuditEvent> {
    const ACTION: &str = "revocation.at_ca";
    if brought.len() <= AuditEvent::ONE_BY_ONE {
        return brought.iter().map(|(it, ..)| about_one(it, ACTION, now)).collect();
    }
    let named = brought.chunks(AuditEvent::ONE_BY_ONE).map(|some| {
        let revocations: Vec<String> = some.iter().map(|(it, ..)| it.order.revocation.to_string()).collect();
        AuditEvent::new(now, ACTION, Target::none("revocation")).with("revocations", revocations)
    });
    named.collect()
}

fn about_one(it: &RevokeAnswer, action: &'static str, now: Timestamp) -> AuditEvent {
    let target = Target::one("certificate", it.order.certificate_id.as_uuid());
    AuditEvent::new(now, action, target).with("revocation", it.order.revocation.to_string())
}
