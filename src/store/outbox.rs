//! What was announced with commits, in their order: live pages, long polls and workers follow it.

use certporter_model::Timestamp;
use certporter_model::ids::{CertificateId, CopyId, DeviceId, RequestId, UserId};

use super::{Announcement, Batch, Bookkeeping, Conn, Result, Sql, sql, table_row};

table_row! {
    /// An announcement.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct OutboxEvent in "outbox" {
        /// Its place. A later commit never has a lower one.
        pub seq: i64,
        /// When.
        pub at: Timestamp,
        /// What it is about.
        pub kind: String,
        /// The device it concerns.
        pub device_id: Option<DeviceId>,
        /// The user it concerns.
        pub user_id: Option<UserId>,
        /// The request it concerns.
        pub request_id: Option<RequestId>,
        /// The certificate it concerns.
        pub certificate_id: Option<CertificateId>,
        /// The copy it concerns.
        pub copy_id: Option<CopyId>,
        /// Anything more, as JSON.
        pub payload: Option<String>,
    }
}

/// Rows of one statement.
const ROWS: usize = 200;

/// Writes what a transaction announces, in its order.
pub(super) fn write_all(batch: &mut Batch, at: Timestamp, all: &[Announcement]) {
    for chunk in all.chunks(ROWS) {
        let query = batch.next(
            "INSERT INTO outbox (at, kind, device_id, user_id, request_id, certificate_id, copy_id, payload) VALUES ",
        );
        for (index, it) in chunk.iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" });
            query.bind(&at).push(", ").bind(&it.kind).push(", ").bind(&it.device_id).push(", ");
            query.bind(&it.user_id).push(", ").bind(&it.request_id).push(", ").bind(&it.certificate_id);
            query.push(", ").bind(&it.copy_id).push(", ").bind(&it.payload).push(")");
        }
    }
}

/// Announcements after a place, the first ones first.
///
/// # Errors
/// When the database refuses.
pub async fn after(conn: &mut Conn, seq: i64, limit: u32) -> Result<Vec<OutboxEvent>> {
    let mut query = Sql::select::<OutboxEvent>();
    query.push(" WHERE seq > ").bind(&seq).push(" ORDER BY seq LIMIT ").bind(&limit);
    query.all(conn).await
}

/// The place of the newest announcement; 0 when there was none.
///
/// # Errors
/// When the database refuses.
pub async fn newest(conn: &mut Conn) -> Result<i64> {
    Ok(sql!("SELECT max(seq) FROM outbox").scalar::<Option<i64>>(conn).await?.unwrap_or(0))
}

/// Clears away what was announced before then.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(tx: &mut Bookkeeping, before: Timestamp) -> Result<u64> {
    sql!("DELETE FROM outbox WHERE at < $1", before).execute(tx).await
}
