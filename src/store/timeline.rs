//! What happened to requests, certificates and copies, step by step. Written by [`super::steps::events`].

use certporter_model::Timestamp;
use certporter_model::ids::{CertificateId, CopyId, DeviceId, RequestId, TimelineEventId, UserId};
use certporter_model::request::Step;

use super::{Conn, Result, Sql, table_row};

table_row! {
    /// A step that was taken.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TimelineEvent in "timeline" {
        /// Its place among all.
        pub seq: i64,
        /// Its id.
        pub id: TimelineEventId,
        /// When.
        pub at: Timestamp,
        /// Which step.
        pub step: Step,
        /// Of which request.
        pub request_id: Option<RequestId>,
        /// Of which certificate.
        pub certificate_id: Option<CertificateId>,
        /// Of which copy.
        pub copy_id: Option<CopyId>,
        /// On which device.
        pub device_id: Option<DeviceId>,
        /// For which user.
        pub user_id: Option<UserId>,
        /// By whom.
        pub actor: String,
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
}

/// What a timeline is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A request.
    Request(RequestId),
    /// A certificate, with the request that brought it.
    Certificate(CertificateId),
    /// A copy.
    Copy(CopyId),
    /// Everything on a device.
    Device(DeviceId),
    /// Everything of a user.
    User(UserId),
}

/// The newest steps first, below the place `before`.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, of: Of, before: Option<i64>, limit: u32) -> Result<Vec<TimelineEvent>> {
    let mut query = Sql::select::<TimelineEvent>();
    query.push(" WHERE ");
    match of {
        Of::Request(id) => query.push("request_id = ").bind(&id),
        Of::Certificate(id) => {
            query.push("(certificate_id = ").bind(&id);
            query
                .push(" OR request_id = (SELECT request_id FROM certificates WHERE id = ")
                .bind(&id)
                .push("))")
        }
        Of::Copy(id) => query.push("copy_id = ").bind(&id),
        Of::Device(id) => query.push("device_id = ").bind(&id),
        Of::User(id) => query.push("user_id = ").bind(&id),
    };
    query
        .push(" AND seq < ")
        .bind(&before.unwrap_or(i64::MAX))
        .push(" ORDER BY seq DESC LIMIT ")
        .bind(&limit);
    query.all(conn).await
}
