//! Connections and transactions of either engine.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};

use certporter_model::access::Permit;
use certporter_model::ids::{CertificateId, CopyId, DeviceId, GroupId, RequestId, UserId};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};
use tokio::sync::watch;

use super::audit_events::{self, AuditEvent};
use super::shared_commit::Step;
use super::steps::events::{self, StepEvent};
use super::{Batch, Engine, Result, outbox};

/// A connection that reads, within a transaction or without.
pub struct Conn {
    inner: Inner,
    /// Groups, and those within them, as [`Seen`](super::visibility::Seen) found them last: a search by a limited role asks
    /// for the same several times.
    within: Option<(Vec<GroupId>, Vec<GroupId>)>,
}

enum Inner {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTx(Transaction<'static, Sqlite>),
    SqliteStep(Step),
    Postgres(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
}

/// A connection as `sqlx` wants it.
pub(crate) enum Handle<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Conn {
    const fn new(inner: Inner) -> Self {
        Self { inner, within: None }
    }

    /// The groups within these, if they were asked for last and can't have changed meanwhile by this connection.
    pub(super) fn known_within(&self, groups: &[GroupId]) -> Option<Vec<GroupId>> {
        let known = self.within.as_ref().filter(|(known, _)| known == groups);
        known.map(|(_, within)| within.clone())
    }

    /// Notes them, where nothing is written.
    pub(super) fn note_within(&mut self, groups: &[GroupId], within: &[GroupId]) {
        if matches!(self.inner, Inner::Sqlite(_) | Inner::SqliteTx(_) | Inner::Postgres(_)) {
            self.within = Some((groups.to_vec(), within.to_vec()));
        }
    }

    pub(crate) fn handle(&mut self) -> Handle<'_> {
        match &mut self.inner {
            Inner::Sqlite(conn) => Handle::Sqlite(&mut *conn),
            Inner::SqliteTx(tx) => Handle::Sqlite(&mut *tx),
            Inner::SqliteStep(step) => Handle::Sqlite(step.connection()),
            Inner::Postgres(conn) => Handle::Postgres(&mut *conn),
            Inner::PostgresTx(tx) => Handle::Postgres(&mut *tx),
        }
    }

    /// Which engine it talks to.
    pub(crate) fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite(_) | Inner::SqliteTx(_) | Inner::SqliteStep(_) => Engine::Sqlite,
            Inner::Postgres(_) | Inner::PostgresTx(_) => Engine::Postgres,
        }
    }

    pub(crate) fn sqlite(conn: PoolConnection<Sqlite>) -> Self {
        Self::new(Inner::Sqlite(conn))
    }

    pub(crate) fn sqlite_tx(tx: Transaction<'static, Sqlite>) -> Self {
        Self::new(Inner::SqliteTx(tx))
    }

    pub(super) fn sqlite_step(step: Step) -> Self {
        Self::new(Inner::SqliteStep(step))
    }

    pub(crate) fn postgres(conn: PoolConnection<Postgres>) -> Self {
        Self::new(Inner::Postgres(conn))
    }

    pub(crate) fn postgres_tx(tx: Transaction<'static, Postgres>) -> Self {
        Self::new(Inner::PostgresTx(tx))
    }

    /// Whether it is one of the transactions that share SQLite's commits.
    pub(super) fn is_step(&self) -> bool {
        matches!(self.inner, Inner::SqliteStep(_))
    }

    /// What a statement has answered. Where it has failed, the transaction can't be committed any more.
    pub(super) fn noting<T>(&mut self, answered: sqlx::Result<T>) -> sqlx::Result<T> {
        if let (Err(_), Inner::SqliteStep(step)) = (&answered, &mut self.inner) {
            step.failed();
        }
        answered
    }

    /// So many rows have changed.
    pub(super) fn changed(&mut self, rows: u64) {
        if let Inner::SqliteStep(step) = &mut self.inner {
            step.changed(rows);
        }
    }

    async fn commit(self) -> Result<()> {
        match self.inner {
            Inner::SqliteTx(tx) => tx.commit().await?,
            Inner::SqliteStep(step) => step.commit().await?,
            Inner::PostgresTx(tx) => tx.commit().await?,
            Inner::Sqlite(_) | Inner::Postgres(_) => {}
        }
        Ok(())
    }

    async fn rollback(self) -> Result<()> {
        match self.inner {
            Inner::SqliteTx(tx) => tx.rollback().await?,
            Inner::SqliteStep(step) => step.rollback().await?,
            Inner::PostgresTx(tx) => tx.rollback().await?,
            Inner::Sqlite(_) | Inner::Postgres(_) => {}
        }
        Ok(())
    }
}

macro_rules! lends {
    ($from:ty => $field:tt: $to:ty) => {
        impl Deref for $from {
            type Target = $to;
            fn deref(&self) -> &$to {
                &self.$field
            }
        }
        impl DerefMut for $from {
            fn deref_mut(&mut self) -> &mut $to {
                &mut self.$field
            }
        }
    };
}

