//! The portal's own connector: the same contract, without a network between.

use std::sync::Arc;

use certporter_model::{PreflightId, RequestId};
use futures::future::BoxFuture;

use super::port::{ConnectorPort, PortError};
use crate::pipeline::Pipeline;
use crate::pipeline::error::StepError;
use crate::pipeline::orders::ConnectorIdentity;
use crate::pipeline::queue::Arrivals;
use crate::wire::connector::{Answer, Intent, IntentAnswer, Lease, Order, PreflightReport, RevokeAnswer};

/// The pipeline of this process, seen by its own connector.
pub struct InProcess {
    pipeline: Arc<Pipeline>,
    identity: ConnectorIdentity,
    arrivals: Arrivals,
}

impl InProcess {
    /// A connector of that identity.
    #[must_use]
    pub fn new(pipeline: Arc<Pipeline>, identity: ConnectorIdentity) -> Self {
        let arrivals = pipeline.queue.arrivals();
        Self { pipeline, identity, arrivals }
    }
}

fn refused(error: StepError) -> PortError {
    match error {
        StepError::LeaseLost => PortError::LeaseLost,
        StepError::Pki(error) => PortError::Refused(error.to_string()),
        StepError::Hopeless { cause, .. } => PortError::Refused(cause),
        other => PortError::Unavailable(other.to_string()),
    }
}

impl ConnectorPort for InProcess {
    fn claim(&self, most: u32) -> BoxFuture<'_, Result<Vec<Order>, PortError>> {
        Box::pin(async move { self.pipeline.claim_orders(&self.identity, most).await.map_err(refused) })
    }

    fn keep(&self, leases: Vec<Lease>) -> BoxFuture<'_, Result<Vec<Lease>, PortError>> {
        Box::pin(async move {
            let kept = self.pipeline.queue.keep(&leases).await;
            kept.map_err(|error| PortError::Unavailable(error.to_string()))
        })
    }

    fn record_intent(
        &self,
        lease: Lease,
        request: RequestId,
        intent: Intent,
    ) -> BoxFuture<'_, Result<IntentAnswer, PortError>> {
        Box::pin(async move {
            self.pipeline.record_intent(&self.identity, lease, request, &intent).await.map_err(refused)
        })
    }

    fn record_answer(
        &self,
        lease: Lease,
        request: RequestId,
        answer: Answer,
    ) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async move {
            self.pipeline.record_answer(&self.identity, lease, request, &answer).await.map_err(refused)
        })
    }

    fn record_revoked(&self, answers: Vec<RevokeAnswer>) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async move { self.pipeline.record_revoked(&self.identity, &answers).await.map_err(refused) })
    }

    fn record_preflight(
        &self,
        lease: Lease,
        preflight: PreflightId,
        report: PreflightReport,
    ) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async move {
            let recorded = self.pipeline.record_preflight(&self.identity, lease, preflight, &report).await;
            recorded.map_err(refused)
        })
    }

    fn arrival(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.arrivals.next())
    }
}
