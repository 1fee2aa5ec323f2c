//! A clock that was ahead and is set right while the portal runs, or while it was down. What was scheduled in the meantime
//! lies in the future, and so nothing regular would happen for as long as the clock was ahead; and CRLs of that time are
//! not valid yet. A process notices it by what it noted last of itself and by when regular work was asked for, and puts it
//! right at once.

use std::time::Duration;

use certporter_model::{ConnectorId, Timestamp};

use super::error::StepError;
use super::work::Work;
use super::workers::LEASE;
use super::{Pipeline, leap};
use crate::store::steps::connectors;
use crate::store::{AuditEvent, Conn, StoreError, Target, external_cas, set_back};

/// What was noted so much later than now was noted by a clock that was ahead. Less puts nothing off for long, and CRLs are
/// dated back by more.
const CLEARLY: Duration = Duration::from_secs(300);

/// Regular work that was asked for so much later than now was asked for by a clock that was ahead, if only for a moment.
const REGULARLY: Duration = Duration::from_secs(3600);

/// The latest moment that a clock noted that was ahead.
async fn ahead(
    conn: &mut Conn,
    only: Option<ConnectorId>,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let later = |span: Duration| move |noted: &Timestamp| noted.since(now) > span;
    if let Some(noted) = set_back::last_noted(conn, only).await?.filter(later(CLEARLY)) {
        return Ok(Some(noted));
    }
    // Another machine's clock is ahead, and what it asks for is not brought forward again and again.
    if set_back::last_noted(conn, None).await?.is_some_and(|noted| later(CLEARLY)(&noted)) {
        return Ok(None);
    }
    Ok(set_back::last_scheduled(conn).await?.filter(later(REGULARLY)))
}

impl Pipeline {
    /// Notes that this process's connector is alive, which is done several times a minute. Before that it looks whether
    /// the clock has leapt ahead ([`leap`]) or was set back since. A process that has just begun goes by what any process
    /// noted: the one before it may have had another name. Later it goes by its own notes alone, since another machine's
    /// clock may be ahead still.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_alive(&self, connector: ConnectorId, begins: bool) -> Result<(), StepError> {
        let now = self.clock.now();
        self.put_right(if begins { None } else { Some(connector) }, now).await?;
        // Before it is noted that it is alive: afterwards nobody could tell.
        leap::waits(&self.db, now, self.random.as_ref()).await?;
        let mut books = self.db.bookkeeping().await?;
        connectors::contact(&mut books, connector, env!("CARGO_PKG_VERSION"), now).await?;
        Ok(books.commit().await?)
    }

    /// If the clock was set back: regular work goes on, CRLs are made anew, contacts are noted again, sessions that
    /// would last too long end, and nobody has to decide on a leap that is over.
    async fn put_right(&self, only: Option<ConnectorId>, now: Timestamp) -> Result<(), StepError> {
        if ahead(&mut *self.db.read().await?, only, now).await?.is_none() {
            return Ok(());
        }
        let random = self.random.as_ref();
        let mut tx = self.db.write(&Self::permit()?).await?;
        // Another process may have been quicker.
        let Some(noted) = ahead(&mut tx, only, now).await? else { return Ok(()) };
        let jobs = set_back::jobs(&mut tx, LEASE, now).await?;
        let devices = set_back::contacts(&mut tx, now).await?;
        let sessions = set_back::sessions(&mut tx, now.plus(CLEARLY)).await?;
        leap::put_right(&mut tx, now, random).await?;
        Work::PublishCrl { ca: self.builtin.id() }.enqueue(&mut tx, now, random).await?;
        for row in external_cas::all(&mut tx).await? {
            Work::PublishCrl { ca: row.id }.enqueue(&mut tx, now, random).await?;
        }
        let event = AuditEvent::new(now, "clock.set_back", Target::none("clock"))
            .with("from", noted.to_string())
            .with("to", now.to_string())
            .with("jobs", jobs)
            .with("devices", devices)
            .with("sessions", sessions);
        tx.commit(event).await?;
        tracing::warn!(
            from = %noted, to = %now, jobs, devices, sessions,
            "the clock was set back: what had been put off by it is due now, and CRLs are made anew"
        );
        self.queue.wake();
        Ok(())
    }
}
