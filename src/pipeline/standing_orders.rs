//! Orders to revoke, hold or release, made of claimed jobs: each for one certificate, or for many that go to their CA
//! together.

use std::collections::{HashMap, HashSet};

use certporter_model::job::JobKind;
use certporter_model::{CertificateId, Timestamp};

use super::Pipeline;
use super::error::StepError;
use super::work::Work;
use crate::store::jobs::{self, Job, Retry};
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::revocations;
use crate::store::{Conn, StoreError, WriteTx};
use crate::wire::connector::{Lease, Order, RevokeOrder, Task, VERSION};

/// How long a job waits for another that is under way with one of the same certificates.
const MEANWHILE: std::time::Duration = std::time::Duration::from_secs(1);

/// Whether a job brings standings to a CA.
pub(super) const fn is_standing(kind: JobKind) -> bool {
    matches!(kind, JobKind::Revoke | JobKind::RevokeMany)
}

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
            match self.certificates_of(tx, job, now).await? {
                Some(certificates) => wanted.push((job, certificates)),
                None => continue,
            }
        }
        let ids: Vec<CertificateId> = wanted.iter().flat_map(|(_, ids)| ids).copied().collect();
        let mut open = revocations::latest_open(tx, &ids).await?;
        // After they are locked: whoever has claimed them before is seen by now.
        let under_way = under_way(tx, claimed).await?;
        let ids: Vec<CertificateId> = open.keys().copied().collect();
        let mut found = readable(tx, &ids).await?;
        let mut cas = HashMap::new();
        let (mut orders, mut needless) = (Vec::with_capacity(ids.len()), Vec::new());
        for (job, ids) in wanted {
            if ids.iter().any(|id| under_way.contains(id)) {
                let cause = "what was asked for one of its certificates before is still under way";
                let again = Retry { not_before: now.plus(MEANWHILE), progress: true, cause, remedy: "" };
                jobs::retry(tx, job.id, job.fence, &again, now).await?;
                continue;
            }
            let before = orders.len();
            for id in ids {
                let Some(revocation) = open.remove(&id) else { continue };
                let Some(certificate) = found.remove(&id) else {
                    match Work::of(job) {
                        // By itself it is given up.
                        Ok(Work::RevokeMany { pool, .. }) => self.one_by_one(tx, &[id], &pool, now).await?,
                        _ => {
                            let cause = "its certificate is not there, or can't be read";
                            self.give_up(tx, job, cause, now).await?;
                        }
                    }
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
                        what: revocation.kind,
                        reason: revocation.reason,
                        at: revocation.requested_at,
                    }),
                });
            }
            if orders.len() == before {
                needless.push(job.id);
            }
        }
        jobs::complete_all(tx, &needless, now).await?;
        Ok(orders)
    }

    /// Of which certificates a job is; none when it is given up.
    async fn certificates_of(
        &self,
        tx: &mut WriteTx,
        job: &Job,
        now: Timestamp,
    ) -> Result<Option<Vec<CertificateId>>, StepError> {
        let stopped = job.attempt > job.max_attempts;
        match Work::of(job) {
            Ok(Work::RevokeMany { certificates, pool }) if stopped => {
                self.one_by_one(tx, &certificates, &pool, now).await?;
                jobs::complete(tx, job.id, job.fence, now).await?;
            }
            Ok(Work::Revoke { .. }) if stopped => {
                let cause = format!("{} workers stopped while they worked on it", job.max_attempts);
                self.give_up(tx, job, &cause, now).await?;
            }
            Ok(Work::Revoke { certificate, .. }) => return Ok(Some(vec![certificate])),
            Ok(Work::RevokeMany { certificates, .. }) => return Ok(Some(certificates)),
            Ok(other) => {
                let cause = format!("its work is another: {}", other.kind());
                self.give_up(tx, job, &cause, now).await?;
            }
            Err(error) => self.give_up(tx, job, &error.to_string(), now).await?,
        }
        Ok(None)
    }

    /// Each goes to its CA by itself.
    pub(super) async fn one_by_one(
        &self,
        tx: &mut WriteTx,
        certificates: &[CertificateId],
        pool: &certporter_model::text::Name,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let each = certificates.iter().map(|id| Work::Revoke { certificate: *id, pool: pool.clone() });
        Work::enqueue_all(&each.collect::<Vec<_>>(), tx, now, self.random.as_ref()).await
    }
}

/// The certificates whose orders others have that were claimed before, as far as many are concerned, among them or in
/// `claimed`: for one by one the queue sees to it.
async fn under_way(tx: &mut WriteTx, claimed: &[Job]) -> Result<HashSet<CertificateId>, StepError> {
    let mut kinds = vec![JobKind::RevokeMany];
    if claimed.iter().any(|job| job.kind == JobKind::RevokeMany) {
        kinds.push(JobKind::Revoke);
    }
    let own: HashSet<_> = claimed.iter().map(|job| job.id).collect();
    let leased = jobs::leased(tx, &kinds).await?;
    let others = leased.iter().filter(|job| !own.contains(&job.id));
    Ok(others
        .flat_map(|job| match Work::of(job) {
            Ok(Work::Revoke { certificate, .. }) => vec![certificate],
            Ok(Work::RevokeMany { certificates, .. }) => certificates,
            _ => Vec::new(),
        })
        .collect())
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
