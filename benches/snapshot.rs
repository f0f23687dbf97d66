//! What a snapshot costs: writes beside it, and its own walk.
//!
//! `cargo bench --bench snapshot`; a million keys of 16 bytes with values of 64, in an order without locality.
//! - `set/none`: SET over a key, no snapshot. Compare with an older commit for the price of the hook.
//! - `set/saved`: a snapshot runs, the key is saved already.
//! - `set/unsaved`: the first write to a key since the cut, which saves it.
//! - `walk`: a snapshot of all keys without writers.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shoal::data::HKey;
use shoal::keyspace::snapshot::{Block, Budget, Cut, End, RdbRecords, Sink, Step, UseMarks};
use shoal::keyspace::{Expire, Store};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{VALUE, Walk, group, key};

const KEYS: u64 = 1_000_000;
/// Writes between two looks at the clock.
const BATCH: u64 = 1000;

/// Drops what it gets, or has no room at all.
struct Drain {
    open: bool,
}

impl Sink for Drain {
    fn block(&mut self, block: Block) {
        black_box(block.bytes.len());
    }

    fn has_room(&self) -> bool {
        self.open
    }

    fn end(&mut self, _: End) {}
}

fn begin(store: &mut Store, open: bool) {
    let encode = RdbRecords { compress: true, marks: UseMarks::None, now_ms: 0, policy: store.policy };
    store.begin_snapshot(Cut { id: 1, encode: Arc::new(encode), sink: Box::new(Drain { open }) });
}

fn finish(store: &mut Store) {
    let mut budget = Budget::UNBOUNDED;
    while store.snapshot_step(&mut budget) != Step::Done {}
    store.to_drop.clear();
}

fn filled() -> Store {
    let mut store = Store::new(1, 1);
    for n in 0..KEYS {
        store.set_string(0, &HKey::new(&key(n)), &VALUE, Expire::Clear);
    }
    store
}

/// Overwrites the keys that `next` tells, `count` of them.
fn overwrite(store: &mut Store, count: u64, next: &mut impl FnMut() -> u64) -> Duration {
    let names: Vec<_> = (0..count).map(|_| key(next())).collect();
    let start = Instant::now();
    for name in &names {
        black_box(store.set_string(0, &HKey::new(name), &VALUE, Expire::Clear));
    }
    start.elapsed()
}

fn sets(c: &mut Criterion) {
    let mut group = group(c, "set");
    let mut store = filled();
    let mut walk = Walk::new(KEYS);
    group.bench_function("none", |b| {
        b.iter_custom(|count| overwrite(&mut store, count, &mut || walk.next()));
    });
    begin(&mut store, false);
    overwrite(&mut store, KEYS, &mut {
        let mut n = 0;
        move || {
            n += 1;
            n - 1
        }
    });
    group.bench_function("saved", |b| {
        b.iter_custom(|count| overwrite(&mut store, count, &mut || walk.next()));
    });
    store.cancel_snapshot();
    finish(&mut store);
    // Every key once a round, in an order without locality: the step has no factor in common with the number of keys.
    let mut n = 0;
    group.bench_function("unsaved", |b| {
        b.iter_custom(|count| {
            let mut spent = Duration::ZERO;
            for _ in 0..count.div_ceil(BATCH) {
                if n % KEYS == 0 {
                    store.cancel_snapshot();
                    finish(&mut store);
                    begin(&mut store, false);
                }
                spent += overwrite(&mut store, BATCH, &mut || {
                    n += 1;
                    n * 618_033 % KEYS
                });
            }
            spent.mul_f64(count as f64 / (count.div_ceil(BATCH) * BATCH) as f64)
        });
    });
    group.finish();
}

fn walks(c: &mut Criterion) {
    let mut group = group(c, "walk");
    group.throughput(Throughput::Elements(KEYS)).sample_size(10);
    let mut store = filled();
    group.bench_function("all", |b| {
        b.iter(|| {
            begin(&mut store, true);
            finish(&mut store);
        });
    });
    group.finish();
}

criterion_group!(benches, sets, walks);
criterion_main!(benches);
