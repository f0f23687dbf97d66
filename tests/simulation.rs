//! Whole servers in one thread: shards over the simulated driver, clients that come, ask, stop reading and vanish, in
//! random schedules and weather. A seed repeats a run exactly.
//!
//! Checked: a client alone is answered as a sequential model says; concurrent clients see one order of everything
//! (the checker of `tests/history.rs`); the merged journals tell of the same data, in an order that fits it; every request on a live connection is answered; no shard sleeps over work; when
//! all clients have left, nothing of them is left. Environment: `SEEDS` (300), `SEED` for a single one.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "simulation/alone.rs"]
mod alone;
#[path = "simulation/crowd.rs"]
mod crowd;
#[path = "simulation/fleet.rs"]
mod fleet;
#[path = "history/graph.rs"]
#[allow(dead_code)]
mod graph;
#[path = "history/groups.rs"]
#[allow(dead_code)]
mod groups;
#[path = "simulation/journal.rs"]
mod journal;
#[path = "simulation/link.rs"]
mod link;
#[path = "simulation/model.rs"]
mod model;
#[path = "simulation/queues.rs"]
mod queues;
#[path = "history/record.rs"]
#[allow(dead_code)]
mod record;
mod support;
#[path = "history/versions.rs"]
#[allow(dead_code)]
mod versions;

use alone::Alone;
use crowd::Crowd;
use fleet::{Actor, Fleet, weather};
use journal::Mixer;
use queues::Queues;
use shoal::io::sim::Weather;
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::{Rng, env_number};

/// Runs `f` for every seed; a panic is told with its seed.
fn for_each_seed(name: &str, f: impl Fn(u64)) {
    let (first, count) = match std::env::var("SEED") {
        Ok(seed) => (seed.parse().expect("SEED is a number"), 1),
        Err(_) => (1, env_number("SEEDS", 300)),
    };
    for seed in first..first + count {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| f(seed))) {
            eprintln!("repeat with: SEED={seed} cargo test --test simulation {name}");
            std::panic::resume_unwind(panic);
        }
    }
}

/// A run of clients one after the other. Returns the trace.
fn run_alone(seed: u64) -> u64 {
    let mut rng = Rng::new(seed);
    let weather = weather(&mut rng);
    let mut fleet = Fleet::new(rng.next(), 1 + rng.index(4), weather);
    let mut cut_off = Vec::new();
    for generation in 0..3 {
        let mut client = Alone::new(&mut fleet, generation);
        fleet.run(&mut [&mut client]);
        cut_off.extend(client.cut_off.take());
    }
    fleet.check_nothing_is_left();
    if !cut_off.is_empty() {
        let words: Vec<String> = [vec!["MGET".to_string()], cut_off].concat();
        let mut reader = crowd::Reader::new(&fleet, vec![words]);
        fleet.run(&mut [&mut reader]);
        let found = reader.replies.iter().flat_map(|r| r.items().to_vec()).all(|v| v.is_null());
        assert!(found, "a request that was cut off took effect");
    }
    fleet.world.trace()
}

/// A run of concurrent clients. Returns the trace.
fn run_crowd(seed: u64) -> u64 {
    let mut rng = Rng::new(seed);
    let risky = rng.percent(50);
    let mut weather = weather(&mut rng);
    if risky && rng.percent(30) {
        weather = weather.with_send_errors(10);
    }
    let mut fleet = Fleet::new(rng.next(), 1 + rng.index(4), weather);
    fleet.record(*rng.pick(&[2, 20, 300]));
    // The log has everything from the first command on.
    fleet.idle(100);
    let mut crowd = Crowd::new(&mut fleet, 2 + rng.index(5), risky);
    {
        let mut actors: Vec<&mut dyn Actor> =
            crowd.members.iter_mut().map(|m| -> &mut dyn Actor { m }).collect();
        fleet.run(&mut actors);
    }
    fleet.check_nothing_is_left();
    fleet.world.set_weather(Weather::calm());
    let mut reader = crowd.reader(&fleet);
    fleet.run(&mut [&mut reader]);
    fleet.check_nothing_is_left();
    crowd.check_log(&fleet.end_record());
    crowd.check(reader);
    fleet.world.trace()
}

/// A run of clients that send anything, recorded. Returns the trace.
fn run_recorded(seed: u64) -> u64 {
    let mut rng = Rng::new(seed);
    let weather = weather(&mut rng);
    let mut fleet = Fleet::new(rng.next(), 1 + rng.index(4), weather);
    fleet.record(*rng.pick(&[2, 20, 300]));
    let mut mixers: Vec<Mixer> = (0..2 + rng.below(4)).map(|label| Mixer::new(&mut fleet, label)).collect();
    {
        let mut actors: Vec<&mut dyn Actor> = mixers.iter_mut().map(|m| -> &mut dyn Actor { m }).collect();
        fleet.run(&mut actors);
    }
    fleet.check_nothing_is_left();
    fleet.end_record();
    fleet.world.trace()
}

/// A run of producers and blocking consumers. Returns the trace.
fn run_queues(seed: u64) -> u64 {
    let mut rng = Rng::new(seed);
    let weather = weather(&mut rng);
    let mut fleet = Fleet::new(rng.next(), 1 + rng.index(4), weather);
    let mut queues = Queues::new(&mut fleet, 4 + rng.index(6));
    {
        let mut actors: Vec<&mut dyn Actor> =
            queues.clients.iter_mut().map(|c| -> &mut dyn Actor { c }).collect();
        fleet.run(&mut actors);
    }
    fleet.check_nothing_is_left();
    fleet.world.set_weather(Weather::calm());
    let mut reader = crowd::Reader::new(&fleet, Queues::leftovers());
    fleet.run(&mut [&mut reader]);
    queues.check(&reader.replies);
    fleet.world.trace()
}

#[test]
fn a_client_alone_is_answered_as_the_model_says() {
    for_each_seed("alone", |seed| {
        run_alone(seed);
    });
}

#[test]
fn concurrent_clients_see_one_order_of_everything() {
    for_each_seed("concurrent", |seed| {
        run_crowd(seed);
    });
}

#[test]
fn merged_effects_give_the_data_of_all_shards() {
    for_each_seed("merged", |seed| {
        run_recorded(seed);
    });
}

#[test]
fn blocked_clients_get_each_element_once() {
    for_each_seed("blocked", |seed| {
        run_queues(seed);
    });
}

#[test]
fn a_seed_repeats_a_run_exactly() {
    for seed in 1..=10 {
        assert_eq!(run_alone(seed), run_alone(seed), "seed {seed}");
        assert_eq!(run_crowd(seed), run_crowd(seed), "seed {seed}");
        assert_eq!(run_queues(seed), run_queues(seed), "seed {seed}");
        assert_eq!(run_recorded(seed), run_recorded(seed), "seed {seed}");
    }
}
