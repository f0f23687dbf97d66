//! Speed of list commands from words to reply bytes, as redis-benchmark draws them: one long list that is pushed to and
//! popped from, and ranges of a list of small elements.
//!
//! `cargo bench --bench list`. Subtract these figures from the CPU time per request of a running server: the rest is the
//! loop and the kernel.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use support::{Fixture, Key, VALUE, Walk, group, key};

/// What redis-benchmark pushes by default.
const SMALL: &[u8] = b"xxx";
/// Elements of the list that ends are added to and taken from: of the bench's own making, so that pops never end it.
const FILL: usize = 100_000;

fn fill(fixture: &mut Fixture, name: &[u8], count: usize, element: &[u8]) {
    let mut reply = Vec::new();
    for _ in 0..count {
        reply.clear();
        fixture.run(&[b"RPUSH", name, element], &mut reply);
    }
}

/// One command over and over.
fn bench(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &mut Fixture, name: &str, words: &[&[u8]]) {
    let mut reply = Vec::new();
    group.bench_function(name, |b| {
        b.iter(|| {
            reply.clear();
            fixture.run(black_box(words), &mut reply);
            black_box(reply.len())
        });
    });
    assert_ne!(reply.first(), Some(&b'-'), "{name}: {}", String::from_utf8_lossy(&reply));
}

/// A push and the pop that undoes it, at either end of a list of many nodes.
fn ends(c: &mut Criterion) {
    let mut group = group(c, "list_ends");
    group.throughput(Throughput::Elements(2));
    for (text, element) in [("small", SMALL), ("64b", &VALUE[..]), ("int", b"123456")] {
        let mut fixture = Fixture::new();
        fill(&mut fixture, b"l", FILL, element);
        for (name, push, pop) in [
            ("lpush_lpop", "LPUSH", "LPOP"),
            ("rpush_rpop", "RPUSH", "RPOP"),
            ("rpush_lpop", "RPUSH", "LPOP"),
        ] {
            let mut reply = Vec::new();
            group.bench_function(format!("{name}/{text}"), |b| {
                b.iter(|| {
                    reply.clear();
                    fixture.run(black_box(&[push.as_bytes(), b"l", element]), &mut reply);
                    fixture.run(black_box(&[pop.as_bytes(), b"l"]), &mut reply);
                    black_box(reply.len())
                });
            });
        }
    }
    group.finish();
}

/// Many pushes in a row, then as many pops: what filling and draining costs, nodes made and dropped included.
fn runs(c: &mut Criterion) {
    const RUN: usize = 10_000;
    let mut group = group(c, "list_runs");
    group.throughput(Throughput::Elements(2 * RUN as u64));
    for (name, push, pop) in [("lpush_lpop", "LPUSH", "LPOP"), ("rpush_rpop", "RPUSH", "RPOP")] {
        let mut fixture = Fixture::new();
        let mut reply = Vec::new();
        group.bench_function(format!("{name}/small"), |b| {
            b.iter(|| {
                for _ in 0..RUN {
                    reply.clear();
                    fixture.run(black_box(&[push.as_bytes(), b"l", SMALL]), &mut reply);
                }
                for _ in 0..RUN {
                    reply.clear();
                    fixture.run(black_box(&[pop.as_bytes(), b"l"]), &mut reply);
                }
                black_box(reply.len())
            });
        });
    }
    group.finish();
}

/// Lists of one element under a million keys, created and removed.
fn keys(c: &mut Criterion) {
    let n = 1_000_000;
    let mut walk = Walk::new(n);
    let names: Vec<Key> = (0..n).map(|_| key(walk.next())).collect();
    let mut names = names.iter().cycle();
    let mut fixture = Fixture::filled(n);
    let mut group = group(c, "list_keys");
    group.throughput(Throughput::Elements(2));
    let mut reply = Vec::new();
    group.bench_function("rpush_lpop_of_new_keys", |b| {
        b.iter(|| {
            let mut name = *names.next().unwrap();
            name[0] = b'l';
            reply.clear();
            fixture.run(black_box(&[b"RPUSH", &name, SMALL]), &mut reply);
            fixture.run(black_box(&[b"LPOP", &name]), &mut reply);
            black_box(reply.len())
        });
    });
    group.finish();
}

fn ranges(c: &mut Criterion) {
    let mut group = group(c, "list_range");
    for (text, element) in [("small", SMALL), ("64b", &VALUE[..]), ("int", b"123456")] {
        let mut fixture = Fixture::new();
        fill(&mut fixture, b"l", FILL, element);
        for stop in [99, 599] {
            let stop_word = stop.to_string();
            group.throughput(Throughput::Elements(stop + 1));
            let words: [&[u8]; 4] = [b"LRANGE", b"l", b"0", stop_word.as_bytes()];
            bench(&mut group, &mut fixture, &format!("lrange_{}/{text}", stop + 1), &words);
        }
        group.throughput(Throughput::Elements(1));
        bench(&mut group, &mut fixture, &format!("lindex_middle/{text}"), &[b"LINDEX", b"l", b"50000"]);
    }
    group.finish();
}

fn searches(c: &mut Criterion) {
    let mut fixture = Fixture::new();
    fill(&mut fixture, b"l", 10_000, SMALL);
    let mut group = group(c, "list_search");
    group.throughput(Throughput::Elements(10_000));
    bench(&mut group, &mut fixture, "lpos_none", &[b"LPOS", b"l", b"yyy"]);
    bench(&mut group, &mut fixture, "linsert_none", &[b"LINSERT", b"l", b"BEFORE", b"yyy", b"z"]);
    bench(&mut group, &mut fixture, "lrem_none", &[b"LREM", b"l", b"0", b"yyy"]);
    group.finish();
}

criterion_group!(list, ends, runs, keys, ranges, searches);
criterion_main!(list);
