//! When a certificate is to be renewed.

use std::time::Duration;

use certporter_model::{CertificateId, Timestamp};
use sha2::{Digest as _, Sha256};

use super::actual::Certificate;

/// The moment from which a certificate is due: when the given percentage of its validity is left, or up to a tenth of
/// that time later. How much later follows from the id, so that certificates of one day don't all come back on one
/// day.
#[must_use]
pub fn renew_at(id: CertificateId, not_before: Timestamp, not_after: Timestamp, percent: u8) -> Timestamp {
    let validity = not_after.since(not_before);
    let window = validity.saturating_mul(u32::from(percent)) / 100;
    let digest: [u8; 32] = Sha256::digest(id.as_uuid().as_bytes()).into();
    let draw = u32::from(u16::from_be_bytes([digest[0], digest[1]]));
    let later: Duration = (window / 10).saturating_mul(draw) / u32::from(u16::MAX);
    not_after.minus(window).plus(later)
}

/// Whether a certificate is to be renewed now.
#[must_use]
pub(super) fn is_due(certificate: &Certificate, percent: u8, now: Timestamp) -> bool {
    let Certificate { id, not_before, not_after, .. } = *certificate;
    // Long before its end it need not be drawn how long before.
    let window = not_after.since(not_before).saturating_mul(u32::from(percent)) / 100;
    not_after.minus(window) <= now && renew_at(id, not_before, not_after, percent) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewals_are_spread_over_a_tenth_of_their_window() {
        let (start, end) = (Timestamp::from_seconds(0), Timestamp::from_seconds(1_000_000));
        let moments: Vec<i64> = (0..200)
            .map(|n| renew_at(CertificateId::new(start, [n; 10]), start, end, 20).as_seconds())
            .collect();
        assert!(moments.iter().all(|at| (800_000..=820_000).contains(at)));
        assert!(moments.iter().any(|at| *at < 803_000) && moments.iter().any(|at| *at > 817_000));
        let id = CertificateId::new(start, [7; 10]);
        assert_eq!(renew_at(id, start, end, 20), renew_at(id, start, end, 20));
    }
}
