//! Speed of the table of one collection against its naive twin, a `HashMap<Box<[u8]>, Box<[u8]>>` with the same hash.
//!
//! `cargo bench --bench fields`; names of 14 bytes, values of 8, as a hash of counters or a sorted set has them. Lookups
//! walk the names in an order unlike that of insertion, so that probes of a large table miss the caches.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a bench")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use shoal::data::entry::EntryBox;
use shoal::data::fields::{FieldKey, Fields};

type Twin = HashMap<Box<[u8]>, Box<[u8]>, ahash::RandomState>;
type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

const BATCH: usize = 16;

fn name(n: u64) -> [u8; 14] {
    let mut name = *b"field:00000000";
    let mut rest = n;
    for digit in name[6..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    name
}

/// Random numbers, for an order without locality.
struct Walk(u64);

impl Walk {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }
}

fn fields_of(n: u64) -> Fields {
    (0..n).map(|i| EntryBox::new_int(&name(i), i as i64, None)).collect()
}

fn twin_of(n: u64) -> Twin {
    (0..n).map(|i| (Box::from(&name(i)[..]), Box::from(&i.to_ne_bytes()[..]))).collect()
}

/// The twin grown by single inserts, as commands do it, not from an iterator of known length.
fn twin_grown(n: u64) -> Twin {
    let mut twin = Twin::default();
    for i in 0..n {
        twin.insert(Box::from(&name(i)[..]), Box::from(&i.to_ne_bytes()[..]));
    }
    twin
}

fn lookups(group: &mut Group<'_>, n: u64, fields: &Fields, twin: &Twin) {
    for (what, offset) in [("find_hit", 0), ("find_miss", n)] {
        let mut walk = Walk(1);
        group.bench_function(format!("{what}/shoal/{n}"), |b| {
            b.iter(|| {
                black_box(fields.find(&name(walk.below(n) + offset)).and_then(|entry| entry.int_value()))
            });
        });
        group.bench_function(format!("{what}/naive/{n}"), |b| {
            b.iter(|| black_box(twin.get(&name(walk.below(n) + offset)[..]).map(|value| value[0])));
        });
        group.throughput(Throughput::Elements(BATCH as u64));
        group.bench_function(format!("{what}_batch_16/shoal/{n}"), |b| {
            b.iter(|| {
                let names: [[u8; 14]; BATCH] = std::array::from_fn(|_| name(walk.below(n) + offset));
                let keys = names.each_ref().map(|name| FieldKey::new(name));
                let mut sum = 0i64;
                fields.find_batch(&keys, |_, found| {
                    sum = sum.wrapping_add(found.and_then(|entry| entry.int_value()).unwrap_or(0));
                });
                sum
            });
        });
        group.throughput(Throughput::Elements(1));
    }
}

fn walks(group: &mut Group<'_>, n: u64, fields: &Fields, twin: &Twin) {
    let mut walk = Walk(1);
    group.bench_function(format!("random/shoal/{n}"), |b| {
        b.iter(|| black_box(fields.random(&mut || walk.next()).map(|entry| entry.key().len())));
    });
    let mut cursor = 0;
    group.bench_function(format!("scan_pair/shoal/{n}"), |b| {
        b.iter(|| {
            cursor = fields.scan(cursor, |entry| {
                black_box(entry.key().len());
            });
        });
    });
    group.throughput(Throughput::Elements(n));
    group.bench_function(format!("iterate/shoal/{n}"), |b| {
        b.iter(|| fields.iter().map(|entry| entry.key().len()).sum::<usize>());
    });
    group.bench_function(format!("iterate/naive/{n}"), |b| {
        b.iter(|| twin.keys().map(|name| usize::from(name[0])).sum::<usize>());
    });
    group.throughput(Throughput::Elements(1));
}

fn changes(group: &mut Group<'_>, n: u64, fields: &mut Fields, twin: &mut Twin) {
    let mut walk = Walk(1);
    group.bench_function(format!("remove_insert/shoal/{n}"), |b| {
        b.iter(|| {
            let name = name(walk.below(n));
            drop(fields.remove(&name));
            fields.insert(EntryBox::new_int(&name, 1, None))
        });
    });
    group.bench_function(format!("remove_insert/naive/{n}"), |b| {
        b.iter(|| {
            let name = name(walk.below(n));
            drop(twin.remove(&name[..]));
            twin.insert(Box::from(&name[..]), Box::from(&1u64.to_ne_bytes()[..]))
        });
    });
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("fields");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for n in [10, 1_000, 1_000_000] {
        let (mut fields, mut twin) = (fields_of(n), twin_of(n));
        group.throughput(Throughput::Elements(1));
        lookups(&mut group, n, &fields, &twin);
        walks(&mut group, n, &fields, &twin);
        changes(&mut group, n, &mut fields, &mut twin);
        group.throughput(Throughput::Elements(n));
        group
            .bench_function(format!("insert_growing/shoal/{n}"), |b| b.iter_with_large_drop(|| fields_of(n)));
        group.bench_function(format!("insert_growing/naive/{n}"), |b| {
            b.iter_with_large_drop(|| twin_grown(n))
        });
    }
    group.finish();
}

criterion_group!(fields, benches);
criterion_main!(fields);
