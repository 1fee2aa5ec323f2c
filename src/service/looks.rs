//! Looking at what follows for many: it takes seconds, so it goes on by itself while people see how far it is.
//!
//! A look is known by the digest of what it looks at. Whoever asks for the same again, by loading the page anew or on
//! another page, finds the same look. What was found is shown for [`FRESH`], and then looked for anew.
//!
//! One goes on at a time and [`MOST`] are known that have not ended: whoever asks for one more is told to try again. A
//! look ends when nobody has asked for it for [`FORGOTTEN`]; one whose task dies ends with it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::thumbprint::ContentDigest;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use utoipa::ToSchema;

use super::consequences::{Consequences, shown};
use super::error::ServiceError;
use super::portal::Portal;
use crate::clock::Clock;
use crate::pipeline::planner::{Concerned, WhatIf};
use crate::plan::Limits;
use crate::store::Db;

/// What was found is shown for so long.
const FRESH: Duration = Duration::from_secs(30);
/// A look that nobody has asked for in so long is given up. A page that shows it asks every second.
const FORGOTTEN: Duration = Duration::from_secs(60);
/// So often it is seen whether a look is still asked for.
const GLANCE: Duration = Duration::from_secs(1);
/// So many looks may go on or wait for their turn.
const MOST: usize = 16;
/// Seconds after which somebody may ask again who was one too many.
const LATER: u64 = 10;

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
    known: Arc<Mutex<Known>>,
    /// One at a time: each takes every processor.
    turn: Arc<Semaphore>,
}

type Known = HashMap<ContentDigest, Arc<Look>>;

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
    /// When somebody asked for it last, in milliseconds.
    asked_at: AtomicI64,
    ended: watch::Sender<Option<Ended>>,
}

#[derive(Debug, Clone)]
struct Ended {
    at: Timestamp,
    found: Result<Box<Consequences>, Arc<ServiceError>>,
}

impl Look {
    fn so_far(&self) -> Consequences {
        let counting = Counting { done: self.done.load(Ordering::Relaxed), total: self.total };
        Consequences { digest: self.digest, counting: Some(counting), ..Consequences::default() }
    }

    fn goes_on(&self) -> bool {
        self.ended.borrow().is_none()
    }

    fn is_asked_for(&self, now: Timestamp) {
        self.asked_at.store(now.as_millis(), Ordering::Relaxed);
    }

    fn asked_at(&self) -> Timestamp {
        Timestamp::from_millis(self.asked_at.load(Ordering::Relaxed))
    }

    /// Ends it, unless it has ended.
    fn end(&self, at: Timestamp, found: Result<Consequences, ServiceError>) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(Ended { at, found: found.map(Box::new).map_err(Arc::new) });
            }
            first
        });
    }
}

/// Held by a look's task: however the task ends, the look has ended then.
struct Task {
    look: Arc<Look>,
    clock: Arc<dyn Clock>,
}

impl Drop for Task {
    fn drop(&mut self) {
        let detail = "the look at what follows was cut short: ask again".to_owned();
        self.look.end(self.clock.now(), Err(ServiceError::Unavailable { detail, retry_after: 1 }));
    }
}

/// Somebody who asks for a look, and for whom it goes on.
struct Asking {
    look: Arc<Look>,
    ended: watch::Receiver<Option<Ended>>,
}

/// What follows from a change of what is the same for many. Few are looked at at once; for many the answer says how
/// far the look is when it takes longer than `patience`.
///
/// # Errors
/// When the database refuses, or so many look already that this has to wait: [`ServiceError::Unavailable`].
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
    let at = (concerned.digest(), concerned.holders());
    let db = portal.db().clone();
    let asking = portal.looks().ask(portal.clock(), at, |done| found(db, Arc::new(concerned), now, done))?;
    portal.looks().answer(asking, patience).await
}

/// What is known of a change for many before anybody has looked: by what it is known, and how many are concerned.
pub(super) fn to_be_looked_at(concerned: &Concerned) -> Consequences {
    let counting = Counting { done: 0, total: concerned.holders() };
    Consequences { digest: concerned.digest(), counting: Some(counting), ..Consequences::default() }
}

