//! Plans on the database: reads a part of the directory and what its holders hold, lets [`crate::plan`] decide, and
//! carries the decision out in the transaction that made the change.
//!
//! - [`replan`]: for whom a change touches, in its transaction; in chunks of their own when they are many
//! - [`preview`]: the same without carrying it out, on the state that would be: the caller makes the change in a
//!   transaction, asks, and rolls back
//! - [`WhatIf`]: the same for a change of what is the same for many, on snapshots: the writer is free meanwhile
//! - [`explain`]: why profiles reach somebody, or don't
//! - [`sweep`]: for everybody, reading only, and then asking for replans where something is to be done; `chunks`: how
//!   everybody is gone through, on every processor
//!
//! Holders are locked in the order of their ids, devices before users, so that two planners never wait for each other
//! in a circle.

mod apply;
mod chunks;
mod directory;
mod held;
mod holdings;
mod jobs;
pub mod sweep;
mod waves;
mod what_if;
pub mod whom;

use std::collections::BTreeSet;
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::thumbprint::ContentDigest;

use crate::pipeline::leap;
use crate::pipeline::work::{ReplanScope, Work};
use crate::plan::safety::{can_wait, for_relying_parties, takes_away};
use crate::plan::summary::{Summary, digest};
use crate::plan::why::{self, Explanation};
use crate::plan::{Action, Actual, Desired, Directory, Holder, Limits, Slot, by_slot};
use crate::random::Random;
use crate::store::{Conn, StoreError, WriteTx, devices, settings, users};

pub use directory::{HolderValues, values_of};
pub use waves::PutOff;
pub use what_if::{Concerned, WhatIf};
pub use whom::Whom;

/// As many holders are planned for within one transaction; more go into jobs of as many.
pub const CHUNK: usize = 300;

/// What became of a change's consequences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was done.
    pub summary: Summary,
    /// How many holders jobs were made for instead.
    pub deferred: usize,
    /// Why something of it was left for later, if anything was.
    pub put_off: Option<PutOff>,
    /// Whether nothing was done, because it only brings something: that comes in its turn.
    pub only_brings: bool,
}

/// How a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// All of it.
    Whole,
    /// Reissues that can wait go in waves.
    InWaves,
    /// The same, if anything is taken away by it; else nothing is done.
    IfItTakes,
}

/// As many consequences are shown one by one.
const SAMPLE: usize = 20;

/// What would follow from the state of the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// In numbers.
    pub summary: Summary,
    /// For how many holders something would be done.
    pub holders: usize,
    /// Some of it, what weighs most first.
    pub sample: Vec<(Slot, Action)>,
    /// What a save carries, so that it can be refused when the consequences have changed since.
    pub digest: ContentDigest,
}

