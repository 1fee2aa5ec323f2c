//! Going through everybody, some at a time, on every processor: while some are planned for, the next are read.
//!
//! What everybody holds is read once at the start, and so is what is the same for many ([`super::held`]). Each chunk's
//! people and devices are a snapshot of their own, so that no reader stands for long in the way of the log's truncation.
//! Whatever changes meanwhile makes its own plan, and what is found is looked at again on a snapshot of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use certporter_model::{DeviceId, EnrolmentId, Timestamp, UserId};
use rustc_hash::FxHashMap;
use tokio::task::JoinSet;

use super::directory::{self, Enrolled, Structure};
use super::held::{Ground, Held};
use super::{BySlot, as_set, compare, holdings};
use crate::plan::safety::can_wait;
use crate::plan::summary::{Summary, digest};
use crate::plan::{Actual, Directory, Holder, Limits};
use crate::store::device_owners::Ownership;
use crate::store::planning::swept_people::{self, ManagementGeneration, SweptDevice, SweptEnrolment};
use crate::store::planning::{replans_wait, sweeping};
use crate::store::{Db, StoreError};

/// People are read so many at a time, each with all of their devices; and as many devices that are nobody's.
const READ: usize = 150;
/// More devices than this become chunks of their own, should they all be the same people's.
const DEVICES: usize = 1_000;

/// What is to be done within a chunk.
#[derive(Debug)]
pub(super) struct Found {
    /// Its place among the chunks.
    number: usize,
    pub(super) summary: Summary,
    pub(super) digest: [u8; 32],
    /// With whom.
    pub(super) holders: BTreeSet<Holder>,
}

struct Going {
    db: Db,
    limits: Limits,
    now: Timestamp,
    structure: Structure,
    enrolled: FxHashMap<DeviceId, Enrolled>,
    held: Held,
    chunks: Vec<Chunk>,
    /// The next chunk.
    next: AtomicUsize,
    /// Whether reissues wait for their wave.
    waves: bool,
}

/// Who is planned for at once.
#[derive(Debug, Default)]
struct Chunk {
    holders: BTreeSet<Holder>,
    /// Its people, from the first to the last by id; none where it is of devices alone.
    people: Option<RangeInclusive<UserId>>,
    /// What was theirs, as it began.
    former: Vec<Ownership>,
}

/// As much is done at once: one more than there are processors, since one of them may wait for the disk.
pub(super) fn at_once() -> usize {
    1 + std::thread::available_parallelism().map_or(1, usize::from).min(4)
}

/// Plans for everybody; answers the chunks in which something is to be done, in order.
///
/// While reissues wait for their wave, their jobs are there already: no others are found here.
pub(super) async fn everybody(db: &Db, limits: Limits, now: Timestamp) -> Result<Vec<Found>, StoreError> {
    let (mut ground, who, (structure, limits, waves)) = tokio::try_join!(
        Box::pin(async { Ground::read(&mut *db.snapshot_of_much().await?).await }),
        Box::pin(Who::read(db)),
        Box::pin(async {
            let mut conn = db.snapshot_of_much().await?;
            let waves = replans_wait(&mut conn, now).await?;
            let limits = as_set(&mut conn, limits, now).await?;
            Ok((Structure::read(&mut conn).await?, limits, waves))
        })
    )?;
    let Who { users, devices, enrolled, generations, former } = who;
    ground.know(&devices, &generations);
    let chunks = chunks(&users, &devices, former);
    drop((users, devices, generations));
    let held = Held::read(db, ground).await?;
    let (db, next) = (db.clone(), AtomicUsize::new(0));
    let going = Arc::new(Going { db, limits, now, structure, enrolled, held, chunks, next, waves });
    let mut running = JoinSet::new();
    for _ in 0..at_once() {
        running.spawn(Arc::clone(&going).go());
    }
    let mut all = Vec::new();
    while let Some(ended) = running.join_next().await {
        all.extend(ended.map_err(|error| StoreError::Other(error.to_string()))??);
    }
    all.sort_by_key(|found| found.number);
    Ok(all)
}

/// Who there is.
struct Who {
    /// By id.
    users: Vec<UserId>,
    /// By id.
    devices: Vec<SweptDevice>,
    enrolled: FxHashMap<DeviceId, Enrolled>,
    generations: Vec<ManagementGeneration>,
    former: Vec<Ownership>,
}

impl Who {
    /// Reads it.
    async fn read(db: &Db) -> Result<Self, StoreError> {
        let mut conn = db.snapshot_of_much().await?;
        let mut users = swept_people::users(&mut conn).await?;
        users.sort_unstable();
        let mut devices = swept_people::devices(&mut conn).await?;
        devices.sort_unstable_by_key(|it| it.id);
        let generations = swept_people::generations(&mut conn).await?;
        let enrolled = last_enrolments(&swept_people::enrolments(&mut conn).await?, &generations);
        let former = sweeping::former_devices(&mut conn).await?;
        Ok(Self { users, devices, enrolled, generations, former })
    }
}

