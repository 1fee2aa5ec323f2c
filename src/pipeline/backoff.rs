//! How long to wait before the next attempt: the one place that says so.

use std::time::Duration;

use crate::random::{Random, below};

/// The wait before the second attempt, without jitter.
const FIRST: Duration = Duration::from_secs(2);

/// The longest wait, without jitter.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long to wait after attempt number `attempt` (the first is 1) has failed: twice as long each time, up to a
/// quarter of an hour, plus up to a half of that at random, so that what failed together doesn't come back together.
#[must_use]
pub fn wait_after(attempt: u32, random: &dyn Random) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let wait = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let half = u64::try_from(wait.as_millis() / 2).unwrap_or(u64::MAX);
    wait + Duration::from_millis(below(random, half))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn it_grows_and_stays_within_bounds() {
        let random = SeededRandom::new(3);
        let mut least = Duration::ZERO;
        for attempt in 0..40 {
            let wait = wait_after(attempt, &random);
            assert!(wait >= least && wait >= FIRST && wait < LONGEST * 3 / 2, "{attempt}: {wait:?}");
            least = wait * 2 / 3;
        }
    }

    #[test]
    fn those_who_failed_together_come_back_apart() {
        let random = SeededRandom::new(4);
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| wait_after(5, &random)).collect();
        assert!(waits.len() > 15);
    }
}
