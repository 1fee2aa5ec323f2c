//! SQLite's write-ahead log goes back into its file beside the writer, not within its commits.
//!
//! By itself SQLite does that at the end of whichever commit makes the log long: for large transactions it takes as long as
//! they themselves, and all who wait to write wait for it. Here a connection of its own does it. The log begins anew only
//! when all of it is in the file, so where it is written to all the time, writers wait for a moment once it is long.

use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::sync::watch;

use super::shared_commit::Pause;

/// After so many changed rows it is worth while: as many pages of the log or more.
const ROWS: u64 = 500;

/// So long it is waited before: what is written in a burst is put back once, and not beside it.
const BURST: Duration = Duration::from_secs(1);

/// When the log is as long as this, in pages of 4 KiB, writers wait: 64 MiB.
const LONG: i64 = 16_384;

/// The same for SQLite: where few rows are very large, a commit does it.
pub(super) const LONG_FOR_SQLITE: &str = "16384";

/// Hears of commits. The work ends when this is dropped.
#[derive(Debug)]
pub(super) struct Committed {
    signal: watch::Sender<()>,
    /// Rows that were changed since the last time.
    rows: u64,
}

impl Committed {
    /// With what hears it.
    pub(super) fn new() -> (Self, watch::Receiver<()>) {
        let (signal, due) = watch::channel(());
        (Self { signal, rows: 0 }, due)
    }

    /// So many rows were changed by a commit.
    pub(super) fn rows(&mut self, rows: u64) {
        self.rows += rows;
        if self.rows >= ROWS {
            self.rows = 0;
            self.signal.send_replace(());
        }
    }
}

/// Sees to it, over a pool of one connection that nobody else uses.
pub(super) async fn run(pool: SqlitePool, pause: Pause, mut due: watch::Receiver<()>) {
    while due.changed().await.is_ok() {
        tokio::time::sleep(BURST).await;
        let done = match put_back(&pool).await {
            Ok(pages) if pages >= LONG => match pause.begin().await {
                // What came meanwhile is little, and nothing comes now.
                Some(_paused) => put_back(&pool).await,
                None => return,
            },
            done => done,
        };
        match done {
            Ok(_) => {}
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => tracing::warn!("the write-ahead log can't be put back: {error}"),
        }
    }
}

/// What readers still need stays in the log until the next time. Answers how many pages the log has.
async fn put_back(pool: &SqlitePool) -> sqlx::Result<i64> {
    let (_busy, pages, _put_back): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(pool).await?;
    Ok(pages)
}
