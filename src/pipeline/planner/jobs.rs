//! Planning as jobs of the portal.

use certporter_model::Timestamp;

use super::{PutOff, Whom, replan_if_it_takes, replan_in_waves, sweep};
use crate::pipeline::error::StepError;
use crate::pipeline::queue::Outcome;
use crate::pipeline::work::{ReplanScope, Work};
use crate::pipeline::{Pipeline, leap, planner};
use crate::plan::Limits;
use crate::plan::summary::Summary;
use crate::store::{AuditEvent, Target, WriteTx, jobs};
use crate::wire::connector::Lease;

impl Pipeline {
    /// Plans for a scope, and carries it out if anything is taken away by it, in the transaction that finishes the job.
    /// What only brings something is done in its turn, after what delivers.
    pub(in crate::pipeline) async fn replan(
        &self,
        lease: Lease,
        scope: ReplanScope,
    ) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        let random = self.random.as_ref();
        // Noticed before anything is planned by a time that may be wrong.
        leap::waits(&self.db, now, random).await?;
        let mut tx = self.db.write_about(scope.holders(), &Self::permit()?).await?;
        let whom = Whom::from(scope.clone());
        let outcome = replan_if_it_takes(&mut tx, &whom, Limits::default(), now, random).await?;
        if !outcome.only_brings {
            return Self::finish(tx, lease, &outcome, now).await;
        }
        tx.rollback().await?;
        let mut books = self.db.bookkeeping().await?;
        jobs::complete(&mut books, lease.job, lease.fence, now).await?;
        Work::ReplanInTurn { scope }.schedule(&mut books, now, now, random).await?;
        books.commit().await?;
        Ok(Outcome::Finished)
    }

    /// Plans for a scope, and carries it out, in the transaction that finishes the job. Reissues go in waves: while they
    /// are put off, the job comes again.
    pub(in crate::pipeline) async fn replan_in_turn(
        &self,
        lease: Lease,
        scope: ReplanScope,
    ) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        let random = self.random.as_ref();
        leap::waits(&self.db, now, random).await?;
        let mut tx = self.db.write_about(scope.holders(), &Self::permit()?).await?;
        let outcome = replan_in_waves(&mut tx, &Whom::from(scope), Limits::default(), now, random).await?;
        Self::finish(tx, lease, &outcome, now).await
    }

    async fn finish(
        mut tx: WriteTx,
        lease: Lease,
        outcome: &planner::Outcome,
        now: Timestamp,
    ) -> Result<Outcome, StepError> {
        let later = outcome.put_off.map(|put_off| now.plus(put_off.pause()));
        match later {
            None => jobs::complete(&mut tx, lease.job, lease.fence, now).await?,
            Some(later) if outcome.summary == Summary::default() => {
                tx.rollback().await?;
                return Ok(Outcome::Later(later));
            }
            Some(_) => {}
        }
        let event = AuditEvent::new(now, "plan.carry_out", Target::none("plan"))
            .with("deferred", outcome.deferred)
            .with("put_off", outcome.put_off.map(PutOff::as_str))
            .with("summary", serde_json::to_value(&outcome.summary).unwrap_or_default());
        tx.commit(event).await?;
        Ok(later.map_or(Outcome::Finished, Outcome::Later))
    }

    /// Plans for everybody, unless the clock has leapt and nobody has said that it is right.
    pub(in crate::pipeline) async fn sweep(&self) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        if leap::waits(&self.db, now, self.random.as_ref()).await? {
            return Ok(Outcome::Done);
        }
        let permit = Self::permit()?;
        sweep::sweep(&self.db, &permit, "sweep", Limits::default(), now, self.random.as_ref()).await?;
        Ok(Outcome::Done)
    }
}
