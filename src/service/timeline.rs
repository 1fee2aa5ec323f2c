//! The timeline: what happened to a request, a copy, a certificate or a device, step by step.

use certporter_model::request::Step;
use certporter_model::{CertificateId, CopyId, DeviceId, RequestId, TimelineEventId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::ServiceError;
use super::page::{Page, PageQuery, sequence_page};
use crate::store::Conn;
use crate::store::timeline::{self, Of, TimelineEvent};

/// A step that was taken, or that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    /// Its id.
    pub id: TimelineEventId,
    /// When.
    pub at: Timestamp,
    /// Which step.
    pub step: Step,
    /// By whom, in words.
    pub actor: String,
    /// Of which request.
    pub request_id: Option<RequestId>,
    /// Of which certificate.
    pub certificate_id: Option<CertificateId>,
    /// Of which copy.
    pub copy_id: Option<CopyId>,
    /// On which device.
    pub device_id: Option<DeviceId>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Whether it went well.
    pub ok: bool,
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Anything more.
    pub detail: Option<String>,
}

/// Which part of a timeline.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TimelineQuery {
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// The newest first. Whether the caller may see it is asked before.
pub(super) async fn read(
    conn: &mut Conn,
    of: Of,
    query: &TimelineQuery,
) -> Result<Page<TimelineEntry>, ServiceError> {
    let (before, limit) = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.sequence()?;
    let rows = timeline::list(conn, of, before, limit + 1).await?;
    Ok(sequence_page(limit, rows, |row| row.seq).map(view))
}

fn view(row: TimelineEvent) -> TimelineEntry {
    TimelineEntry {
        id: row.id,
        at: row.at,
        step: row.step,
        actor: row.actor,
        request_id: row.request_id,
        certificate_id: row.certificate_id,
        copy_id: row.copy_id,
        device_id: row.device_id,
        duration_ms: row.duration_ms,
        ok: row.ok,
        cause: row.cause,
        remedy: row.remedy,
        detail: row.detail,
    }
}
