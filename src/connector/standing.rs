//! Revoking, holding and releasing at the CA: many at once where the CA takes them so.

use std::sync::{Mutex, PoisonError};

use certporter_model::certificate::RevocationKind;

use super::Reached;
use super::issue::trouble;
use super::port::ConnectorPort;
use super::worker::{Connector, millis, refused};
use crate::ca::{IssuingCa, RevocationOrder};
use crate::clock::Stopwatch;
use crate::pipeline::fault;
use crate::wire::connector::{Answer, Lease, RevokeAnswer, RevokeOrder};

/// So many at a time are brought to a CA that takes them one by one.
const AT_A_TIME: usize = 4;

impl<P: ConnectorPort> Connector<P> {
    /// Brings certificates of one CA into their standings, and says what came of each. A CA without hold is left alone
    /// by holds and releases: the plan revokes there.
    pub(super) async fn bring_into_standing(&self, orders: Vec<(Lease, RevokeOrder)>) {
        let Some((_, first)) = orders.first() else { return };
        let found = match self.authorities.find(first.ca.as_str()).await {
            Ok(Some(Reached { ca, .. })) => Ok(ca),
            Ok(None) => {
                let cause = format!("this connector knows no CA of the name {}", first.ca);
                Err(refused(&cause, "Set the connector up for it, then put the job back."))
            }
            Err(error) => Err(trouble(&error)),
        };
        match found {
            Ok(ca) if ca.takes_many() => self.together(ca.as_ref(), orders).await,
            Ok(ca) => self.one_by_one(ca.as_ref(), orders).await,
            Err(answer) => self.say(orders.into_iter().map(|order| (order, answer.clone()))).await,
        }
    }

    async fn together(&self, ca: &dyn IssuingCa, orders: Vec<(Lease, RevokeOrder)>) {
        let (able, unable): (Vec<_>, Vec<_>) = orders.into_iter().partition(|(_, it)| can(ca, it));
        // Said with the others: they may be under the same lease.
        let unable = unable.into_iter().map(|order| (order, no_hold()));
        if able.is_empty() {
            return self.say(unable).await;
        }
        fault::point("before_revoke");
        let watch = Stopwatch::start();
        let asked: Vec<RevocationOrder> = able.iter().map(|(_, order)| of(order)).collect();
        let standings = ca.revoke_each(&asked).await;
        fault::point("after_revoke_at_ca");
        let answers = able.into_iter().zip(standings).map(|(order, standing)| match standing {
            Ok(_) => (order, Answer::Revoked { duration_ms: millis(watch) }),
            Err(error) => (order, trouble(&error)),
        });
        self.say(answers.chain(unable)).await;
    }

    /// What came of each is said at once, or of all that are under one lease together. When the CA as a whole turns out
    /// not to work, the others are not tried.
    async fn one_by_one(&self, ca: &dyn IssuingCa, orders: Vec<(Lease, RevokeOrder)>) {
        let outage: Mutex<Option<Answer>> = Mutex::default();
        let together = orders.windows(2).any(|two| two[0].0 == two[1].0);
        let mut all = Vec::with_capacity(orders.len());
        for some in orders.chunks(AT_A_TIME) {
            let each = some.iter().map(|(lease, order)| async {
                let known = outage.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let answer = match known {
                    Some(answer) => answer,
                    None => ask(ca, order).await,
                };
                if matches!(answer, Answer::Failed { outage: true, .. }) {
                    *outage.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer.clone());
                }
                let said = ((*lease, order.clone()), answer);
                if together {
                    return Some(said);
                }
                self.say([said]).await;
                None
            });
            all.extend(futures::future::join_all(each).await.into_iter().flatten());
        }
        self.say(all).await;
    }

    async fn say(&self, answers: impl IntoIterator<Item = ((Lease, RevokeOrder), Answer)>) {
        let answers: Vec<RevokeAnswer> = answers
            .into_iter()
            .map(|((lease, order), answer)| RevokeAnswer { lease, order, answer })
            .collect();
        let Some(first) = answers.first() else { return };
        self.bring(first.lease, || self.port.record_revoked(answers.clone())).await;
    }
}

async fn ask(ca: &dyn IssuingCa, order: &RevokeOrder) -> Answer {
    if !can(ca, order) {
        return no_hold();
    }
    fault::point("before_revoke");
    let watch = Stopwatch::start();
    match ca.revoke(&[of(order)]).await {
        Ok(_) => {
            fault::point("after_revoke_at_ca");
            Answer::Revoked { duration_ms: millis(watch) }
        }
        Err(error) => trouble(&error),
    }
}

/// Whether the CA can do that at all.
fn can(ca: &dyn IssuingCa, order: &RevokeOrder) -> bool {
    order.what == RevocationKind::Revoke || ca.capabilities().hold
}

fn no_hold() -> Answer {
    refused(&"the CA can't put certificates on hold", "Revoke the certificate instead.")
}

fn of(order: &RevokeOrder) -> RevocationOrder {
    RevocationOrder {
        generation: order.generation,
        serial: order.serial.clone(),
        kind: order.what,
        reason: order.reason,
        at: order.at,
    }
}
