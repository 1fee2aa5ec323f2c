//! The portal compared with what its CAs have issued and revoked, and with what devices report.
//!
//! One comparison goes on at a time, as a job in parts: CA by CA in stretches of serial numbers, so that a million
//! certificates are never held at once; then the open discrepancies with devices; then what can be mended is mended. What
//! it finds are rows, one for each discrepancy, which end by themselves when a later comparison does not see them again.
//!
//! - [`compare`]: a stretch of a CA's list against what is on record here; reads only
//! - [`mend`]: what is safe to be done without asking anybody
//! - [`devices`]: what devices report against what they were told
pub mod compare;
pub mod devices;
mod mend;

use std::sync::Arc;
use std::time::Duration;

use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use certporter_model::serial::SerialNumber;
use certporter_model::{CaId, DiscrepancyId, ReconciliationId, Timestamp};
use serde::{Deserialize, Serialize};

use super::Pipeline;
use super::error::StepError;
use super::queue::Outcome;
use super::work::Work;
use crate::ca::IssuingCa;
use crate::random::octets;
use crate::store::discrepancies::{self, Discrepancy};
use crate::store::reconciliations::{self, Reconciliation};
use crate::store::{Announcement, AuditEvent, Bookkeeping, StoreError, Target};
use compare::Counterpart;

/// How often the portal compares by itself.
const EVERY: Duration = Duration::from_secs(24 * 3600);
/// How soon again after something was mended: to see whether it helped.
const AFTER_MENDING: Duration = Duration::from_secs(900);
/// How long after the start of a process: what it found undone is done by then.
const AFTER_START: Duration = Duration::from_secs(600);
/// Steps that one job takes before other work has its turn.
const STEPS: usize = 50;
/// Open discrepancies with devices, or to be mended, that are looked at in one step.
pub(super) const PORTION: u32 = 50;
/// How long comparisons are kept.
const KEEP: Duration = Duration::from_secs(90 * 86_400);
/// How long discrepancies are kept that are gone.
const KEEP_RESOLVED: Duration = Duration::from_secs(400 * 86_400);

/// How far a comparison is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Place {
    /// A CA's certificates, beyond a serial number.
    Ca {
        /// The CA.
        ca: CaId,
        /// Compared up to here.
        after: Option<SerialNumber>,
    },
    /// Open discrepancies with devices.
    Devices {
        /// Looked at up to here.
        after: Option<DiscrepancyId>,
    },
    /// What can be mended.
    Mending {
        /// Done up to here.
        after: Option<DiscrepancyId>,
        /// How many were mended.
        mended: u64,
    },
    /// Nothing is left.
    Ended {
        /// How many were mended.
        mended: u64,
    },
}

/// A CA that could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreachable {
    /// What profiles call it.
    pub ca: String,
    /// What is wrong.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

/// A comparison that begins.
#[must_use]
pub fn begun(
    id: ReconciliationId,
    requested_by: String,
    take_over_all: bool,
    first: CaId,
    now: Timestamp,
) -> Reconciliation {
    let place = Place::Ca { ca: first, after: None };
    Reconciliation {
        id,
        running: true,
        requested_by,
        take_over_all,
        place: serde_json::to_value(place).unwrap_or_default(),
        compared: 0,
        unreachable: serde_json::json!([]),
        not_looked_at: 0,
        started_at: now,
        updated_at: now,
        finished_at: None,
    }
}

/// The CAs of an installation that are compared, in order: all but the one of devices' management certificates, which
/// has no list of its own.
///
/// # Errors
/// When the database refuses.
pub async fn cas(conn: &mut crate::store::Conn) -> Result<Vec<(CaId, String)>, StoreError> {
    let all = crate::store::ca_generations::cas(conn).await?;
    let mut compared: Vec<(CaId, String)> =
        all.into_iter().filter(|ca| ca.kind != "devices").map(|ca| (ca.id, ca.name)).collect();
    compared.sort();
    Ok(compared)
}

impl Pipeline {
    /// Asks for the regular comparison at the start of a process.
    pub(super) async fn schedule_reconciliation(
        &self,
        books: &mut Bookkeeping,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        Work::Reconcile.schedule(books, now.plus(AFTER_START), now, self.random.as_ref()).await
    }

    /// Clears away what is outdated.
    pub(super) async fn forget_reconciliations(
        &self,
        books: &mut Bookkeeping,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        reconciliations::drop_before(books, now.minus(KEEP)).await?;
        discrepancies::drop_before(books, now.minus(KEEP_RESOLVED)).await?;
        Ok(())
    }

