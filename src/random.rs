//! The only home of randomness. Everything else takes a [`Random`].

use std::sync::{Mutex, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Draws random octets.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// Draws an array of random octets.
#[must_use]
pub fn octets<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut buffer = [0; N];
    random.fill(&mut buffer);
    buffer
}

/// A whole number below `bound`, each equally likely; 0 when `bound` is 0.
#[must_use]
pub fn below(random: &dyn Random, bound: u64) -> u64 {
    if bound == 0 {
        return 0;
    }
    // Draws above the last whole multiple of the bound would favour small numbers.
    let limit = u64::MAX - u64::MAX % bound;
    loop {
        let draw = u64::from_be_bytes(octets(random));
        if draw < limit {
            return draw % bound;
        }
    }
}

/// The operating system's generator: unpredictable.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of randomness")]
    #[expect(clippy::expect_used, reason = "without randomness there is no safe way to go on")]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives no random octets");
    }
}

/// A generator that gives the same octets for the same seed: for tests and sample data, never for keys.
#[derive(Debug)]
pub struct SeededRandom(Mutex<ChaCha20Rng>);

impl SeededRandom {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_octets_again() {
        let (one, two) = (SeededRandom::new(7), SeededRandom::new(7));
        assert_eq!(octets::<32>(&one), octets::<32>(&two));
        assert_ne!(octets::<32>(&one), octets::<32>(&SystemRandom));
    }

    #[test]
    fn a_bound_is_kept() {
        let random = SeededRandom::new(1);
        assert!((0..1000).all(|_| below(&random, 7) < 7));
        assert_eq!(below(&random, 0), 0);
    }
}
