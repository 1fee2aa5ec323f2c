//! A test certificate through the CA: issued, compared with what was asked, and revoked.

use certporter_model::certificate::RevocationKind;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::revocation::Reason;

use super::port::ConnectorPort;
use super::worker::{Connector, millis};
use crate::ca::{CaError, Issued, IssuingCa, RevocationOrder, SignOutcome, SignRequest};
use crate::clock::Stopwatch;
use crate::pki::{Asked, PkiError, PrivateKey, check, csr};
use crate::wire::connector::{
    Lease, PreflightOrder, PreflightReport, PreflightStage, PreflightStep, TestCertificate,
};

/// What the test certificate is for: any CA's templates know it.
const CLIENT_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.2";

/// Why a step failed, and what to do about it.
struct Trouble {
    cause: String,
    remedy: &'static str,
}

impl Trouble {
    #[expect(clippy::needless_pass_by_value, reason = "errors come as they are")]
    fn new(cause: impl ToString, remedy: &'static str) -> Self {
        Self { cause: cause.to_string(), remedy }
    }
}

impl<P: ConnectorPort> Connector<P> {
    /// Carries a preflight out, telling the portal after each step.
    pub(super) async fn preflight(&self, lease: Lease, order: PreflightOrder) {
        let mut report = PreflightReport { steps: Vec::new(), issued: order.issued.clone(), done: false };
        let mut well = step(&mut report, PreflightStage::Claimed, Stopwatch::start(), Ok(None));
        if let Some(ca) = self.authorities.get(order.ca.as_str()) {
            if order.again {
                self.recover(ca.as_ref(), &order, &mut report).await;
                well = false;
            } else if !self.tell(lease, &order, &report).await {
                return;
            } else {
                well = self.test(lease, ca.as_ref(), &order, &mut report).await;
            }
            if let Some(issued) = report.issued.clone() {
                well &= revoke(ca.as_ref(), &order, &issued, &mut report).await;
            }
        } else {
            let cause = format!("this connector knows no CA of the name {}", order.ca);
            let remedy = "Set the connector up for this CA, or choose the pool of one that is.";
            report.steps.clear();
            step(&mut report, PreflightStage::Claimed, Stopwatch::start(), Err(Trouble::new(cause, remedy)));
        }
        tracing::debug!(preflight = %order.preflight, well, "preflight done");
        report.done = true;
        self.tell(lease, &order, &report).await;
    }

    /// Tells the portal how far it is; answers whether to go on.
    async fn tell(&self, lease: Lease, order: &PreflightOrder, report: &PreflightReport) -> bool {
        match self.port.record_preflight(lease, order.preflight, report.clone()).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(preflight = %order.preflight, "the portal did not take a step: {error}");
                false
            }
        }
    }

    /// Key, CSR, signature, comparison. Answers whether all went well.
    async fn test(
        &self,
        lease: Lease,
        ca: &dyn IssuingCa,
        order: &PreflightOrder,
        report: &mut PreflightReport,
    ) -> bool {
        let watch = Stopwatch::start();
        let prepared = self.prepare(order).await;
        let told = prepared.as_ref().map(|_| Some("EC P-256".to_owned())).map_err(|error| {
            Trouble::new(error, "Look at the connector's log: its OpenSSL can't make a key or a CSR.")
        });
        step(report, PreflightStage::KeyGenerated, watch, told);
        let Ok((key, request)) = prepared else { return false };
        self.tell(lease, order, report).await;
        let watch = Stopwatch::start();
        let issued = match issued(ca.sign(&request).await) {
            Ok(issued) => {
                let detail = format!("serial number {}", issued.certificate.serial());
                step(report, PreflightStage::Issued, watch, Ok(Some(detail)));
                report.issued = Some(TestCertificate {
                    generation: issued.generation,
                    serial: issued.certificate.serial().clone(),
                });
                issued
            }
            Err(trouble) => {
                // The CA may have signed, and only its answer was lost.
                report.issued = stray(ca, order, &key).await;
                return step(report, PreflightStage::Issued, watch, Err(trouble));
            }
        };
        self.tell(lease, order, report).await;
        let watch = Stopwatch::start();
        let compared = compare(ca, &issued, &request.asked, &key, order).await;
        step(report, PreflightStage::Checked, watch, compared)
    }

    async fn prepare(&self, order: &PreflightOrder) -> Result<(PrivateKey, SignRequest), PkiError> {
        let key = self.keys.generate(KeyAlgorithm::EcP256).await?;
        let name = format!("CN=certporter preflight {}", order.preflight);
        let unfit = |field: &'static str| {
            move |error: certporter_model::ParseError| PkiError::Unfit { field, message: error.to_string() }
        };
        let subject = DistinguishedName::parse(&name).map_err(unfit("subject"))?;
        let usage = Oid::parse(CLIENT_AUTHENTICATION).map_err(unfit("extended_key_usages"))?;
        let asked = Asked {
            subject: Some(subject.clone()),
            alternative_names: Vec::new(),
            key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
            extended_key_usages: vec![usage],
            validity_days: 1,
            sid: None,
            strong_mapping: StrongMapping::None,
        };
        let csr = csr::create(&key, Some(&subject))?;
        let request =
            SignRequest { reference: reference(order), csr, asked, template: order.template.clone() };
        Ok((key, request))
    }

    /// An earlier attempt stopped in the middle: what the CA may have issued is found.
    async fn recover(&self, ca: &dyn IssuingCa, order: &PreflightOrder, report: &mut PreflightReport) {
        if report.issued.is_none()
            && ca.capabilities().remembers_requests
            && let Ok(SignOutcome::Issued(issued)) = ca.poll(&reference(order)).await
        {
            report.issued = Some(TestCertificate {
                generation: issued.generation,
                serial: issued.certificate.serial().clone(),
            });
        }
        let remedy = "Start another preflight. If it stops again, look at the connector's log.";
        let trouble = Trouble::new("the connector stopped in the middle of the test", remedy);
        step(report, PreflightStage::Issued, Stopwatch::start(), Err(trouble));
    }
}

