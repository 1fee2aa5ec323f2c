//! People and devices found by whole names and by beginnings of names, in the order of names.

use certporter_model::access::Visibility;
use certporter_model::ids::{DeviceId, UserId};

use super::devices::Device;
use super::dialect::in_octets;
use super::users::User;
use super::visibility::Seen;
use super::{Conn, Result, Sql, fold};

/// The people whose user name or UPN is just this: at most two.
///
/// # Errors
/// When the database refuses.
pub async fn called(conn: &mut Conn, visibility: &Visibility, name: &str) -> Result<Vec<User>> {
    let seen = Seen::by(conn, visibility).await?;
    let key = fold(name);
    let mut found: Vec<User> = Vec::new();
    for column in ["user_name_key", "upn_key"] {
        let mut query = Sql::select::<User>();
        query.push(" WHERE users.deleted_at IS NULL AND users.").push(column).push(" IS NOT NULL AND users.");
        query.push(column).push(" = ").bind(&key);
        seen.push(&mut query, Some("users.id"), None);
        for user in query.all::<User>(conn).await? {
            if found.iter().all(|known| known.id != user.id) {
                found.push(user);
            }
        }
    }
    Ok(found)
}

/// The first people whose user names begin so.
///
/// # Errors
/// When the database refuses.
pub async fn beginning(
    conn: &mut Conn,
    visibility: &Visibility,
    text: &str,
    limit: u32,
) -> Result<Vec<User>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<User>();
    query.push(" WHERE users.deleted_at IS NULL");
    push_beginning(&mut query, conn, "users.search_key", text);
    seen.push(&mut query, Some("users.id"), None);
    push_first(&mut query, conn, "users.search_key", limit);
    query.all(conn).await
}

/// The first devices whose names begin so, which the caller may see by themselves or by their owners.
///
/// # Errors
/// When the database refuses.
pub async fn devices_beginning(
    conn: &mut Conn,
    visibility: &Visibility,
    text: &str,
    limit: u32,
) -> Result<Vec<Device>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<Device>();
    query.push(" WHERE devices.deleted_at IS NULL");
    push_beginning(&mut query, conn, "devices.search_key", text);
    seen.push(&mut query, Some("devices.owner_id"), Some("devices.id"));
    push_first(&mut query, conn, "devices.search_key", limit);
    query.all(conn).await
}

/// Of these people, those whom the caller may see.
///
/// # Errors
/// When the database refuses.
pub async fn seen_of(conn: &mut Conn, visibility: &Visibility, ids: &[UserId]) -> Result<Vec<User>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<User>();
    query.push(" WHERE users.deleted_at IS NULL AND users.id IN (").bind_list(ids).push(")");
    seen.push(&mut query, Some("users.id"), None);
    query.push(" ORDER BY users.id");
    query.all(conn).await
}

/// Of these devices, those whom the caller may see.
///
/// # Errors
/// When the database refuses.
pub async fn seen_devices(conn: &mut Conn, visibility: &Visibility, ids: &[DeviceId]) -> Result<Vec<Device>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<Device>();
    query.push(" WHERE devices.deleted_at IS NULL AND devices.id IN (").bind_list(ids).push(")");
    seen.push(&mut query, Some("devices.owner_id"), Some("devices.id"));
    query.push(" ORDER BY devices.id");
    query.all(conn).await
}

fn push_beginning(query: &mut Sql, conn: &Conn, column: &'static str, text: &str) {
    let from = fold(text);
    let to = format!("{from}\u{10ffff}");
    let octets = in_octets(conn.engine());
    query.push(" AND ").push(column).push(octets).push(" >= ").bind(&from);
    query.push(" AND ").push(column).push(octets).push(" < ").bind(&to);
}

fn push_first(query: &mut Sql, conn: &Conn, column: &'static str, limit: u32) {
    query.push(" ORDER BY ").push(column).push(in_octets(conn.engine())).push(" LIMIT ").bind(&limit);
}
