//! Decides. Everything that happens to a certificate follows from one pure function, [`plan`]: what should be
//! ([`Desired`], computed from a [`Directory`]) against what is there ([`Actual`]) gives [`Action`]s. Every event is
//! only a change of state; nothing else decides anything.
//!
//! Applying a plan makes the next plan empty. A slot (a profile with a holder) has at most one current certificate, and
//! at most one predecessor that waits until the current one is confirmed. Nothing is alive that is not desired. A key
//! is destroyed as soon as its policy says.
//!
//! - [`directory`]: the snapshot of profiles, assignments, groups, users and devices
//! - [`desired`]: what should be, or why not; [`digest`] makes it comparable
//! - [`actual`]: certificates, copies, keys, requests in flight
//! - [`departure`]: reasons and triggers, the table of events
//! - [`action`]: what is to be done
//! - [`renewal`]: when a certificate is due
//! - [`summary`]: a plan for people: counts, and the digest that a preview carries
//! - [`safety`]: which plans wait for an administrator
//! - [`why`]: the same decision in words: why a profile's certificate is with a holder, or isn't

pub mod action;
pub mod actual;
pub mod departure;
pub mod desired;
pub mod digest;
pub mod directory;
pub mod renewal;
pub mod safety;
pub mod slot;
pub mod summary;
pub mod why;

mod certificates;
mod copies;
mod device_wish;
mod keys;
mod reach;
mod requests;
mod slot_plan;
mod user_wish;

use certporter_model::Timestamp;

pub use action::{Action, Asked, Purpose};
pub use actual::{Actual, Holding};
pub use departure::Departure;
pub use desired::{Desired, Limits, Wish};
pub use directory::Directory;
pub use slot::{Holder, Place, Slot};

/// What has to be done so that what is there becomes what should be. Actions come slot by slot, and within a slot in
/// the order in which they are to be done.
#[must_use]
pub fn plan(desired: &Desired, actual: &Actual, now: Timestamp) -> Vec<Action> {
    by_slot(desired, actual, now).flat_map(|(_, actions)| actions).collect()
}

/// The same, slot by slot; slots where nothing is to be done are left out.
pub fn by_slot<'a>(
    desired: &'a Desired,
    actual: &'a Actual,
    now: Timestamp,
) -> impl Iterator<Item = (Slot, Vec<Action>)> + 'a {
    static EMPTY: Holding = Holding { certificates: Vec::new(), requests: Vec::new() };
    let of_slot = move |(slot, wish)| {
        let holding = actual.holdings.get(slot).unwrap_or(&EMPTY);
        let limits = desired.limits;
        let plan = slot_plan::SlotPlan { slot: *slot, wish, holding, limits, now, actions: Vec::new() };
        (*slot, plan.run())
    };
    desired.wishes.iter().map(of_slot).filter(|(_, actions)| !actions.is_empty())
}
