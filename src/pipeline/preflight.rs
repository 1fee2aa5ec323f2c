//! Preflights: ordered of a connector like a request, but for no device, and revoked at once.

use std::time::Duration;

use certporter_model::{PreflightId, Timestamp};

use super::Pipeline;
use super::error::StepError;
use super::orders::ConnectorIdentity;
use super::queue::Outcome;
use super::work::Work;
use crate::ca::CaError;
use crate::clock::Stopwatch;
use crate::pki::Certificate;
use crate::pki::crl::Crl;
use crate::store::jobs::{self, Job};
use crate::store::preflights::{self, Preflight};
use crate::store::{AuditEvent, StoreError, Target, WriteTx, ca_generations};
use crate::wire::connector::{
    Lease, PreflightOrder, PreflightReport, PreflightStage, PreflightStep, TestCertificate,
};

/// How long the CRL of a CA that publishes by itself is waited for.
const AWAITED: Duration = Duration::from_secs(60);
/// How often it is looked at meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Whether a CRL has the test certificate.
enum InCrl {
    /// The one of this number has.
    Number(u64),
    /// The one that is given out now does not.
    NotYet { made: Timestamp, until: Timestamp },
    /// There is none, or it is not right.
    Wrong { cause: String, remedy: String },
}

/// What a preflight's row says of how it goes.
pub mod state {
    /// No connector has it yet.
    pub const WAITING: &str = "waiting";
    /// A connector has it.
    pub const RUNNING: &str = "running";
    /// The CRL that has it is being made.
    pub const PUBLISHING: &str = "publishing";
    /// Every step went well.
    pub const PASSED: &str = "passed";
    /// A step failed.
    pub const FAILED: &str = "failed";
}

impl Pipeline {
    /// The order for a connector; none when it has ended.
    pub(super) async fn preflight_order(
        &self,
        tx: &mut WriteTx,
        job: &Job,
        id: PreflightId,
        connector: &ConnectorIdentity,
        now: Timestamp,
    ) -> Result<Option<PreflightOrder>, StepError> {
        let mut row = preflights::lock(tx, id).await?;
        if row.finished_at.is_some() || row.state == state::PUBLISHING {
            return Ok(None);
        }
        row.state = state::RUNNING.to_owned();
        row.connector = Some(connector.name.to_string());
        row.updated_at = now;
        preflights::update(tx, &row).await?;
        Ok(Some(PreflightOrder {
            preflight: id,
            ca: row.ca.clone(),
            template: row.template.clone(),
            at: now,
            again: job.attempt > 1,
            issued: issued(&row),
        }))
    }

    /// Takes how far a connector is.
    ///
    /// # Errors
    /// [`StepError::LeaseLost`] when another connector has it; when the database refuses.
    pub async fn record_preflight(
        &self,
        connector: &ConnectorIdentity,
        lease: Lease,
        id: PreflightId,
        report: &PreflightReport,
    ) -> Result<(), StepError> {
        let now = self.clock.now();
        let mut tx = self.db.write(&connector.permit()?).await?;
        if !jobs::is_held(&mut tx, lease.job, lease.fence).await? {
            return Err(StepError::LeaseLost);
        }
        let mut row = preflights::lock(&mut tx, id).await?;
        let mut steps = report.steps.clone();
        if let Some(first) = steps.first_mut() {
            // How long it waited, which only the portal knows.
            let waited = row.updated_at.since(row.created_at).as_millis();
            first.duration_ms = if row.steps.as_array().is_some_and(Vec::is_empty) {
                u32::try_from(waited).unwrap_or(u32::MAX)
            } else {
                steps_of(&row.steps).first().map_or(0, |step| step.duration_ms)
            };
            first.detail = Some(format!("connector {}", connector.name));
        }
        row.steps = written(&steps)?;
        row.updated_at = now;
        if let Some(issued) = &report.issued {
            row.ca_generation_id = Some(issued.generation);
            row.serial = Some(issued.serial.clone());
        }
        if report.done {
            let well = steps.iter().all(|step| step.ok);
            if well {
                row.state = state::PUBLISHING.to_owned();
                Work::ConcludePreflight { preflight: id }.enqueue(&mut tx, now, self.random.as_ref()).await?;
            } else {
                row.state = state::FAILED.to_owned();
                row.finished_at = Some(now);
            }
            jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
        }
        preflights::update(&mut tx, &row).await?;
        let event = AuditEvent::new(now, "preflight.report", Target::one("preflight", id.as_uuid()));
        tx.commit(event.with("state", row.state.as_str())).await?;
        self.queue.wake();
        Ok(())
    }

