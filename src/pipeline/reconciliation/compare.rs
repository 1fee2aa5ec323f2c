//! A stretch of a CA's list held against what is on record here. Reads only.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use certporter_model::certificate::CertificateStatus;
use certporter_model::reconciliation::DiscrepancyKind;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use certporter_model::{CaGenerationId, CaId, DiscrepancyId, ReconciliationId, Timestamp};

use super::discrepancy;
use crate::ca::external::ISSUING;
use crate::ca::{IssuingCa, Listed, LookedUp, Standing};
use crate::pipeline::Pipeline;
use crate::pipeline::error::StepError;
use crate::pipeline::external::ca_error;
use crate::pki::Certificate;
use crate::pki::crl::Crl;
use crate::random::octets;
use crate::store::ca_generations;
use crate::store::discrepancies::{self, Discrepancy};
use crate::store::reconciliations::{self, Held};

/// Certificates that are asked of a CA at once.
const PAGE: u32 = 1000;
/// Certificates on record here that are held against a page: many more than the CA has are taken in smaller stretches.
const HELD: u32 = 4 * PAGE;
/// Certificates of one stretch that the CA is asked about one by one.
const LOOKED_AT: usize = 200;

/// A CA that is compared with.
pub(super) struct Counterpart {
    /// The CA.
    pub(super) id: CaId,
    ca: Arc<dyn IssuingCa>,
    /// Its generations that issue.
    generations: Vec<CaGenerationId>,
    /// Its CRLs, where its list does not say how certificates stand.
    lists: Vec<Crl>,
}

/// What a stretch gave.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) found: Vec<Discrepancy>,
    /// Where it goes on; none at the end.
    pub(super) next: Option<SerialNumber>,
    /// Certificates of the CA.
    pub(super) count: u64,
    /// Unknown ones that were too many to be looked at.
    pub(super) not_looked_at: u64,
}

impl Counterpart {
    pub(super) async fn of(pipeline: &Pipeline, id: CaId, ca: Arc<dyn IssuingCa>) -> Result<Self, StepError> {
        let rows = ca_generations::generations(&mut *pipeline.db.read().await?, id).await?;
        let (mut generations, mut lists) = (Vec::new(), Vec::new());
        for row in rows.into_iter().filter(|row| row.purpose == ISSUING) {
            if !ca.capabilities().publishes {
                let list = Crl::parse(&ca.crl(row.id).await.map_err(ca_error)?)?;
                // The list of another issuer says nothing of this one's.
                if list.is_signed_by(&Certificate::parse(&row.certificate_der)?) {
                    lists.push(list);
                }
            }
            generations.push(row.id);
        }
        Ok(Self { id, ca, generations, lists })
    }

    /// How a listed certificate stands.
    fn standing(&self, listed: &Listed) -> Standing {
        listed.standing.unwrap_or_else(|| self.in_lists(&listed.serial))
    }

    pub(super) fn in_lists(&self, serial: &SerialNumber) -> Standing {
        self.lists.iter().find_map(|list| list.entry(serial)).map(|entry| (entry.at, entry.reason))
    }

    pub(super) async fn look_up(&self, serial: &SerialNumber) -> Result<Option<LookedUp>, StepError> {
        self.ca.look_up(serial).await.map_err(ca_error)
    }
}

/// What two sides disagree about, if they do.
fn disagreement(here: CertificateStatus, there: Standing) -> Option<DiscrepancyKind> {
    use CertificateStatus as S;
    let held_there = matches!(there, Some((_, Reason::CertificateHold)));
    match (here, there) {
        (S::Valid, None) => None,
        (S::Valid | S::Held, Some(_)) if !held_there => Some(DiscrepancyKind::RevokedThereOnly),
        (S::Valid, Some(_)) | (S::Held, None) => Some(DiscrepancyKind::HeldDifferently),
        (S::Held, Some(_)) => None,
        (S::Revoked, Some(_)) if !held_there => None,
        (S::Revoked, _) => Some(DiscrepancyKind::RevokedHereOnly),
    }
}

impl Pipeline {
    /// Compares the certificates beyond a serial number.
    pub(super) async fn compare(
        &self,
        with: &Counterpart,
        after: Option<&SerialNumber>,
        comparison: ReconciliationId,
    ) -> Result<Compared, StepError> {
        let began = self.clock.now();
        let mut listing = with.ca.enumerate(after, PAGE).await.map_err(ca_error)?;
        let last = listing.certificates.last().map(|it| it.serial.clone());
        let mut to = last.filter(|_| listing.more);
        // Read after the list: what was issued meanwhile is known here, and told apart by when it was recorded.
        let mut held = Vec::new();
        let mut conn = self.db.read().await?;
        for generation in &with.generations {
            let rows = reconciliations::held(&mut conn, *generation, (after, to.as_ref()), HELD).await?;
            if rows.len() >= usize::try_from(HELD).unwrap_or(usize::MAX) {
                to = rows.last().map(|row| row.serial.clone());
            }
            held.extend(rows);
        }
        drop(conn);
        if let Some(to) = &to {
            held.retain(|row| row.serial.as_octets() <= to.as_octets());
            listing.certificates.retain(|it| it.serial.as_octets() <= to.as_octets());
        }
        let mut stretch =
            Stretch { pipeline: self, with, comparison, began, looked_at: 0, found: Vec::new() };
        let unknown = stretch.known(&listing.certificates, &held).await?;
        let not_looked_at = stretch.unknown(unknown).await?;
        let count = u64::try_from(listing.certificates.len()).unwrap_or(u64::MAX);
        Ok(Compared { found: stretch.found, next: to, count, not_looked_at })
    }
}

