//! The world on real threads: more operations than the model check can afford, and the machine's own memory order.

use std::time::{Duration, Instant, SystemTime};

use super::super::Flaw;
use super::world::{Running, Setup, Watch};

fn stress(rounds: u64, setup: Setup) {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let first = clock.as_secs().wrapping_mul(1_000_000_007).wrapping_add(u64::from(clock.subsec_nanos()));
    let (begin, mut sleeps) = (Instant::now(), 0);
    for seed in (0..rounds).map(|round| first.wrapping_add(round)) {
        println!("seed {seed}");
        let running = Running::start(setup, seed);
        let world = running.world.clone();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !world.is_over() {
            assert!(Instant::now() < deadline, "stuck: a deadlock, a lost wake or a thread that panicked");
            std::thread::sleep(Duration::from_micros(200));
        }
        running.judge();
        sleeps += world.sleeps.load(std::sync::atomic::Ordering::Relaxed);
    }
    let ops = rounds * (setup.shards * setup.clients_per_shard * setup.ops_per_client) as u64;
    println!("{ops} operations, {sleeps} sleeps, {:?}", begin.elapsed());
}

const SMALL: Setup = Setup {
    shards: 4,
    clients_per_shard: 3,
    ops_per_client: 50,
    lists_per_shard: 2,
    flaw: Flaw::None,
    watch: Watch::All,
};

#[test]
fn histories_of_real_threads_are_strictly_serializable() {
    stress(50, SMALL);
}

#[test]
fn many_clients_on_few_shards_finish() {
    stress(10, Setup { shards: 2, clients_per_shard: 16, ..SMALL });
}

#[test]
fn many_shards_finish() {
    stress(10, Setup { shards: 12, clients_per_shard: 2, ..SMALL });
}
