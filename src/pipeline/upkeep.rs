//! What comes round by the clock: the sweep, the next CRL, housekeeping.

use std::time::Duration;

use super::Pipeline;
use super::error::StepError;
use super::queue::Outcome;
use super::work::Work;
use crate::store::{
    external_cas, hand_outs, idempotency_keys, jobs, notices, outbox, preflights, rate_limits,
    security_events, sessions, sign_in_codes,
};

/// How often everything is planned anew.
const SWEEP: Duration = Duration::from_secs(3600);

/// How often outdated things are cleared away.
const HOUSEKEEPING: Duration = Duration::from_secs(3600);

/// How long finished jobs are kept.
const KEEP_DONE: Duration = Duration::from_secs(3 * 86_400);

/// How long announcements are kept for whoever follows them.
const KEEP_ANNOUNCED: Duration = Duration::from_secs(86_400);

/// How long letters that were sent, or failed, are kept.
const KEEP_NOTICES: Duration = Duration::from_secs(90 * 86_400);

/// How long is known that a matter was told.
const KEEP_TOLD: Duration = Duration::from_secs(400 * 86_400);

/// How long sign-in codes are kept that can't be used any more, and whose sessions have ended.
const KEEP_SIGN_IN_CODES: Duration = Duration::from_secs(30 * 86_400);

/// How long people find what was done in their name, once they have seen it.
const KEEP_SEEN: Duration = Duration::from_secs(400 * 86_400);

/// How long it waits for somebody who never looks.
const KEEP_UNSEEN: Duration = Duration::from_secs(1_100 * 86_400);

/// How long preflights are kept.
const KEEP_PREFLIGHTS: Duration = Duration::from_secs(30 * 86_400);

/// How long answers are kept for whoever asks the same again.
const KEEP_IDEMPOTENCY: Duration = Duration::from_secs(86_400);

/// How long counts of attempts are kept: longer than any window.
const KEEP_LIMITS: Duration = Duration::from_secs(2 * 86_400);

impl Pipeline {
    /// Asks for the regular work at the start of a process. What waits already is not asked for twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn schedule_upkeep(&self) -> Result<(), StepError> {
        let now = self.clock.now();
        let random = self.random.as_ref();
        let mut books = self.db.bookkeeping().await?;
        Work::Sweep.schedule(&mut books, now, now, random).await?;
        Work::Housekeeping.schedule(&mut books, now.plus(HOUSEKEEPING), now, random).await?;
        Work::CollectNotices.schedule(&mut books, now, now, random).await?;
        Work::SendNotices.schedule(&mut books, now, now, random).await?;
        self.schedule_reconciliation(&mut books, now).await?;
        Work::PublishCrl { ca: self.builtin.id() }.schedule(&mut books, now, now, random).await?;
        for row in external_cas::all(&mut books).await? {
            Work::PublishCrl { ca: row.id }.schedule(&mut books, now, now, random).await?;
        }
        books.commit().await?;
        self.queue.wake();
        Ok(())
    }

    /// When the next sweep is due, asked for by the one that has just ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) async fn schedule_next_sweep(&self) -> Result<(), StepError> {
        let now = self.clock.now();
        let mut books = self.db.bookkeeping().await?;
        Work::Sweep.schedule(&mut books, now.plus(SWEEP), now, self.random.as_ref()).await?;
        Ok(books.commit().await?)
    }

    pub(super) async fn housekeeping(&self) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        let mut books = self.db.bookkeeping().await?;
        let jobs = jobs::forget_done(&mut books, now.minus(KEEP_DONE)).await?;
        let sessions = sessions::drop_expired(&mut books, now).await?;
        let limits = rate_limits::drop_before(&mut books, now.minus(KEEP_LIMITS)).await?;
        let keys = idempotency_keys::drop_before(&mut books, now.minus(KEEP_IDEMPOTENCY)).await?;
        let announced = outbox::drop_before(&mut books, now.minus(KEEP_ANNOUNCED)).await?;
        notices::drop_before(&mut books, now.minus(KEEP_NOTICES), now.minus(KEEP_TOLD)).await?;
        preflights::drop_before(&mut books, now.minus(KEEP_PREFLIGHTS)).await?;
        let codes = sign_in_codes::drop_before(&mut books, now.minus(KEEP_SIGN_IN_CODES)).await?;
        let told =
            security_events::drop_before(&mut books, now.minus(KEEP_SEEN), now.minus(KEEP_UNSEEN)).await?;
        self.forget_reconciliations(&mut books, now).await?;
        hand_outs::forget_expired(&mut books, now).await?;
        Work::Housekeeping.schedule(&mut books, now.plus(HOUSEKEEPING), now, self.random.as_ref()).await?;
        books.commit().await?;
        tracing::info!(jobs, sessions, limits, keys, announced, codes, told, "cleared away");
        Ok(Outcome::Done)
    }
}
