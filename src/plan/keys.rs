//! Which keys are destroyed.

use std::collections::BTreeSet;

use certporter_model::EscrowedKeyId;
use certporter_model::certificate::Standing;
use certporter_model::escrow::EscrowPolicy;
use certporter_model::request::RequestState;

use super::action::Action;
use super::actual::Certificate;
use super::certificates::{Fate, Fates};
use super::copies::{Need, need};
use super::desired::Wish;
use super::slot_plan::SlotPlan;

/// Destroys the keys that nothing in the slot needs any more. A key that was kept on renewal belongs to several
/// certificates, and goes when none of them needs it.
pub(super) fn decide(plan: &mut SlotPlan<'_>, fates: &Fates, kept: &BTreeSet<EscrowedKeyId>) {
    let mut present: BTreeSet<EscrowedKeyId> = BTreeSet::new();
    let mut needed = kept.clone();
    for certificate in &plan.holding.certificates {
        let Some(key) = certificate.key else { continue };
        present.insert(key);
        let fate = fates.get(&certificate.id).copied().unwrap_or(Fate::Gone);
        if needs(plan, certificate, fate) {
            needed.insert(key);
        }
    }
    let unused = |state: RequestState| state.is_in_flight() || state == RequestState::Cancelled;
    present.extend(plan.holding.requests.iter().filter(|r| unused(r.state)).filter_map(|r| r.key));
    plan.actions.extend(present.difference(&needed).map(|key| Action::DestroyKey { key: *key }));
}

/// Whether the policy at the time of issue still keeps a certificate's key.
fn needs(plan: &SlotPlan<'_>, certificate: &Certificate, fate: Fate) -> bool {
    let retained = certificate.escrow == EscrowPolicy::Retained;
    match fate {
        Fate::Use | Fate::OnHold => {
            let (Wish::Wanted(wanted) | Wish::Held(wanted)) = plan.wish else { return false };
            let mut needs =
                wanted.copies.iter().map(|(place, generation)| need(certificate, place, *generation));
            match certificate.escrow {
                EscrowPolicy::None => needs.any(Need::of_key),
                EscrowPolicy::UntilDelivered => needs.any(|need| need != Need::Nothing),
                EscrowPolicy::Retained => true,
            }
        }
        Fate::Wait => retained,
        Fate::Read => true,
        // Somebody may still have to read what was encrypted to it; how long is a matter of retention.
        Fate::Gone => certificate.keeps_history() && certificate.standing != Standing::Surplus,
    }
}
