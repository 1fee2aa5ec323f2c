//! Random histories prove something only about what happens in them: everything that a plan can do does.

use std::collections::{BTreeMap, BTreeSet};

use certporter::plan::Departure;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::events::{Event, History};
use super::executor::KINDS;

/// So many histories, always the same.
const HISTORIES: usize = 6;

#[test]
fn histories_bring_about_every_action_and_every_cause() {
    let mut runner = TestRunner::deterministic();
    let histories = (0..3_u16, proptest::collection::vec(any::<Event>(), 200));
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    let mut causes = BTreeSet::new();
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
    }
    assert!(done.keys().all(|kind| KINDS.contains(kind)), "{done:?}");
    let never: Vec<&str> = KINDS.into_iter().filter(|kind| !done.contains_key(kind)).collect();
    assert!(never.is_empty(), "never done: {never:?}; {done:?}");
    let expected = [
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
    let never: Vec<Departure> = expected.into_iter().filter(|cause| !causes.contains(cause)).collect();
    assert!(never.is_empty(), "nothing goes for {never:?}");
}
