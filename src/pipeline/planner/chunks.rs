//! Going through everybody, some at a time, on every processor: while some are planned for, the next are read.
//!
//! Each chunk is a snapshot of its own, so that no reader stands for long in the way of the log's truncation. What is
//! the same for many is read once at the start; whatever changes meanwhile makes its own plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use certporter_model::{DeviceId, Timestamp, UserId};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::directory::{self, Structure};
use super::holdings::Ground;
use super::{BySlot, as_set, compare};
use crate::plan::safety::can_wait;
use crate::plan::summary::{Summary, digest};
use crate::plan::{Holder, Limits};
use crate::store::planning::{reached, replans_wait};
use crate::store::{Conn, Db, StoreError};

/// People are read so many at a time, each with all of their devices; and as many devices that are nobody's.
const READ: u32 = 500;
/// More devices than this become chunks of their own, should they all be the same people's.
const DEVICES: usize = 2_000;

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
    ground: Arc<Ground>,
    /// Whether reissues wait for their wave.
    waves: bool,
    place: Mutex<Place>,
}

/// How far it is: people and what they own first, so that both are read once; then what is nobody's.
#[derive(Default)]
struct Place {
    number: usize,
    next: Next,
    /// Devices of people who have very many.
    left: Vec<BTreeSet<Holder>>,
}

enum Next {
    Users(Option<UserId>),
    Shared(Option<DeviceId>),
}

impl Default for Next {
    fn default() -> Self {
        Self::Users(None)
    }
}

/// Plans for everybody; answers the chunks in which something is to be done, in order.
///
/// While reissues wait for their wave, their jobs are there already: no others are found here.
pub(super) async fn everybody(db: &Db, limits: Limits, now: Timestamp) -> Result<Vec<Found>, StoreError> {
    let mut conn = db.snapshot_of_much().await?;
    let waves = replans_wait(&mut conn, now).await?;
    let structure = Structure::read(&mut conn).await?;
    let ground = Arc::new(Ground::read(&mut conn).await?);
    let limits = as_set(&mut conn, limits, now).await?;
    drop(conn);
    let place = Mutex::new(Place::default());
    let going = Arc::new(Going { db: db.clone(), limits, now, structure, ground, waves, place });
    let mut running = JoinSet::new();
    // One more than there are processors: one of them may wait for the disk.
    for _ in 0..=std::thread::available_parallelism().map_or(1, usize::from).min(4) {
        running.spawn(Arc::clone(&going).go());
    }
    let mut all = Vec::new();
    while let Some(ended) = running.join_next().await {
        all.extend(ended.map_err(|error| StoreError::Other(error.to_string()))??);
    }
    all.sort_by_key(|found| found.number);
    Ok(all)
}

impl Going {
    /// Takes chunk after chunk until none is left.
    async fn go(self: Arc<Self>) -> Result<Vec<Found>, StoreError> {
        let mut all = Vec::new();
        loop {
            let mut conn = self.db.snapshot_of_much().await?;
            let Some((number, holders)) = self.next(&mut conn).await? else { return Ok(all) };
            let mut actual = self.ground.holdings(&mut conn, &holders).await?;
            let directory = directory::within(&mut conn, self.structure.clone(), &holders).await?;
            drop(conn);
            let (ground, limits, now) = (Arc::clone(&self.ground), self.limits, self.now);
            let waves = self.waves;
            let planning = tokio::task::spawn_blocking(move || {
                ground.add_requests(&mut actual, &holders);
                let mut by_slot = compare(&directory, &actual, &holders, limits, now);
                by_slot.retain(|(_, actions)| !(waves && can_wait(actions)));
                found(number, &by_slot)
            });
            all.extend(planning.await.map_err(|error| StoreError::Other(error.to_string()))?);
        }
    }

    async fn next(&self, conn: &mut Conn) -> Result<Option<(usize, BTreeSet<Holder>)>, StoreError> {
        let mut place = self.place.lock().await;
        loop {
            if let Some(holders) = place.left.pop() {
                place.number += 1;
                return Ok(Some((place.number, holders)));
            }
            match place.next {
                Next::Users(after) => {
                    let users = reached::next_users(conn, after, READ).await?;
                    let Some(last) = users.last().copied() else {
                        place.next = Next::Shared(None);
                        continue;
                    };
                    place.next = Next::Users(Some(last));
                    let devices = reached::devices_of(conn, &users).await?;
                    let (with_them, apart) = devices.split_at(devices.len().min(DEVICES));
                    let parts = apart.chunks(DEVICES).rev();
                    place.left.extend(parts.map(|part| part.iter().copied().map(Holder::Device).collect()));
                    let users = users.into_iter().map(Holder::User);
                    let holders = users.chain(with_them.iter().copied().map(Holder::Device)).collect();
                    place.left.push(holders);
                }
                Next::Shared(after) => {
                    let devices = reached::next_shared_devices(conn, after, READ).await?;
                    let Some(last) = devices.last().copied() else { return Ok(None) };
                    place.next = Next::Shared(Some(last));
                    place.left.push(devices.into_iter().map(Holder::Device).collect());
                }
            }
        }
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