impl Looks {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the look of this digest, at so many holders: the one that goes on or has just ended, else a new one,
    /// which does this work and counts how many were looked at.
    fn ask<Work>(
        &self,
        clock: &Arc<dyn Clock>,
        (digest, total): (ContentDigest, usize),
        work: impl FnOnce(Arc<AtomicUsize>) -> Work,
    ) -> Result<Asking, ServiceError>
    where
        Work: Future<Output = Result<Consequences, ServiceError>> + Send + 'static,
    {
        let now = clock.now();
        let mut known = self.known();
        let stale = now.minus(FRESH);
        known.retain(|_, look| look.ended.borrow().as_ref().is_none_or(|ended| ended.at > stale));
        let look = if let Some(look) = known.get(&digest) {
            Arc::clone(look)
        } else {
            if known.values().filter(|look| look.goes_on()).count() >= MOST {
                let detail = "so many large changes are being looked at that another has to wait: try again in a moment";
                return Err(ServiceError::Unavailable { detail: detail.to_owned(), retry_after: LATER });
            }
            let look = Arc::new(Look {
                digest,
                total,
                done: Arc::default(),
                asked_at: AtomicI64::default(),
                ended: watch::Sender::new(None),
            });
            known.insert(digest, Arc::clone(&look));
            let task = Task { look: Arc::clone(&look), clock: Arc::clone(clock) };
            let work = work(Arc::clone(&look.done));
            tokio::spawn(self.clone().go(task, work));
            look
        };
        look.is_asked_for(now);
        Ok(Asking { ended: look.ended.subscribe(), look })
    }

    /// Does the work when it is its turn, for as long as somebody asks for it.
    async fn go(self, task: Task, work: impl Future<Output = Result<Consequences, ServiceError>>) {
        let in_turn = async {
            let _turn = self.turn.acquire().await;
            work.await
        };
        tokio::select! {
            found = in_turn => task.look.end(task.clock.now(), found),
            () = self.forgotten(&task) => {}
        }
    }

    /// Returns when nobody asks for the look any more.
    async fn forgotten(&self, task: &Task) {
        loop {
            tokio::time::sleep(GLANCE).await;
            if self.forget(&task.look, task.clock.now()) {
                return;
            }
        }
    }

    /// Drops a look that nobody asks for any more. Answers whether it did.
    fn forget(&self, look: &Look, now: Timestamp) -> bool {
        let mut known = self.known();
        if look.ended.receiver_count() > 0 {
            look.is_asked_for(now);
        }
        let forgotten = now.since(look.asked_at()) > FORGOTTEN;
        if forgotten {
            known.remove(&look.digest);
        }
        forgotten
    }

    /// What was found, or how far the look is after so long. What failed is told once, and then looked at anew.
    async fn answer(&self, asking: Asking, patience: Duration) -> Result<Consequences, ServiceError> {
        let Asking { look, mut ended } = asking;
        let waited = tokio::time::timeout(patience, ended.wait_for(Option::is_some)).await;
        let found = waited.ok().and_then(Result::ok).and_then(|ended| ended.clone());
        match found.map(|ended| ended.found) {
            None => Ok(look.so_far()),
            Some(Ok(consequences)) => Ok(*consequences),
            Some(Err(failure)) => {
                let mut known = self.known();
                if known.get(&look.digest).is_some_and(|it| Arc::ptr_eq(it, &look)) {
                    known.remove(&look.digest);
                }
                Err(told_again(&failure))
            }
        }
    }
}

/// A failure as it is told to each who asked.
fn told_again(failure: &ServiceError) -> ServiceError {
    match failure {
        ServiceError::Unavailable { detail, retry_after } => {
            ServiceError::Unavailable { detail: detail.clone(), retry_after: *retry_after }
        }
        ServiceError::Internal { instance } => ServiceError::Internal { instance: instance.clone() },
        other => ServiceError::internal("looking at what follows", other),
    }
}

