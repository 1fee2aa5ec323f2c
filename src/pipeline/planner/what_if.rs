//! What would follow from a change of what is the same for many: profiles, assignments, groups within groups.
//!
//! Such a change is rehearsed in a moment, and what follows from it may take seconds to find out. So the transaction
//! only lends what would be ([`WhatIf`]); the plan is then made on snapshots, some holders at a time, on every
//! processor, while the database's writer is free.

use std::collections::BTreeSet;
use std::sync::Arc;

use certporter_model::thumbprint::ContentDigest;
use certporter_model::{GroupId, ProfileId, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::directory::{self, Structure};
use super::{BySlot, CHUNK, Found, Preview, SAMPLE, Whom, as_set, compare, holdings, weight, whom};
use crate::plan::directory::Directory;
use crate::plan::summary::Summary;
use crate::plan::{Action, Holder, Limits, Slot};
use crate::store::planning::reached;
use crate::store::{Conn, Db, StoreError};

/// What would be the same for many after a change, and whom that may concern.
#[derive(Debug)]
pub struct WhatIf {
    structure: Structure,
    left: Vec<GroupId>,
    whom: Whom,
}

impl WhatIf {
    /// Takes it from the transaction that makes the change. `left` are groups that nobody is in any more: the only
    /// change of single holders that may be among it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn read(conn: &mut Conn, whom: &Whom, left: &[GroupId]) -> Result<Self, StoreError> {
        let mut whom = whom.clone();
        for profile in &whom.profiles {
            // An assignment that the change makes is seen in its transaction only.
            whom.groups.extend(reached::groups_of_profile(conn, *profile).await?);
        }
        Ok(Self { structure: Structure::read(conn).await?, left: left.to_vec(), whom })
    }

    /// Finds out whom it concerns.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn concerning(self, conn: &mut Conn) -> Result<Concerned, StoreError> {
        let holders: Vec<Holder> = whom::holders(conn, &self.whom).await?.into_iter().collect();
        let digest = digest_of(&self.structure, &self.whom.profiles, &self.left, &holders);
        Ok(Concerned { structure: self.structure, left: self.left, holders, digest })
    }
}

/// A change, and whom it concerns.
#[derive(Debug)]
pub struct Concerned {
    structure: Structure,
    left: Vec<GroupId>,
    holders: Vec<Holder>,
    digest: ContentDigest,
}

impl Concerned {
    /// How many devices and people are to be looked at.
    #[must_use]
    pub fn holders(&self) -> usize {
        self.holders.len()
    }

    /// Exactly these, for what is still to be done about them in the same transaction: they are found out once.
    #[must_use]
    pub fn whom(&self) -> Whom {
        Whom { exactly: self.holders.clone(), ..Whom::default() }
    }

    /// Whether they are more than are planned for at once.
    #[must_use]
    pub fn are_many(&self) -> bool {
        self.holders.len() > CHUNK
    }