fn last_enrolments(
    enrolments: &[SweptEnrolment],
    generations: &[ManagementGeneration],
) -> FxHashMap<DeviceId, Enrolled> {
    let mut highest: FxHashMap<EnrolmentId, u32> = FxHashMap::default();
    for it in generations {
        let known = highest.entry(it.enrolment_id).or_default();
        *known = it.generation.max(*known);
    }
    let mut enrolled: FxHashMap<DeviceId, Enrolled> = FxHashMap::default();
    for it in enrolments {
        let generation = highest.get(&it.id).copied();
        let last = Enrolled { enrolment: it.id, generation, unconfirmed: it.unconfirmed };
        let known = enrolled.entry(it.device_id).or_insert(last);
        if known.enrolment < last.enrolment {
            *known = last;
        }
    }
    enrolled
}

/// People and what they own first, so that both are read once; then what is nobody's.
fn chunks(users: &[UserId], devices: &[SweptDevice], ended: Vec<Ownership>) -> Vec<Chunk> {
    let mut owned: BTreeMap<UserId, Vec<DeviceId>> = BTreeMap::new();
    let mut shared = Vec::new();
    for device in devices {
        match device.owner_id {
            Some(owner) => owned.entry(owner).or_default().push(device.id),
            None => shared.push(device.id),
        }
    }
    let mut former: BTreeMap<UserId, Vec<Ownership>> = BTreeMap::new();
    for it in ended {
        former.entry(it.user_id).or_default().push(it);
    }
    let mut chunks = Vec::new();
    for users in users.chunks(READ) {
        let owned: Vec<DeviceId> = users.iter().filter_map(|id| owned.remove(id)).flatten().collect();
        let (with_them, apart) = owned.split_at(owned.len().min(DEVICES));
        let holders = users.iter().copied().map(Holder::User);
        let holders = holders.chain(with_them.iter().copied().map(Holder::Device)).collect();
        let apart: Vec<_> = apart.chunks(DEVICES).map(of_devices).collect();
        let former = users.iter().filter_map(|id| former.remove(id)).flatten().collect();
        let people = users.first().zip(users.last()).map(|(first, last)| *first..=*last);
        chunks.push(Chunk { holders, people, former });
        chunks.extend(apart);
    }
    // Of people who have come since it is not known that they are there.
    shared.extend(owned.into_values().flatten());
    chunks.extend(shared.chunks(READ).map(of_devices));
    chunks
}

fn of_devices(devices: &[DeviceId]) -> Chunk {
    Chunk { holders: devices.iter().copied().map(Holder::Device).collect(), ..Chunk::default() }
}

impl Going {
    /// Takes chunk after chunk until none is left.
    async fn go(self: Arc<Self>) -> Result<Vec<Found>, StoreError> {
        let mut all = Vec::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = self.chunks.get(number) else { return Ok(all) };
            let mut conn = self.db.snapshot_of_much().await?;
            let structure = self.structure.clone();
            let directory = match &chunk.people {
                Some(ids) => {
                    let (enrolled, former) = (&self.enrolled, chunk.former.as_slice());
                    directory::within_range(&mut conn, structure, ids, enrolled, former).await?
                }
                None => directory::within(&mut conn, structure, &chunk.holders).await?,
            };
            drop(conn);
            let going = Arc::clone(&self);
            let planning = tokio::task::spawn_blocking(move || going.plan(number, &directory));
            let found = planning.await.map_err(|error| StoreError::Other(error.to_string()))?;
            if let Some(found) = found {
                all.extend(self.look_again(number, &found.holders).await?);
            }
        }
    }

    fn plan(&self, number: usize, directory: &Directory) -> Option<Found> {
        let holders = &self.chunks.get(number)?.holders;
        self.compare(number, directory, &self.held.by(holders), holders)
    }

    /// What they hold was read at other moments than who they are: what is found is looked at again, on one snapshot.
    async fn look_again(
        &self,
        number: usize,
        holders: &BTreeSet<Holder>,
    ) -> Result<Option<Found>, StoreError> {
        let mut conn = self.db.snapshot_of_much().await?;
        let actual = holdings::of(&mut conn, holders).await?;
        let directory = directory::within(&mut conn, self.structure.clone(), holders).await?;
        Ok(self.compare(number, &directory, &actual, holders))
    }

    fn compare(
        &self,
        number: usize,
        directory: &Directory,
        actual: &Actual,
        holders: &BTreeSet<Holder>,
    ) -> Option<Found> {
        let mut by_slot = compare(directory, actual, holders, self.limits, self.now);
        by_slot.retain(|(_, actions)| !(self.waves && can_wait(actions)));
        found(number, &by_slot)
    }
}

/// Nothing when there is nothing to do.
fn found(number: usize, by_slot: &BySlot) -> Option<Found> {
    let actions = || by_slot.iter().flat_map(|(_, actions)| actions);
    (!by_slot.is_empty()).then(|| Found {
        number,
        summary: Summary::of(actions()),
        digest: *digest(actions()).as_octets(),
        holders: by_slot.iter().map(|(slot, _)| slot.holder).collect(),
    })
}
