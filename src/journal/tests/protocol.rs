//! Publication under races: shards that publish, a log core that polls, full rings. Under shuttle with `--features model`,
//! on real threads else.
//!
//! Checked: what was published comes out once; what was published after something had been published comes out after it;
//! what the log core says it has reached has come out; a shard that waits for room is woken.
//!
//! The observer keeps its notes with std's primitives on purpose: under shuttle they are no scheduling points.

use super::super::ring::{Flaw, Port, Tap, flawed_rings};
use super::super::{Audience, Item, Joint, Piece, What};
use std::sync::Mutex as Notes;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "model")]
use shuttle::{
    sync::{Arc, Condvar, Mutex},
    thread,
};
#[cfg(not(feature = "model"))]
use std::{
    sync::{Arc, Condvar, Mutex},
    thread,
};

/// One publication, as its shard saw it.
#[derive(Clone, Copy, Debug)]
struct Published {
    name: usize,
    began: u64,
    ended: u64,
}

/// Where a shard sleeps while its ring is full.
#[derive(Default)]
struct Bed {
    woken: Mutex<bool>,
    bell: Condvar,
}

#[derive(Default)]
struct World {
    ticks: AtomicU64,
    reached: AtomicU64,
    published: Notes<Vec<Published>>,
    emitted: Notes<Vec<usize>>,
    beds: Vec<Bed>,
}

impl World {
    fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::SeqCst)
    }

    /// Publishes `count` batches as shard `shard`, then waits until all are in the ring.
    fn shard(&self, mut port: Port, shard: usize, count: usize) {
        for i in 0..count {
            let name = shard * count + i;
            let began = self.tick();
            let bytes = name.to_le_bytes().to_vec();
            let piece =
                Piece { db: 0, effects: 1, len: bytes.len(), joint: Joint::Singles, audience: Audience::All };
            port.publish(What::Effects, bytes, vec![piece]);
            let ended = self.tick();
            self.published.lock().unwrap().push(Published { name, began, ended });
            // What WAIT does: everything published so far is below this, so once that is reached it has come out.
            let issued = port.clock().issued();
            if self.reached.load(Ordering::SeqCst) >= issued {
                let emitted = self.emitted.lock().unwrap();
                assert!(emitted.contains(&name), "batch {name} was said to be reached and has not come out");
            }
        }
        while port.is_behind() {
            let bed = &self.beds[shard];
            let mut woken = bed.woken.lock().unwrap();
            while !*woken {
                woken = bed.bell.wait(woken).unwrap();
            }
            *woken = false;
            drop(woken);
            port.catch_up();
        }
    }

    fn log_core(&self, tap: &mut Tap, total: usize) {
        while self.emitted.lock().unwrap().len() < total {
            let wake = |shard: usize| {
                *self.beds[shard].woken.lock().unwrap() = true;
                self.beds[shard].bell.notify_one();
            };
            let emit = |item: Item<'_>| {
                let Item::Singles(part) = item else { panic!("{item:?}") };
                let name = usize::from_le_bytes(part.bytes.try_into().unwrap());
                self.emitted.lock().unwrap().push(name);
            };
            tap.poll(usize::MAX, emit, wake);
            self.reached.store(tap.reached(), Ordering::SeqCst);
            thread::yield_now();
        }
    }

    fn judge(&self) {
        let emitted = self.emitted.lock().unwrap();
        let place = |name: usize| emitted.iter().position(|e| *e == name).unwrap();
        let published = self.published.lock().unwrap();
        assert_eq!(emitted.len(), published.len());
        let mut placed: Vec<(usize, Published)> = published.iter().map(|p| (place(p.name), *p)).collect();
        placed.sort_unstable_by_key(|(place, _)| *place);
        // Whoever ended before another began comes before it: no later one began before the earliest end of those behind.
        let mut earliest_end = u64::MAX;
        for (_, one) in placed.iter().rev() {
            assert!(
                one.began <= earliest_end,
                "{one:?} came out before something that had ended when it began"
            );
            earliest_end = earliest_end.min(one.ended);
        }
    }
}

fn run(shards: usize, count: usize, flaw: Flaw) {
    let (ports, mut tap) = flawed_rings(shards, flaw);
    let beds = (0..shards).map(|_| Bed::default()).collect();
    let world = Arc::new(World { beds, ..World::default() });
    let threads: Vec<_> = ports
        .into_iter()
        .enumerate()
        .map(|(shard, port)| {
            let world = world.clone();
            thread::spawn(move || world.shard(port, shard, count))
        })
        .collect();
    world.log_core(&mut tap, shards * count);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    world.judge();
    assert_eq!(tap.clock().all_pending_bytes(), 0);
    assert!(!tap.has_work());
}

#[cfg(not(feature = "model"))]
#[test]
fn racing_shards_come_out_in_an_order_that_respects_time() {
    for _ in 0..20 {
        run(3, 600, Flaw::None);
    }
}

#[cfg(feature = "model")]
mod model {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn iterations() -> usize {
        std::env::var("MODEL_ITERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
    }

    #[test]
    fn two_shards_under_random_schedules() {
        shuttle::check_random(|| run(2, 4, Flaw::None), iterations());
    }

    #[test]
    fn three_shards_under_random_schedules() {
        shuttle::check_random(|| run(3, 3, Flaw::None), iterations());
    }

    #[test]
    fn three_shards_under_prioritised_schedules() {
        shuttle::check_pct(|| run(3, 3, Flaw::None), iterations(), 4);
    }

    #[test]
    fn every_flaw_is_noticed() {
        for flaw in [Flaw::OpenAfterStamp, Flaw::OpenBeforeIssued, Flaw::WatermarkAfterDrain] {
            let begun = std::sync::Arc::new(AtomicU64::new(0));
            let counting = begun.clone();
            let run = move || {
                counting.fetch_add(1, Ordering::Relaxed);
                run(2, 2, flaw);
            };
            let failure = catch_unwind(AssertUnwindSafe(|| shuttle::check_random(run, 100_000)));
            let complaint = failure.expect_err("a broken protocol passed the check");
            let text = complaint.downcast_ref::<String>().map_or("", String::as_str);
            assert!(text.contains("said to be reached"), "{flaw:?} was noticed, but by: {text}");
            println!("{flaw:?} noticed in iteration {}", begun.load(Ordering::Relaxed));
        }
    }
}
