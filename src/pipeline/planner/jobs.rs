//! Planning as jobs of the portal.

use super::{Whom, replan, sweep};
use crate::pipeline::Pipeline;
use crate::pipeline::error::StepError;
use crate::pipeline::queue::Outcome;
use crate::pipeline::work::ReplanScope;
use crate::plan::Limits;
use crate::store::{AuditEvent, Target, jobs};
use crate::wire::connector::Lease;

impl Pipeline {
    /// Plans for a scope, and carries it out, in the transaction that finishes the job.
    pub(in crate::pipeline) async fn replan(
        &self,
        lease: Lease,
        scope: ReplanScope,
    ) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit()?).await?;
        let whom = Whom::from(scope);
        let outcome = replan(&mut tx, &whom, Limits::default(), now, self.random.as_ref()).await?;
        jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
        let event = AuditEvent::new(now, "plan.carry_out", Target::none("plan"))
            .with("deferred", outcome.deferred)
            .with("summary", serde_json::to_value(&outcome.summary).unwrap_or_default());
        tx.commit(event).await?;
        Ok(Outcome::Finished)
    }

    /// Plans for everybody.
    pub(in crate::pipeline) async fn sweep(&self) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        let permit = Self::permit()?;
        sweep::sweep(&self.db, &permit, "sweep", Limits::default(), now, self.random.as_ref()).await?;
        Ok(Outcome::Done)
    }
}
