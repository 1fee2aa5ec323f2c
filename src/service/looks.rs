//! Looking at what follows for many: it takes seconds, so it goes on by itself while people see how far it is.
//!
//! A look is known by the digest of what it looks at. Whoever asks for the same again, by loading the page anew or on
//! another page, finds the same look. What was found is shown for [`FRESH`], and then looked for anew.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::thumbprint::ContentDigest;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use utoipa::ToSchema;

use super::consequences::{Consequences, shown};
use super::error::ServiceError;
use super::portal::Portal;
use crate::pipeline::planner::{Concerned, WhatIf};
use crate::plan::Limits;
use crate::store::Db;

/// What was found is shown for so long.
const FRESH: Duration = Duration::from_secs(30);

/// How far a look is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counting {
    /// So many devices and people were looked at.
    pub done: usize,
    /// Of so many.
    pub total: usize,
}

/// The looks that go on, and those that have just ended.
#[derive(Debug, Clone)]
pub struct Looks {
    known: Arc<Mutex<HashMap<ContentDigest, Arc<Look>>>>,
    /// One at a time: each takes every processor.
    turn: Arc<Semaphore>,
}

impl Default for Looks {
    fn default() -> Self {
        Self { known: Arc::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

#[derive(Debug)]
struct Look {
    digest: ContentDigest,
    total: usize,
    done: Arc<AtomicUsize>,
    ended: watch::Sender<Option<Ended>>,
}

#[derive(Debug, Clone)]
struct Ended {
    at: Timestamp,
    /// What was found, or what failed, in the words of the log.
    found: Result<Box<Consequences>, String>,
}

impl Look {
    fn so_far(&self) -> Consequences {
        let counting = Counting { done: self.done.load(Ordering::Relaxed), total: self.total };
        Consequences { digest: self.digest, counting: Some(counting), ..Consequences::default() }
    }
}

/// What follows from a change of what is the same for many. Few are looked at at once; for many the answer says how
/// far the look is when it takes longer than `patience`.
///
/// # Errors
/// When the database refuses.
pub(super) async fn look(
    portal: &Portal,
    what_if: WhatIf,
    patience: Duration,
) -> Result<Consequences, ServiceError> {
    let now = portal.now();
    let mut conn = portal.db().snapshot().await?;
    let concerned = what_if.concerning(&mut conn).await?;
    if !concerned.are_many() {
        let preview = concerned.preview(&mut conn, Limits::default(), now).await?;
        return Ok(shown(&mut conn, preview).await?);
    }
    drop(conn);
    let look = portal.looks().begin(portal, concerned, now);
    let mut ended = look.ended.subscribe();
    let waited = tokio::time::timeout(patience, ended.wait_for(Option::is_some)).await;
    let found = waited.ok().and_then(Result::ok).and_then(|it| it.clone());
    match found.map(|it| it.found) {
        None => Ok(look.so_far()),
        Some(Ok(consequences)) => Ok(*consequences),
        Some(Err(failure)) => Err(ServiceError::internal("looking at what follows", &failure)),
    }
}

/// What is known of a change for many before anybody has looked: by what it is known, and how many are concerned.
pub(super) fn to_be_looked_at(concerned: &Concerned) -> Consequences {
    let counting = Counting { done: 0, total: concerned.holders() };
    Consequences { digest: concerned.digest(), counting: Some(counting), ..Consequences::default() }
}

impl Looks {
    /// The look at this change: the one that goes on or has just ended, else a new one.
    fn begin(&self, portal: &Portal, concerned: Concerned, now: Timestamp) -> Arc<Look> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = now.minus(FRESH);
        known.retain(|_, look| look.ended.borrow().as_ref().is_none_or(|ended| ended.at > stale));
        if let Some(look) = known.get(&concerned.digest()) {
            return Arc::clone(look);
        }
        let look = Arc::new(Look {
            digest: concerned.digest(),
            total: concerned.holders(),
            done: Arc::default(),
            ended: watch::Sender::new(None),
        });
        known.insert(look.digest, Arc::clone(&look));
        let (this, portal, turn) = (Arc::clone(&look), portal.clone(), Arc::clone(&self.turn));
        tokio::spawn(async move {
            let _turn = turn.acquire_owned().await;
            let found = found(portal.db(), Arc::new(concerned), now, &this.done).await;
            let found = found.map(Box::new).map_err(|error| error.to_string());
            this.ended.send_replace(Some(Ended { at: portal.now(), found }));
        });
        look
    }
}

async fn found(
    db: &Db,
    concerned: Arc<Concerned>,
    now: Timestamp,
    done: &Arc<AtomicUsize>,
) -> Result<Consequences, ServiceError> {
    let done = Arc::clone(done);
    let looked_at = move |more| {
        done.fetch_add(more, Ordering::Relaxed);
    };
    let preview = concerned.look(db, Limits::default(), now, looked_at).await?;
    let mut conn = db.read().await?;
    Ok(shown(&mut conn, preview).await?)
}
