//! Rows of the timeline.

use certporter_model::access::Actor;
use certporter_model::request::Step;
use certporter_model::{CertificateId, CopyId, DeviceId, RequestId, TimelineEventId, Timestamp, UserId};

use crate::store::{Result, WriteTx, sql};

/// What a row of the timeline is about; it shows in the timelines of all of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct About {
    /// The request.
    pub request: Option<RequestId>,
    /// The certificate.
    pub certificate: Option<CertificateId>,
    /// The copy.
    pub copy: Option<CopyId>,
    /// The device.
    pub device: Option<DeviceId>,
    /// The user.
    pub user: Option<UserId>,
}

/// A step that was taken, or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepEvent {
    /// Its id.
    pub id: TimelineEventId,
    /// When.
    pub at: Timestamp,
    /// Which step.
    pub step: Step,
    /// About what.
    pub about: About,
    /// How long it took, in milliseconds, where that says something.
    pub duration_ms: Option<i64>,
    /// What went wrong; none when it went well.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Anything more, in a few words: an algorithm, a CRL's number.
    pub detail: Option<String>,
}

/// Adds a row. Who did it comes from the transaction's permit.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, event: &StepEvent) -> Result<()> {
    let actor = actor_text(tx.permit().actor());
    let about = &event.about;
    sql!(
        "INSERT INTO timeline (id, at, step, request_id, certificate_id, copy_id, device_id, user_id, actor,
                               duration_ms, ok, cause, remedy, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        event.id,
        event.at,
        event.step,
        about.request,
        about.certificate,
        about.copy,
        about.device,
        about.user,
        actor,
        event.duration_ms,
        event.cause.is_none(),
        event.cause,
        event.remedy,
        event.detail
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How a timeline names somebody.
#[must_use]
pub fn actor_text(actor: &Actor) -> String {
    actor.to_string()
}
