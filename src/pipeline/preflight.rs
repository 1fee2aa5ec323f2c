//! Preflights: ordered of a connector like a request, but for no device, and revoked at once.

use certporter_model::{PreflightId, Timestamp};

use super::Pipeline;
use super::error::StepError;
use super::orders::ConnectorIdentity;
use super::queue::Outcome;
use super::work::Work;
use crate::clock::Stopwatch;
use crate::store::jobs::{self, Job};
use crate::store::preflights::{self, Preflight};
use crate::store::{AuditEvent, StoreError, Target, WriteTx};
use crate::wire::connector::{
    Lease, PreflightOrder, PreflightReport, PreflightStage, PreflightStep, TestCertificate,
};

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
            let ours = row.ca.as_str() == crate::ca::builtin::NAME;
            if well && ours {
                row.state = state::PUBLISHING.to_owned();
                Work::ConcludePreflight { preflight: id }.enqueue(&mut tx, now, self.random.as_ref()).await?;
            } else {
                row.state = if well { state::PASSED } else { state::FAILED }.to_owned();
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

    /// Publishes the CRL, and sees whether it has the test certificate.
    pub(super) async fn conclude_preflight(&self, id: PreflightId) -> Result<Outcome, StepError> {
        let row = preflights::get(&mut *self.db.read().await?, id).await?;
        let (state::PUBLISHING, Some(TestCertificate { generation, serial })) =
            (row.state.as_str(), issued(&row))
        else {
            return Ok(Outcome::Done);
        };
        let watch = Stopwatch::start();
        self.builtin.publish().await.map_err(super::publish::crl_error)?;
        let (_, number) =
            self.builtin.standing(generation, &serial).await.map_err(super::publish::crl_error)?;
        let step = PreflightStep {
            stage: PreflightStage::InCrl,
            ok: number.is_some(),
            duration_ms: u32::try_from(watch.elapsed().as_millis()).unwrap_or(u32::MAX),
            detail: number.map(|number| format!("CRL number {number}")),
            cause: number.is_none().then(|| "the new CRL does not have the certificate".to_owned()),
            remedy: number
                .is_none()
                .then(|| "Look at the portal's log, then publish the CRL again.".to_owned()),
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
