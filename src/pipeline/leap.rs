//! A clock that leaps ahead, or an installation that stood still for long. Much would be due at once then: renewals of
//! whoever connects, holds that have lasted too long. Nothing of that is done by itself until somebody has said that the
//! time is right; what people and devices ask for, removals and CRLs go on.
//!
//! The time is held against when the portal itself was last heard of, which it notes several times a minute.

use std::time::Duration;

use certporter_model::thumbprint::ContentDigest;
use certporter_model::{ApprovalId, Timestamp};
use sha2::{Digest as _, Sha256};

use super::Pipeline;
use crate::plan::summary::Summary;
use crate::random::{Random, octets};
use crate::store::approvals::{self, Approval};
use crate::store::steps::connectors;
use crate::store::{AuditEvent, Conn, Db, StoreError, Target, WriteTx};

/// A portal that was not heard of for longer has leapt.
const LEAP: Duration = Duration::from_secs(7 * 86_400);

/// What the approval is called.
pub const KIND: &str = "clock";

/// Since when the portal was not heard of when a leap was noted.
fn began(leap: &Approval) -> Option<Timestamp> {
    leap.summary["from"].as_str()?.parse().ok()
}

/// Since when the portal was not heard of, when that is too long ago and nobody has said that the time is right.
async fn leapt_from(conn: &mut Conn, now: Timestamp) -> Result<Option<(Timestamp, bool)>, StoreError> {
    let last = approvals::newest_of(conn, KIND).await?;
    if let Some(last) = last.as_ref().filter(|it| matches!(it.state.as_str(), "waiting" | "refused")) {
        let from = began(last);
        // Once the clock is set back there is nothing to decide any more.
        return Ok(from.filter(|from| now.since(*from) > LEAP).map(|from| (from, true)));
    }
    // Who has just approved is later than what was heard before.
    let approved = last.filter(|it| it.state == "approved").and_then(|it| it.decided_at);
    let heard =
        connectors::last_heard_of(conn).await?.map(|heard| approved.map_or(heard, |at| heard.max(at)));
    Ok(heard.filter(|heard| now.since(*heard) > LEAP).map(|heard| (heard, false)))
}

/// Whether somebody still has to say that the time is right.
///
/// # Errors
/// When the database refuses.
pub async fn is_undecided(conn: &mut Conn, now: Timestamp) -> Result<bool, StoreError> {
    Ok(leapt_from(conn, now).await?.is_some())
}

/// Whether what is due by the clock alone has to wait for somebody. A leap that is new is noted, and waits as a plan does.
///
/// # Errors
/// When the database refuses.
pub async fn waits(db: &Db, now: Timestamp, random: &dyn Random) -> Result<bool, StoreError> {
    let Some((from, known)) = leapt_from(&mut *db.read().await?, now).await? else { return Ok(false) };
    if known {
        return Ok(true);
    }
    let mut tx = db.write(&Pipeline::permit()?).await?;
    // Another process may have been quicker.
    match leapt_from(&mut tx, now).await? {
        None => return Ok(false),
        Some((_, true)) => return Ok(true),
        Some((_, false)) => {}
    }
    let id = ask(&mut tx, from, now, random).await?;
    let event = AuditEvent::new(now, "clock.leap", Target::one("approval", id.as_uuid()));
    tx.commit(event.with("from", from.to_string()).with("to", now.to_string())).await?;
    tracing::warn!(%from, to = %now, "the clock has leapt: what is due by it waits until somebody approves");
    Ok(true)
}

/// Lets what is due by the clock alone wait for somebody.
async fn ask(
    tx: &mut WriteTx,
    from: Timestamp,
    now: Timestamp,
    random: &dyn Random,
) -> Result<ApprovalId, StoreError> {
    let mut summary = serde_json::to_value(Summary::default()).unwrap_or_default();
    if let Some(summary) = summary.as_object_mut() {
        summary.insert("from".to_owned(), from.to_string().into());
        summary.insert("to".to_owned(), now.to_string().into());
    }
    let digest: [u8; 32] = Sha256::digest(format!("clock {from}")).into();
    let approval = Approval {
        id: ApprovalId::new(now, octets(random)),
        kind: KIND.to_owned(),
        digest: ContentDigest::from_octets(digest),
        summary,
        state: "waiting".to_owned(),
        requested_by: tx.permit().actor().to_string(),
        requested_at: now,
        decided_by: None,
        decided_at: None,
        explanation: None,
    };
    approvals::wait(tx, &approval).await?;
    Ok(approval.id)
}

/// The clock was set back. Nobody has to decide on a leap any more that is over, and what was decided by the clock that was
/// ahead does not count: if it is ahead still, somebody is asked again.
///
/// # Errors
/// When the database refuses.
pub(super) async fn put_right(
    tx: &mut WriteTx,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let Some(last) = approvals::newest_of(tx, KIND).await? else { return Ok(()) };
    let Some(from) = began(&last) else { return Ok(()) };
    let still = now.since(from) > LEAP;
    let waits = last.state == "waiting";
    let decided_later = last.decided_at.is_some_and(|at| at > now);
    if decided_later || (waits && !still) {
        approvals::outdate(tx, last.id, now).await?;
    }
    if decided_later && still {
        ask(tx, from, now, random).await?;
    }
    Ok(())
}