    /// Goes on with the comparison that goes on, or begins one.
    pub(super) async fn reconcile(&self) -> Result<Outcome, StepError> {
        let mut run = match reconciliations::running(&mut *self.db.read().await?).await? {
            Some(run) => run,
            None => self.begin_reconciliation().await?,
        };
        let mut asked: Option<Counterpart> = None;
        for _ in 0..STEPS {
            let place: Place = serde_json::from_value(run.place.clone()).map_err(|error| {
                StoreError::Corrupt { table: "reconciliations", column: "place", reason: error.to_string() }
            })?;
            let next = match place {
                Place::Ca { ca, after } => self.compare_step(&mut run, ca, after, &mut asked).await?,
                Place::Devices { after } => self.devices_step(after).await?,
                Place::Mending { after, mended } => self.mending_step(&run, after, mended).await?,
                Place::Ended { mended } => return self.end_reconciliation(run, mended).await,
            };
            run.place = serde_json::to_value(next).unwrap_or_default();
        }
        let now = self.clock.now();
        run.updated_at = now;
        let mut tx = self.db.write(&Self::permit()?).await?;
        reconciliations::update(&mut tx, &run).await?;
        tx.announce(Announcement::new("reconciliation"));
        Work::Reconcile.enqueue(&mut tx, now, self.random.as_ref()).await?;
        let target = Target::one("reconciliation", run.id.as_uuid());
        tx.commit(AuditEvent::new(now, "reconciliation.go_on", target).with("compared", run.compared))
            .await?;
        Ok(Outcome::Done)
    }

    async fn begin_reconciliation(&self) -> Result<Reconciliation, StepError> {
        let now = self.clock.now();
        let id = ReconciliationId::new(now, octets(self.random.as_ref()));
        let mut tx = self.db.write(&Self::permit()?).await?;
        let first = cas(&mut tx).await?.first().map_or(self.builtin.id(), |(id, _)| *id);
        let run = begun(id, "the portal".to_owned(), false, first, now);
        reconciliations::insert(&mut tx, &run).await?;
        let event = AuditEvent::new(now, "reconciliation.begin", Target::one("reconciliation", id.as_uuid()));
        tx.commit(event).await?;
        Ok(run)
    }

    /// A stretch of a CA, or its end: then the next CA.
    async fn compare_step(
        &self,
        run: &mut Reconciliation,
        ca: CaId,
        after: Option<SerialNumber>,
        asked: &mut Option<Counterpart>,
    ) -> Result<Place, StepError> {
        let all = cas(&mut *self.db.read().await?).await?;
        let compared = match self.stretch(run, ca, after.as_ref(), asked).await {
            Ok(compared) => compared,
            // The database's trouble is the job's; a CA's is told, and the others have their turn.
            Err(StepError::Store(error)) => return Err(error.into()),
            Err(error) => {
                self.note_unreachable(run, ca, &all, &error)?;
                *asked = None;
                return Ok(after_ca(&all, ca));
            }
        };
        run.compared += compared.count;
        run.not_looked_at += compared.not_looked_at;
        let ended = compared.next.is_none();
        self.write_down(run, ca, compared.found, ended).await?;
        Ok(match compared.next {
            Some(next) => Place::Ca { ca, after: Some(next) },
            None => {
                *asked = None;
                after_ca(&all, ca)
            }
        })
    }

    async fn stretch(
        &self,
        run: &Reconciliation,
        ca: CaId,
        after: Option<&SerialNumber>,
        asked: &mut Option<Counterpart>,
    ) -> Result<compare::Compared, StepError> {
        if asked.as_ref().is_none_or(|it| it.id != ca) {
            *asked = self.counterpart(ca).await?;
        }
        match asked {
            Some(it) => self.compare(it, after, run.id).await,
            None => Ok(compare::Compared::default()),
        }
    }

    fn note_unreachable(
        &self,
        run: &mut Reconciliation,
        ca: CaId,
        all: &[(CaId, String)],
        error: &StepError,
    ) -> Result<(), StepError> {
        let name =
            all.iter().find(|(id, _)| *id == ca).map_or_else(|| ca.to_string(), |(_, name)| name.clone());
        let (cause, remedy) = match error {
            StepError::Temporary { cause, remedy } | StepError::Hopeless { cause, remedy } => {
                (cause.clone(), remedy.replace(" Requests go on by themselves then.", ""))
            }
            other => (other.to_string(), "Look at the portal's log.".to_owned()),
        };
        let remedy = remedy.replace(" Requests go on by themselves when it is back.", "");
        let mut list: Vec<Unreachable> = serde_json::from_value(run.unreachable.clone()).unwrap_or_default();
        list.push(Unreachable { ca: name, cause, remedy });
        run.unreachable = serde_json::to_value(list).map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(())
    }

