//! Random histories prove something only about what happens in them: everything that a plan can do does.

use std::collections::{BTreeMap, BTreeSet};

use certporter::plan::Departure;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::events::{Event, History};
use super::executor::KINDS;

/// At most so many histories, always the same: nearly everything happens in the first.
const HISTORIES: usize = 16;

const CAUSES: [Departure; 17] = [
    Departure::RETIRED,
    Departure::LOST,
    Departure::WIPED,
    Departure::DEVICE_DELETED,
    Departure::USER_DISABLED,
    Departure::LEFT_GROUP,
    Departure::ASSIGNMENT_REMOVED,
    Departure::PROFILE_DELETED,
    Departure::EDITED_OUT,
    Departure::EDITED,
    Departure::ATTRIBUTE_CHANGED,
    Departure::HANDED_OVER,
    Departure::ENROLLED_AGAIN,
    Departure::SUCCEEDED,
    Departure::BLOCKED,
    Departure::HOLD_EXPIRED,
    Departure::SURPLUS,
];

#[test]
fn histories_bring_about_every_action_and_every_cause() {
    let mut runner = TestRunner::deterministic();
    let histories = (0..3_u16, proptest::collection::vec(any::<Event>(), 200));
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    let mut causes = BTreeSet::new();
    let (mut undone, mut unseen) = (KINDS.to_vec(), CAUSES.to_vec());
    for _ in 0..HISTORIES {
        let (seed, events) = histories.new_tree(&mut runner).unwrap().current();
        let mut history = History::new(seed);
        history.world.settle();
        for event in events {
            history.happen(event);
            history.world.replan();
        }
        for (kind, count) in &history.world.done {
            *done.entry(kind).or_default() += count;
        }
        causes.extend(history.world.causes);
        undone.retain(|kind| !done.contains_key(kind));
        unseen.retain(|cause| !causes.contains(cause));
        if undone.is_empty() && unseen.is_empty() {
            break;
        }
    }
    assert!(undone.is_empty(), "never done: {undone:?}; {done:?}");
    assert!(unseen.is_empty(), "nothing goes for {unseen:?}");
    assert!(done.keys().all(|kind| KINDS.contains(kind)), "{done:?}");
}