/// What the CA has issued for the test though it did not say so, as far as it can be asked.
async fn stray(ca: &dyn IssuingCa, order: &PreflightOrder, key: &PrivateKey) -> Option<TestCertificate> {
    let known = ca.capabilities();
    let found = if known.find_by_key {
        ca.find_by_key(key.public_key_hash()).await.ok()?.into_iter().next()
    } else if known.remembers_requests {
        match ca.poll(&reference(order)).await {
            Ok(SignOutcome::Issued(issued)) => Some(*issued),
            _ => None,
        }
    } else {
        None
    };
    found.map(|it| TestCertificate { generation: it.generation, serial: it.certificate.serial().clone() })
}

fn reference(order: &PreflightOrder) -> String {
    format!("preflight-{}", order.preflight)
}

/// Notes a step; answers whether it went well.
fn step(
    report: &mut PreflightReport,
    stage: PreflightStage,
    watch: Stopwatch,
    outcome: Result<Option<String>, Trouble>,
) -> bool {
    let ok = outcome.is_ok();
    let (detail, cause, remedy) = match outcome {
        Ok(detail) => (detail, None, None),
        Err(trouble) => (None, Some(trouble.cause), Some(trouble.remedy.to_owned())),
    };
    report.steps.push(PreflightStep { stage, ok, duration_ms: millis(watch), detail, cause, remedy });
    ok
}

fn issued(outcome: Result<SignOutcome, CaError>) -> Result<Issued, Trouble> {
    match outcome {
        Ok(SignOutcome::Issued(issued)) => Ok(*issued),
        Ok(SignOutcome::Pending { reference, .. }) => Err(Trouble::new(
            format!(
                "the CA did not sign at once: it keeps the request as {reference} until somebody decides"
            ),
            "Let the CA's template issue without approval, or expect every request to wait. Refuse this one there.",
        )),
        Ok(SignOutcome::Refused { cause, remedy }) => Err(Trouble {
            cause: format!("{cause} ({remedy})"),
            remedy: "Change the CA's template or policy.",
        }),
        Err(error) if error.is_transient() => {
            Err(Trouble::new(error, "See whether the CA runs and the connector reaches it."))
        }
        Err(error) => Err(Trouble::new(error, "Look at the CA and at the name of the template.")),
    }
}

async fn compare(
    ca: &dyn IssuingCa,
    issued: &Issued,
    asked: &Asked,
    key: &PrivateKey,
    order: &PreflightOrder,
) -> Result<Option<String>, Trouble> {
    let chain = ca.chain(issued.generation).await;
    let chain = chain.map_err(|error| Trouble::new(error, "See whether the CA's chain can be read."))?;
    let issuer = chain.first().ok_or_else(|| {
        Trouble::new("the CA gave no certificate of its own", "See whether the CA's chain is complete.")
    })?;
    let found = check::differences(&issued.certificate, asked, key.public_key_hash(), issuer, order.at);
    let found =
        found.map_err(|error| Trouble::new(error, "The certificate can't be read: look at the CA."))?;
    if found.is_empty() {
        return Ok(Some("subject, key usage, validity and issuer are as asked".to_owned()));
    }
    let all = found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Err(Trouble::new(all, "Change the CA's template so that it leaves these fields as they are asked."))
}

async fn revoke(
    ca: &dyn IssuingCa,
    order: &PreflightOrder,
    issued: &TestCertificate,
    report: &mut PreflightReport,
) -> bool {
    let watch = Stopwatch::start();
    let orders = [RevocationOrder {
        generation: issued.generation,
        serial: issued.serial.clone(),
        kind: RevocationKind::Revoke,
        reason: Reason::CessationOfOperation,
        at: order.at,
    }];
    let outcome = ca.revoke(&orders).await.map(|_| None).map_err(|error| {
        let remedy = "Let the connector revoke at this CA. Revoke the test certificate there by hand.";
        Trouble::new(error, remedy)
    });
    step(report, PreflightStage::Revoked, watch, outcome)
}
