//! SQLite's write-ahead log goes back into its file beside the writer, not within its commits.
//!
//! By itself SQLite does that at the end of whichever commit makes the log long: for large transactions it takes as long as
//! they themselves, and all who wait to write wait for it. Here a connection of its own does it. Only if that falls behind
//! for long does a commit help, so that the log does not grow for ever.

use sqlx::sqlite::SqlitePool;
use tokio::sync::watch;

/// After so many changed rows it is worth while: as many pages of the log or more.
const ROWS: u64 = 500;

/// A commit helps when the log is as long as this, in pages of 4 KiB: 64 MiB.
pub(super) const HELP_AT: &str = "16384";

/// Sees to it. Ends when it is dropped.
#[derive(Debug)]
pub(super) struct Checkpoints {
    signal: watch::Sender<()>,
    /// Rows that were changed since the last time.
    rows: u64,
}

impl Checkpoints {
    /// Over a pool of one connection that nobody else uses.
    pub(super) fn start(pool: SqlitePool) -> Self {
        let (signal, mut due) = watch::channel(());
        tokio::spawn(async move {
            while due.changed().await.is_ok() {
                // What readers still need stays in the log until the next time.
                let done = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&pool).await;
                match done {
                    Ok(_) => {}
                    Err(sqlx::Error::PoolClosed) => return,
                    Err(error) => tracing::warn!("the write-ahead log can't be put back: {error}"),
                }
            }
        });
        Self { signal, rows: 0 }
    }

    /// So many rows were changed by a commit.
    pub(super) fn committed(&mut self, rows: u64) {
        self.rows += rows;
        if self.rows >= ROWS {
            self.rows = 0;
            self.signal.send_replace(());
        }
    }
}
