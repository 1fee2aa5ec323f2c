//! Generates keys on threads of its own, so that the asynchronous executor never waits for prime numbers.

use std::sync::{Arc, Mutex, PoisonError};

use certporter_model::key::KeyAlgorithm;
use tokio::sync::{mpsc, oneshot};

use super::{PkiError, PrivateKey};

struct Order {
    algorithm: KeyAlgorithm,
    answer: oneshot::Sender<Result<PrivateKey, PkiError>>,
}

/// A fixed number of threads that generate keys, and a bounded queue before them. Cheap to clone; the threads end
/// when the last clone is dropped.
#[derive(Clone)]
pub struct KeyPool {
    orders: mpsc::Sender<Order>,
}

impl KeyPool {
    /// Starts `threads` threads (at least one). Callers beyond four for each thread wait in [`generate`](Self::generate).
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let (orders, queue) = mpsc::channel(threads * 4);
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..threads {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name(format!("key-{index}")).spawn(move || work(&queue))?;
        }
        Ok(Self { orders })
    }

    /// A new key. Whoever stops waiting takes the order back, unless it is already worked on.
    ///
    /// # Errors
    /// When OpenSSL fails or the threads have ended.
    pub async fn generate(&self, algorithm: KeyAlgorithm) -> Result<PrivateKey, PkiError> {
        let (answer, key) = oneshot::channel();
        self.orders.send(Order { algorithm, answer }).await.map_err(|_| PkiError::Stopped)?;
        key.await.map_err(|_| PkiError::Stopped)?
    }
}

impl std::fmt::Debug for KeyPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPool").finish_non_exhaustive()
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Order>>) {
    loop {
        // One idle thread waits inside, the others at the lock.
        let order = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(Order { algorithm, answer }) = order else { return };
        if !answer.is_closed() {
            // Nobody may be there any more to take it; then the key is dropped and zeroed.
            let _unclaimed = answer.send(PrivateKey::generate(algorithm));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keys_come_from_the_pool_and_differ() {
        let pool = KeyPool::new(2).unwrap();
        let (one, two) =
            tokio::join!(pool.generate(KeyAlgorithm::EcP256), pool.generate(KeyAlgorithm::EcP384));
        assert_eq!(one.as_ref().unwrap().algorithm(), KeyAlgorithm::EcP256);
        assert_ne!(one.unwrap().public_key_hash(), two.unwrap().public_key_hash());
    }

    #[tokio::test]
    async fn whoever_stops_waiting_costs_no_work() {
        let pool = KeyPool::new(1).unwrap();
        for _ in 0..50 {
            // Polled once, so that the order is in the queue or before it, and dropped.
            let waiting = pool.generate(KeyAlgorithm::Rsa4096);
            let _ended = tokio::time::timeout(std::time::Duration::ZERO, waiting).await;
        }
        let within = std::time::Duration::from_secs(60);
        let key = tokio::time::timeout(within, pool.generate(KeyAlgorithm::EcP256)).await;
        assert_eq!(key.unwrap().unwrap().algorithm(), KeyAlgorithm::EcP256);
    }
}
