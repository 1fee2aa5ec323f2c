//! SQLite's transactions, many to a commit.
//!
//! SQLite has one writer at a time, and every commit waits for the disk. So those that wait for their turn while a
//! transaction runs join it: each is a savepoint of one outer transaction, and one commit is all of theirs. None of
//! them answers before that commit; until then no other connection sees anything of them. If it fails, all of them
//! have failed. A transaction that fails alone is rolled back alone.
//!
//! Whoever has finished stands in line again, behind those who wait already, to commit. Nobody waits for somebody who
//! comes later, and a transaction that nobody waits behind is committed at once.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::checkpoints::Committed;
use super::{Result, StoreError};

/// The writer of an SQLite file: hands out turns. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pool: SqlitePool,
    line: Arc<Mutex<Outer>>,
    /// Those that take long wait for each other here first, so that never more than one of them stands in the line, and
    /// whoever is quick does not wait for all of them.
    long: Arc<Mutex<()>>,
    patience: Duration,
}

/// The outer transaction, while one is open.
#[derive(Debug)]
struct Outer {
    conn: Option<PoolConnection<Sqlite>>,
    /// Those who have finished in it, and wait for its commit.
    finished: Vec<oneshot::Sender<Result<()>>>,
    /// Rows that were changed in it.
    changed: u64,
    committed: Committed,
}

type Turn = OwnedMutexGuard<Outer>;

impl Writer {
    /// Over a pool of one connection; a turn is waited for so long.
    pub(super) fn new(pool: SqlitePool, committed: Committed, patience: Duration) -> Self {
        let outer = Outer { conn: None, finished: Vec::new(), changed: 0, committed };
        Self { pool, line: Arc::new(Mutex::new(outer)), long: Arc::default(), patience }
    }

    /// How somebody may keep it from writing for a moment.
    pub(super) fn pause(&self) -> Pause {
        Pause(Arc::downgrade(&self.line))
    }

    pub(super) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// A transaction, when it is its turn. One that is `alone` shares no commit with those before it: for what takes long
    /// and is rolled back, and for what changes very much, of which a savepoint would keep every page as it was.
    pub(super) async fn begin(&self, alone: bool) -> Result<Step> {
        let turn = async {
            let _next_of_the_long = if alone { Some(self.long.lock().await) } else { None };
            Arc::clone(&self.line).lock_owned().await
        };
        let turn = tokio::time::timeout(self.patience, turn).await.map_err(|_| StoreError::Busy)?;
        // From here on, dropping the step tidies up, wherever it is dropped.
        let line = Arc::clone(&self.line);
        let mut step = Step { conn: None, turn: Some(turn), line, begun: false, failed: false, changed: 0 };
        let Some(outer) = step.turn.as_mut() else { return Err(stopped()) };
        if alone && outer.conn.is_some() {
            outer.commit().await;
        }
        if let Some(conn) = outer.conn.take() {
            step.conn = Some(conn);
            step.run("SAVEPOINT step").await?;
            step.begun = true;
        } else {
            // The first needs no savepoint: if it fails, there is nothing else to keep.
            step.conn = Some(self.pool.acquire().await?);
            step.run("BEGIN IMMEDIATE").await?;
        }
        Ok(step)
    }
}

/// Keeps the writer from writing. Does not keep the writer itself.
#[derive(Debug, Clone)]
pub(super) struct Pause(Weak<Mutex<Outer>>);

/// Nobody writes until this is dropped.
pub(super) struct Paused {
    _turn: Turn,
}

impl Pause {
    /// When it is its turn; those who have finished by then are committed. None when the writer is gone.
    pub(super) async fn begin(&self) -> Option<Paused> {
        let mut turn = self.0.upgrade()?.lock_owned().await;
        turn.commit().await;
        Some(Paused { _turn: turn })
    }
}

/// A transaction within the outer one. Dropping it rolls it back, and it alone.
pub(super) struct Step {
    /// The connection, which the outer transaction gets back when this ends.
    conn: Option<PoolConnection<Sqlite>>,
    turn: Option<Turn>,
    line: Arc<Mutex<Outer>>,
    /// Whether there surely is a savepoint of its own: the first in the outer transaction has none.
    begun: bool,
    /// Whether one of its statements has failed.
    failed: bool,
    /// Rows that it has changed.
    changed: u64,
}

