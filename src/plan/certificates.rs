//! What becomes of each certificate of a slot.

use std::collections::BTreeMap;

use certporter_model::CertificateId;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::revocation::{Reason, Trigger};

use super::action::Action;
use super::actual::Certificate;
use super::copies::is_confirmed;
use super::departure::Departure;
use super::desired::{Wanted, Wish};
use super::slot_plan::SlotPlan;

/// What a certificate is to serve from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// In use: gets its copies.
    Use,
    /// Copies that are there stay until another takes over.
    Wait,
    /// Serves only to decrypt.
    Read,
    /// Until its device or user is unblocked.
    OnHold,
    /// Nothing: its copies go.
    Gone,
}

/// What each certificate serves.
pub(super) type Fates = BTreeMap<CertificateId, Fate>;

/// Decides about every certificate. `replaced` is the trigger of a request that this plan makes to replace the
/// current one.
pub(super) fn decide(
    plan: &mut SlotPlan<'_>,
    current: Option<&Certificate>,
    replaced: Option<Trigger>,
) -> Fates {
    let holding = plan.holding;
    // With a predecessor that still waits, the one to be replaced can't become another: one that was never confirmed
    // makes way for the one that the devices use.
    let waits = |c: &&Certificate| {
        c.standing == Standing::Predecessor && c.is_alive(plan.now) && plan.must_end(c).is_none()
    };
    let predecessor = holding.certificates.iter().find(waits);
    let makes_way = match (current, predecessor, replaced, plan.wish) {
        (Some(current), Some(_), Some(trigger), Wish::Wanted(wanted)) if !serves(current, wanted) => {
            Some((current.id, trigger))
        }
        _ => None,
    };
    let mut fates = Fates::new();
    for certificate in &holding.certificates {
        let fate = match makes_way {
            Some((id, _)) if id == certificate.id && !certificate.is_alive(plan.now) => {
                plan.settle(certificate)
            }
            Some((id, trigger)) if id == certificate.id => {
                plan.revoke(certificate, Departure::new(Reason::Superseded, trigger))
            }
            _ => one(plan, certificate, current, replaced.is_some() && makes_way.is_none()),
        };
        fates.insert(certificate.id, fate);
    }
    fates
}

fn one(
    plan: &mut SlotPlan<'_>,
    certificate: &Certificate,
    current: Option<&Certificate>,
    replaced: bool,
) -> Fate {
    if !certificate.is_alive(plan.now) {
        return ended(plan, certificate, current);
    }
    if let Some(departure) = plan.must_end(certificate) {
        return plan.revoke(certificate, departure);
    }
    match plan.wish {
        // `must_end` has ended these.
        Wish::Unwanted(_) => Fate::Gone,
        Wish::Held(_) => {
            if certificate.status == CertificateStatus::Valid {
                plan.actions.push(Action::Hold { certificate: certificate.id });
            }
            Fate::OnHold
        }
        Wish::Wanted(wanted) => {
            let succeeded = certificate.standing == Standing::Predecessor
                && current.is_some_and(|current| {
                    replaced || !serves(certificate, wanted) || takes_over(plan, current, wanted)
                });
            if succeeded {
                return succeed(plan, certificate, current);
            }
            if certificate.status == CertificateStatus::Held {
                plan.actions.push(Action::Release { certificate: certificate.id });
            }
            match certificate.standing {
                Standing::Current => Fate::Use,
                Standing::History => Fate::Read,
                _ => Fate::Wait,
            }
        }
    }
}

/// One that no relying party accepts any more.
fn ended(plan: &mut SlotPlan<'_>, certificate: &Certificate, current: Option<&Certificate>) -> Fate {
    if let Some(departure) = certificate.exposure().filter(|_| is_graver_now(plan, certificate)) {
        return plan.revoke(certificate, departure);
    }
    let in_use = current.is_some_and(|current| current.id == certificate.id);
    match plan.wish {
        // Expired: stays until another takes its place.
        Wish::Wanted(_) if in_use => return Fate::Wait,
        Wish::Held(_) if in_use => return Fate::OnHold,
        _ => {}
    }
    plan.settle(certificate)
}

/// Whether it was revoked for less than a compromise, and a device that may still have its key was lost or wiped since. Its CRL
/// entry then says so, for those who look at when a signature was made (RFC 5280, 5.3.1 and 5.3.2).
fn is_graver_now(plan: &SlotPlan<'_>, certificate: &Certificate) -> bool {
    certificate.status == CertificateStatus::Revoked
        && plan.now < certificate.not_after
        && !certificate.reason.is_some_and(Reason::is_compromise)
        && certificate.is_exposed()
}

/// A predecessor gives way. An encryption certificate is not revoked by renewal.
fn succeed(plan: &mut SlotPlan<'_>, certificate: &Certificate, current: Option<&Certificate>) -> Fate {
    let renewed = current.is_some_and(|current| current.issued_for == Trigger::Renewal);
    if certificate.keeps_history() && renewed {
        if certificate.status == CertificateStatus::Held {
            plan.actions.push(Action::Release { certificate: certificate.id });
        }
        plan.actions.push(Action::Settle { certificate: certificate.id, standing: Standing::History });
        return Fate::Read;
    }
    plan.revoke(certificate, Departure::SUCCEEDED)
}

/// Whether devices that shall have it use it.
fn serves(certificate: &Certificate, wanted: &Wanted) -> bool {
    certificate.copies.iter().any(|copy| copy.is_confirmed() && wanted.copies.contains_key(&copy.place))
}

/// Whether every device that shall have it has confirmed it.
fn takes_over(plan: &SlotPlan<'_>, current: &Certificate, wanted: &Wanted) -> bool {
    current.is_alive(plan.now) && wanted.copies.keys().all(|place| is_confirmed(current, place))
}
