//! The plan for everybody: catches drift, and reaches renewal thresholds.
//!
//! It reads chunk by chunk without holding the writer, and makes jobs only for those with whom something is to be
//! done. What is done to more than [`crate::plan::safety`] allows waits for an administrator instead.

use std::collections::BTreeSet;
use std::time::Duration;

use certporter_model::access::Permit;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{ApprovalId, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{CHUNK, decide, defer};
use crate::plan::safety::{Origin, needs_approval};
use crate::plan::summary::{Summary, digest};
use crate::plan::{Holder, Limits};
use crate::random::{Random, octets};
use crate::store::approvals::{self, Approval};
use crate::store::planning::reached as reading;
use crate::store::{AuditEvent, Conn, Db, StoreError, Target, certificates};

/// Holders are read so many at a time.
const READ: u32 = 1000;

/// An approval holds for a plan that is made within this time, if it is the same plan.
const APPROVED_FOR: Duration = Duration::from_secs(24 * 3600);

/// What a sweep found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// What is to be done.
    pub summary: Summary,
    /// With how many holders; jobs were made for them.
    pub holders: usize,
    /// Whether it waits for an administrator; then no job was made.
    pub waits: bool,
}

/// Plans for everybody, and has done what is to be done.
///
/// # Errors
/// When the database refuses.
pub async fn sweep(
    db: &Db,
    permit: &Permit,
    kind: &'static str,
    limits: Limits,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let mut holders = Vec::new();
    let mut digests = Sha256::new();
    let mut conn = db.read().await?;
    let mut after = None;
    loop {
        let chunk = next(&mut conn, after).await?;
        let Some(last) = chunk.last().copied() else { break };
        after = Some(last);
        let chunk: BTreeSet<Holder> = chunk.into_iter().collect();
        let (_, by_slot) = decide(&mut conn, &chunk, limits, now).await?;
        let actions = || by_slot.iter().flat_map(|(_, actions)| actions);
        if !by_slot.is_empty() {
            swept.summary.add(&Summary::of(actions()));
            digests.update(digest(actions()).as_octets());
            let concerned: BTreeSet<Holder> = by_slot.iter().map(|(slot, _)| slot.holder).collect();
            holders.extend(concerned);
        }
    }
    swept.holders = holders.len();
    if holders.is_empty() {
        return Ok(swept);
    }
    let digest = ContentDigest::from_octets(digests.finalize().into());
    let alive = usize::try_from(certificates::alive(&mut conn, now).await?).unwrap_or(usize::MAX);
    swept.waits = needs_approval(Origin::Automatic, &swept.summary, alive)
        && !approvals::is_approved(&mut conn, kind, digest, now.minus(APPROVED_FOR)).await?;
    drop(conn);
    let mut tx = db.write(permit).await?;
    let done = if swept.waits {
        let approval = Approval {
            id: ApprovalId::new(now, octets(random)),
            kind: kind.to_owned(),
            digest,
            summary: serde_json::to_value(&swept.summary).unwrap_or_default(),
            state: "waiting".to_owned(),
            requested_by: permit.actor().to_string(),
            requested_at: now,
            decided_by: None,
            decided_at: None,
            explanation: None,
        };
        approvals::wait(&mut tx, &approval).await?;
        "plan.wait"
    } else {
        for chunk in holders.chunks(CHUNK) {
            defer(&mut tx, chunk, now, random).await?;
        }
        "plan.carry_out"
    };
    let event = AuditEvent::new(now, done, Target::none("plan"))
        .with("holders", swept.holders)
        .with("summary", serde_json::to_value(&swept.summary).unwrap_or_default());
    tx.commit(event).await?;
    Ok(swept)
}

/// The next holders: all devices, then all users.
async fn next(conn: &mut Conn, after: Option<Holder>) -> Result<Vec<Holder>, StoreError> {
    let device = match after {
        Some(Holder::User(user)) => {
            let users = reading::next_users(conn, Some(user), READ).await?;
            return Ok(users.into_iter().map(Holder::User).collect());
        }
        Some(Holder::Device(device)) => Some(device),
        None => None,
    };
    let devices = reading::next_devices(conn, device, READ).await?;
    if !devices.is_empty() {
        return Ok(devices.into_iter().map(Holder::Device).collect());
    }
    let users = reading::next_users(conn, None, READ).await?;
    Ok(users.into_iter().map(Holder::User).collect())
}
