//! What people are told about their own sign-ins and devices.

use certporter_model::Timestamp;
use certporter_model::ids::{DeviceId, SecurityEventId, UserId};
use certporter_model::security_event::SecurityEventKind;

use super::{Bookkeeping, Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// Something that happened.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SecurityEvent in "security_events" {
        /// Its id.
        pub id: SecurityEventId,
        /// Who is told.
        pub user_id: UserId,
        /// What happened.
        pub kind: SecurityEventKind,
        /// Who did it, by name.
        pub actor: String,
        /// The device that it is about.
        pub device_id: Option<DeviceId>,
        /// When.
        pub at: Timestamp,
        /// When the person said that they have seen it.
        pub acknowledged_at: Option<Timestamp>,
    }
}

/// Keeps an event.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, event: &SecurityEvent) -> Result<()> {
    super::insert(tx, event).await
}

/// A person's events, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn of_user(conn: &mut Conn, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>> {
    let mut query = Sql::select::<SecurityEvent>();
    query.push(" WHERE user_id = ").bind(&user).push(" ORDER BY at DESC, id DESC LIMIT ").bind(&limit);
    query.all(conn).await
}

/// Notes that a person has seen their events up to that moment; answers how many were new to them.
///
/// # Errors
/// When the database refuses.
pub async fn acknowledge(tx: &mut WriteTx, user: UserId, until: Timestamp, now: Timestamp) -> Result<u64> {
    sql!(
        "UPDATE security_events SET acknowledged_at = $1
         WHERE user_id = $2 AND at <= $3 AND acknowledged_at IS NULL",
        now,
        user,
        until
    )
    .execute(tx)
    .await
}

/// Forgets what happened before `seen` and was seen by its person, and what happened before `unseen` and never was;
/// answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(books: &mut Bookkeeping, seen: Timestamp, unseen: Timestamp) -> Result<u64> {
    sql!(
        "DELETE FROM security_events WHERE at < $2 OR (at < $1 AND acknowledged_at IS NOT NULL)",
        seen,
        unseen
    )
    .execute(books)
    .await
}