    /// By which a save is held to its preview when many are concerned: what would be in force, and for whom. What each
    /// of them holds isn't in it: in a large fleet that changes from minute to minute, and nothing could ever be saved.
    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        self.digest
    }

    /// What would follow for few.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn preview(
        &self,
        conn: &mut Conn,
        limits: Limits,
        now: Timestamp,
    ) -> Result<Preview, StoreError> {
        let mut found = Found::default();
        let limits = as_set(conn, limits, now).await?;
        for chunk in self.holders.chunks(CHUNK) {
            let (directory, actual, holders) = self.read(conn, chunk, now).await?;
            found.push(compare(&directory, &actual, &holders, limits, now));
        }
        Ok(found.preview())
    }

    /// What would follow for many. `looked_at` is told each time that some more were looked at, and how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn look(
        self: &Arc<Self>,
        db: &Db,
        limits: Limits,
        now: Timestamp,
        looked_at: impl Fn(usize) + Clone + Send + 'static,
    ) -> Result<Preview, StoreError> {
        let limits = as_set(&mut *db.read().await?, limits, now).await?;
        let next = Arc::new(Mutex::new(0));
        let mut running = JoinSet::new();
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(4) {
            let (this, db, next, looked_at) =
                (Arc::clone(self), db.clone(), Arc::clone(&next), looked_at.clone());
            running.spawn(async move { this.go(&db, limits, now, &next, looked_at).await });
        }
        let mut counted = Counted::default();
        while let Some(ended) = running.join_next().await {
            counted.add(ended.map_err(|error| StoreError::Other(error.to_string()))??);
        }
        Ok(counted.preview(self.digest))
    }

    /// Takes chunk after chunk until none is left.
    async fn go(
        self: Arc<Self>,
        db: &Db,
        limits: Limits,
        now: Timestamp,
        next: &Mutex<usize>,
        looked_at: impl Fn(usize),
    ) -> Result<Counted, StoreError> {
        let mut counted = Counted::default();
        loop {
            let number = {
                let mut next = next.lock().await;
                *next += 1;
                *next - 1
            };
            let Some(chunk) = self.holders.chunks(CHUNK).nth(number) else { return Ok(counted) };
            let mut conn = db.snapshot_of_much().await?;
            let (directory, actual, holders) = self.read(&mut conn, chunk, now).await?;
            drop(conn);
            let planning =
                tokio::task::spawn_blocking(move || compare(&directory, &actual, &holders, limits, now));
            counted.push(planning.await.map_err(|error| StoreError::Other(error.to_string()))?);
            looked_at(chunk.len());
        }
    }

    async fn read(
        &self,
        conn: &mut Conn,
        chunk: &[Holder],
        now: Timestamp,
    ) -> Result<(Directory, crate::plan::Actual, BTreeSet<Holder>), StoreError> {
        let holders: BTreeSet<Holder> = chunk.iter().copied().collect();
        let actual = holdings::of(conn, &holders).await?;
        let mut directory = directory::within(conn, self.structure.clone(), &holders).await?;
        leave(&mut directory, &self.left, now);
        Ok((directory, actual, holders))
    }
}

/// Nobody is in these groups any more.
fn leave(directory: &mut Directory, left: &[GroupId], now: Timestamp) {
    if left.is_empty() {
        return;
    }
    let users = directory.users.values_mut().map(|user| &mut user.memberships);
    let devices = directory.devices.values_mut().map(|device| &mut device.memberships);
    for membership in users.chain(devices).flatten() {
        if left.contains(&membership.group) {
            membership.span.until.get_or_insert(now);
        }
    }
}

/// What was found, without each action: they may be a million.
#[derive(Debug, Default)]
struct Counted {
    summary: Summary,
    holders: usize,
    sample: Vec<(Slot, Action)>,
}

impl Counted {
    fn push(&mut self, by_slot: BySlot) {
        let actions = by_slot.iter().flat_map(|(_, actions)| actions);
        self.summary.add(&Summary::of(actions));
        self.holders += by_slot.iter().map(|(slot, _)| slot.holder).collect::<BTreeSet<_>>().len();
        let each = by_slot.into_iter();
        self.shorten(each.flat_map(|(slot, actions)| actions.into_iter().map(move |it| (slot, it))));
    }

    fn add(&mut self, other: Self) {
        self.summary.add(&other.summary);
        self.holders += other.holders;
        self.shorten(other.sample);
    }

    /// Keeps what weighs most.
    fn shorten(&mut self, more: impl IntoIterator<Item = (Slot, Action)>) {
        self.sample.extend(more);
        self.sample.sort_by_key(|(_, action)| std::cmp::Reverse(weight(action)));
        self.sample.truncate(SAMPLE);
    }

    fn preview(self, digest: ContentDigest) -> Preview {
        Preview { summary: self.summary, holders: self.holders, sample: self.sample, digest }
    }
}

/// What would be in force of these profiles (of all when none is named), and for whom. No moment and no number of a
/// version is in it: the rehearsal and the change itself have others.
fn digest_of(
    structure: &Structure,
    profiles: &[ProfileId],
    left: &[GroupId],
    holders: &[Holder],
) -> ContentDigest {
    let counts = |id: &ProfileId| profiles.is_empty() || profiles.contains(id);
    let mut hash = Sha256::new();
    for line in structure.in_force(counts) {
        hash.update(line);
        hash.update([0]);
    }
    hash.update(format!("{left:?}"));
    for holder in holders {
        hash.update(format!("{holder:?}"));
    }
    ContentDigest::from_octets(hash.finalize().into())
}