    /// Sees whether the CRL has the test certificate: the built-in CA's is published, another CA's is waited for a while.
    pub(super) async fn conclude_preflight(&self, id: PreflightId) -> Result<Outcome, StepError> {
        let row = preflights::get(&mut *self.db.read().await?, id).await?;
        let (state::PUBLISHING, Some(test)) = (row.state.as_str(), issued(&row)) else {
            return Ok(Outcome::Done);
        };
        let watch = Stopwatch::start();
        let found = if row.ca.as_str() == crate::ca::builtin::NAME {
            self.in_own_crl(&test).await?
        } else {
            let waited = self.clock.now().since(row.updated_at);
            match self.in_crl_of(&row, &test).await? {
                InCrl::NotYet { .. } if waited < AWAITED => {
                    return Ok(Outcome::Later(self.clock.now().plus(LOOK_AGAIN)));
                }
                found => found,
            }
        };
        let (detail, trouble) = match found {
            InCrl::Number(number) => (Some(format!("CRL number {number}")), None),
            InCrl::NotYet { made, until } => (
                Some(format!(
                    "it can't be known yet: the CA publishes by its own schedule. Its list of {made} does not have it; \
                     the next one is made by {until}"
                )),
                None,
            ),
            InCrl::Wrong { cause, remedy } => (None, Some((cause, remedy))),
        };
        let (cause, remedy) = trouble.unzip();
        let step = PreflightStep {
            stage: PreflightStage::InCrl,
            ok: cause.is_none(),
            duration_ms: u32::try_from(watch.elapsed().as_millis()).unwrap_or(u32::MAX),
            detail,
            cause,
            remedy,
        };
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit()?).await?;
        let mut row = preflights::lock(&mut tx, id).await?;
        let mut steps = steps_of(&row.steps);
        row.state = if step.ok { state::PASSED } else { state::FAILED }.to_owned();
        steps.push(step);
        row.steps = written(&steps)?;
        row.updated_at = now;
        row.finished_at = Some(now);
        preflights::update(&mut tx, &row).await?;
        let event = AuditEvent::new(now, "preflight.conclude", Target::one("preflight", id.as_uuid()));
        tx.commit(event.with("state", row.state.as_str())).await?;
        Ok(Outcome::Done)
    }

    /// Publishes the built-in CA's CRL, and looks into it.
    async fn in_own_crl(&self, test: &TestCertificate) -> Result<InCrl, StepError> {
        self.builtin.publish().await.map_err(super::publish::crl_error)?;
        let standing = self.builtin.standing(test.generation, &test.serial).await;
        let (_, number) = standing.map_err(super::publish::crl_error)?;
        Ok(number.map_or_else(
            || InCrl::Wrong {
                cause: "the new CRL does not have the certificate".to_owned(),
                remedy: "Look at the portal's log, then publish the CRL again.".to_owned(),
            },
            InCrl::Number,
        ))
    }

    /// Looks into the CRL that another CA gives out now.
    async fn in_crl_of(&self, row: &Preflight, test: &TestCertificate) -> Result<InCrl, StepError> {
        let wrong = |cause: String, remedy: &str| InCrl::Wrong { cause, remedy: remedy.to_owned() };
        let Some(external) = &self.external else {
            return Ok(wrong("this process may not ask the CA".to_owned(), "Give it the master key."));
        };
        let asked = async {
            match external.named(row.ca.as_str()).await? {
                Some(it) => it.ca.crl(test.generation).await.map(Some),
                None => Ok(None),
            }
        };
        let octets = match asked.await {
            Ok(Some(octets)) => octets,
            Ok(None) => {
                return Ok(wrong(format!("there is no CA {} any more", row.ca), "Choose another one."));
            }
            Err(CaError::Store(error)) => return Err(error.into()),
            Err(CaError::Outage { cause, remedy } | CaError::Refused { cause, remedy }) => {
                return Ok(InCrl::Wrong { cause, remedy });
            }
            Err(error) => return Ok(wrong(error.to_string(), "See whether the CA has a CRL.")),
        };
        let issuer = ca_generations::generation(&mut *self.db.read().await?, test.generation).await?;
        let Ok(list) = Crl::parse(&octets) else {
            return Ok(wrong(
                "the CA's CRL can't be read".to_owned(),
                "See what the CA gives out as its CRL.",
            ));
        };
        if !list.is_signed_by(&Certificate::parse(&issuer.certificate_der)?) {
            let cause = "the CA gives out a CRL that its issuing certificate has not signed".to_owned();
            return Ok(wrong(cause, "See whether the issuer of the CA's settings is the one that issues."));
        }
        Ok(match list.entry(&test.serial) {
            Some(_) => InCrl::Number(list.number().unwrap_or_default()),
            None => InCrl::NotYet {
                made: list.this_update(),
                until: list.next_update().unwrap_or_else(|| list.this_update()),
            },
        })
    }

    /// Ends a preflight whose connectors stop again and again.
    pub(super) async fn give_up_preflight(
        &self,
        tx: &mut WriteTx,
        id: PreflightId,
        (cause, remedy): (&str, &str),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut row = preflights::lock(tx, id).await?;
        let mut steps = steps_of(&row.steps);
        steps.push(PreflightStep {
            stage: PreflightStage::Claimed,
            ok: false,
            duration_ms: 0,
            detail: None,
            cause: Some(cause.to_owned()),
            remedy: Some(remedy.to_owned()),
        });
        row.steps = written(&steps)?;
        row.state = state::FAILED.to_owned();
        row.updated_at = now;
        row.finished_at = Some(now);
        Ok(preflights::update(tx, &row).await?)
    }
}

/// The test certificate, once there is one.
fn issued(row: &Preflight) -> Option<TestCertificate> {
    Some(TestCertificate { generation: row.ca_generation_id?, serial: row.serial.clone()? })
}

/// The steps of a row.
#[must_use]
pub fn steps_of(json: &serde_json::Value) -> Vec<PreflightStep> {
    serde_json::from_value(json.clone()).unwrap_or_default()
}

fn written(steps: &[PreflightStep]) -> Result<serde_json::Value, StepError> {
    serde_json::to_value(steps).map_err(|error| StepError::Store(StoreError::Other(error.to_string())))
}
