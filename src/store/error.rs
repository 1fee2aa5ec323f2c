//! What can go wrong with the database, and what to do about it.

/// An error of the database. Typed where somebody branches on it; the rest says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such row, or it was deleted.
    #[error("there is no such {what}")]
    NotFound {
        /// The kind of thing: "device".
        what: &'static str,
    },
    /// A unique constraint stands against it: `table__column__column`, or `table_pkey`.
    #[error("this already exists ({constraint})")]
    Conflict {
        /// Name of the constraint, the same on both engines.
        constraint: String,
    },
    /// Somebody else changed it since it was read.
    #[error("the {what} was changed by somebody else in the meantime: load it again")]
    Stale {
        /// The kind of thing.
        what: &'static str,
    },
    /// A row refers to one that does not exist, or is referred to.
    #[error("this refers to something that does not exist, or is still referred to")]
    Reference,
    /// A stored value is not what it should be.
    #[error("the database is damaged or was changed by hand: {table}.{column} {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What it should be.
        reason: String,
    },
    /// Somebody else holds the database's lock for longer than is waited for, or all connections are in use.
    #[error(
        "the database is busy: another process holds its lock. Try again; if it stays so, see which process has it open"
    )]
    Busy,
    /// Two transactions were in each other's way, and this one was rolled back. It may be tried again from the start.
    #[error("another change came in between: try again")]
    Serialization,
    /// The change was only rehearsed, and rolled back: see [`super::Db::rehearsing`].
    #[error("this was rehearsed only")]
    Rehearsed,
    /// No room left.
    #[error("the database can't grow: the disk or its quota is full. Free some space, then try again")]
    Full,
    /// The database was written by a newer version of the program.
    #[error(
        "the database has schema version {found}, this program knows versions up to {known}: \
         start the newer program, or restore a backup from before the upgrade"
    )]
    NewerVersion {
        /// The database's.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// A migration is not what it was when it was applied, or it failed.
    #[error("the database's schema can't be brought up to date: {0}")]
    Migration(String),
    /// It can't be opened.
    #[error("the database {location} can't be opened: {reason}")]
    Open {
        /// Path or address, without a password.
        location: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The server can't be reached any more.
    #[error("the database server can't be reached: {0}. It will be tried again")]
    Unreachable(String),
    /// Anything else: a defect of the program, or of the database.
    #[error("the database refused: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether the same transaction may succeed if it is run again from the start.
    #[must_use]
    pub const fn may_be_retried(&self) -> bool {
        matches!(self, Self::Busy | Self::Serialization | Self::Unreachable(_))
    }

    /// Whether it is a conflict with that constraint.
    #[must_use]
    pub fn is_conflict(&self, name: &str) -> bool {
        matches!(self, Self::Conflict { constraint } if constraint == name)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => from_database(database.as_ref()),
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            sqlx::Error::Io(io) => Self::Unreachable(io.to_string()),
            sqlx::Error::Tls(tls) => Self::Unreachable(tls.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

fn from_database(error: &dyn sqlx::error::DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default().into_owned();
    if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return from_postgres(&code, error);
    }
    from_sqlite(&code, error.message())
}

/// SQLSTATE codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn from_postgres(code: &str, error: &dyn sqlx::error::DatabaseError) -> StoreError {
    match code {
        "23505" => StoreError::Conflict { constraint: error.constraint().unwrap_or("unnamed").to_owned() },
        "23503" => StoreError::Reference,
        "40001" | "40P01" => StoreError::Serialization,
        "55P03" | "53300" => StoreError::Busy,
        "53100" => StoreError::Full,
        _ if code.starts_with("08") || code.starts_with("57P") => {
            StoreError::Unreachable(error.message().to_owned())
        }
        _ => StoreError::Other(format!("{} (SQLSTATE {code})", error.message())),
    }
}

/// Result codes: <https://www.sqlite.org/rescode.html>. The primary code is the lowest octet of the extended one.
fn from_sqlite(code: &str, message: &str) -> StoreError {
    let extended: u32 = code.parse().unwrap_or(0);
    match (extended, extended & 0xff) {
        (787, _) => StoreError::Reference,
        (1555 | 2067, _) => StoreError::Conflict { constraint: constraint_of(extended == 1555, message) },
        (_, 5 | 6) => StoreError::Busy,
        (_, 13) => StoreError::Full,
        (_, 8) => StoreError::Other(format!("{message}: check the permissions of the file and its folder")),
        (_, 11 | 26) => StoreError::Other(format!("{message}: restore a backup")),
        _ => StoreError::Other(format!("{message} (SQLite code {extended})")),
    }
}

/// SQLite names the columns ("UNIQUE constraint failed: users.source, users.external_id"); the index's name follows
/// from them by the rule that names unique indexes in `migrations/`.
fn constraint_of(primary: bool, message: &str) -> String {
    let columns = message.rsplit_once(": ").map_or(message, |(_, columns)| columns);
    if let Some(index) = columns.strip_prefix("index '") {
        return index.trim_end_matches('\'').to_owned();
    }
    let mut pairs = columns.split(", ").filter_map(|c| c.split_once('.'));
    let Some((table, first)) = pairs.next() else { return columns.to_owned() };
    let rest: Vec<&str> = pairs.map(|(_, column)| column).collect();
    // A table that is searched has a number as its key, and its id is merely unique.
    if primary || (first == "id" && rest.is_empty()) {
        return format!("{table}_pkey");
    }
    rest.iter().fold(format!("{table}__{first}"), |name, column| format!("{name}__{column}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_names_a_constraint_as_postgres_does() {
        let of =
            |primary, columns: &str| constraint_of(primary, &format!("UNIQUE constraint failed: {columns}"));
        assert_eq!(of(false, "users.source, users.external_id"), "users__source__external_id");
        assert_eq!(of(false, "users.id"), "users_pkey");
        assert_eq!(of(true, "rate_limits.name, rate_limits.window_start"), "rate_limits_pkey");
    }

    #[test]
    fn errors_of_sqlite_say_what_to_do() {
        assert!(matches!(from_sqlite("5", "database is locked"), StoreError::Busy));
        assert!(matches!(from_sqlite("13", "database or disk is full"), StoreError::Full));
        assert!(from_sqlite("26", "file is not a database").to_string().contains("backup"));
    }
}
