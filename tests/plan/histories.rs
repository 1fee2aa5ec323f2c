//! Whatever happens, in whatever order.

use certporter::plan::Holder;
use certporter_model::revocation::Reason;
use proptest::prelude::*;

use super::events::{Event, History};
use super::explained;
use super::invariants::{check, check_at_rest};

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_keeps_every_promise(
        seed in 0..3_u16,
        events in proptest::collection::vec(any::<Event>(), 200),
    ) {
        let mut history = History::new(seed);
        history.world.settle();
        check(&history.world);
        for event in events {
            run(&mut history, event);
            // In one step and in two.
            history.world.relying_parties_first ^= true;
        }
        history.world.settle();
        check(&history.world);
        check_at_rest(&history.world);
    }
}

/// Lets an event happen, draws its consequences, and holds them against what the event may do.
fn run(history: &mut History, event: Event) {
    let before = history.world.revoked.len();
    let triggers = history.happen(event);
    history.world.replan();
    check(&history.world);
    explained::check(&history.world);
    for (id, departure) in history.world.revoked[before..].iter().copied() {
        let of_device = |slot: &certporter::plan::Slot| matches!(slot.holder, Holder::Device(_));
        let (slot, _) = history.world.certificates().find(|(_, c)| c.id == id).unwrap();
        let ordinary = departure.reason == Reason::Superseded;
        // A user's certificate that came by the groups of several devices may go for what befell another of them.
        let allowed = ordinary || triggers.contains(&departure.trigger) || !of_device(slot);
        assert!(allowed, "{event:?} revoked for {departure:?}, not for one of {triggers:?}");
    }
}
