//! A connector's loop: the same as the portal's own workers', with orders from the port.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use certporter_model::JobId;
use certporter_model::text::Name;
use futures::future::BoxFuture;

use super::Authorities;
use super::port::{ConnectorPort, PortError};
use crate::clock::Stopwatch;
use crate::pipeline::workers::{Claimed, Source, Unavailable};
use crate::pki::key_pool::KeyPool;
use crate::wire::connector::{Answer, Lease, Order, RevokeOrder, Task};

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
            Task::Revoke(revoke) => self.bring_into_standing(vec![(lease, revoke)]).await,
        }
    }

    /// Brings an answer, again if the portal can't take it at the moment: what the CA has issued must not be lost. If
    /// all fails, another attempt finds it at the CA.
    pub(super) async fn bring<'p>(
        &'p self,
        lease: Lease,
        step: impl Fn() -> BoxFuture<'p, Result<(), PortError>>,
    ) {
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

/// What a connector works on at a time.
#[derive(Debug)]
pub enum Assignment {
    /// An order.
    One(Order),
    /// Orders to revoke, hold or release, all of the same CA.
    Standings(Vec<(Lease, RevokeOrder)>),
}

/// Orders for the same CA to revoke, hold or release become one assignment, which goes first; and so does each job that
/// is about many.
fn assignments(orders: Vec<Order>) -> Vec<(Vec<Lease>, Assignment)> {
    let mut of_job: HashMap<JobId, usize> = HashMap::new();
    for order in &orders {
        *of_job.entry(order.lease.job).or_default() += 1;
    }
    let about_many = |lease: Lease| Some(lease.job).filter(|job| of_job.get(job).is_some_and(|n| *n > 1));
    let mut standings: BTreeMap<(Name, Option<JobId>), Vec<_>> = BTreeMap::new();
    let mut others = Vec::new();
    for order in orders {
        match order.task {
            Task::Revoke(revoke) => {
                let together = (revoke.ca.clone(), about_many(order.lease));
                standings.entry(together).or_default().push((order.lease, revoke));
            }
            _ => others.push((vec![order.lease], Assignment::One(order))),
        }
    }
    let leases = |orders: &[(Lease, RevokeOrder)]| {
        let each: BTreeMap<JobId, Lease> = orders.iter().map(|(lease, _)| (lease.job, *lease)).collect();
        each.into_values().collect()
    };
    let standings = standings.into_values().map(|orders| (leases(&orders), Assignment::Standings(orders)));
    standings.chain(others).collect()
}

impl<P: ConnectorPort> Source for Connector<P> {
    type Task = Assignment;

    fn claim(&self, most: u32) -> BoxFuture<'_, Claimed<Assignment>> {
        Box::pin(async move {
            let orders = self.port.claim(most).await.map_err(|error| Unavailable(error.to_string()))?;
            Ok(assignments(orders))
        })
    }

    fn keep(&self, leases: Vec<Lease>) -> BoxFuture<'_, Result<Vec<Lease>, Unavailable>> {
        Box::pin(async move { self.port.keep(leases).await.map_err(|error| Unavailable(error.to_string())) })
    }

    fn work(self: Arc<Self>, task: Assignment) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            match task {
                Assignment::One(order) => self.carry_out(order).await,
                Assignment::Standings(orders) => self.bring_into_standing(orders).await,
            }
        })
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