    /// Notes what a stretch found. At the end of a CA, what was not seen again is gone.
    async fn write_down(
        &self,
        run: &Reconciliation,
        ca: CaId,
        found: Vec<Discrepancy>,
        ended: bool,
    ) -> Result<(), StepError> {
        if found.is_empty() && !ended {
            return Ok(());
        }
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit()?).await?;
        for it in &found {
            discrepancies::note(&mut tx, it).await?;
        }
        let resolved = if ended { discrepancies::resolve_unseen(&mut tx, ca, run.id, now).await? } else { 0 };
        let target = Target::one("reconciliation", run.id.as_uuid());
        let event = AuditEvent::new(now, "reconciliation.compare", target).with("ca", ca.to_string());
        tx.commit(event.with("found", found.len()).with("resolved", resolved)).await?;
        Ok(())
    }

    async fn end_reconciliation(&self, mut run: Reconciliation, mended: u64) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        run.running = false;
        run.updated_at = now;
        run.finished_at = Some(now);
        let mut tx = self.db.write(&Self::permit()?).await?;
        let place = Place::Ended { mended };
        run.place = serde_json::to_value(place).map_err(|error| StoreError::Other(error.to_string()))?;
        reconciliations::update(&mut tx, &run).await?;
        tx.announce(Announcement::new("reconciliation"));
        let (open, undone) = discrepancies::open(&mut tx, 10_000).await?;
        let again = now.plus(if mended > 0 { AFTER_MENDING } else { EVERY });
        Work::Reconcile.enqueue_at(&mut tx, again, now, self.random.as_ref()).await?;
        let event =
            AuditEvent::new(now, "reconciliation.end", Target::one("reconciliation", run.id.as_uuid()))
                .with("compared", run.compared)
                .with("mended", mended)
                .with("open", open);
        tx.commit(event).await?;
        if undone > 0 {
            tracing::warn!(open, undone, "the portal and its CAs or devices disagree: see the discrepancies");
        }
        self.queue.wake();
        Ok(Outcome::Done)
    }

    /// A CA to be compared with; none where its credential can't be had in this process.
    async fn counterpart(&self, id: CaId) -> Result<Option<Counterpart>, StepError> {
        let ca: Arc<dyn IssuingCa> = if id == self.builtin.id() {
            Arc::new(self.builtin.clone())
        } else {
            let Some(external) = &self.external else { return Ok(None) };
            match external.of(id).await.map_err(super::external::ca_error)? {
                Some(it) => it.ca,
                None => return Ok(None),
            }
        };
        if !ca.capabilities().enumerate {
            return Ok(None);
        }
        Ok(Some(Counterpart::of(self, id, ca).await?))
    }
}

/// Where a comparison goes on when a CA is done.
fn after_ca(all: &[(CaId, String)], ca: CaId) -> Place {
    match all.iter().find(|(id, _)| *id > ca) {
        Some((next, _)) => Place::Ca { ca: *next, after: None },
        None => Place::Devices { after: None },
    }
}

/// A discrepancy of a kind, about nothing yet.
pub(super) fn discrepancy(
    id: DiscrepancyId,
    kind: DiscrepancyKind,
    subject: String,
    detail: String,
    now: Timestamp,
) -> Discrepancy {
    Discrepancy {
        id,
        kind,
        subject,
        ca_id: None,
        serial: None,
        certificate_id: None,
        device_id: None,
        copy_id: None,
        detail,
        mending: Mending::None,
        reconciliation_id: None,
        found_at: now,
        seen_at: now,
        resolved_at: None,
        dismissed_at: None,
        dismissed_by: None,
        dismissed_because: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_read_as_it_was_written() {
        let ca = CaId::new(Timestamp::from_millis(1), [1; 10]);
        let serial = SerialNumber::parse("0a1b").unwrap();
        for place in [
            Place::Ca { ca, after: Some(serial) },
            Place::Devices { after: None },
            Place::Mending { after: None, mended: 3 },
        ] {
            let written = serde_json::to_value(&place).unwrap();
            assert_eq!(serde_json::from_value::<Place>(written).unwrap(), place);
        }
    }

    #[test]
    fn every_ca_has_its_turn_and_devices_come_after_the_last() {
        let id = |n| CaId::new(Timestamp::from_millis(n), [1; 10]);
        let all = [(id(1), "a".to_owned()), (id(2), "b".to_owned())];
        assert_eq!(after_ca(&all, id(1)), Place::Ca { ca: id(2), after: None });
        assert_eq!(after_ca(&all, id(2)), Place::Devices { after: None });
    }
}
