//! Rows of the timeline.

use certporter_model::access::Actor;
use certporter_model::request::Step;
use certporter_model::{CertificateId, CopyId, DeviceId, RequestId, TimelineEventId, Timestamp, UserId};

use crate::store::{Batch, WriteTx};

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

/// Adds a row, which is written with the commit. Who did it comes from the transaction's permit.
pub fn add(tx: &mut WriteTx, event: StepEvent) {
    tx.add_step(event);
}

/// Rows of one statement.
const ROWS: usize = 200;

/// Writes the rows of a transaction, in their order.
pub(in crate::store) fn write_all(batch: &mut Batch, actor: &Actor, all: &[StepEvent]) {
    let actor = actor_text(actor);
    for chunk in all.chunks(ROWS) {
        let query = batch.next(
            "INSERT INTO timeline (id, at, step, request_id, certificate_id, copy_id, device_id, user_id, actor,
                                   duration_ms, ok, cause, remedy, detail) VALUES ",
        );
        for (index, event) in chunk.iter().enumerate() {
            let about = &event.about;
            query.push(if index == 0 { "(" } else { ", (" });
            query.bind(&event.id).push(", ").bind(&event.at).push(", ").bind(&event.step).push(", ");
            query.bind(&about.request).push(", ").bind(&about.certificate).push(", ").bind(&about.copy);
            query.push(", ").bind(&about.device).push(", ").bind(&about.user).push(", ").bind(&actor);
            query.push(", ").bind(&event.duration_ms).push(", ").bind(&event.cause.is_none()).push(", ");
            query.bind(&event.cause).push(", ").bind(&event.remedy).push(", ").bind(&event.detail).push(")");
        }
    }
}

/// How a timeline names somebody.
#[must_use]
pub fn actor_text(actor: &Actor) -> String {
    actor.to_string()
}
