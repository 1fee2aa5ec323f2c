//! What becomes of requests in flight, and which are made.

use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::request::RequestState;
use certporter_model::revocation::Trigger;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{EscrowedKeyId, Timestamp};

use super::action::{Action, Asked};
use super::actual::{Certificate, Copy, Request};
use super::copies::{Need, at, need};
use super::departure::Departure;
use super::desired::{Wanted, Wish};
use super::digest::{edited, same_content};
use super::directory::Reissue;
use super::renewal::is_due;
use super::slot_plan::SlotPlan;

/// What is decided of a slot's requests.
#[derive(Debug, Default)]
pub(super) struct InFlight<'h> {
    /// The one that goes on.
    pub(super) kept: Option<&'h Request>,
    /// Why another was given up.
    pub(super) cancelled: Option<Departure>,
}

/// Keeps, amends or cancels what is in flight.
pub(super) fn decide<'h>(plan: &mut SlotPlan<'h>) -> InFlight<'h> {
    let mut decided = InFlight::default();
    let mut requests: Vec<&Request> =
        plan.holding.requests.iter().filter(|request| request.state.is_in_flight()).collect();
    requests.sort_by_key(|request| std::cmp::Reverse(request.id));
    for request in requests {
        let departed = plan.departed(request.owner, request.enrolment);
        let outcome = match plan.wish {
            _ if departed.is_some() => departed,
            Wish::Unwanted(parting) => Some(parting.departure),
            Wish::Held(_) => Some(Departure::BLOCKED),
            Wish::Wanted(_) if decided.kept.is_some() => Some(Departure::SURPLUS),
            Wish::Wanted(wanted) => against(request, wanted),
        };
        let Some(departure) = outcome else {
            decided.kept = Some(request);
            if let Wish::Wanted(wanted) = plan.wish
                && !same_content(&request.digest, &wanted.digest)
                && matches!(request.state, RequestState::Requested | RequestState::Waiting)
            {
                plan.actions.push(Action::Amend { request: request.id, asked: asked(wanted) });
            }
            continue;
        };
        decided.cancelled = Some(departure);
        plan.actions.push(Action::Cancel { request: request.id, departure });
    }
    decided
}

/// What speaks against a request for the right owner and enrolment.
fn against(request: &Request, wanted: &Wanted) -> Option<Departure> {
    // Its certificate exists: what comes next is decided about that.
    if matches!(request.state, RequestState::Issued | RequestState::Escrowed) {
        return None;
    }
    if wanted.copies.is_empty() {
        return Some(wanted.idle.unwrap_or(Departure::RETIRED));
    }
    // One that nobody has begun with asks for something else instead.
    let unbegun = matches!(request.state, RequestState::Requested | RequestState::Waiting);
    if unbegun || same_content(&request.digest, &wanted.digest) {
        return None;
    }
    // Even an edit that is to come at renewal: what is asked for now would bring what is outdated on its first day.
    Some(difference(&request.digest, wanted).0)
}

/// Why the content differs, and when that is followed.
fn difference(old: &ContentDigest, wanted: &Wanted) -> (Departure, Reissue) {
    if edited(old, &wanted.digest) {
        (Departure::EDITED, wanted.on_edit)
    } else {
        (Departure::ATTRIBUTE_CHANGED, wanted.on_attribute_change)
    }
}

/// Why a new certificate has to be asked for, if it has to.
pub(super) fn needed(
    plan: &SlotPlan<'_>,
    wanted: &Wanted,
    current: Option<&Certificate>,
    in_flight: &InFlight<'_>,
) -> Option<Trigger> {
    if in_flight.kept.is_some() || wanted.copies.is_empty() {
        return None;
    }
    let Some(current) = current else {
        let ended = plan.end_of_current().or(in_flight.cancelled);
        return Some(ended.map_or(Trigger::Targeted, |departure| departure.trigger));
    };
    if !same_content(&current.digest, &wanted.digest) {
        let (departure, when) = difference(&current.digest, wanted);
        if when == Reissue::Now {
            return Some(departure.trigger);
        }
    }
    if current.reissue_asked && plan.now < current.not_after {
        return Some(Trigger::Asked);
    }
    let percent = wanted.profile.renewal_threshold_percent();
    if is_due(current, percent, plan.now) && (in_contact(plan, wanted) || is_handed_out(current, wanted)) {
        return Some(Trigger::Renewal);
    }
    if plan.now < current.not_after && current.key.is_none() {
        return undeliverable(current, wanted);
    }
    None
}

fn in_contact(plan: &SlotPlan<'_>, wanted: &Wanted) -> bool {
    let since: Timestamp = plan.now.minus(plan.limits.contact);
    wanted.last_seen.is_some_and(|seen| since <= seen)
}

/// Whether somebody has fetched it for a device that never makes contact: they will be told of the next.
fn is_handed_out(current: &Certificate, wanted: &Wanted) -> bool {
    let handed_out =
        |copy: &Copy| copy.state == CopyState::HandedOut && wanted.copies.contains_key(&copy.place);
    current.copies.iter().any(handed_out)
}

/// Why a certificate without a key can't get to a place where it should be, if there is one.
fn undeliverable(current: &Certificate, wanted: &Wanted) -> Option<Trigger> {
    let lacking = |(place, generation): (&_, &i64)| {
        let lacks =
            matches!(need(current, place, *generation), Need::Delivery | Need::Reseal | Need::Sealing);
        lacks.then(|| match at(current, place) {
            _ if current.status == CertificateStatus::Held => Trigger::Unblocked,
            Some(copy) if !copy.is_going() => Trigger::CopyLost,
            // It was taken away while the certificate stayed: with all others for a block, or alone with its feature.
            Some(_) if current.copies.iter().all(Copy::is_going) => Trigger::Unblocked,
            None if current.copies.iter().any(|copy| copy.place.feature == place.feature) => {
                Trigger::Targeted
            }
            _ => Trigger::FeatureAdded,
        })
    };
    wanted.copies.iter().find_map(lacking)
}

/// Asks for a certificate; the key that is kept, if one is.
pub(super) fn ask(
    plan: &mut SlotPlan<'_>,
    wanted: &Wanted,
    current: Option<&Certificate>,
    trigger: Trigger,
) -> Option<EscrowedKeyId> {
    let slot = plan.slot;
    match current.filter(|_| trigger == Trigger::Renewal) {
        Some(current) => {
            let key = current.key.filter(|_| wanted.profile.keep_key_on_renewal());
            plan.actions.push(Action::Renew { slot, certificate: current.id, key, asked: asked(wanted) });
            key
        }
        None => {
            plan.actions.push(Action::Issue { slot, trigger, asked: asked(wanted) });
            None
        }
    }
}

fn asked(wanted: &Wanted) -> Box<Asked> {
    Box::new(Asked { version: wanted.version, names: wanted.names.as_ref().clone(), digest: wanted.digest })
}
