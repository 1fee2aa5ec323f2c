//! Whatever the two engines say differently.

use std::ops::Range;

use certporter_model::Timestamp;

use super::tx::Conn;
use super::{Batch, Result, Sql, search_key, sql};
use crate::clock::{Clock as _, SystemClock};

/// The database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, within the process.
    Sqlite,
    /// PostgreSQL, a server.
    Postgres,
}

/// The database's own time: what leases go by, so that the clocks of several machines don't matter.
pub(crate) async fn now(conn: &mut Conn) -> Result<Timestamp> {
    match conn.engine() {
        // It has none but that of the machine, which is every process's on this file.
        Engine::Sqlite => Ok(SystemClock.now()),
        Engine::Postgres => {
            sql!("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)").scalar(conn).await
        }
    }
}

/// What locks the rows that a `SELECT` finds until the transaction ends. SQLite has one writer at a time anyway.
pub(crate) fn for_update(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE",
    }
}

/// What keeps others from changing the rows that a `SELECT` finds until the transaction ends, but not from reading them
/// so as well.
pub(crate) fn for_share(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR SHARE",
    }
}

/// The same as [`for_update`], but passes over rows that are locked: for claiming jobs.
pub(crate) fn for_update_skip_locked(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE SKIP LOCKED",
    }
}

/// What has a text compared by its octets, as SQLite does anyway: the order of beginnings.
pub(crate) fn in_octets(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " COLLATE \"C\"",
    }
}

/// As many zero octets as the column `sealed` has: to overwrite a key before it is dropped. PostgreSQL writes every
/// version of a row to another place, and would overwrite nothing.
pub(crate) fn zeros_as_long_as_sealed(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "zeroblob(length(sealed))",
        Engine::Postgres => "NULL",
    }
}

