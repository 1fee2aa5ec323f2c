//! What is safe to be done about a discrepancy without asking anybody. What is looked at was seen a moment ago: each is
//! looked at again under a lock before anything is done.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use certporter_model::certificate::{CertificateStatus, RevocationKind};
use certporter_model::copy::CopyState;
use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{CaId, CertificateId, DiscrepancyId};

use super::compare::Counterpart;
use super::{PORTION, Place};
use crate::ca::{LookedUp, Standing};
use crate::pipeline::Pipeline;
use crate::pipeline::error::StepError;
use crate::pipeline::revoke::{self, Why};
use crate::pipeline::work::{ReplanScope, Work};
use crate::plan::safety::ALWAYS_ALLOWED;
use crate::store::discrepancies::{self, Discrepancy};
use crate::store::reconciliations::{self, Reconciliation};
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::{self, AuditEvent, StoreError, Target, WriteTx};

impl Pipeline {
    /// Open discrepancies with devices: those that have gone by what was done since.
    pub(super) async fn devices_step(&self, after: Option<DiscrepancyId>) -> Result<Place, StepError> {
        let rows = discrepancies::of_devices(&mut *self.db.read().await?, after, PORTION).await?;
        let Some(last) = rows.last().map(|row| row.id) else {
            return Ok(Place::Mending { after: None, mended: 0 });
        };
        let gone = |row: &discrepancies::OfDevice| match row.state {
            None => true,
            Some(_) if row.deleted => true,
            Some(CopyState::Removed) => row.kind != DiscrepancyKind::ReportedAgain,
            Some(_) => false,
        };
        let gone: Vec<DiscrepancyId> = rows.iter().filter(|row| gone(row)).map(|row| row.id).collect();
        if !gone.is_empty() {
            let now = self.clock.now();
            let mut tx = self.db.write(&Self::permit()?).await?;
            for id in &gone {
                discrepancies::resolve(&mut tx, *id, now).await?;
            }
            let event = AuditEvent::new(now, "reconciliation.resolve", Target::none("discrepancy"));
            tx.commit(event.with("count", gone.len())).await?;
        }
        Ok(Place::Devices { after: Some(last) })
    }

