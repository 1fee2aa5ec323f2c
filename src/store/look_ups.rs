//! Whom and what somebody looked up, as the audit trail has it.

use certporter_model::Timestamp;
use certporter_model::ids::{DeviceId, UserId};
use uuid::Uuid;

use super::{Conn, Result, sql, table_row};

/// What the audit trail calls it. The index of look-ups is on just these, and is used where the word is written out.
pub const ACTION: &str = "users.look_up";

table_row! {
    /// A person who was looked up, and when last.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct LookUp in "audit_events" {
        /// Who.
        pub target_id: UserId,
        /// When.
        pub at: Timestamp,
    }
}

/// So many of somebody's latest look-ups are gone through: some people are looked up again and again.
const CONSIDERED: u32 = 200;

/// The people whom somebody looked up, the last one first, each once.
///
/// # Errors
/// When the database refuses.
pub async fn latest(conn: &mut Conn, actor: Uuid, limit: usize) -> Result<Vec<LookUp>> {
    let text = "SELECT target_id, at FROM audit_events
                WHERE action = 'users.look_up' AND actor_id = $1 AND target_id IS NOT NULL ORDER BY seq DESC LIMIT $2";
    let mut found: Vec<LookUp> = Vec::new();
    for it in sql!(text, actor, CONSIDERED).all::<LookUp>(conn).await? {
        if found.len() == limit {
            break;
        }
        if !found.iter().any(|known| known.target_id == it.target_id) {
            found.push(it);
        }
    }
    Ok(found)
}

/// Whether somebody looked a person up since that moment.
///
/// # Errors
/// When the database refuses.
pub async fn since(conn: &mut Conn, actor: Uuid, user: UserId, since: Timestamp) -> Result<bool> {
    let text = "SELECT CAST(1 AS BIGINT) FROM audit_events
                WHERE target_kind = 'user' AND target_id = $1 AND action = 'users.look_up' AND actor_id = $2
                      AND at >= $3 LIMIT 1";
    Ok(sql!(text, user, actor, since).optional_scalar::<i64>(conn).await?.is_some())
}

/// Whether somebody looked a device up by itself since that moment.
///
/// # Errors
/// When the database refuses.
pub async fn of_device_since(
    conn: &mut Conn,
    actor: Uuid,
    device: DeviceId,
    since: Timestamp,
) -> Result<bool> {
    let text = "SELECT CAST(1 AS BIGINT) FROM audit_events
                WHERE target_kind = 'device' AND target_id = $1 AND action = 'devices.look_up' AND actor_id = $2
                      AND at >= $3 LIMIT 1";
    Ok(sql!(text, device, actor, since).optional_scalar::<i64>(conn).await?.is_some())
}
