//! Speed of the table against its naive twin, a `HashMap<Vec<u8>, Vec<u8>>` with the same hash.
//!
//! `cargo bench --bench table`; keys of 16 bytes, values of 64. Lookups walk the keys in an order unlike that of
//! insertion, so that every probe of a large table misses the caches as it would in service.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a bench")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use shoal::data::entry::EntryBox;
use shoal::data::table::{HKey, Slot, Table};

type Twin = HashMap<Vec<u8>, Vec<u8>, ahash::RandomState>;

const VALUE: [u8; 64] = [b'v'; 64];

fn key(n: u64) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    let mut rest = n;
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

/// Visits 0..n in an order without locality.
struct Walk {
    at: u64,
    n: u64,
}

impl Walk {
    fn next(&mut self) -> u64 {
        self.at = self.at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.at) * u128::from(self.n)) >> 64) as u64
    }
}

fn table_of(n: u64) -> Table {
    let mut table = Table::new();
    for i in 0..n {
        let key = key(i);
        table.insert(&HKey::new(&key), EntryBox::new_string(&key, &VALUE, None));
    }
    table
}

fn twin_of(n: u64) -> Twin {
    let mut twin = Twin::default();
    for i in 0..n {
        twin.insert(key(i).to_vec(), VALUE.to_vec());
    }
    twin
}

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn lookups(group: &mut Group<'_>, n: u64, table: &Table, twin: &Twin) {
    for (name, offset) in [("find_hit", 0), ("find_miss", n)] {
        let mut walk = Walk { at: 1, n };
        group.bench_function(format!("{name}/shoal/{n}"), |b| {
            b.iter(|| {
                let key = key(walk.next() + offset);
                black_box(table.find(&HKey::new(&key)).map(|entry| entry.string_len()))
            });
        });
        group.bench_function(format!("{name}/naive/{n}"), |b| {
            b.iter(|| black_box(twin.get(&key(walk.next() + offset)[..]).map(Vec::len)));
        });
    }
    group.throughput(Throughput::Elements(16));
    let mut walk = Walk { at: 1, n };
    group.bench_function(format!("find_hit_prefetched_16/shoal/{n}"), |b| {
        b.iter(|| {
            let keys: [[u8; 16]; 16] = std::array::from_fn(|_| key(walk.next()));
            let keys = keys.each_ref().map(|key| HKey::new(key));
            keys.iter().for_each(|key| table.prefetch(key));
            keys.iter().for_each(|key| table.prefetch_entry(key));
            keys.iter().filter_map(|key| table.find(key)).map(|entry| entry.string_len()).sum::<usize>()
        });
    });
    let mut cursor = 0;
    group.bench_function(format!("scan_16/shoal/{n}"), |b| {
        b.iter(|| {
            cursor = table.scan(cursor, 16, |entry| {
                black_box(entry.key().len());
            })
        });
    });
    group.throughput(Throughput::Elements(1));
}

fn changes(group: &mut Group<'_>, n: u64, table: &mut Table, twin: &mut Twin) {
    let mut walk = Walk { at: 1, n };
    group.bench_function(format!("upsert_replace/shoal/{n}"), |b| {
        b.iter(|| {
            let key = key(walk.next());
            if let Slot::Occupied(mut occupied) = table.upsert(&HKey::new(&key)) {
                drop(occupied.replace(EntryBox::new_string(&key, &VALUE, None)));
            }
        });
    });
    group.bench_function(format!("upsert_overwrite/shoal/{n}"), |b| {
        b.iter(|| {
            let key = key(walk.next());
            if let Slot::Occupied(mut occupied) = table.upsert(&HKey::new(&key)) {
                black_box(occupied.get_mut().overwrite_string(&VALUE));
            }
        });
    });
    group.bench_function(format!("upsert_replace/naive/{n}"), |b| {
        b.iter(|| twin.insert(key(walk.next()).to_vec(), VALUE.to_vec()));
    });
    group.bench_function(format!("remove_insert/shoal/{n}"), |b| {
        b.iter(|| {
            let key = key(walk.next());
            let key = HKey::new(&key);
            drop(table.remove(&key));
            table.insert(&key, EntryBox::new_string(key.bytes, &VALUE, None))
        });
    });
    group.bench_function(format!("remove_insert/naive/{n}"), |b| {
        b.iter(|| {
            let key = key(walk.next());
            drop(twin.remove(&key[..]));
            twin.insert(key.to_vec(), VALUE.to_vec())
        });
    });
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("table");
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for n in [1_000, 1_000_000] {
        let (mut table, mut twin) = (table_of(n), twin_of(n));
        group.throughput(Throughput::Elements(1));
        lookups(&mut group, n, &table, &twin);
        changes(&mut group, n, &mut table, &mut twin);
        group.sample_size(10).throughput(Throughput::Elements(n));
        group.bench_function(format!("insert_growing/shoal/{n}"), |b| b.iter_with_large_drop(|| table_of(n)));
        group.bench_function(format!("insert_growing/naive/{n}"), |b| b.iter_with_large_drop(|| twin_of(n)));
        group.sample_size(20);
    }
    group.finish();
}

criterion_group!(table, benches);
criterion_main!(table);
