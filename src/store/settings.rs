//! Settings that are kept in the database, each a JSON value under a name.

use certporter_model::Timestamp;
use serde_json::Value;

use super::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// A setting.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Setting in "settings" {
        /// Its name.
        pub name: String,
        /// Its value.
        pub value: Value,
        /// Counts changes.
        pub version: i64,
        /// Changed last then.
        pub updated_at: Timestamp,
    }
}

/// The setting of that name.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<Setting>> {
    let mut query = Sql::select::<Setting>();
    query.push(" WHERE name = ").bind(name);
    query.optional(conn).await
}

/// Sets it, new or not.
///
/// # Errors
/// When the database refuses.
pub async fn set(tx: &mut WriteTx, name: &str, value: &Value, now: Timestamp) -> Result<()> {
    sql!(
        "INSERT INTO settings (name, value, version, updated_at) VALUES ($1, $2, 1, $3)
         ON CONFLICT (name) DO UPDATE SET value = $2, version = settings.version + 1, updated_at = $3",
        name,
        value,
        now
    )
    .execute(tx)
    .await
    .map(|_| ())
}

/// The name of what is set for holds.
pub const HOLDS: &str = "holds";

/// How many days a certificate may be on hold before it is revoked, if somebody has set that.
///
/// # Errors
/// When the database refuses.
pub async fn longest_hold_days(conn: &mut Conn) -> Result<Option<u32>> {
    let days = get(conn, HOLDS).await?.and_then(|setting| setting.value["longest_days"].as_u64());
    Ok(days.and_then(|days| u32::try_from(days).ok()))
}

/// How many days a kind of thing is kept; `None` for ever.
///
/// # Errors
/// When the database refuses.
pub async fn retention_days(conn: &mut Conn, kind: &str) -> Result<Option<u32>> {
    sql!("SELECT days FROM retention WHERE kind = $1", kind).optional_scalar(conn).await
}

/// Sets how many days a kind of thing is kept.
///
/// # Errors
/// When the database refuses.
pub async fn set_retention_days(tx: &mut WriteTx, kind: &str, days: u32, now: Timestamp) -> Result<()> {
    sql!(
        "INSERT INTO retention (kind, days, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (kind) DO UPDATE SET days = $2, updated_at = $3",
        kind,
        days,
        now
    )
    .execute(tx)
    .await
    .map(|_| ())
}
