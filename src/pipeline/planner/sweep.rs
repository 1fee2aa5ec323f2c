//! The plan for everybody: catches drift, and reaches renewal thresholds.
//!
//! It reads chunk by chunk without holding the writer, and makes jobs only for those with whom something is to be
//! done. What is done to more than [`crate::plan::safety`] allows waits for an administrator instead.

use std::time::Duration;

use certporter_model::access::Permit;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{ApprovalId, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{CHUNK, chunks, defer};
use crate::plan::safety::{Origin, needs_approval};
use crate::plan::summary::Summary;
use crate::plan::{Holder, Limits};
use crate::random::{Random, octets};
use crate::store::approvals::{self, Approval};
use crate::store::{AuditEvent, Db, StoreError, Target, certificates};

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
    for found in chunks::everybody(db, limits, now).await? {
        swept.summary.add(&found.summary);
        digests.update(found.digest);
        holders.extend(found.holders);
    }
    swept.holders = holders.len();
    if holders.is_empty() {
        return Ok(swept);
    }
    let digest = ContentDigest::from_octets(digests.finalize().into());
    let mut conn = db.read().await?;
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
            summary: shown(&swept.summary, &holders),
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

/// So many of the holders are named to whoever decides.
const NAMED: usize = 20;

/// The plan in numbers, with the first of those that it concerns.
fn shown(summary: &Summary, holders: &[Holder]) -> serde_json::Value {
    let mut value = serde_json::to_value(summary).unwrap_or_default();
    if let Some(value) = value.as_object_mut() {
        let named = &holders[..holders.len().min(NAMED)];
        value.insert("holders".to_owned(), serde_json::to_value(named).unwrap_or_default());
    }
    value
}
