//! What connectors are given to do: jobs of their pool, claimed and made into orders.

use std::collections::HashMap;

use certporter_model::access::{Caller, Permission, Permit, Scope};
use certporter_model::job::JobKind;
use certporter_model::request::{RequestState, Step};
use certporter_model::text::Name;
use certporter_model::{ConnectorId, EscrowedKeyId, RequestId, Timestamp};

use super::error::{StepError, kra_error};
use super::standing_orders::is_standing;
use super::standings::TOGETHER;
use super::work::{Work, connector_pool};
use super::workers::LEASE;
use super::{Pipeline, fault, timeline};
use crate::store::jobs::{self, Claim, Job};
use crate::store::steps::requests::{self, RequestInWork};
use crate::store::{AuditEvent, StoreError, Target, WriteTx, escrowed_keys};
use crate::wire::connector::{
    Asked, CsrOctets, Intent, IssueOrder, Lease, Order, SealedKeyOctets, Task, VERSION,
};
use crate::wire::octets::{CertificateOctets, Octets, TooLong};

/// Who a connector is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorIdentity {
    /// Its id.
    pub id: ConnectorId,
    /// Its name.
    pub name: Name,
    /// The pool that it serves.
    pub pool: Name,
}

impl ConnectorIdentity {
    /// Its leave to work on requests.
    ///
    /// # Errors
    /// Never for a connector; the gate decides.
    pub fn permit(&self) -> Result<Permit, StepError> {
        Caller::connector(self.id, self.name.to_string())
            .permitted(Permission::SystemWork, &Scope::Organisation)
            .map_err(|error| StepError::Store(StoreError::Other(error.to_string())))
    }
}

/// Octets that came from a parsed value: they fit.
pub(super) fn bounded<const MAX: usize>(octets: Vec<u8>) -> Result<Octets<MAX>, StepError> {
    Octets::new(octets).map_err(|error: TooLong| StepError::Store(StoreError::Other(error.to_string())))
}

