//! The database and its connections.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::access::Permit;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::watch;

use super::checkpoints::{self, Committed, LONG_FOR_SQLITE};
use super::shared_commit::Writer;
use super::tx::{Bookkeeping, Conn, ReadConn, WriteTx};
use super::{Engine, Result, StoreError, dialect, migration};

/// How long a transaction waits for another process's or another transaction's lock.
const BUSY: Duration = Duration::from_secs(10);
/// Connections that read SQLite at the same time.
const READERS: u32 = 8;
/// So many octets of the file are mapped into memory at most by who looks something up: all of it, as far as anybody has
/// that many.
const MAPPED: &str = "68719476736";
/// A transaction about so many things does not join others.
const MANY: usize = 100;
/// Rows that SQLite reads ahead of whoever takes them.
const ROWS_AHEAD: usize = 1000;
/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 20;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// An address that starts with `postgres://` or `postgresql://`; may hold a password.
    Postgres(String),
}

impl Location {
    /// From the text of a setting: `postgres://..`, `sqlite:PATH`, or a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Self::Postgres(text.to_owned());
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        Self::Sqlite(PathBuf::from(path))
    }
}

/// Without a password.
impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(address) => match PgConnectOptions::from_str(address) {
                Ok(options) => write!(
                    f,
                    "postgres://{}@{}:{}/{}",
                    options.get_username(),
                    options.get_host(),
                    options.get_port(),
                    options.get_database().unwrap_or_default()
                ),
                Err(_) => f.write_str("postgres:// (an address that can't be read)"),
            },
        }
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Location({self})")
    }
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pools: Pools,
    /// Hears of commits of this process that announce something.
    told: watch::Sender<()>,
    rehearsing: bool,
}

#[derive(Debug, Clone)]
enum Pools {
    /// One connection writes, others read: `readers` whatever they look up, `through` whatever they go through.
    Sqlite {
        writer: Writer,
        checkpoints: SqlitePool,
        readers: SqlitePool,
        through: SqlitePool,
    },
    Postgres(PgPool),
}

impl Db {
    fn new(pools: Pools) -> Self {
        Self { pools, told: watch::channel(()).0, rehearsing: false }
    }

    /// The same database, on which no change of the business's state can be committed: what is asked of it is found
    /// out, and rolled back.
    #[must_use]
    pub fn rehearsing(&self) -> Self {
        Self { rehearsing: true, ..self.clone() }
    }

