//! When what was counted for a page is shown again rather than counted anew.

use std::time::Duration;

/// Counting that takes no longer is done for each page.
const QUICK: Duration = Duration::from_millis(8);
/// So few are counted for each page however long it takes: then only the machine was busy.
const FEW: u64 = 2_000;
/// What was counted is shown for so many times as long as it took to count.
const PATIENCE: u32 = 100;

/// Whether so many, counted in this time, are kept and shown to the next who asks.
pub(super) fn is_kept(total: u64, took: Duration) -> bool {
    total > FEW && took > QUICK
}

/// Whether what was counted this long ago is counted anew, beside the page that shows it.
pub(super) fn is_stale(age: Duration, took: Duration) -> bool {
    age > took * PATIENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_does_not_make_few_numbers_old() {
        assert!(!is_kept(2_000, Duration::from_secs(2)));
        assert!(!is_kept(1_000_000, Duration::from_millis(8)));
        assert!(is_kept(2_001, Duration::from_millis(9)));
    }

    #[test]
    fn what_took_long_is_shown_for_longer() {
        assert!(is_stale(Duration::from_millis(1_001), Duration::from_millis(10)));
        assert!(!is_stale(Duration::from_millis(1_001), Duration::from_millis(11)));
    }
}
