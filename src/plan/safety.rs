//! Which plans wait for an administrator, and which parts of one can wait for their turn.

use certporter_model::revocation::{Reason, Trigger};

use super::action::Action;
use super::slot::Slot;
use super::summary::Summary;

/// Up to this many certificates may go by themselves, however few there are.
pub const ALWAYS_ALLOWED: usize = 50;

/// Of more than this many, one in this many may.
const ONE_IN: usize = 20;

/// What set a plan off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody who saw a preview, or who acted on one device or person.
    Person,
    /// Sync, import or sweep: a mistake elsewhere may be behind it.
    Automatic,
}

/// Whether a plan has to be approved before it is applied: an automatic one that would revoke or replace more than
/// 50 certificates and more than 5 % of those that are alive. Renewals at their time and
/// predecessors whose successor is confirmed don't count: they are the ordinary course.
#[must_use]
pub fn needs_approval(origin: Origin, summary: &Summary, alive: usize) -> bool {
    let superseded = summary.revoked.get(&Reason::Superseded).copied().unwrap_or(0);
    let gone = summary.revocations() - superseded + summary.held + summary.reissued;
    origin == Origin::Automatic && gone > ALWAYS_ALLOWED.max(alive / ONE_IN)
}

/// Whether what is to be done in a slot can wait for its turn: it only asks for another certificate in the place of one
/// that goes on serving, because the profile or an attribute has changed. Whatever else is done there is done at once.
#[must_use]
pub fn can_wait(actions: &[Action]) -> bool {
    let replaces = |action: &Action| {
        matches!(action, Action::Issue { trigger: Trigger::ProfileEdited | Trigger::AttributeChanged, .. })
    };
    !actions.is_empty() && actions.iter().all(replaces)
}

/// Whether something is taken away from a holder, or what is on its way to one: that is never put off for what brings
/// something.
#[must_use]
pub fn takes_away(actions: &[Action]) -> bool {
    let takes = |action: &Action| match action {
        Action::Revoke { .. }
        | Action::Hold { .. }
        | Action::Remove { .. }
        | Action::Cancel { .. }
        | Action::DestroyKey { .. } => true,
        Action::Issue { .. }
        | Action::Renew { .. }
        | Action::Deliver { .. }
        | Action::Reseal { .. }
        | Action::Release { .. }
        | Action::Settle { .. }
        | Action::Amend { .. } => false,
    };
    actions.iter().any(takes)
}

/// Of a plan that takes the good standing of `many` certificates or more away, what relying parties have to learn of,
/// and what comes with it in the books: devices are told once that is done. None when that would be all of the plan, or
/// they are not that many. Planned for again, the rest is what is left.
#[must_use]
pub fn for_relying_parties(by_slot: &[(Slot, Vec<Action>)], many: usize) -> Option<Vec<Action>> {
    let tells = |action: &Action| matches!(action, Action::Revoke { .. } | Action::Hold { .. });
    let concerned = by_slot.iter().map(|(_, actions)| actions).filter(|actions| actions.iter().any(tells));
    let concerned: Vec<&Action> = concerned.flatten().collect();
    if concerned.iter().filter(|action| tells(action)).count() < many {
        return None;
    }
    let goes =
        |action: &&&Action| tells(action) || matches!(action, Action::Settle { .. } | Action::Cancel { .. });
    let first: Vec<Action> = concerned.iter().filter(goes).map(|action| (*action).clone()).collect();
    let all: usize = by_slot.iter().map(|(_, actions)| actions.len()).sum();
    (first.len() < all).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_automatic_plans_wait() {
        let of = |revoked, reissued| Summary {
            revoked: [(Reason::PrivilegeWithdrawn, revoked)].into(),
            reissued,
            ..Summary::default()
        };
        assert!(!needs_approval(Origin::Automatic, &of(50, 0), 100));
        assert!(needs_approval(Origin::Automatic, &of(40, 11), 100));
        assert!(!needs_approval(Origin::Automatic, &of(100, 0), 2_000));
        assert!(needs_approval(Origin::Automatic, &of(101, 0), 2_000));
        assert!(!needs_approval(Origin::Person, &of(101, 0), 2_000));
    }
}