/// A part of a packed column: see [`push_packed`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Packed {
    /// A UUID, never null: 16 octets.
    Id(&'static str),
    /// A UUID: 16 octets, zeros where it is null.
    IdOrNull(&'static str),
    /// As many octets as the column always has; never null.
    Octets(&'static str),
    /// An expression that is a text, never null. Only as the last part.
    Text(&'static str),
    /// An expression that is a text or number: how many octets it has, a colon, and itself; a dash where it is null.
    Value(&'static str),
}

/// Several columns as one, their octets one after the other. Where millions of rows are read, each value of a row costs
/// more than its octets.
pub(crate) fn push_packed(sql: &mut Sql, engine: Engine, parts: &[Packed]) {
    sql.push(if engine == Engine::Sqlite { "CAST(" } else { "(" });
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            sql.push(" || ");
        }
        match (part, engine) {
            (Packed::Id(column), Engine::Sqlite) | (Packed::Octets(column), _) => sql.push(column),
            (Packed::Id(column), Engine::Postgres) => sql.push("uuid_send(").push(column).push(")"),
            (Packed::IdOrNull(column), Engine::Sqlite) => {
                sql.push("COALESCE(").push(column).push(", x'00000000000000000000000000000000')")
            }
            (Packed::IdOrNull(column), Engine::Postgres) => sql
                .push("uuid_send(COALESCE(")
                .push(column)
                .push(", '00000000-0000-0000-0000-000000000000'))"),
            (Packed::Value(value), Engine::Sqlite) => {
                sql.push("COALESCE(length(CAST(").push(value).push(" AS BLOB)) || ':' || ");
                sql.push("(").push(value).push("), '-')")
            }
            (Packed::Value(value), Engine::Postgres) => {
                sql.push("convert_to(COALESCE(octet_length(CAST((")
                    .push(value)
                    .push(") AS TEXT)) || ':' || ");
                sql.push("CAST((").push(value).push(") AS TEXT), '-'), 'UTF8')")
            }
            (Packed::Text(text), Engine::Sqlite) => sql.push("(").push(text).push(")"),
            (Packed::Text(text), Engine::Postgres) => sql.push("convert_to(").push(text).push(", 'UTF8')"),
        };
    }
    sql.push(if engine == Engine::Sqlite { " AS BLOB)" } else { ")" });
}

/// Where a table's rows lie, for reading all of it in that order: the numbers of SQLite's rows, of PostgreSQL's blocks.
pub(crate) async fn extent(conn: &mut Conn, table: &'static str) -> Result<Range<i64>> {
    let engine = conn.engine();
    let ask = |start: &'static str, end: &'static str| {
        let mut query = Sql::new(start);
        query.push(table).push(end);
        query
    };
    match engine {
        Engine::Sqlite => {
            let first = ask("SELECT COALESCE(min(rowid), 0) FROM ", "").scalar(conn).await?;
            Ok(first..ask("SELECT COALESCE(max(rowid), -1) + 1 FROM ", "").scalar(conn).await?)
        }
        Engine::Postgres => {
            let blocks = "') / CAST(current_setting('block_size') AS BIGINT)";
            Ok(0..ask("SELECT pg_relation_size('", blocks).scalar(conn).await?)
        }
    }
}

/// The condition that a row of the table lies there.
pub(crate) fn push_lies(sql: &mut Sql, engine: Engine, table: &'static str, there: &Range<i64>) {
    for (compared, bound) in [(">= ", there.start), ("< ", there.end)] {
        sql.push(if compared == "< " { " AND " } else { "" }).push(table);
        match engine {
            Engine::Sqlite => sql.push(".rowid ").push(compared).bind(&bound),
            Engine::Postgres => {
                let place = format!("({bound},0)");
                sql.push(".ctid ").push(compared).push("CAST(").bind(place.as_str()).push(" AS TID)")
            }
        };
    }
}

/// The start of a statement that answers the column `packed` of all rows as one value, null if there is none.
pub(crate) fn all_as_one(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SELECT CAST(group_concat(packed, '') AS BLOB) FROM (SELECT ",
        Engine::Postgres => "SELECT string_agg(packed, CAST('' AS BYTEA)) FROM (SELECT ",
    }
}

/// Keeps others from taking numbers of the outbox and the audit trail until this transaction has ended: otherwise a
/// lower number could appear after a higher one was read.
pub(crate) fn lock_sequences(batch: &mut Batch, engine: Engine) {
    if engine == Engine::Postgres {
        // The number is this program's own.
        batch.next("SELECT pg_advisory_xact_lock(4919001)");
    }
}

/// The condition ` AND ..` that every word of `words` is somewhere in the table's search key.
pub(crate) fn push_search(sql: &mut Sql, engine: Engine, table: Searched, words: &str) {
    for word in search_key::words(words) {
        sql.push(" AND ");
        if engine == Engine::Sqlite && table.is_indexed() && is_in_trigrams(&word) {
            push_indexed(sql, table, &phrase(&word));
        } else {
            push_like(sql, table, &word);
        }
    }
}

/// SQLite: the condition that the index of words finds a row of the table by what it is asked for.
pub(crate) fn push_indexed(sql: &mut Sql, table: Searched, wanted: &str) {
    sql.push(table.sqlite_match()).bind(wanted).push(")");
}

/// The same condition without any index of words, for few rows.
pub(crate) fn push_words(sql: &mut Sql, table: Searched, words: &[String]) {
    for word in words {
        sql.push(" AND ");
        push_like(sql, table, word);
    }
}

fn push_like(sql: &mut Sql, table: Searched, word: &str) {
    // What the index finds is asked for all of it, as a key that the index doesn't know.
    if let Some(local) = local_part(word) {
        sql.push(table.search_key()).push(" LIKE ").bind(&like(local)).push(" ESCAPE '\\' AND ");
        sql.push(table.search_key()).push(" || ''");
    } else {
        sql.push(table.search_key());
    }
    sql.push(" LIKE ").bind(&like(word)).push(" ESCAPE '\\'");
}

/// The part of an address that an index is asked for: everybody is at the same few domains.
pub(crate) fn local_part(word: &str) -> Option<&str> {
    word.split_once('@').map(|(local, _)| local).filter(|local| is_in_trigrams(local))
}

/// The pattern of texts that have a word somewhere, to be used with a backslash as the escape.
pub(crate) fn like(word: &str) -> String {
    format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// The trigram index knows nothing shorter than three characters.
pub(crate) fn is_in_trigrams(word: &str) -> bool {
    word.chars().count() >= 3
}

/// A word as SQLite's full-text queries have it: exactly these characters, somewhere.
pub(crate) fn phrase(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

/// A table that can be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Searched {
    Users,
    Groups,
    Devices,
    Profiles,
    Certificates,
    Accounts,
}

impl Searched {
    const fn is_indexed(self) -> bool {
        matches!(self, Self::Users | Self::Devices | Self::Certificates)
    }

    const fn search_key(self) -> &'static str {
        match self {
            Self::Users => "users.search_key",
            Self::Groups => "groups.search_key",
            Self::Devices => "devices.search_key",
            Self::Profiles => "profiles.search_key",
            // As the index of PostgreSQL has it.
            Self::Certificates => "(certificates.search_key || ' ' || certificates.names_key)",
            Self::Accounts => "accounts.search_key",
        }
    }

    const fn sqlite_match(self) -> &'static str {
        match self {
            Self::Devices => {
                "devices.row_number IN (SELECT rowid FROM devices_search WHERE devices_search MATCH "
            }
            Self::Certificates => {
                "certificates.row_number IN (SELECT rowid FROM certificates_search WHERE certificates_search MATCH "
            }
            _ => "users.row_number IN (SELECT rowid FROM users_search WHERE users_search MATCH ",
        }
    }
}
