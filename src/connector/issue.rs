//! Bringing a certificate: key, intent, CSR, the CA's answer.

use super::Reached;
use super::port::{ConnectorPort, PortError};
use super::worker::{Connector, failed, millis, refused, waits};
use crate::ca::{CaError, Issued, IssuingCa, SignOutcome, SignRequest};
use crate::clock::Stopwatch;
use crate::kra::TransportKey;
use crate::pipeline::fault;
use crate::pki::{self, Certificate, Csr, PkiError, csr};
use crate::wire::connector::{Answer, CsrOctets, Intent, IntentAnswer, IssueOrder, Lease, SealedKeyOctets};
use crate::wire::octets::CertificateOctets;

const TRY_AGAIN: &str = "It is tried again by itself.";

impl<P: ConnectorPort> Connector<P> {
    /// Carries an order out. Answers nothing when there is nothing to say: the order went to another worker, or is
    /// not wanted any more.
    pub(super) async fn issue(&self, lease: Lease, order: IssueOrder) -> Option<Answer> {
        let found = match self.authorities.find(order.ca.as_str()).await {
            Ok(found) => found,
            Err(error) => return Some(trouble(&error)),
        };
        let Some(Reached { ca, enabled }) = found else {
            let cause = format!("this connector knows no CA of the name {}", order.ca);
            return Some(refused(
                &cause,
                "Choose another CA in the profile, or set the connector up for it.",
            ));
        };
        if !enabled && order.wanted && order.reference.is_none() {
            return Some(waits(
                &format!("the issuing CA {} is switched off", order.ca),
                "Switch it on under CAs and connectors: the request goes on by itself. Or choose another CA in the profile.",
            ));
        }
        if !order.wanted {
            return Some(self.whatever_was_issued(ca.as_ref(), &order).await);
        }
        if let Some(reference) = &order.reference {
            return Some(answer(ca.poll(reference).await, Stopwatch::start()));
        }
        let intent = match order.intent.clone() {
            Some(intent) => intent,
            None => match self.intend(lease, &order).await {
                Ok(Some(intent)) => intent,
                Ok(None) => return None,
                Err(answer) => return Some(*answer),
            },
        };
        Some(self.submit(ca.as_ref(), &order, &intent).await)
    }

    /// Generates the key and states the intent. Nothing when the order is to be dropped.
    async fn intend(&self, lease: Lease, order: &IssueOrder) -> Result<Option<Intent>, Box<Answer>> {
        let intent = self.new_intent(order).await.map_err(|error| {
            Box::new(failed(
                &error,
                "It is tried again by itself. If it stays so, look at the connector's log.",
            ))
        })?;
        fault::point("after_key");
        match self.port.record_intent(lease, order.request, intent.clone()).await {
            Ok(IntentAnswer::Stored) => Ok(Some(intent)),
            Ok(IntentAnswer::Already { intent }) => Ok(Some(*intent)),
            Ok(IntentAnswer::NotWanted) => Err(Box::new(Answer::Nothing)),
            Err(PortError::Refused(why)) => Err(Box::new(refused(&why, "Update the connector."))),
            // The lease runs out, or has; nothing has left yet, so the key is simply dropped.
            Err(PortError::LeaseLost | PortError::Unavailable(_)) => Ok(None),
        }
    }

    async fn new_intent(&self, order: &IssueOrder) -> Result<Intent, PkiError> {
        let watch = Stopwatch::start();
        let key = self.keys.generate(order.key_algorithm).await?;
        let generation_ms = millis(watch);
        let transport = Certificate::parse(order.transport_certificate.as_slice())?;
        let csr = csr::create_asking(&key, &asked(order))?;
        let sealed = TransportKey::new(order.kra_generation, transport).seal(&key)?;
        let too_long = |what: &'static str| move |error| PkiError::malformed(what, error);
        Ok(Intent {
            public_key_hash: key.public_key_hash(),
            csr: CsrOctets::new(csr.as_der().to_vec()).map_err(too_long("CSR"))?,
            sealed_key: SealedKeyOctets::new(sealed.octets).map_err(too_long("sealed key"))?,
            kra_generation: order.kra_generation,
            generation_ms,
        })
    }