/// Draws the consequences of a change in its own transaction, after the change and before the commit.
///
/// # Errors
/// [`StoreError::Conflict`] or [`StoreError::Serialization`] when another planner came in between; the transaction may
/// be tried again from the start. Otherwise when the database refuses.
pub async fn replan(
    tx: &mut WriteTx,
    whom: &Whom,
    limits: Limits,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Outcome, StoreError> {
    carry_out(tx, whom, limits, now, random, How::Whole).await
}

/// The same, but what only replaces certificates because of an edit or a changed attribute goes in waves: see
/// [`Outcome::put_off`].
///
/// # Errors
/// As [`replan`].
pub async fn replan_in_waves(
    tx: &mut WriteTx,
    whom: &Whom,
    limits: Limits,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Outcome, StoreError> {
    carry_out(tx, whom, limits, now, random, How::InWaves).await
}

/// The same, if anything is taken away by it. If it only brings something nothing is done: see [`Outcome::only_brings`].
///
/// # Errors
/// As [`replan`].
pub async fn replan_if_it_takes(
    tx: &mut WriteTx,
    whom: &Whom,
    limits: Limits,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Outcome, StoreError> {
    carry_out(tx, whom, limits, now, random, How::IfItTakes).await
}

async fn carry_out(
    tx: &mut WriteTx,
    whom: &Whom,
    limits: Limits,
    now: Timestamp,
    random: &dyn Random,
    how: How,
) -> Result<Outcome, StoreError> {
    let holders = whom::holders(tx, whom).await?;
    if holders.len() > CHUNK {
        let all: Vec<Holder> = holders.into_iter().collect();
        for chunk in all.chunks(CHUNK) {
            defer(tx, chunk, now, random).await?;
        }
        return Ok(Outcome { deferred: all.len(), ..Outcome::default() });
    }
    lock(tx, &holders).await?;
    let (directory, by_slot) = decide(tx, &holders, limits, now).await?;
    let only_brings = !by_slot.is_empty() && !by_slot.iter().any(|(_, actions)| takes_away(actions));
    if how == How::IfItTakes && only_brings {
        return Ok(Outcome { only_brings, ..Outcome::default() });
    }
    let turn = if how != How::Whole && by_slot.iter().any(|(_, actions)| can_wait(actions)) {
        Some(waves::Turn::read(tx, limits).await?)
    } else {
        None
    };
    let waits = |(slot, actions): &(Slot, Vec<Action>)| {
        turn.as_ref().filter(|_| can_wait(actions)).and_then(|turn| turn.put_off(slot.profile))
    };
    let put_off = by_slot.iter().filter_map(waits).max();
    let first =
        if how == How::Whole { None } else { for_relying_parties(&by_slot, limits.relying_parties_first) };
    let (actions, put_off): (Vec<Action>, _) = match first {
        Some(first) => (first, Some(PutOff::RelyingPartiesFirst)),
        None => {
            let goes = |it: &(Slot, Vec<Action>)| waits(it).is_none();
            (by_slot.into_iter().filter(goes).flat_map(|(_, actions)| actions).collect(), put_off)
        }
    };
    apply::all(tx, &directory, &actions, now, random).await?;
    Ok(Outcome { summary: Summary::of(&actions), put_off, ..Outcome::default() })
}

/// What would follow. Reads only.
///
/// # Errors
/// When the database refuses.
pub async fn preview(
    conn: &mut Conn,
    whom: &Whom,
    limits: Limits,
    now: Timestamp,
) -> Result<Preview, StoreError> {
    let mut found = Found::default();
    found.add(conn, whom, limits, now).await?;
    Ok(found.preview())
}

/// What would follow from several states, each of which concerns others: a large change, looked at in parts.
#[derive(Debug, Default)]
pub struct Found {
    all: Vec<(Slot, Action)>,
    concerned: BTreeSet<Holder>,
}

impl Found {
    /// Adds what would follow from the state of the transaction. Reads only.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add(
        &mut self,
        conn: &mut Conn,
        whom: &Whom,
        limits: Limits,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let holders: Vec<Holder> = whom::holders(conn, whom).await?.into_iter().collect();
        for chunk in holders.chunks(CHUNK) {
            let chunk = chunk.iter().copied().collect();
            let (_, by_slot) = decide(conn, &chunk, limits, now).await?;
            self.push(by_slot);
        }
        Ok(())
    }

    fn push(&mut self, by_slot: BySlot) {
        self.concerned.extend(by_slot.iter().map(|(slot, _)| slot.holder));
        let each = by_slot.into_iter();
        self.all.extend(each.flat_map(|(slot, actions)| actions.into_iter().map(move |it| (slot, it))));
    }

    /// All of it.
    #[must_use]
    pub fn preview(mut self) -> Preview {
        let actions = || self.all.iter().map(|(_, action)| action);
        let (summary, digest) = (Summary::of(actions()), digest(actions()));
        self.all.sort_by_key(|(_, action)| std::cmp::Reverse(weight(action)));
        self.all.truncate(SAMPLE);
        Preview { summary, holders: self.concerned.len(), sample: self.all, digest }
    }
}

/// Why profiles reach a holder, or don't: what the plan decides, told.
///
/// # Errors
/// When the database refuses.
pub async fn explain(
    conn: &mut Conn,
    holder: Holder,
    now: Timestamp,
) -> Result<Vec<Explanation>, StoreError> {
    let directory = directory::of(conn, &BTreeSet::from([holder])).await?;
    Ok(why::explain(&directory, holder, now))
}

/// How much a consequence matters to whoever decides on it: what can't be undone comes first.
const fn weight(action: &Action) -> u8 {
    match action {
        Action::Revoke { .. } => 4,
        Action::Hold { .. } | Action::DestroyKey { .. } => 3,
        Action::Issue { .. } | Action::Renew { .. } | Action::Cancel { .. } => 2,
        Action::Remove { .. } | Action::Release { .. } => 1,
        _ => 0,
    }
}

/// Slots where something is to be done, and what.
type BySlot = Vec<(Slot, Vec<Action>)>;

/// Plans for these holders on the state that the connection sees.
async fn decide(
    conn: &mut Conn,
    holders: &BTreeSet<Holder>,
    limits: Limits,
    now: Timestamp,
) -> Result<(Directory, BySlot), StoreError> {
    let actual = holdings::of(conn, holders).await?;
    let directory = directory::of(conn, holders).await?;
    let limits = as_set(conn, limits, now).await?;
    let by_slot = compare(&directory, &actual, holders, limits, now);
    Ok((directory, by_slot))
}

/// The limits with what an administrator has set. While nobody has said that a time that leapt is right, no hold ends by
/// it and nothing is renewed.
async fn as_set(conn: &mut Conn, limits: Limits, now: Timestamp) -> Result<Limits, StoreError> {
    if leap::is_undecided(conn, now).await? {
        return Ok(Limits { hold: Duration::MAX, contact: Duration::ZERO, ..limits });
    }
    let days =
        settings::longest_hold_days(conn).await?.map(|days| Duration::from_secs(u64::from(days) * 86_400));
    Ok(Limits { hold: days.unwrap_or(limits.hold), ..limits })
}

/// What these holders should have against what they have.
fn compare(
    directory: &Directory,
    actual: &Actual,
    holders: &BTreeSet<Holder>,
    limits: Limits,
    now: Timestamp,
) -> BySlot {
    let occupied = actual.holdings.keys().copied();
    let desired = Desired::of(directory, limits, holders.iter().copied(), occupied, now);
    by_slot(&desired, actual, now).collect()
}

async fn lock(tx: &mut WriteTx, holders: &BTreeSet<Holder>) -> Result<(), StoreError> {
    let (users_too, devices_too) = whom::split(holders);
    devices::lock(tx, &devices_too).await?;
    users::lock(tx, &users_too).await
}

/// Makes a job that plans for these holders.
async fn defer(
    tx: &mut WriteTx,
    holders: &[Holder],
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let (users, devices) = whom::split(&holders.iter().copied().collect());
    Work::Replan { scope: ReplanScope::Some { users, devices } }.enqueue(tx, now, random).await
}
