//! Single steps on one thread: what each turn says and does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::super::{Fragments, Hub, Lent, MAX_SHARDS, Seat, ShardSet, Turn, Waker, Whole};

#[derive(Default, Clone)]
struct Wakes(Arc<Mutex<Vec<usize>>>);

impl Waker for Wakes {
    fn wake(&self, id: usize) {
        self.0.lock().unwrap().push(id);
    }
}

impl Wakes {
    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Sums all states into the lowest participant's.
struct Gather;

impl Whole<u64> for Gather {
    fn whole(&self, lent: &mut Lent<'_, u64>) {
        let sum: u64 = lent.iter_mut().map(|(_, state)| std::mem::take(state)).sum();
        let first = lent.shards().iter().next().unwrap();
        *lent.get_mut(first).unwrap() = sum;
    }
}

fn seats(shards: usize) -> (Arc<Hub<u64>>, Vec<Seat<u64>>, Wakes) {
    let wakes = Wakes::default();
    let (hub, vacancies) = Hub::new(shards, Box::new(wakes.clone()));
    (hub, vacancies.into_iter().map(|vacancy| vacancy.sit(Box::new(1))).collect(), wakes)
}

fn add(amount: u64) -> Arc<dyn Fragments<u64>> {
    Arc::new(move |_: usize, state: &mut u64| *state += amount)
}

fn set(shards: &[usize]) -> ShardSet {
    shards.iter().copied().collect()
}

#[test]
fn a_fragment_holds_output_until_all_have_run() {
    let (hub, mut seats, wakes) = seats(3);
    let ticket = hub.independent(2, set(&[0, 1]), add(5));
    assert_eq!(wakes.take(), [0, 1]);
    assert_eq!(seats[2].turn(), Turn::Idle);
    assert_eq!(seats[0].turn(), Turn::Progress);
    assert_eq!(
        (seats[0].state().copied(), seats[0].may_send(), seats[0].may_sleep()),
        (Some(6), false, true)
    );
    assert_eq!(seats[0].turn(), Turn::Idle);
    assert!(!ticket.is_done());
    assert_eq!(seats[1].turn(), Turn::Progress);
    assert_eq!(wakes.take(), [0, 2], "the other participant and the origin");
    assert!(ticket.is_done() && !seats[0].may_sleep() && seats[1].may_sleep());
    assert!(seats[0].may_send() && seats[1].may_send() && seats[0].may_sleep());
    assert_eq!(seats[0].turn(), Turn::Idle);
}

#[test]
fn a_holding_shard_starts_nothing_in_later_turns() {
    let (hub, mut seats, _) = seats(2);
    hub.independent(0, set(&[0, 1]), add(1));
    assert_eq!(seats[0].turn(), Turn::Progress);
    let later = hub.independent(0, set(&[0]), add(1));
    assert_eq!(seats[0].turn(), Turn::Idle);
    assert_eq!(seats[0].state().copied(), Some(2));
    assert_eq!(seats[1].turn(), Turn::Progress);
    assert_eq!((seats[0].turn(), later.is_done()), (Turn::Progress, false), "first a chance to flush");
    assert_eq!((seats[0].turn(), later.is_done()), (Turn::Progress, true));
}

#[test]
fn output_leaves_under_an_endless_flood() {
    let (hub, mut seats, _) = seats(2);
    let mut sent = 0;
    for _ in 0..100 {
        // The worst moment: the hold ends, and more waits, just before each turn.
        hub.independent(0, set(&[0, 1]), add(1));
        seats[1].turn();
        seats[0].turn();
        hub.independent(0, set(&[0, 1]), add(1));
        sent += usize::from(seats[0].may_send());
    }
    assert!(sent >= 30, "{sent}");
}

#[test]
fn a_transaction_completes_after_what_its_participants_ran_before_it() {
    let (hub, mut seats, wakes) = seats(4);
    let first = hub.independent(0, set(&[0, 1]), add(1));
    let second = hub.independent(3, set(&[0, 2]), add(1));
    let third = hub.independent(3, set(&[0]), add(1));
    seats[0].turn();
    assert_eq!(seats[0].state().copied(), Some(4), "one turn runs all three");
    seats[2].turn();
    assert!(
        !second.is_done() && !third.is_done() && !seats[2].may_send(),
        "second saw first, which is not complete"
    );
    wakes.take();
    seats[1].turn();
    assert!(first.is_done() && second.is_done() && third.is_done(), "one completion completes the chain");
    assert_eq!(wakes.take(), [0, 2, 3]);
    assert!(seats[0].may_send() && seats[2].may_send());
}

#[test]
fn the_last_to_arrive_runs_over_all_states_while_the_others_are_parked() {
    let (hub, mut seats, wakes) = seats(3);
    let ticket = hub.dependent(1, set(&[0, 2]), Arc::new(Gather));
    wakes.take();
    assert_eq!(seats[2].turn(), Turn::Parked);
    assert_eq!(
        (seats[2].state().copied(), seats[2].turn(), seats[2].may_sleep()),
        (None, Turn::Parked, true)
    );
    assert_eq!(seats[0].turn(), Turn::Progress);
    assert_eq!(seats[0].state().copied(), Some(2));
    assert!(ticket.is_done() && !seats[2].may_sleep());
    assert_eq!(wakes.take(), [1, 2]);
    assert_eq!(seats[2].state(), None, "only a turn takes the state back");
    assert_eq!(seats[2].turn(), Turn::Progress);
    assert_eq!(seats[2].state().copied(), Some(0));
}

#[test]
fn a_shard_parks_only_when_it_holds_nothing() {
    let (hub, mut seats, _) = seats(2);
    hub.independent(0, set(&[0, 1]), add(1));
    let whole = hub.dependent(0, set(&[0]), Arc::new(Gather));
    assert_eq!((seats[0].turn(), seats[0].turn()), (Turn::Progress, Turn::Idle));
    assert!(seats[0].state().is_some() && !whole.is_done());
    seats[1].turn();
    assert!(seats[0].may_send());
    assert_eq!((seats[0].turn(), whole.is_done()), (Turn::Progress, true));
}

#[test]
fn a_seat_dropped_while_lent_leaves_the_state_to_the_borrower() {
    let (hub, mut seats, _) = seats(2);
    hub.dependent(0, set(&[0, 1]), Arc::new(Gather));
    let mut last = seats.pop().unwrap();
    assert_eq!(seats[0].turn(), Turn::Parked);
    drop(seats);
    assert_eq!(last.turn(), Turn::Progress);
    assert_eq!(last.state().copied(), Some(0));
}

#[test]
fn a_transaction_without_participants_is_done_at_once() {
    let (hub, _, wakes) = seats(1);
    assert!(hub.independent(7, ShardSet::new(), add(1)).is_done());
    assert_eq!(wakes.take(), [7]);
}

#[test]
fn a_view_gives_two_states_together() {
    struct Swap;
    impl Whole<u64> for Swap {
        fn whole(&self, lent: &mut Lent<'_, u64>) {
            assert!(
                lent.pair_mut(0, 0).is_none() && lent.pair_mut(0, 2).is_none() && lent.get_mut(2).is_none()
            );
            let (one, other) = lent.pair_mut(1, 0).unwrap();
            std::mem::swap(one, other);
        }
    }
    let (hub, mut seats, _) = seats(3);
    *seats[0].state().unwrap() = 9;
    hub.dependent(0, set(&[0, 1]), Arc::new(Swap));
    seats[0].turn();
    seats[1].turn();
    assert_eq!(
        (seats[1].state().copied(), seats[0].turn(), seats[0].state().copied()),
        (Some(9), Turn::Progress, Some(1))
    );
}

#[test]
fn sets_agree_with_a_naive_twin() {
    let mut rng = super::world::Rng(42);
    for _ in 0..200 {
        let mut members = BTreeSet::new();
        members.extend([0, 63, 64, 255].into_iter().take(rng.below(5)));
        members.extend((0..rng.below(20)).map(|_| rng.below(MAX_SHARDS)));
        let set: ShardSet = members.iter().copied().collect();
        assert!(set.iter().eq(members.iter().copied()));
        assert_eq!(
            (set.len(), set.is_empty(), set.last()),
            (members.len(), members.is_empty(), members.last().copied())
        );
        for shard in 0..MAX_SHARDS {
            assert_eq!(set.contains(shard), members.contains(&shard));
            let rank = members.contains(&shard).then(|| members.range(..shard).count());
            assert_eq!(set.rank(shard), rank);
        }
        let mut emptied = set;
        assert!(set.iter().all(|shard| emptied.remove(shard)) && emptied.is_empty());
    }
    assert_eq!(ShardSet::all(MAX_SHARDS).len(), MAX_SHARDS);
    assert!(!ShardSet::new().contains(MAX_SHARDS) && !ShardSet::new().remove(MAX_SHARDS));
}
