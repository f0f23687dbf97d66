//! The world under shuttle's scheduler, sound and flawed.
//!
//! A failure prints the schedule; `shuttle::replay(world, "schedule")` repeats it, traffic included, since the seed of
//! the traffic comes from the schedule too.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use shuttle::rand::{RngCore, thread_rng};

use super::super::Flaw;
use super::world::{Running, Setup, Watch};

const SOUND: Setup = Setup {
    shards: 3,
    clients_per_shard: 1,
    ops_per_client: 4,
    lists_per_shard: 1,
    flaw: Flaw::None,
    watch: Watch::All,
};

fn world(setup: Setup) -> impl Fn() + Send + Sync + 'static {
    move || Running::start(setup, thread_rng().next_u64()).judge()
}

/// Iterations: `MODEL_ITERATIONS`, or few enough for every test run.
fn iterations() -> usize {
    std::env::var("MODEL_ITERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

#[test]
fn three_shards_under_random_schedules() {
    shuttle::check_random(world(SOUND), iterations());
}

#[test]
fn three_shards_under_prioritised_schedules() {
    shuttle::check_pct(world(SOUND), iterations(), 4);
}

#[test]
fn four_shards_under_random_schedules() {
    shuttle::check_random(world(Setup { shards: 4, clients_per_shard: 2, ..SOUND }), iterations());
}

#[test]
fn four_shards_under_prioritised_schedules() {
    shuttle::check_pct(
        world(Setup { shards: 4, clients_per_shard: 2, ops_per_client: 3, ..SOUND }),
        iterations(),
        5,
    );
}

/// Expects that `flaw` is noticed within some iterations by `watch`, which then complains with these `words`.
fn caught(flaw: Flaw, watch: Watch, words: &str) {
    let setup = Setup { shards: 4, clients_per_shard: 2, flaw, watch, ..SOUND };
    let (begun, run) = (Arc::new(AtomicUsize::new(0)), world(setup));
    let counted = {
        let begun = Arc::clone(&begun);
        move || {
            begun.fetch_add(1, Ordering::Relaxed);
            run();
        }
    };
    let failure = catch_unwind(AssertUnwindSafe(|| shuttle::check_random(counted, 100_000)));
    let complaint = failure.expect_err("a broken protocol passed the check");
    let text = complaint.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| complaint.downcast_ref::<&str>().copied()).unwrap_or("");
    assert!(text.contains(words), "{flaw:?} was noticed, but by: {text}");
    println!("{flaw:?} caught in iteration {} by \"{words}\"", begun.load(Ordering::Relaxed));
}

#[test]
fn output_that_leaves_at_once_is_caught() {
    caught(Flaw::NoHold, Watch::Outputs, "left its shard before");
    caught(Flaw::NoHold, Watch::History, "cycle");
}

#[test]
fn completion_out_of_order_is_caught() {
    caught(Flaw::FinishOutOfOrder, Watch::Outputs, "left its shard before");
    caught(Flaw::FinishOutOfOrder, Watch::History, "cycle");
}

#[test]
fn parking_while_holding_is_caught() {
    caught(Flaw::ParkWhileHolding, Watch::Outputs, "left its shard before");
    caught(Flaw::ParkWhileHolding, Watch::History, "cycle");
}

#[test]
fn inboxes_locked_one_after_the_other_are_caught() {
    caught(Flaw::OneLockAtATime, Watch::All, "deadlock");
}

#[test]
fn a_parked_shard_that_does_not_wait_is_caught() {
    caught(Flaw::UnparkEarly, Watch::Holders, "two holders");
}

#[test]
fn a_finisher_that_wakes_nobody_is_caught() {
    caught(Flaw::NoFinishWake, Watch::All, "deadlock");
}