/// A connection for reading alone.
pub struct ReadConn(pub(crate) Conn);
lends!(ReadConn => 0: Conn);

/// The common part of [`WriteTx`] and [`Bookkeeping`]: for functions that serve both.
pub struct WriteConn(Conn);
lends!(WriteConn => 0: Conn);

/// A transaction that changes the state of the business. Dropping it rolls back.
pub struct WriteTx {
    conn: WriteConn,
    permit: Permit,
    /// Rows of the timeline, written with the commit.
    steps: Vec<StepEvent>,
    announcements: Vec<Announcement>,
    /// Whom they concern, to see who is told already.
    concerned: HashSet<Announcement>,
    /// Who follows the outbox within this process hears of the commit by this.
    told: watch::Sender<()>,
    rehearsing: bool,
}
lends!(WriteTx => conn: WriteConn);

/// A transaction for what is no state of the business and so needs no audit event: sessions and their last use, rate
/// limits, idempotency keys, leases and heartbeats of the queue, last contacts, the reading and trimming of the
/// outbox, letters and what became of them. Nothing else may use it. Dropping it rolls back.
pub struct Bookkeeping(WriteConn);
lends!(Bookkeeping => 0: WriteConn);

/// What listeners hear of a change once it is committed: pages that move by themselves, devices in a long poll,
/// workers that wait for a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Announcement {
    /// What it is about: "copy", "request", "device", "job".
    pub kind: String,
    /// The device it concerns.
    pub device_id: Option<DeviceId>,
    /// The user it concerns.
    pub user_id: Option<UserId>,
    /// The request it concerns.
    pub request_id: Option<RequestId>,
    /// The certificate it concerns.
    pub certificate_id: Option<CertificateId>,
    /// The copy it concerns.
    pub copy_id: Option<CopyId>,
    /// Anything more, as JSON.
    pub payload: Option<String>,
}

/// So many announcements of a transaction are told one by one.
const ONE_BY_ONE: usize = 100;

impl Announcement {
    /// Of that kind, about nothing in particular.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }

    /// Whom it concerns, without what of theirs.
    fn whom(&self) -> Self {
        Self { request_id: None, certificate_id: None, copy_id: None, ..self.clone() }
    }
}

impl WriteTx {
    pub(crate) fn new(conn: Conn, permit: Permit, told: watch::Sender<()>, rehearsing: bool) -> Self {
        Self {
            conn: WriteConn(conn),
            permit,
            steps: Vec::new(),
            announcements: Vec::new(),
            concerned: HashSet::new(),
            told,
            rehearsing,
        }
    }

    /// With whose leave it was opened.
    #[must_use]
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Tells listeners once it is committed. Of very many, the first that concerns somebody speaks for the others of
    /// its kind: nobody looks at thousands one by one, and whoever listens looks anyway what has become of all.
    pub fn announce(&mut self, announcement: Announcement) {
        let somebody_else = self.concerned.insert(announcement.whom());
        let few = self.announcements.len() < ONE_BY_ONE;
        if somebody_else || (few && !self.announcements.contains(&announcement)) {
            self.announcements.push(announcement);
        }
    }

    pub(super) fn add_step(&mut self, step: StepEvent) {
        self.steps.push(step);
    }

    /// Writes the audit event and commits.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub async fn commit(self, event: AuditEvent) -> Result<()> {
        self.commit_all(vec![event]).await
    }

    /// Writes the audit events of a batch and commits.
    ///
    /// # Errors
    /// When there is no event, or the database refuses; [`super::StoreError::Rehearsed`] when the database was opened
    /// by [`super::Db::rehearsing`]. Nothing has changed then.
    pub async fn commit_all(mut self, events: Vec<AuditEvent>) -> Result<()> {
        if self.rehearsing {
            self.rollback().await?;
            return Err(super::StoreError::Rehearsed);
        }
        let Some(at) = events.first().map(|event| event.at) else {
            return Err(super::StoreError::Other("a transaction commits only with an audit event".into()));
        };
        let mut batch = Batch::new(self.conn.engine());
        events::write_all(&mut batch, self.permit.actor(), &self.steps);
        // The order of the sequences is the order of the commits: whoever follows them misses nothing.
        super::dialect::lock_sequences(&mut batch, self.conn.engine());
        audit_events::write_all(&mut batch, &self.permit, &events);
        outbox::write_all(&mut batch, at, &self.announcements);
        batch.run(&mut self.conn).await?;
        self.conn.0.commit().await?;
        if !self.announcements.is_empty() {
            self.told.send_replace(());
        }
        Ok(())
    }

    /// Gives everything up now, rather than when dropped.
    ///
    /// # Errors
    /// When the database is gone; nothing has changed then either.
    pub async fn rollback(self) -> Result<()> {
        self.conn.0.rollback().await
    }
}

impl Bookkeeping {
    pub(crate) fn new(conn: Conn) -> Self {
        Self(WriteConn(conn))
    }

    /// Commits.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub async fn commit(self) -> Result<()> {
        self.0.0.commit().await
    }
}
