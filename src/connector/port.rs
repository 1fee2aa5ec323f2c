//! What a connector asks of the portal.

use certporter_model::{PreflightId, RequestId};
use futures::future::BoxFuture;

use crate::wire::connector::{Answer, Intent, IntentAnswer, Lease, Order, PreflightReport, RevokeAnswer};

/// Why the portal did not take a step.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another worker has the order: this one drops it. What it brought of the CA was recorded all the same.
    #[error("another worker has taken this over")]
    LeaseLost,
    /// The portal will never take this.
    #[error("the portal refused: {0}")]
    Refused(String),
    /// The portal can't be reached or can't write at the moment. The same step may be tried again.
    #[error("the portal can't be reached: {0}")]
    Unavailable(String),
}

/// The portal, as a connector sees it. Every step may be repeated: a step that was taken already changes nothing.
pub trait ConnectorPort: Send + Sync + 'static {
    /// At most so many orders, each under a lease that lasts until it is not kept any more.
    fn claim(&self, most: u32) -> BoxFuture<'_, Result<Vec<Order>, PortError>>;

    /// Makes leases last longer. Answers those that were lost.
    fn keep(&self, leases: Vec<Lease>) -> BoxFuture<'_, Result<Vec<Lease>, PortError>>;

    /// States an intent, before its CSR goes to the CA.
    fn record_intent(
        &self,
        lease: Lease,
        request: RequestId,
        intent: Intent,
    ) -> BoxFuture<'_, Result<IntentAnswer, PortError>>;

    /// Brings what came of an order to issue.
    fn record_answer(
        &self,
        lease: Lease,
        request: RequestId,
        answer: Answer,
    ) -> BoxFuture<'_, Result<(), PortError>>;

    /// Brings what came of orders to revoke, hold or release. Those whose lease was lost are passed over.
    fn record_revoked(&self, answers: Vec<RevokeAnswer>) -> BoxFuture<'_, Result<(), PortError>>;

    /// Tells how far a preflight is.
    fn record_preflight(
        &self,
        lease: Lease,
        preflight: PreflightId,
        report: PreflightReport,
    ) -> BoxFuture<'_, Result<(), PortError>>;

    /// Returns when there may be something new; also, without any sign, after a while.
    fn arrival(&self) -> BoxFuture<'_, ()>;
}
