//! What changes, as it changes: pages that move by themselves and devices in a long poll hear of it here.
//!
//! One task of a process follows the outbox, so that a change made by any process of the portal is heard by all. What
//! is heard says only what a change is about: whoever listens asks the service for what they may see of it.

use std::time::Duration;

use certporter_model::{CertificateId, DeviceId, RequestId, UserId};
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::store::outbox::{self, OutboxEvent};
use crate::store::{Db, StoreError};

/// How often the outbox is looked at: well within the second in which a device shall hear of a revocation.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long to wait at least: much is committed at once when many devices are at work.
const BREATH: Duration = Duration::from_millis(10);
/// How long to wait after the database could not be read.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// Changes read at once.
const BATCH: u32 = 500;
/// Changes that a slow listener may be behind by; then it is told that it missed some.
const BEHIND: usize = 1024;

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The device it concerns.
    pub device: Option<DeviceId>,
    /// The user it concerns.
    pub user: Option<UserId>,
    /// The request it concerns.
    pub request: Option<RequestId>,
    /// The certificate it concerns.
    pub certificate: Option<CertificateId>,
}

impl From<&OutboxEvent> for Change {
    fn from(event: &OutboxEvent) -> Self {
        Self {
            device: event.device_id,
            user: event.user_id,
            request: event.request_id,
            certificate: event.certificate_id,
        }
    }
}

/// Changes to those who listen. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live(Sender<Change>);

impl Default for Live {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND).0)
    }
}

impl Live {
    /// Hears of every change from now on.
    #[must_use]
    pub fn listen(&self) -> Receiver<Change> {
        self.0.subscribe()
    }

    /// Follows the outbox for as long as it is awaited; `also` hears of each change too.
    pub async fn follow(&self, db: &Db, also: impl Fn(&Change)) {
        let mut seen = None;
        let mut told = db.told();
        loop {
            match self.step(db, &mut seen, &also).await {
                Ok(()) => {
                    tokio::time::sleep(BREATH).await;
                    // What this process commits is heard at once; what others do is looked for.
                    let _either = tokio::time::timeout(INTERVAL, told.changed()).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the outbox can't be followed");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Tells of everything that was announced since.
    async fn step(&self, db: &Db, seen: &mut Option<i64>, also: &impl Fn(&Change)) -> Result<(), StoreError> {
        let mut conn = db.read().await?;
        let mut place = match *seen {
            Some(place) => place,
            None => outbox::newest(&mut conn).await?,
        };
        loop {
            let events = outbox::after(&mut conn, place, BATCH).await?;
            for event in &events {
                let change = Change::from(event);
                also(&change);
                // Nobody listens: nothing to do.
                let _heard = self.0.send(change);
                place = event.seq;
            }
            *seen = Some(place);
            if events.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use certporter_model::Timestamp;
    use certporter_model::access::{Caller, Permission, Scope};

    use super::*;
    use crate::store::{Announcement, AuditEvent, Location, Target};

    async fn announce(db: &Db, device: DeviceId) {
        let permit = Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap();
        let mut tx = db.write(&permit).await.unwrap();
        tx.announce(Announcement { device_id: Some(device), ..Announcement::new("device") });
        tx.commit(AuditEvent::new(Timestamp::from_millis(1), "test", Target::none("device"))).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_committed_is_heard_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&Location::Sqlite(folder.path().join("live.sqlite"))).await.unwrap();
        db.migrate().await.unwrap();
        let device = |n| DeviceId::new(Timestamp::from_millis(1), [n; 10]);
        announce(&db, device(1)).await;
        let live = Live::default();
        let mut listener = live.listen();
        let also = RefCell::new(Vec::new());
        let mut seen = None;
        let heard = |change: &Change| also.borrow_mut().push(change.device);
        live.step(&db, &mut seen, &heard).await.unwrap();
        assert!(listener.is_empty(), "what was before is not told");
        announce(&db, device(2)).await;
        announce(&db, device(3)).await;
        live.step(&db, &mut seen, &heard).await.unwrap();
        live.step(&db, &mut seen, &heard).await.unwrap();
        assert_eq!(listener.recv().await.unwrap().device, Some(device(2)));
        assert_eq!(listener.recv().await.unwrap().device, Some(device(3)));
        assert!(listener.is_empty());
        assert_eq!(*also.borrow(), [Some(device(2)), Some(device(3))]);
    }
}