impl Pipeline {
    /// Claims what is due for a connector and answers it as orders: at most so many, and revocations, holds and
    /// releases as many as go [`TOGETHER`]. What turns out to need none (the request was
    /// cancelled before anything happened, it waits for a value, it is finished) is settled here.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_orders(
        &self,
        connector: &ConnectorIdentity,
        most: u32,
    ) -> Result<Vec<Order>, StepError> {
        let pools = [connector_pool(&connector.pool)];
        if !self.queue.is_due(&pools).await? {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let mut tx = self.db.write(&connector.permit()?).await?;
        let claim = Claim { pools: &pools, owner: connector.name.as_str(), lease: LEASE, most };
        let mut claimed = jobs::claim(&mut tx, &claim, now).await?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        if claimed.iter().any(|job| is_standing(job.kind)) {
            let more = Claim { most: TOGETHER, ..claim };
            claimed.extend(jobs::claim_kind(&mut tx, &more, JobKind::Revoke, now).await?);
        }
        let (standings, claimed): (Vec<Job>, Vec<Job>) =
            claimed.into_iter().partition(|job| is_standing(job.kind));
        let mut events = Vec::with_capacity(claimed.len() + 1);
        if !standings.is_empty() {
            let event = AuditEvent::new(now, "job.claim", Target::none("job"));
            events.push(event.with("kind", JobKind::Revoke.as_str()).with("jobs", standings.len()));
        }
        let mut orders = self.revoke_orders(&mut tx, &standings, now).await?;
        let mut kept = HashMap::new();
        for job in claimed {
            let target = Target::one("job", job.id.as_uuid());
            let event = AuditEvent::new(now, "job.claim", target).with("kind", job.kind.as_str());
            events.push(event.with("attempt", job.attempt));
            if job.attempt > job.max_attempts {
                let cause = format!("{} workers stopped while they worked on it", job.max_attempts);
                self.give_up(&mut tx, &job, &cause, now).await?;
                continue;
            }
            match self.task(&mut tx, &job, connector, now).await {
                Ok(Some((task, kept_key))) => {
                    kept.extend(kept_key.map(|key| (job.id, key)));
                    let lease = Lease { job: job.id, fence: job.fence };
                    orders.push(Order { version: VERSION, lease, attempt: job.attempt, task });
                }
                Ok(None) => jobs::complete(&mut tx, job.id, job.fence, now).await?,
                // A row that can't be read must not keep the others.
                Err(StepError::Store(error @ (StoreError::NotFound { .. } | StoreError::Corrupt { .. }))) => {
                    self.give_up(&mut tx, &job, &error.to_string(), now).await?;
                }
                Err(error) => return Err(error),
            }
        }
        tx.commit_all(events).await?;
        fault::point("after_claim");
        self.with_kept_keys(connector, orders, &kept).await
    }

    /// Gives a job up, and with it the request that it is about.
    pub(super) async fn give_up(
        &self,
        tx: &mut WriteTx,
        job: &Job,
        cause: &str,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let remedy = "Look at the portal's log for the reason, then put the job back or retry the request.";
        if let Ok(Work::Preflight { preflight, .. }) = Work::of(job) {
            self.give_up_preflight(tx, preflight, (cause, remedy), now).await?;
        }
        if let Ok(Work::Request { request, .. }) = Work::of(job) {
            match requests::lock(tx, request).await {
                Ok(mut request) if request.state.to(RequestState::Failed).is_ok() => {
                    self.fail_with(tx, &mut request, cause, remedy, now).await?;
                }
                Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Corrupt { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(jobs::bury(tx, job.id, job.fence, cause, remedy, now).await?)
    }

    /// What is to be done, and the key that is kept for it, if it keeps one.
    async fn task(
        &self,
        tx: &mut WriteTx,
        job: &Job,
        connector: &ConnectorIdentity,
        now: Timestamp,
    ) -> Result<Option<(Task, Option<EscrowedKeyId>)>, StepError> {
        match Work::of(job) {
            Ok(Work::Request { request, .. }) => {
                let order = self.issue_order(tx, job, request, connector, now).await?;
                Ok(order.map(|(order, kept_key)| (Task::Issue(Box::new(order)), kept_key)))
            }
            Ok(Work::Preflight { preflight, .. }) => {
                let order = self.preflight_order(tx, job, preflight, connector, now).await?;
                Ok(order.map(|order| (Task::Preflight(order), None)))
            }
            Ok(other) => {
                tracing::error!(job = %job.id, "{} is no work for a connector", other.kind());
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn issue_order(
        &self,
        tx: &mut WriteTx,
        job: &Job,
        id: RequestId,
        connector: &ConnectorIdentity,
        now: Timestamp,
    ) -> Result<Option<(IssueOrder, Option<EscrowedKeyId>)>, StepError> {
        let mut request = requests::lock(tx, id).await?;
        let wanted = request.state != RequestState::Cancelled;
        match request.state {
            RequestState::Requested | RequestState::Claimed => {
                if !self.claim_request(tx, &mut request, job, connector, now).await? {
                    return Ok(None);
                }
            }
            RequestState::KeyGenerated | RequestState::Submitted | RequestState::Pending => {}
            // Nothing had left before it was cancelled, or what came of it is known already.
            RequestState::Cancelled if request.csr.is_none() || request.certificate_id.is_some() => {
                return Ok(None);
            }
            RequestState::Cancelled => {}
            RequestState::Issued | RequestState::Escrowed => {
                Work::Deliver { request: id }.enqueue(tx, now, self.random.as_ref()).await?;
                return Ok(None);
            }
            RequestState::Waiting | RequestState::Completed | RequestState::Failed => return Ok(None),
        }
        let profile = self.profile(tx, request.profile_id, request.profile_version).await?;
        let Ok(names) = request.names()?.ready().cloned() else { return Ok(None) };
        let intent = self.stored_intent(tx, &request).await?;
        let kept_key = request.kept_key_id.filter(|_| intent.is_none() && wanted);
        let transport = self.kra.transport_key().map_err(kra_error)?;
        let order = IssueOrder {
            request: id,
            ca: profile.ca().clone(),
            template: profile.template().to_owned(),
            key_algorithm: profile.key_algorithm(),
            asked: Asked {
                subject: names.subject,
                alternative_names: names.subject_alternative_names,
                key_usage: profile.key_usage(),
                extended_key_usages: profile.extended_key_usages().to_vec(),
                validity_days: profile.validity_days(),
                sid: names.sid,
                strong_mapping: profile.strong_mapping(),
            },
            intent,
            reference: request.ca_reference,
            kra_generation: transport.generation(),
            transport_certificate: certificate_octets(transport.certificate().as_der())?,
            wanted,
        };
        Ok(Some((order, kept_key)))
    }

    /// The first claim of a request, or one after a crash before the intent. Answers whether it can be worked on: if
    /// a value is missing, it waits for it.
    async fn claim_request(
        &self,
        tx: &mut WriteTx,
        request: &mut RequestInWork,
        job: &Job,
        connector: &ConnectorIdentity,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        let random = self.random.as_ref();
        if let Err(obstacle) = request.names()?.ready() {
            request.go(RequestState::Waiting)?;
            let remedy = "Set the value; the request goes on by itself.";
            // In the planner's words: requests that wait for the same value are told of together.
            let cause = format!("the {obstacle}");
            request.cause = Some(cause.clone());
            request.remedy = Some(remedy.to_owned());
            requests::save(tx, request, now).await?;
            let row = timeline::of_request(Step::Failed, request, None).wrong(cause, remedy);
            row.write(tx, now, random);
            Self::announce_request(tx, request);
            return Ok(false);
        }
        request.go(RequestState::Claimed)?;
        request.connector = Some(connector.name.to_string());
        requests::save(tx, request, now).await?;
        request.version += 1;
        let waited = i64::try_from(now.since(job.created_at).as_millis()).unwrap_or(i64::MAX);
        let row = timeline::of_request(Step::Claimed, request, None).took(waited);
        row.detail(format!("connector {}", connector.name)).write(tx, now, random);
        Self::announce_request(tx, request);
        Ok(true)
    }

    /// What was stored before the CSR left, if it was.
    pub(super) async fn stored_intent(
        &self,
        tx: &mut WriteTx,
        request: &RequestInWork,
    ) -> Result<Option<Intent>, StepError> {
        let (Some(hash), Some(csr), Some(key)) =
            (request.public_key_hash, &request.csr, request.escrowed_key_id)
        else {
            return Ok(None);
        };
        let key = escrowed_keys::get(tx, key).await?;
        let csr: CsrOctets = bounded(csr.clone())?;
        let sealed_key: SealedKeyOctets = bounded(key.sealed.unwrap_or_default())?;
        Ok(Some(Intent {
            public_key_hash: hash,
            csr,
            sealed_key,
            kra_generation: key.kra_generation_id,
            generation_ms: 0,
        }))
    }
}

/// The octets of a certificate for a message.
pub(super) fn certificate_octets(der: &[u8]) -> Result<CertificateOctets, StepError> {
    bounded(der.to_vec())
}