    /// The connection that writes SQLite; none on PostgreSQL. For tests that fill the disk.
    #[must_use]
    pub fn sqlite_writer(&self) -> Option<&SqlitePool> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => Some(writer.pool()),
            Pools::Postgres(_) => None,
        }
    }

    /// Opens the database; makes the file if there is none. Does not touch the schema: see [`Db::migrate`].
    ///
    /// # Errors
    /// When it can't be opened, saying why and what to do.
    pub async fn connect(location: &Location) -> Result<Self> {
        let fails = |reason: String| StoreError::Open { location: location.to_string(), reason };
        match location {
            Location::Sqlite(path) => {
                create_private(path).map_err(|error| fails(explain(&error, path)))?;
                connect_sqlite(path).await.map_err(|error| fails(open_reason(error)))
            }
            Location::Postgres(address) => {
                let options = PgConnectOptions::from_str(address).map_err(|_| {
                    fails("the address is postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned())
                })?;
                let pool = PgPoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS)
                    .acquire_timeout(BUSY)
                    .connect_with(
                        options
                            .application_name("certporter")
                            .options([("lock_timeout", BUSY.as_millis().to_string())])
                            .statement_cache_capacity(500),
                    )
                    .await
                    .map_err(|error| fails(open_reason(error)))?;
                Ok(Self::new(Pools::Postgres(pool)))
            }
        }
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NewerVersion`] when a newer program was here; [`StoreError::Migration`] when it fails.
    pub async fn migrate(&self) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => migration::run_sqlite(&mut *writer.pool().acquire().await?).await,
            Pools::Postgres(pool) => migration::run_postgres(&mut *pool.acquire().await?).await,
        }
    }

    /// The newest schema version that this program knows.
    #[must_use]
    pub fn known_version() -> i64 {
        migration::known()
    }

    /// Which engine it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// A connection that reads. Every query sees the newest state.
    ///
    /// # Errors
    /// When none is free in time.
    pub async fn read(&self) -> Result<ReadConn> {
        Ok(ReadConn(match &self.pools {
            Pools::Sqlite { readers, .. } => Conn::sqlite(readers.acquire().await?),
            Pools::Postgres(pool) => Conn::postgres(pool.acquire().await?),
        }))
    }

    /// A connection that reads one and the same state in all its queries. Never holds a writer up.
    ///
    /// # Errors
    /// When none is free in time.
    pub async fn snapshot(&self) -> Result<ReadConn> {
        Ok(ReadConn(match &self.pools {
            Pools::Sqlite { readers, .. } => Conn::sqlite_tx(readers.begin_with("BEGIN DEFERRED").await?),
            Pools::Postgres(pool) => {
                Conn::postgres_tx(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?)
            }
        }))
    }

    /// The same, to go through very much: on SQLite the process holds no more of it than its cache, whereas what others
    /// look up is read where the kernel has it.
    ///
    /// # Errors
    /// When none is free in time.
    pub async fn snapshot_of_much(&self) -> Result<ReadConn> {
        match &self.pools {
            Pools::Sqlite { through, .. } => {
                Ok(ReadConn(Conn::sqlite_tx(through.begin_with("BEGIN DEFERRED").await?)))
            }
            Pools::Postgres(_) => self.snapshot().await,
        }
    }

    /// A transaction that changes the state of the business.
    ///
    /// # Errors
    /// When another writer does not end in time.
    pub async fn write(&self, permit: &Permit) -> Result<WriteTx> {
        Ok(WriteTx::new(
            self.begin(self.rehearsing).await?,
            permit.clone(),
            self.told.clone(),
            self.rehearsing,
        ))
    }

    /// The same, about so many things: one about many does not join others that run, of which SQLite would have to keep
    /// each page as it was (see [`shared_commit`](super::shared_commit)).
    ///
    /// # Errors
    /// When another writer does not end in time.
    pub async fn write_about(&self, things: usize, permit: &Permit) -> Result<WriteTx> {
        let alone = self.rehearsing || things >= MANY;
        Ok(WriteTx::new(self.begin(alone).await?, permit.clone(), self.told.clone(), self.rehearsing))
    }

    /// Changes whenever something that was announced is committed in this process. What others commit is only in the
    /// outbox.
    #[must_use]
    pub fn told(&self) -> watch::Receiver<()> {
        self.told.subscribe()
    }

    /// A transaction for what is no state of the business: see [`Bookkeeping`].
    ///
    /// # Errors
    /// When another writer does not end in time.
    pub async fn bookkeeping(&self) -> Result<Bookkeeping> {
        Ok(Bookkeeping::new(self.begin(false).await?))
    }

    async fn begin(&self, alone: bool) -> Result<Conn> {
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => Conn::sqlite_step(writer.begin(alone).await?),
            Pools::Postgres(pool) => Conn::postgres_tx(pool.begin().await?),
        })
    }

    /// The database's own time, which leases go by.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn now(&self) -> Result<Timestamp> {
        dialect::now(&mut *self.read().await?).await
    }

    /// The schema version that the database has.
    ///
    /// # Errors
    /// When it is not certporter's, or does not answer.
    pub async fn version(&self) -> Result<i64> {
        let newest =
            super::sql!("SELECT COALESCE(MAX(version), 0) AS version FROM _sqlx_migrations WHERE success");
        newest.scalar(&mut *self.read().await?).await
    }

    /// Whether it answers: for readiness.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn ping(&self) -> Result<()> {
        super::sql!("SELECT 1").scalar::<i64>(&mut *self.read().await?).await.map(|_| ())
    }

    /// Closes every connection, after what runs on them.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, checkpoints, readers, through } => {
                readers.close().await;
                through.close().await;
                checkpoints.close().await;
                writer.pool().close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

async fn connect_sqlite(path: &Path) -> Result<Db, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(500)
        // Rows go from SQLite's thread to ours by so many: fewer wake-ups.
        .row_buffer_size(ROWS_AHEAD)
        .pragma("cache_size", "-65536");
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            // A file does not hang up.
            .test_before_acquire(false)
    };
    let writing = options.clone().pragma("wal_autocheckpoint", LONG_FOR_SQLITE);
    let writer = pool(1).min_connections(1).connect_with(writing).await?;
    let checkpoints = pool(1).connect_with(options.clone()).await?;
    let reading = options
        .pragma("query_only", "on")
        .pragma("cache_size", "-16384")
        // Not where it writes: what a statement would undo is kept there too, and in memory the end of each
        // statement goes through all that its transaction has kept.
        .pragma("temp_store", "memory");
    // Who goes through everything comes back to little of it.
    let through = pool(READERS).connect_with(reading.clone().pragma("cache_size", "-4096")).await?;
    // What is written makes a connection forget its cache; what is mapped stays as near as the kernel has it.
    let readers = pool(READERS).connect_with(reading.pragma("mmap_size", MAPPED)).await?;
    let (committed, due) = Committed::new();
    let writer = Writer::new(writer, committed, BUSY);
    tokio::spawn(checkpoints::run(checkpoints.clone(), writer.pause(), due));
    Ok(Db::new(Pools::Sqlite { writer, checkpoints, readers, through }))
}

/// The file holds everything: nobody but its owner reads it.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

fn explain(error: &std::io::Error, path: &Path) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(Path::new("/"));
            format!("the folder {} does not exist; create it or choose another", folder.display())
        }
        std::io::ErrorKind::PermissionDenied => {
            "this user may not write it; check the owner and mode of the file and its folder".to_owned()
        }
        std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder; name a file".to_owned(),
        _ => error.to_string(),
    }
}

fn open_reason(error: sqlx::Error) -> String {
    match &error {
        sqlx::Error::Io(io) => {
            format!("the server can't be reached ({io}); check its address and that it runs")
        }
        sqlx::Error::PoolTimedOut => {
            "no answer in time; check the address and that the server runs".to_owned()
        }
        sqlx::Error::Database(database) => match database.code().as_deref() {
            Some("26") => "the file is not an SQLite database; name another, or restore a backup".to_owned(),
            Some("28P01" | "28000") => "the server refuses the user name or password".to_owned(),
            Some("3D000") => "the server has no such database; create it first".to_owned(),
            _ => StoreError::from(error).to_string(),
        },
        _ => StoreError::from(error).to_string(),
    }
}

/// Lets a file grow by so many pages at most, as a full disk would.
///
/// # Errors
/// When the database refuses.
pub async fn limit_pages(writer: &SqlitePool, more: i64) -> Result<()> {
    let mut conn = writer.acquire().await?;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *conn).await?;
    let pragma = format!("PRAGMA max_page_count = {}", pages.saturating_add(more));
    sqlx::query(sqlx::AssertSqlSafe(pragma)).execute(&mut *conn).await?;
    Ok(())
}
