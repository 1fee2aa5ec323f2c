//! People and devices found by whole names and by beginnings of names, in the order of names.

use certporter_model::access::Visibility;
use certporter_model::ids::{DeviceId, UserId};

use super::devices::Device;
use super::dialect::{Searched, in_octets, push_words};
use super::users::User;
use super::visibility::{Kind, Seen};
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
        query.push(" AND ");
        seen.push_of_row(&mut query, Some("users.id"), None);
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
    let octets = in_octets(conn.engine());
    let beginning = |query: &mut Sql| {
        query.push(" FROM users WHERE users.deleted_at IS NULL");
        push_beginning(query, octets, "users.search_key", text);
    };
    first(conn, visibility, &PEOPLE, beginning, Some(("users.search_key", octets)), limit).await
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
    let octets = in_octets(conn.engine());
    let beginning = |query: &mut Sql| {
        query.push(" FROM devices WHERE devices.deleted_at IS NULL");
        push_beginning(query, octets, "devices.search_key", text);
    };
    first(conn, visibility, &DEVICES, beginning, Some(("devices.search_key", octets)), limit).await
}

/// People whose names have each of these words somewhere, in no order that matters.
///
/// # Errors
/// When the database refuses.
pub async fn having(conn: &mut Conn, visibility: &Visibility, text: &str, limit: u32) -> Result<Vec<User>> {
    let Some(words) = Words::of(conn, Searched::Users, text).await? else { return Ok(Vec::new()) };
    let having = |query: &mut Sql| {
        words.push(query);
        query.push(" AND users.deleted_at IS NULL");
    };
    first(conn, visibility, &PEOPLE, having, None, limit).await
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
    let Some(words) = Words::of(conn, Searched::Devices, text).await? else { return Ok(Vec::new()) };
    let having = |query: &mut Sql| {
        words.push(query);
        query.push(" AND devices.deleted_at IS NULL");
    };
    first(conn, visibility, &DEVICES, having, None, limit).await
}

const PEOPLE: Kind = Kind { id: "users.id", user: Some("users.id"), device: None };
const DEVICES: Kind = Kind { id: "devices.id", user: Some("devices.owner_id"), device: Some("devices.id") };

/// The first that a search finds and the caller may see, in the order of a column if one is given. The search is what
/// comes after the columns.
async fn first<T: FromRow>(
    conn: &mut Conn,
    visibility: &Visibility,
    kind: &Kind,
    search: impl Fn(&mut Sql),
    order: Option<(&'static str, &'static str)>,
    limit: u32,
) -> Result<Vec<T>> {
    let push_end = |query: &mut Sql, limit: u32| {
        if let Some((column, octets)) = order {
            query.push(" ORDER BY ").push(column).push(octets);
        }
        query.push(" LIMIT ").bind(&limit);
    };
    let seen = Seen::by(conn, visibility).await?;
    let found = seen.first_of(conn, kind, limit, |query, limit| {
        search(query);
        push_end(query, limit);
    });
    match found.await? {
        Some(ids) if ids.is_empty() => return Ok(Vec::new()),
        Some(ids) => {
            let mut query = Sql::select::<T>();
            query.push(" WHERE ").push(kind.id).push(" IN (").bind_list(&ids).push(")");
            push_end(&mut query, limit);
            return query.all(conn).await;
        }
        None => {}
    }
    let mut query = Sql::new("SELECT ");
    query.push(T::columns());
    search(&mut query);
    seen.push(&mut query, kind.user, kind.device);
    push_end(&mut query, limit);
    query.all(conn).await
}

/// Words that are looked for somewhere in the names of people or devices.
enum Words {
    /// SQLite: what the index of words is asked for. It gives rows as it finds them, and stops with the last that is wanted.
    Indexed(Searched, String),
    /// PostgreSQL.
    Like(Searched, Vec<String>),
    /// PostgreSQL: people whose names have words that are too short for a trigram.
    Short(Vec<String>),
}

impl Words {
    /// None when nothing has such words.
    async fn of(conn: &mut Conn, table: Searched, text: &str) -> Result<Option<Self>> {
        let words = search_key::words(text);
        if words.is_empty() {
            return Ok(None);
        }
        if conn.engine() == Engine::Sqlite {
            let wanted = trigrams::wanted(conn, table, &words).await?;
            return Ok(wanted.map(|wanted| Self::Indexed(table, wanted)));
        }
        let is_short = words.iter().all(|word| word.chars().count() <= SHORT_PART);
        Ok(Some(match table {
            Searched::Users if is_short => Self::Short(words),
            _ => Self::Like(table, words),
        }))
    }

    /// ` FROM .. WHERE ..`: rows that have them.
    fn push(&self, query: &mut Sql) {
        match self {
            Self::Indexed(Searched::Users, wanted) => {
                query.push(" FROM users_search CROSS JOIN users ON users.row_number = users_search.rowid");
                query.push(" WHERE users_search MATCH ").bind(wanted);
            }
            Self::Indexed(_, wanted) => {
                query.push(" FROM devices_search CROSS JOIN devices");
                query.push(" ON devices.row_number = devices_search.rowid");
                query.push(" WHERE devices_search MATCH ").bind(wanted);
            }
            Self::Like(table, words) => {
                // By itself and for these words, so that no limit tempts the planner to look through everything until it
                // is reached. What is not wanted is not read.
                query.push(match table {
                    Searched::Users => {
                        " FROM (WITH matches AS MATERIALIZED (SELECT * FROM users WHERE users.deleted_at IS NULL"
                    }
                    _ => {
                        " FROM (WITH matches AS MATERIALIZED (SELECT * FROM devices WHERE devices.deleted_at IS NULL"
                    }
                });
                push_words(query, *table, words);
                query.push(match table {
                    Searched::Users => ") SELECT * FROM matches) AS users WHERE 1 = 1",
                    _ => ") SELECT * FROM matches) AS devices WHERE 1 = 1",
                });
                query.planned_for_values();
            }
            Self::Short(words) => {
                query.push(" FROM users WHERE short_parts(users.search_key) @> ARRAY[");
                query.bind_list(words).push("]");
            }
        }
    }
}

/// The most characters of a part that the index of short parts knows.
const SHORT_PART: usize = 2;

/// Of these people, those whom the caller may see.
///
/// # Errors
/// When the database refuses.
pub async fn seen_of(conn: &mut Conn, visibility: &Visibility, ids: &[UserId]) -> Result<Vec<User>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::select::<User>();
    query.push(" WHERE users.deleted_at IS NULL AND users.id IN (").bind_list(ids).push(")");
    query.push(" AND ");
    seen.push_of_row(&mut query, Some("users.id"), None);
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
    query.push(" AND ");
    seen.push_of_row(&mut query, Some("devices.owner_id"), Some("devices.id"));
    query.push(" ORDER BY devices.id");
    query.all(conn).await
}

fn push_beginning(query: &mut Sql, octets: &'static str, column: &'static str, text: &str) {
    let from = fold(text);
    let to = format!("{from}\u{10ffff}");
    query.push(" AND ").push(column).push(octets).push(" >= ").bind(&from);
    query.push(" AND ").push(column).push(octets).push(" < ").bind(&to);
}