impl Step {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        match &mut self.conn {
            Some(conn) => conn,
            None => unreachable!("a step has its connection until it ends, which uses it up"),
        }
    }

    /// One of its statements has failed, and what it had done by then is not undone: only rolling all back is left.
    pub(super) fn failed(&mut self) {
        self.failed = true;
    }

    /// So many rows have changed.
    pub(super) fn changed(&mut self, rows: u64) {
        self.changed += rows;
    }

    async fn run(&mut self, statement: &'static str) -> Result<()> {
        sqlx::query(statement).execute(self.connection()).await?;
        Ok(())
    }

    /// Finishes; returns when all is on disk. It is finished even if nobody waits for that any more. After a statement
    /// that failed it is rolled back instead.
    pub(super) async fn commit(mut self) -> Result<()> {
        if self.failed {
            self.rollback().await?;
            return Err(StoreError::Other("a statement of the transaction had failed".to_owned()));
        }
        let (Some(mut conn), Some(mut turn)) = (self.conn.take(), self.turn.take()) else {
            return Err(stopped());
        };
        let (line, begun, changed) = (Arc::clone(&self.line), self.begun, self.changed);
        let finishing = tokio::spawn(async move {
            let released = if begun {
                sqlx::query("RELEASE step").execute(&mut *conn).await.map(|_| ())
            } else {
                Ok(())
            };
            if let Err(error) = released {
                turn.conn = Some(conn);
                let error = StoreError::from(error);
                turn.lose(&error).await;
                return Err(error);
            }
            let (finished, committed) = oneshot::channel();
            turn.conn = Some(conn);
            turn.changed += changed;
            turn.finished.push(finished);
            drop(turn);
            wait_or_commit(line, committed).await
        });
        finishing.await.map_err(|_| stopped())?
    }

    /// Gives it up now.
    pub(super) async fn rollback(mut self) -> Result<()> {
        let (Some(conn), Some(turn)) = (self.conn.take(), self.turn.take()) else { return Ok(()) };
        let giving_up = tokio::spawn(give_up(conn, turn, self.begun));
        giving_up.await.map_err(|_| stopped())
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        let Some(conn) = self.conn.take().or_else(|| turn.conn.take()) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(give_up(conn, turn, self.begun));
        }
    }
}

/// Waits until somebody has committed, or does it when it is its own turn.
async fn wait_or_commit(line: Arc<Mutex<Outer>>, mut committed: oneshot::Receiver<Result<()>>) -> Result<()> {
    tokio::select! {
        biased;
        result = &mut committed => return result.unwrap_or_else(|_| Err(stopped())),
        mut turn = line.lock_owned() => turn.commit().await,
    }
    committed.await.unwrap_or_else(|_| Err(stopped()))
}

async fn give_up(mut conn: PoolConnection<Sqlite>, mut turn: Turn, begun: bool) {
    if turn.finished.is_empty() {
        turn.conn = Some(conn);
        turn.end().await;
        return;
    }
    if !begun {
        // Others have finished in it, and there is nothing of its own to roll back.
        turn.conn = Some(conn);
        turn.commit().await;
        return;
    }
    let mut undone = sqlx::query("ROLLBACK TO step").execute(&mut *conn).await;
    if undone.is_ok() {
        undone = sqlx::query("RELEASE step").execute(&mut *conn).await;
    }
    turn.conn = Some(conn);
    if let Err(error) = undone {
        // A full disk, say, has rolled back everything.
        turn.lose(&StoreError::from(error)).await;
    }
}

impl Outer {
    /// Commits for all who have finished, and tells them.
    async fn commit(&mut self) {
        let Some(conn) = self.conn.as_mut() else { return };
        match sqlx::query("COMMIT").execute(&mut **conn).await {
            Ok(_) => {
                self.conn = None;
                self.committed.rows(std::mem::take(&mut self.changed));
                for finished in self.finished.drain(..) {
                    // Who doesn't listen any more doesn't mind.
                    let _gone = finished.send(Ok(()));
                }
            }
            Err(error) => self.lose(&StoreError::from(error)).await,
        }
    }

    /// Everything in it is lost: tells all who have finished.
    async fn lose(&mut self, error: &StoreError) {
        for finished in self.finished.drain(..) {
            let _gone = finished.send(Err(again(error)));
        }
        self.end().await;
    }

    /// Rolls back, and gives the connection back.
    async fn end(&mut self) {
        self.changed = 0;
        if let Some(mut conn) = self.conn.take() {
            // An error that rolled back by itself leaves nothing to roll back.
            let _nothing = sqlx::query("ROLLBACK").execute(&mut *conn).await;
        }
    }
}

/// The same for another who has failed of it.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full => StoreError::Full,
        StoreError::Busy => StoreError::Busy,
        other => StoreError::Other(format!("the commit failed: {other}")),
    }
}

fn stopped() -> StoreError {
    StoreError::Unreachable("the process is stopping".to_owned())
}