    /// The same CSR goes to the CA as often as need be. A CA that doesn't remember is first asked whether it has
    /// issued for this key already.
    async fn submit(&self, ca: &dyn IssuingCa, order: &IssueOrder, intent: &Intent) -> Answer {
        let watch = Stopwatch::start();
        let can = ca.capabilities();
        let csr = match Csr::parse(intent.csr.as_slice()) {
            Ok(csr) => csr,
            Err(error) => return refused(&error, "Retry the request: it then gets a new key."),
        };
        if order.intent.is_some() && can.find_by_key && !can.remembers_requests {
            match ca.find_by_key(&csr).await {
                Ok(found) if !found.is_empty() => return newest(found, watch),
                Ok(_) => {}
                Err(error) => return trouble(&error),
            }
        }
        let request = SignRequest {
            reference: order.request.to_string(),
            csr,
            asked: asked(order),
            template: order.template.clone(),
        };
        let signed = ca.sign(&request).await;
        fault::point("after_sign");
        answer(signed, watch)
    }

    /// The certificate is not wanted any more. If the CA has issued it all the same, it is brought, to be revoked.
    async fn whatever_was_issued(&self, ca: &dyn IssuingCa, order: &IssueOrder) -> Answer {
        let watch = Stopwatch::start();
        if let Some(reference) = &order.reference {
            return answer(ca.poll(reference).await, watch);
        }
        let Some(intent) = &order.intent else { return Answer::Nothing };
        if ca.capabilities().find_by_key {
            let csr = match Csr::parse(intent.csr.as_slice()) {
                Ok(csr) => csr,
                Err(error) => return refused(&error, "Look at the CA for a certificate of this request."),
            };
            return match ca.find_by_key(&csr).await {
                Ok(found) if found.is_empty() => Answer::Nothing,
                Ok(found) => newest(found, watch),
                Err(error) => trouble(&error),
            };
        }
        if ca.capabilities().remembers_requests {
            return match ca.poll(&order.request.to_string()).await {
                Err(CaError::Unknown(_)) => Answer::Nothing,
                outcome => answer(outcome, watch),
            };
        }
        Answer::Nothing
    }
}

fn asked(order: &IssueOrder) -> pki::Asked {
    let asked = &order.asked;
    pki::Asked {
        subject: Some(asked.subject.clone()),
        alternative_names: asked.alternative_names.clone(),
        key_usage: asked.key_usage,
        extended_key_usages: asked.extended_key_usages.clone(),
        validity_days: asked.validity_days,
        sid: asked.sid.clone(),
        strong_mapping: asked.strong_mapping,
    }
}

fn newest(found: Vec<Issued>, watch: Stopwatch) -> Answer {
    match found.into_iter().next() {
        Some(issued) => answer(Ok(SignOutcome::Issued(Box::new(issued))), watch),
        None => Answer::Nothing,
    }
}

fn answer(outcome: Result<SignOutcome, CaError>, watch: Stopwatch) -> Answer {
    match outcome {
        Ok(SignOutcome::Issued(issued)) => {
            match CertificateOctets::new(issued.certificate.as_der().to_vec()) {
                Ok(certificate) => {
                    Answer::Issued { certificate, generation: issued.generation, duration_ms: millis(watch) }
                }
                Err(error) => refused(
                    &format!("the CA's certificate {error}"),
                    "Change the CA's template so that certificates become smaller.",
                ),
            }
        }
        Ok(SignOutcome::Pending { reference, poll_at }) => Answer::Pending { reference, poll_at },
        Ok(SignOutcome::Refused { cause, remedy }) => Answer::Refused { cause, remedy },
        Err(error) => trouble(&error),
    }
}

/// An error of the CA as an answer.
pub(super) fn trouble(error: &CaError) -> Answer {
    if let CaError::Outage { cause, remedy } = error {
        return waits(cause, remedy);
    }
    if let CaError::Refused { cause, remedy } = error {
        return refused(cause, remedy);
    }
    if error.is_transient() {
        return failed(error, "It is tried again by itself. If it stays so, see whether the CA runs.");
    }
    match error {
        CaError::Store(_) => failed(error, TRY_AGAIN),
        _ => refused(error, "Look at the CA, then retry the request."),
    }
}
