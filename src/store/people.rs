//! People and devices found by whole names and by beginnings of names, in the order of names.

use certporter_model::access::Visibility;
use certporter_model::ids::{DeviceId, UserId};

use super::devices::Device;
use super::dialect::{Searched, in_octets, push_words};
use super::users::User;
use super::visibility::Seen;
use super::{Conn, Engine, FromRow, Result, Sql, fold, search_key, trigrams};

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

/// People whose names have each of these words somewhere, in no order that matters.
///
/// # Errors
/// When the database refuses.
pub async fn having(conn: &mut Conn, visibility: &Visibility, text: &str, limit: u32) -> Result<Vec<User>> {
    let seen = Seen::by(conn, visibility).await?;
    let Some(mut query) = having_words::<User>(conn, Searched::Users, text).await? else {
        return Ok(Vec::new());
    };
    query.push(" AND users.deleted_at IS NULL");
    seen.push(&mut query, Some("users.id"), None);
    query.push(" LIMIT ").bind(&limit);
    query.all(conn).await
}

/// Devices whose names or numbers have each of these words somewhere, in no order that matters.
///
/// # Errors
/// When the database refuses.
pub async fn devices_having(
    conn: &mut Conn,
    visibility: &Visibility,
    text: &str,
    limit: u32,
) -> Result<Vec<Device>> {
    let seen = Seen::by(conn, visibility).await?;
    let Some(mut query) = having_words::<Device>(conn, Searched::Devices, text).await? else {
        return Ok(Vec::new());
    };
    query.push(" AND devices.deleted_at IS NULL");
    seen.push(&mut query, Some("devices.owner_id"), Some("devices.id"));
    query.push(" LIMIT ").bind(&limit);
    query.all(conn).await
}

/// Rows as the index of words gives them, so that it stops with the last that is wanted; none when it has no such words.
async fn having_words<T: FromRow>(conn: &mut Conn, table: Searched, text: &str) -> Result<Option<Sql>> {
    let words = search_key::words(text);
    if words.is_empty() {
        return Ok(None);
    }
    if conn.engine() == Engine::Postgres {
        let mut query = Sql::select::<T>();
        query.push(" WHERE 1 = 1");
        push_words(&mut query, table, &words);
        return Ok(Some(query));
    }
    let Some(wanted) = trigrams::wanted(conn, table, &words).await? else { return Ok(None) };
    let mut query = Sql::new("SELECT ");
    query.push(T::columns());
    query.push(match table {
        Searched::Users => {
            " FROM users_search CROSS JOIN users ON users.row_number = users_search.rowid
              WHERE users_search MATCH "
        }
        _ => {
            " FROM devices_search CROSS JOIN devices ON devices.row_number = devices_search.rowid
              WHERE devices_search MATCH "
        }
    });
    query.bind(&wanted);
    Ok(Some(query))
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
