//! The jobs that the portal does itself.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::Pipeline;
use super::error::StepError;
use super::queue::{Handler, Outcome, Portal};
use super::work::Work;
use crate::store::jobs::Job;
use crate::wire::connector::Lease;

impl Pipeline {
    /// The portal's workers' source, in the name of `owner`, this process.
    #[must_use]
    pub fn portal_source(self: &Arc<Self>, owner: String) -> Arc<Portal<Self>> {
        Arc::new(Portal::new(self.queue.clone(), owner, Arc::clone(self)))
    }

    async fn carry_out(&self, job: &Job) -> Result<Outcome, StepError> {
        let lease = Lease { job: job.id, fence: job.fence };
        match Work::of(job)? {
            Work::Deliver { request } => self.deliver(lease, request).await,
            Work::Seal { certificate } => self.seal_pending(lease, certificate).await,
            Work::PublishCrl { ca } => self.publish_crl(ca).await,
            Work::RotateCa { ca, from } => self.rotate_ca(ca, from).await,
            Work::DestroyKey { key } => self.destroy_key(lease, key).await,
            Work::Housekeeping => self.housekeeping().await,
            Work::Reconcile => self.reconcile().await,
            Work::CollectNotices => self.collect_notices().await,
            Work::SendNotices => self.send_notices().await,
            Work::Replan { scope } => self.replan(lease, scope).await,
            Work::ReplanInTurn { scope } => self.replan_in_turn(lease, scope).await,
            Work::Retry { cause, asked_at, asked_by } => {
                self.retry_those(lease, cause, asked_at, asked_by).await
            }
            Work::Bulk { action } => self.bulk(lease, action).await,
            Work::Import { import } => self.import(import).await,
            Work::Sweep => {
                let swept = self.sweep().await?;
                self.schedule_next_sweep().await?;
                Ok(swept)
            }
            Work::ConcludePreflight { preflight } => self.conclude_preflight(preflight).await,
            Work::Request { .. } | Work::Revoke { .. } | Work::RevokeMany { .. } | Work::Preflight { .. } => {
                Err(StepError::Hopeless {
                    cause: format!("{} is the work of a connector", job.kind),
                    remedy: "Report this: it is a defect of the program.".into(),
                })
            }
        }
    }
}

impl Handler for Pipeline {
    fn run(self: Arc<Self>, job: Arc<Job>) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            let outcome = self.carry_out(&job).await.unwrap_or_else(|error| error.outcome());
            self.queue.wake();
            outcome
        })
    }
}