async fn found(
    db: Db,
    concerned: Arc<Concerned>,
    now: Timestamp,
    done: Arc<AtomicUsize>,
) -> Result<Consequences, ServiceError> {
    let looked_at = move |more| {
        done.fetch_add(more, Ordering::Relaxed);
    };
    let preview = concerned.look(&db, Limits::default(), now, looked_at).await?;
    let mut conn = db.read().await?;
    Ok(shown(&mut conn, preview).await?)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;

    use super::*;
    use crate::clock::ManualClock;

    /// Longer than any of these tests takes.
    const LONG: Duration = Duration::from_secs(60);

    struct Scene {
        looks: Looks,
        moved: Arc<ManualClock>,
        clock: Arc<dyn Clock>,
    }

    impl Scene {
        fn new() -> Self {
            let moved = Arc::new(ManualClock::new(Timestamp::from_seconds(1_767_225_600)));
            Self { looks: Looks::default(), clock: moved.clone(), moved }
        }

        /// Asks for a look that finds so many holders.
        fn ask(&self, number: u8, holders: usize) -> Result<Asking, ServiceError> {
            let found = Consequences { holders, ..Consequences::default() };
            self.looks.ask(&self.clock, (digest(number), 500), |_| async move { Ok(found) })
        }

        /// Asks for a look that never ends by itself. The other end is closed when its work is given up.
        fn ask_long(&self, number: u8) -> (Asking, oneshot::Receiver<()>) {
            let (held, given_up) = oneshot::channel();
            let work = |_| async move {
                let _held = held;
                pending().await
            };
            (self.looks.ask(&self.clock, (digest(number), 500), work).unwrap(), given_up)
        }

        async fn found(&self, asking: Asking) -> Result<usize, ServiceError> {
            self.looks.answer(asking, LONG).await.map(|found| found.holders)
        }
    }

    fn digest(number: u8) -> ContentDigest {
        ContentDigest::from_octets([number; 32])
    }

    #[tokio::test]
    async fn whoever_asks_for_the_same_finds_the_same_look_while_it_is_fresh() {
        let scene = Scene::new();
        let first = scene.ask(1, 7).unwrap();
        assert_eq!(scene.found(first).await.unwrap(), 7);
        assert_eq!(scene.found(scene.ask(1, 8).unwrap()).await.unwrap(), 7);
        scene.moved.advance(FRESH + Duration::from_secs(1));
        assert_eq!(scene.found(scene.ask(1, 8).unwrap()).await.unwrap(), 8);
    }

    #[tokio::test]
    async fn more_than_so_many_are_asked_to_come_again() {
        let scene = Scene::new();
        let most = u8::try_from(MOST).unwrap();
        let mut going_on: Vec<_> = (0..most).map(|number| scene.ask_long(number)).collect();
        let refused = scene.ask(most, 1).err().unwrap();
        assert!(
            matches!(&refused, ServiceError::Unavailable { retry_after: LATER, detail } if detail.contains("try again")),
            "{refused}"
        );
        // Whoever asks for one of those that go on is told how far it is.
        let (again, _) = scene.ask_long(0);
        let so_far = scene.looks.answer(again, Duration::ZERO).await.unwrap();
        assert_eq!(so_far.counting, Some(Counting { done: 0, total: 500 }));
        // As soon as one is given up, another may begin.
        let (asking, given_up) = going_on.remove(0);
        drop(asking);
        scene.moved.advance(FORGOTTEN + Duration::from_secs(1));
        given_up.await.unwrap_err();
        scene.ask(most, 1).unwrap();
    }

    #[tokio::test]
    async fn what_nobody_asks_for_any_more_gives_up_its_turn() {
        let scene = Scene::new();
        let (forgotten, given_up) = scene.ask_long(1);
        let next = scene.ask(2, 5).unwrap();
        let so_far = scene.looks.answer(forgotten, Duration::ZERO).await.unwrap();
        assert!(so_far.counting.is_some());
        scene.moved.advance(FORGOTTEN + Duration::from_secs(1));
        // The second waits for its turn, and is waited for.
        assert_eq!(scene.found(next).await.unwrap(), 5);
        given_up.await.unwrap_err();
    }

    #[tokio::test]
    async fn what_is_waited_for_is_not_given_up_however_long_it_takes() {
        let scene = Scene::new();
        let (asking, _given_up) = scene.ask_long(1);
        let look = Arc::clone(&asking.look);
        let later = scene.clock.now().plus(FORGOTTEN * 10);
        assert!(!scene.looks.forget(&look, later));
        drop(asking);
        assert!(!scene.looks.forget(&look, later.plus(FORGOTTEN)), "it may be asked for again");
        assert!(scene.looks.forget(&look, later.plus(FORGOTTEN + Duration::from_millis(1))));
    }

    #[tokio::test]
    async fn one_that_dies_is_told_once_and_begun_anew() {
        async fn dies(_: Arc<AtomicUsize>) -> Result<Consequences, ServiceError> {
            panic!("a look that dies, for the test")
        }
        let scene = Scene::new();
        let first = scene.looks.ask(&scene.clock, (digest(1), 500), dies).unwrap();
        let second = scene.ask(1, 9).unwrap();
        for asking in [first, second] {
            let cut_short = scene.found(asking).await.unwrap_err();
            assert!(matches!(cut_short, ServiceError::Unavailable { retry_after: 1, .. }), "{cut_short}");
        }
        assert_eq!(scene.found(scene.ask(1, 9).unwrap()).await.unwrap(), 9);
    }

    #[test]
    fn one_whose_task_is_cancelled_has_ended() {
        let scene = Scene::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let entered = runtime.enter();
        let (asking, _given_up) = scene.ask_long(1);
        assert!(asking.look.goes_on());
        drop(entered);
        drop(runtime);
        assert!(!asking.look.goes_on());
    }
}
