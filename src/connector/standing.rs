//! Revoking, holding and releasing at the CA.

use certporter_model::certificate::RevocationKind;

use super::Reached;
use super::issue::trouble;
use super::port::ConnectorPort;
use super::worker::{Connector, millis, refused};
use crate::ca::RevocationOrder;
use crate::clock::Stopwatch;
use crate::pipeline::fault;
use crate::wire::connector::{Answer, RevokeOrder};

impl<P: ConnectorPort> Connector<P> {
    /// Brings a certificate into its standing. A CA without hold is left alone by holds and releases: the plan
    /// revokes there.
    pub(super) async fn bring_into_standing(&self, order: &RevokeOrder) -> Answer {
        let found = match self.authorities.find(order.ca.as_str()).await {
            Ok(found) => found,
            Err(error) => return trouble(&error),
        };
        let Some(Reached { ca, .. }) = found else {
            let cause = format!("this connector knows no CA of the name {}", order.ca);
            return refused(&cause, "Set the connector up for it, then put the job back.");
        };
        let watch = Stopwatch::start();
        if order.what != RevocationKind::Revoke && !ca.capabilities().hold {
            return refused(&"the CA can't put certificates on hold", "Revoke the certificate instead.");
        }
        fault::point("before_revoke");
        let orders = [RevocationOrder {
            generation: order.generation,
            serial: order.serial.clone(),
            kind: order.what,
            reason: order.reason,
            at: order.at,
        }];
        match ca.revoke(&orders).await {
            Ok(_) => {
                fault::point("after_revoke_at_ca");
                Answer::Revoked { duration_ms: millis(watch) }
            }
            Err(error) => trouble(&error),
        }
    }
}
