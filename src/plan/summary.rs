//! A plan for people: how much of what, and a digest by which a save is held to the preview that was shown.

use std::collections::BTreeMap;

use certporter_model::revocation::Reason;
use certporter_model::thumbprint::ContentDigest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::action::{Action, Purpose};
use super::digest::NAMES;

/// How much of what a plan does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Certificates asked for where none was.
    pub issued: usize,
    /// Certificates asked for because the present one has to go or no longer fits.
    pub reissued: usize,
    /// Certificates asked for because the present one nears its end.
    pub renewed: usize,
    /// Certificates revoked, by reason.
    pub revoked: BTreeMap<Reason, usize>,
    /// Certificates put on hold.
    pub held: usize,
    /// Certificates taken off hold.
    pub released: usize,
    /// Copies delivered for use.
    pub delivered: usize,
    /// Copies delivered to decrypt only.
    pub delivered_history: usize,
    /// Copies sealed again.
    pub resealed: usize,
    /// Copies taken from their devices.
    pub removed: usize,
    /// Requests given up.
    pub cancelled: usize,
    /// Requests that ask for something else now.
    pub amended: usize,
    /// Certificates that give up their place without being revoked.
    pub settled: usize,
    /// Keys destroyed.
    pub destroyed_keys: usize,
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of<'a>(actions: impl IntoIterator<Item = &'a Action>) -> Self {
        use certporter_model::revocation::Trigger;
        let mut sum = Self::default();
        for action in actions {
            let count = match action {
                Action::Cancel { .. } => &mut sum.cancelled,
                Action::Revoke { departure, .. } => sum.revoked.entry(departure.reason).or_default(),
                Action::Hold { .. } => &mut sum.held,
                Action::Release { .. } => &mut sum.released,
                Action::Settle { .. } => &mut sum.settled,
                Action::Amend { .. } => &mut sum.amended,
                Action::Issue { trigger: Trigger::Targeted, .. } => &mut sum.issued,
                Action::Issue { .. } => &mut sum.reissued,
                Action::Renew { .. } => &mut sum.renewed,
                Action::Deliver { purpose: Purpose::Use, .. } => &mut sum.delivered,
                Action::Deliver { purpose: Purpose::Decrypt, .. } => &mut sum.delivered_history,
                Action::Reseal { .. } => &mut sum.resealed,
                Action::Remove { .. } => &mut sum.removed,
                Action::DestroyKey { .. } => &mut sum.destroyed_keys,
            };
            *count += 1;
        }
        sum
    }

    /// Adds another part of the same plan.
    pub fn add(&mut self, other: &Self) {
        self.issued += other.issued;
        self.reissued += other.reissued;
        self.renewed += other.renewed;
        self.held += other.held;
        self.released += other.released;
        self.delivered += other.delivered;
        self.delivered_history += other.delivered_history;
        self.resealed += other.resealed;
        self.removed += other.removed;
        self.cancelled += other.cancelled;
        self.amended += other.amended;
        self.settled += other.settled;
        self.destroyed_keys += other.destroyed_keys;
        for (reason, count) in &other.revoked {
            *self.revoked.entry(*reason).or_default() += count;
        }
    }

    /// Certificates revoked, for whatever reason.
    #[must_use]
    pub fn revocations(&self) -> usize {
        self.revoked.values().sum()
    }
}

/// The digest of a plan: the same for the same consequences in whatever order, and for no others.
#[must_use]
pub fn digest<'a>(actions: impl IntoIterator<Item = &'a Action>) -> ContentDigest {
    let mut each: Vec<[u8; 32]> = actions.into_iter().map(of_action).collect();
    each.sort_unstable();
    let mut hash = Sha256::new();
    for one in &each {
        hash.update(one);
    }
    ContentDigest::from_octets(hash.finalize().into())
}

/// Of one action; of what is asked for only what the certificate would hold counts, not the version's number, which a
/// preview doesn't have yet.
fn of_action(action: &Action) -> [u8; 32] {
    let asked = match action {
        Action::Issue { slot, trigger, asked } => Some((format!("issue {slot:?} {trigger}"), asked)),
        Action::Renew { slot, certificate, key, asked } => {
            Some((format!("renew {slot:?} {certificate} {key:?}"), asked))
        }
        Action::Amend { request, asked } => Some((format!("amend {request}"), asked)),
        _ => None,
    };
    let mut hash = Sha256::new();
    match asked {
        Some((text, asked)) => {
            hash.update(text);
            hash.update(&asked.digest.as_octets()[..NAMES]);
        }
        None => hash.update(format!("{action:?}")),
    }
    hash.finalize().into()
}
