//! Wakes the long polls of devices.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use certporter_model::DeviceId;
use tokio::sync::Notify;

/// Who waits for which device. Whoever follows the outbox calls [`Wakes::wake`] for each event about a device, so that
/// a change made by any process of the portal is noticed by all.
#[derive(Debug, Clone, Default)]
pub struct Wakes(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<HashMap<DeviceId, Arc<Notify>>>,
    closing: AtomicBool,
}

/// A poll that waits for a device's events, from its making on.
#[derive(Debug)]
pub struct Waiter {
    wakes: Wakes,
    device: DeviceId,
    notify: Arc<Notify>,
}

impl Wakes {
    /// Nobody waits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts to listen: an event that comes between this and [`Waiter::woken`] is not lost.
    #[must_use]
    pub fn listen(&self, device: DeviceId) -> Waiter {
        let notify = Arc::clone(self.lock().entry(device).or_default());
        Waiter { wakes: self.clone(), device, notify }
    }

    /// Something about the device has changed.
    pub fn wake(&self, device: DeviceId) {
        if let Some(notify) = self.lock().get(&device) {
            notify.notify_waiters();
            // For a poll that listens and does not wait yet.
            notify.notify_one();
        }
    }

    /// The process ends: polls answer with what there is, and wait no more.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    /// Whether polls shall wait no more.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::SeqCst)
    }

    /// Anything may have changed: events were lost.
    pub fn wake_all(&self) {
        for notify in self.lock().values() {
            notify.notify_waiters();
            notify.notify_one();
        }
    }

    /// How many devices are waited for.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceId, Arc<Notify>>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Waits for the next event.
    pub async fn woken(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiting = self.wakes.lock();
        // The map's and this one: nobody else waits.
        if Arc::strong_count(&self.notify) <= 2 {
            waiting.remove(&self.device);
        }
    }
}

#[cfg(test)]
mod tests {
    use certporter_model::Timestamp;

    use super::*;

    #[tokio::test]
    async fn an_event_before_the_wait_is_not_lost_and_nothing_is_left_behind() {
        let wakes = Wakes::new();
        let device = DeviceId::new(Timestamp::from_millis(1), [1; 10]);
        let waiter = wakes.listen(device);
        let other = wakes.listen(device);
        wakes.wake(device);
        waiter.woken().await;
        drop(waiter);
        assert_eq!(wakes.waiting(), 1);
        drop(other);
        assert_eq!(wakes.waiting(), 0);
        wakes.wake(device);
    }
}