    /// Mends some of what the comparison saw.
    pub(super) async fn mending_step(
        &self,
        run: &Reconciliation,
        after: Option<DiscrepancyId>,
        mended: u64,
    ) -> Result<Place, StepError> {
        let mut conn = self.db.read().await?;
        let rows = discrepancies::to_mend(&mut conn, run.id, after, PORTION).await?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(Place::Ended { mended }) };
        let taken_over = self.may_take_over(&mut conn, run).await?;
        drop(conn);
        let mut mended = mended;
        let mut asked: HashMap<CaId, Option<Counterpart>> = HashMap::new();
        for row in rows {
            let known = row.mending != Mending::None;
            let done = match row.kind {
                DiscrepancyKind::RevokedHereOnly | DiscrepancyKind::HeldDifferently => {
                    self.order_again(&row).await
                }
                DiscrepancyKind::RevokedThereOnly if taken_over => self.take_over(&row, &mut asked).await,
                DiscrepancyKind::Stray if !known => self.record_stray(&row, &mut asked).await,
                _ => Ok(false),
            };
            match done {
                Ok(done) => mended += u64::from(done),
                Err(StepError::Store(error)) if error.may_be_retried() => return Err(error.into()),
                // One that can't be mended must not keep the others: it stays open.
                Err(error) => tracing::warn!(discrepancy = %row.id, %error, "it can't be mended"),
            }
        }
        Ok(Place::Mending { after: Some(last), mended })
    }

    /// Whether revocations made at a CA are taken over: very many at once may be a mistake there, and each would bring a
    /// new certificate.
    async fn may_take_over(&self, conn: &mut store::Conn, run: &Reconciliation) -> Result<bool, StepError> {
        if reconciliations::get(conn, run.id).await?.take_over_all {
            return Ok(true);
        }
        let seen = discrepancies::seen_by(conn, run.id, DiscrepancyKind::RevokedThereOnly).await?;
        let alive = store::certificates::alive(conn, self.clock.now()).await?;
        let allowed = u64::try_from(ALWAYS_ALLOWED).unwrap_or(u64::MAX).max(alive / 20);
        Ok(seen <= allowed)
    }

    /// Tells the CA again how a certificate stands here.
    async fn order_again(&self, row: &Discrepancy) -> Result<bool, StepError> {
        let Some(id) = row.certificate_id else { return Ok(false) };
        let (now, random) = (self.clock.now(), self.random.as_ref());
        let mut tx = self.db.write(&Self::permit()?).await?;
        let certificate = certificates::lock(&mut tx, id).await?;
        // What was never asked of the CA can't be asked again: a certificate that is good here and on hold there.
        let reopened = reconciliations::order_again(&mut tx, id).await?;
        // One that was asked again before and is still on its way: its job may have been given up.
        if !reopened && reconciliations::under_way(&mut tx, &[id]).await?.is_empty() {
            return Ok(false);
        }
        let pool = revoke::pool_of(&mut tx, &certificate).await?;
        Work::Revoke { certificate: id, pool }.enqueue(&mut tx, now, random).await?;
        discrepancies::mend(&mut tx, row.id, Mending::OrderedAgain, None).await?;
        revoke::announce(&mut tx, &certificate);
        commit(tx, row, id, "reconciliation.order_again", now).await?;
        self.queue.wake();
        Ok(reopened)
    }

    /// A revocation that was made at the CA counts here: the plan and the devices follow.
    async fn take_over(
        &self,
        row: &Discrepancy,
        asked: &mut HashMap<CaId, Option<Counterpart>>,
    ) -> Result<bool, StepError> {
        let Some(id) = row.certificate_id else { return Ok(false) };
        let standing = self.standing_there(row, asked).await?;
        let Some((at, reason)) = standing.filter(|(_, reason)| *reason != Reason::CertificateHold) else {
            return Ok(false);
        };
        let (now, random) = (self.clock.now(), self.random.as_ref());
        let mut tx = self.db.write(&Self::permit()?).await?;
        let mut certificate = certificates::lock(&mut tx, id).await?;
        if certificate.status == CertificateStatus::Revoked {
            return Ok(false);
        }
        let why = Why {
            kind: RevocationKind::Revoke,
            reason,
            trigger: Trigger::RevokedAtCa,
            explanation: Some(format!("the CA says that it is revoked since {at}")),
        };
        revoke::ask(&mut tx, &mut certificate, &why, now, random).await?;
        replan(&mut tx, &certificate, now, random).await?;
        discrepancies::mend(&mut tx, row.id, Mending::TakenOver, None).await?;
        commit(tx, row, id, "reconciliation.take_over", now).await?;
        self.queue.wake();
        Ok(true)
    }

    /// Records a certificate that was issued for the key of one of our requests, and has it revoked.
    async fn record_stray(
        &self,
        row: &Discrepancy,
        asked: &mut HashMap<CaId, Option<Counterpart>>,
    ) -> Result<bool, StepError> {
        let Some(LookedUp { certificate, generation: Some(generation), .. }) =
            self.looked_up(row, asked).await?
        else {
            return Ok(false);
        };
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit()?).await?;
        let request = reconciliations::request_of_key(&mut tx, certificate.public_key_hash()).await?;
        let Some(request) = request.filter(|it| it.state.is_final()) else { return Ok(false) };
        let Some(id) = self.record_found(&mut tx, request.id, (&certificate, generation), now).await? else {
            return Ok(false);
        };
        discrepancies::mend(&mut tx, row.id, Mending::RecordedAndRevoked, Some(id)).await?;
        commit(tx, row, id, "reconciliation.record", now).await?;
        self.queue.wake();
        Ok(true)
    }

    async fn looked_up(
        &self,
        row: &Discrepancy,
        asked: &mut HashMap<CaId, Option<Counterpart>>,
    ) -> Result<Option<LookedUp>, StepError> {
        let (Some(ca), Some(serial)) = (row.ca_id, &row.serial) else { return Ok(None) };
        match self.asked_of(ca, asked).await? {
            Some(with) => with.look_up(serial).await,
            None => Ok(None),
        }
    }

    async fn standing_there(
        &self,
        row: &Discrepancy,
        asked: &mut HashMap<CaId, Option<Counterpart>>,
    ) -> Result<Standing, StepError> {
        let (Some(ca), Some(serial)) = (row.ca_id, &row.serial) else { return Ok(None) };
        let Some(with) = self.asked_of(ca, asked).await? else { return Ok(None) };
        // The list gives the reason, if there is one.
        match with.in_lists(serial) {
            Some(standing) => Ok(Some(standing)),
            None => Ok(with.look_up(serial).await?.and_then(|it| it.standing)),
        }
    }

    async fn asked_of<'a>(
        &self,
        ca: CaId,
        asked: &'a mut HashMap<CaId, Option<Counterpart>>,
    ) -> Result<Option<&'a Counterpart>, StepError> {
        let counterpart = match asked.entry(ca) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.counterpart(ca).await?),
        };
        Ok(counterpart.as_ref())
    }
}

/// Has the plan made anew for whoever held it.
async fn replan(
    tx: &mut WriteTx,
    certificate: &CertificateInWork,
    now: certporter_model::Timestamp,
    random: &dyn crate::random::Random,
) -> Result<(), StoreError> {
    let scope = match (certificate.device_id, certificate.user_id) {
        (Some(id), _) => ReplanScope::Device { id },
        (None, Some(id)) => ReplanScope::User { id },
        (None, None) => return Ok(()),
    };
    Work::Replan { scope }.enqueue(tx, now, random).await
}

async fn commit(
    tx: WriteTx,
    row: &Discrepancy,
    certificate: CertificateId,
    action: &'static str,
    now: certporter_model::Timestamp,
) -> Result<(), StoreError> {
    let target = Target::one("certificate", certificate.as_uuid());
    let event = AuditEvent::new(now, action, target).with("discrepancy", row.id.to_string());
    tx.commit(event.with("kind", row.kind.as_str())).await
}