/// A stretch that is being compared.
struct Stretch<'s> {
    pipeline: &'s Pipeline,
    with: &'s Counterpart,
    comparison: ReconciliationId,
    began: Timestamp,
    looked_at: usize,
    found: Vec<Discrepancy>,
}

impl<'s> Stretch<'s> {
    /// Compares what is on record here; answers what the CA has beyond.
    async fn known<'l>(&mut self, listed: &'l [Listed], held: &[Held]) -> Result<Vec<&'l Listed>, StepError> {
        let mut there: HashMap<&SerialNumber, &Listed> = listed.iter().map(|it| (&it.serial, it)).collect();
        let mut suspects = Vec::new();
        for row in held {
            let at_ca = there.remove(&row.serial);
            // An expired certificate is accepted by nobody, and CAs forget it.
            if row.not_after <= self.began {
                continue;
            }
            match at_ca.map(|listed| self.with.standing(listed)) {
                Some(standing) => {
                    if let Some(kind) = disagreement(row.status, standing) {
                        suspects.push((row, kind));
                    }
                }
                None if row.created_at < self.began => {
                    suspects.push((row, DiscrepancyKind::UnknownThere));
                }
                None => {}
            }
        }
        let ids: Vec<_> = suspects.iter().map(|(row, _)| row.id).collect();
        let moving = reconciliations::under_way(&mut *self.pipeline.db.read().await?, &ids).await?;
        let moving: HashSet<_> = moving.into_iter().collect();
        // What is on its way to the CA is no disagreement; one that was told before is gone only once the CA has it.
        let (waiting, suspects): (Vec<_>, Vec<_>) =
            suspects.into_iter().partition(|(row, _)| moving.contains(&row.id));
        for kind in [DiscrepancyKind::RevokedHereOnly, DiscrepancyKind::HeldDifferently] {
            let of_kind = waiting.iter().filter(|(_, it)| *it == kind);
            let subjects: Vec<String> = of_kind.map(|(row, _)| self.subject(&row.serial)).collect();
            self.see_again(kind, &subjects).await?;
        }
        for (row, kind) in suspects {
            if self.is_so(row, kind).await? {
                let found = self.about(kind, &row.serial, detail_of(kind, row));
                self.found.push(Discrepancy {
                    certificate_id: Some(row.id),
                    device_id: row.device_id,
                    ..found
                });
            }
        }
        let mut unknown: Vec<&Listed> = there.into_values().collect();
        unknown.sort_by(|a, b| a.serial.as_octets().cmp(b.serial.as_octets()));
        Ok(unknown)
    }

    /// What was told before and is so still.
    async fn see_again(&mut self, kind: DiscrepancyKind, subjects: &[String]) -> Result<(), StepError> {
        if subjects.is_empty() {
            return Ok(());
        }
        let mut conn = self.pipeline.db.read().await?;
        let (comparison, seen_at) = (Some(self.comparison), self.began);
        for before in discrepancies::open_among(&mut conn, kind, subjects).await? {
            self.found.push(Discrepancy { seen_at, reconciliation_id: comparison, ..before });
        }
        Ok(())
    }

    /// Whether a CA whose list does not tell how certificates stand says the same when asked about this one: its CRL may
    /// be behind.
    async fn is_so(&mut self, row: &Held, kind: DiscrepancyKind) -> Result<bool, StepError> {
        let asks = matches!(kind, DiscrepancyKind::RevokedHereOnly | DiscrepancyKind::UnknownThere);
        if self.with.ca.capabilities().publishes || !asks || self.looked_at >= LOOKED_AT {
            return Ok(true);
        }
        self.looked_at += 1;
        let known = self.with.look_up(&row.serial).await?;
        Ok(match kind {
            DiscrepancyKind::UnknownThere => known.is_none(),
            _ => known.is_some_and(|it| disagreement(row.status, it.standing) == Some(kind)),
        })
    }

    /// What the CA has and nobody here knows. Answers how many were too many to be looked at.
    async fn unknown(&mut self, mut unknown: Vec<&Listed>) -> Result<u64, StepError> {
        // What is revoked or expired there does no harm.
        unknown.retain(|it| it.not_after.is_none_or(|end| end > self.began));
        unknown.retain(|it| {
            let standing = self.with.standing(it);
            standing.is_none_or(|(_, reason)| reason == Reason::CertificateHold)
        });
        let subjects: Vec<String> = unknown.iter().map(|it| self.subject(&it.serial)).collect();
        let mut conn = self.pipeline.db.read().await?;
        let known = discrepancies::open_among(&mut conn, DiscrepancyKind::UnknownHere, &subjects).await?;
        drop(conn);
        let mut known: HashMap<String, Discrepancy> =
            known.into_iter().map(|it| (it.subject.clone(), it)).collect();
        let mut left = 0;
        for listed in unknown {
            if let Some(before) = known.remove(&self.subject(&listed.serial)) {
                let comparison = Some(self.comparison);
                self.found.push(Discrepancy { seen_at: self.began, reconciliation_id: comparison, ..before });
            } else if self.looked_at >= LOOKED_AT {
                left += 1;
            } else {
                self.looked_at += 1;
                self.look_at(&listed.serial).await?;
            }
        }
        Ok(left)
    }

    async fn look_at(&mut self, serial: &SerialNumber) -> Result<(), StepError> {
        let Some(LookedUp { certificate, generation, standing }) = self.with.look_up(serial).await? else {
            return Ok(());
        };
        let revoked = standing.is_some_and(|(_, reason)| reason != Reason::CertificateHold);
        // Another issuer of the same mount is no affair of ours, and neither are its own certificates.
        let Some(generation) = generation else { return Ok(()) };
        if revoked || certificate.is_ca() || certificate.not_after() <= self.began {
            return Ok(());
        }
        let mut conn = self.pipeline.db.read().await?;
        if reconciliations::is_of_preflight(&mut conn, generation, serial).await? {
            return Ok(());
        }
        let request = reconciliations::request_of_key(&mut conn, certificate.public_key_hash()).await?;
        drop(conn);
        let subject = certificate.subject_text();
        let (kind, detail) = match request {
            // It is on its way.
            Some(request) if !request.state.is_final() => return Ok(()),
            Some(_) => {
                let detail = format!(
                    "the CA has issued another certificate for the key of one of our requests: {subject}"
                );
                (DiscrepancyKind::Stray, detail)
            }
            None => {
                let detail = format!("the CA has issued a certificate that is not on record here: {subject}");
                (DiscrepancyKind::UnknownHere, detail)
            }
        };
        let found = self.about(kind, serial, detail);
        self.found.push(found);
        Ok(())
    }

    fn subject(&self, serial: &SerialNumber) -> String {
        format!("{} {serial}", self.with.id)
    }

    fn about(&self, kind: DiscrepancyKind, serial: &SerialNumber, detail: String) -> Discrepancy {
        let id = DiscrepancyId::new(self.began, octets(self.pipeline.random.as_ref()));
        Discrepancy {
            ca_id: Some(self.with.id),
            serial: Some(serial.clone()),
            reconciliation_id: Some(self.comparison),
            ..discrepancy(id, kind, self.subject(serial), detail, self.began)
        }
    }
}

