//! Deciders that talk to each other: servers without sockets or threads, links that deliver any number of bytes at a time
//! and are cut anywhere. A server's dataset is the list of its writes, so a copy of it is the list, and what a replica
//! misses or gets twice shows.

mod node;
mod roles;
mod sessions;
mod world;

use world::World;

/// Seeds of a test: `SEED` alone if that is set, else a few fixed ones and one of the clock's.
fn seeds(n: u64) -> Vec<u64> {
    let fresh = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(7, |time| time.as_nanos() as u64 % 1_000_000);
    match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..n).chain([fresh]).collect(),
    }
}

/// Runs `test` with each seed and names the one that fails.
fn each_seed(n: u64, test: impl Fn(&mut World)) {
    for seed in seeds(n) {
        println!("seed {seed}");
        test(&mut World::new(seed));
    }
}
