//! A connector's loop: the same as the portal's own workers', with orders from the port.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::Authorities;
use super::port::{ConnectorPort, PortError};
use crate::clock::Stopwatch;
use crate::pipeline::workers::{Source, Unavailable};
use crate::pki::key_pool::KeyPool;
use crate::wire::connector::{Answer, Lease, Order, Task};

/// How often a step that the portal could not take is brought again, before the lease is left to another.
const TRIES: u32 = 5;

/// How long to wait between.
const BETWEEN: std::time::Duration = std::time::Duration::from_millis(400);

/// A connector: a port, the CAs beside it, and threads that generate keys.
pub struct Connector<P> {
    pub(super) port: P,
    pub(super) authorities: Authorities,
    pub(super) keys: KeyPool,
}

impl<P: ConnectorPort> Connector<P> {
    /// A connector that reaches these CAs.
    #[must_use]
    pub fn new(port: P, authorities: Authorities, keys: KeyPool) -> Self {
        Self { port, authorities, keys }
    }

    async fn carry_out(&self, order: Order) {
        let lease = order.lease;
        match order.task {
            Task::Issue(issue) => {
                let request = issue.request;
                let Some(answer) = self.issue(lease, *issue).await else { return };
                let bring = || self.port.record_answer(lease, request, answer.clone());
                self.bring(lease, bring).await;
            }
            Task::Preflight(preflight) => self.preflight(lease, preflight).await,
            Task::Revoke(revoke) => {
                let answer = self.bring_into_standing(&revoke).await;
                let bring = || self.port.record_revoked(lease, revoke.clone(), answer.clone());
                self.bring(lease, bring).await;
            }
        }
    }

    /// Brings an answer, again if the portal can't take it at the moment: what the CA has issued must not be lost. If
    /// all fails, another attempt finds it at the CA.
    async fn bring<'p>(&'p self, lease: Lease, step: impl Fn() -> BoxFuture<'p, Result<(), PortError>>) {
        for attempt in 1..=TRIES {
            match step().await {
                Ok(()) => return,
                Err(PortError::Unavailable(why)) if attempt < TRIES => {
                    tracing::warn!(job = %lease.job, attempt, "the answer can't be brought yet: {why}");
                    tokio::time::sleep(BETWEEN * attempt).await;
                }
                Err(error) => {
                    tracing::warn!(job = %lease.job, "the answer was not taken: {error}");
                    return;
                }
            }
        }
    }
}

impl<P: ConnectorPort> Source for Connector<P> {
    type Task = Order;

    fn claim(&self, most: u32) -> BoxFuture<'_, Result<Vec<(Lease, Order)>, Unavailable>> {
        Box::pin(async move {
            let orders = self.port.claim(most).await.map_err(|error| Unavailable(error.to_string()))?;
            Ok(orders.into_iter().map(|order| (order.lease, order)).collect())
        })
    }

    fn keep(&self, leases: Vec<Lease>) -> BoxFuture<'_, Result<Vec<Lease>, Unavailable>> {
        Box::pin(async move { self.port.keep(leases).await.map_err(|error| Unavailable(error.to_string())) })
    }

    fn work(self: Arc<Self>, _lease: Lease, order: Order) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.carry_out(order).await })
    }

    fn arrival(&self) -> BoxFuture<'_, ()> {
        self.port.arrival()
    }
}

/// Milliseconds for a message.
pub(super) fn millis(watch: Stopwatch) -> u32 {
    u32::try_from(watch.elapsed().as_millis()).unwrap_or(u32::MAX)
}

/// What did not work this time.
pub(super) fn failed(cause: &impl ToString, remedy: &str) -> Answer {
    Answer::Failed { cause: cause.to_string(), remedy: remedy.to_owned(), outage: false }
}

/// What works again when the CA does.
pub(super) fn waits(cause: &impl ToString, remedy: &str) -> Answer {
    Answer::Failed { cause: cause.to_string(), remedy: remedy.to_owned(), outage: true }
}

/// What will not work until somebody changes something.
pub(super) fn refused(cause: &impl ToString, remedy: &str) -> Answer {
    Answer::Refused { cause: cause.to_string(), remedy: remedy.to_owned() }
}
