//! What becomes of each copy of a certificate.

use certporter_model::copy::CopyState;

use super::action::{Action, Purpose};
use super::actual::{Certificate, Copy};
use super::certificates::Fate;
use super::desired::{Wanted, Wish};
use super::slot::Place;
use super::slot_plan::SlotPlan;

/// What a place that shall have a copy needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A copy, the one that went missing or a new one.
    Delivery,
    /// An envelope for the new management certificate.
    Reseal,
    /// The first envelope, which is on its way.
    Sealing,
    /// The device's word that the copy it was told to remove is gone; then a delivery.
    Removal,
    /// Only the device's confirmation.
    Confirmation,
    /// Nothing.
    Nothing,
}

impl Need {
    /// Whether the key is needed for it.
    pub(super) fn of_key(self) -> bool {
        !matches!(self, Self::Confirmation | Self::Nothing)
    }
}

/// A certificate's copy at a place: the latest, one that isn't gone before one that is.
pub(super) fn at<'c>(certificate: &'c Certificate, place: &Place) -> Option<&'c Copy> {
    let here = certificate.copies.iter().filter(|copy| copy.place == *place);
    here.max_by_key(|copy| (copy.state != CopyState::Removed, copy.state != CopyState::Removing, copy.id))
}

/// What a place needs of a certificate.
pub(super) fn need(certificate: &Certificate, place: &Place, generation: i64) -> Need {
    let Some(copy) = at(certificate, place) else { return Need::Delivery };
    match copy.state {
        CopyState::Removed | CopyState::Missing => Need::Delivery,
        CopyState::Removing => Need::Removal,
        CopyState::Pending => Need::Sealing,
        CopyState::Offered | CopyState::Failed if copy.sealed_for.is_some_and(|g| g != generation) => {
            Need::Reseal
        }
        CopyState::Offered | CopyState::Failed => Need::Confirmation,
        CopyState::Installed | CopyState::HandedOut => Need::Nothing,
    }
}

/// Whether the device has confirmed the copy at a place.
pub(super) fn is_confirmed(certificate: &Certificate, place: &Place) -> bool {
    at(certificate, place).is_some_and(Copy::is_confirmed)
}

/// Decides about the copies of a certificate.
pub(super) fn decide(plan: &mut SlotPlan<'_>, certificate: &Certificate, fate: Fate) {
    let wanted = match plan.wish {
        Wish::Wanted(wanted) => Some(wanted.as_ref()),
        Wish::Held(_) | Wish::Unwanted(_) => None,
    };
    // What was handed out can't be called back: nobody would hear of it. Its certificate's revocation is what counts.
    let reached = |copy: &&Copy| !copy.is_going() && copy.state != CopyState::HandedOut;
    for copy in certificate.copies.iter().filter(reached) {
        let stays = match (fate, wanted) {
            (Fate::Use, Some(wanted)) => wanted.copies.contains_key(&copy.place),
            (Fate::Wait | Fate::Read, Some(wanted)) => {
                wanted.copies.contains_key(&copy.place) && keeps(copy, fate, wanted)
            }
            _ => false,
        };
        if !stays {
            plan.actions.push(Action::Remove { copy: copy.id });
        }
    }
    let purpose = match (fate, wanted) {
        (Fate::Use, _) => Purpose::Use,
        (Fate::Read, Some(wanted)) if wanted.profile.deliver_history() => Purpose::Decrypt,
        _ => return,
    };
    let Some(wanted) = wanted.filter(|_| certificate.key.is_some()) else { return };
    for (place, generation) in &wanted.copies {
        match need(certificate, place, *generation) {
            Need::Delivery => {
                plan.actions.push(Action::Deliver {
                    certificate: certificate.id,
                    place: *place,
                    copy: at(certificate, place).map(|copy| copy.id),
                    purpose,
                });
            }
            Need::Reseal => {
                if let Some(copy) = at(certificate, place) {
                    plan.actions.push(Action::Reseal { copy: copy.id });
                }
            }
            Need::Sealing | Need::Removal | Need::Confirmation | Need::Nothing => {}
        }
    }
}

/// Whether a copy of a certificate that isn't in use any more may stay where it is.
fn keeps(copy: &Copy, fate: Fate, wanted: &Wanted) -> bool {
    match copy.state {
        CopyState::Installed | CopyState::HandedOut | CopyState::Missing => true,
        CopyState::Pending | CopyState::Offered | CopyState::Failed => {
            fate == Fate::Read && wanted.profile.deliver_history()
        }
        CopyState::Removing | CopyState::Removed => false,
    }
}
