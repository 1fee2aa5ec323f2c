//! A copy's state as its device reports it, with the row of its timeline.

use certporter_model::copy::CopyState;
use certporter_model::request::Step;
use certporter_model::{CopyId, TimelineEventId, Timestamp};

use super::{Result, WriteTx, sql};

/// A reported change of a copy.
#[derive(Debug, Clone)]
pub struct ReportedChange {
    /// The copy.
    pub copy: CopyId,
    /// Its state before.
    pub from: CopyState,
    /// Its state from now on.
    pub to: CopyState,
    /// The step that the timeline shows.
    pub step: Step,
    /// What the device says went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// The id of the row in the timeline.
    pub event: TimelineEventId,
}

/// Changes the copy and writes the timeline's row.
///
/// # Errors
/// When the copy is not in the state before any more, or the database refuses.
pub async fn change(tx: &mut WriteTx, change: &ReportedChange, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE copies SET state = $1, cause = $2, remedy = $3, updated_at = $4, version = version + 1,
                installed_at = CASE WHEN $1 = 'installed' THEN $4 ELSE installed_at END,
                removed_at = CASE WHEN $1 = 'removed' THEN $4 ELSE removed_at END
         WHERE id = $5 AND state = $6",
        change.to,
        change.cause,
        change.remedy,
        now,
        change.copy,
        change.from
    )
    .change(tx, "copy in that state")
    .await?;
    let actor = tx.permit().actor().to_string();
    sql!(
        "INSERT INTO timeline
             (id, at, step, request_id, certificate_id, copy_id, device_id, user_id, actor, ok, cause, remedy)
         SELECT $1, $2, $3, t.request_id, t.id, c.id, c.device_id, t.user_id, $4, $5, $6, $7
         FROM copies c JOIN certificates t ON t.id = c.certificate_id WHERE c.id = $8",
        change.event,
        now,
        change.step,
        actor,
        change.cause.is_none(),
        change.cause,
        change.remedy,
        change.copy
    )
    .change(tx, "copy")
    .await
}