fn detail_of(kind: DiscrepancyKind, row: &Held) -> String {
    let here = match row.status {
        CertificateStatus::Valid => "good",
        CertificateStatus::Held => "on hold",
        CertificateStatus::Revoked => "revoked",
    };
    match kind {
        DiscrepancyKind::UnknownThere => format!("it is {here} here, and the CA does not know it"),
        DiscrepancyKind::RevokedHereOnly => "it is revoked here, and the CA takes it for good".to_owned(),
        DiscrepancyKind::RevokedThereOnly => format!("it is {here} here, and revoked at the CA"),
        DiscrepancyKind::HeldDifferently if row.status == CertificateStatus::Held => {
            "it is on hold here, and good at the CA".to_owned()
        }
        _ => format!("it is {here} here, and on hold at the CA"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_agree_or_it_is_told_about_what_they_don_t() {
        use CertificateStatus::{Held, Revoked, Valid};
        use DiscrepancyKind as K;
        let at = Timestamp::from_millis(1);
        let (good, hold, gone) =
            (None, Some((at, Reason::CertificateHold)), Some((at, Reason::KeyCompromise)));
        for (here, there, told) in [
            (Valid, good, None),
            (Valid, hold, Some(K::HeldDifferently)),
            (Valid, gone, Some(K::RevokedThereOnly)),
            (Held, good, Some(K::HeldDifferently)),
            (Held, hold, None),
            (Held, gone, Some(K::RevokedThereOnly)),
            (Revoked, good, Some(K::RevokedHereOnly)),
            (Revoked, hold, Some(K::RevokedHereOnly)),
            (Revoked, gone, None),
        ] {
            assert_eq!(disagreement(here, there), told, "{here} here, {there:?} there");
        }
    }
}
