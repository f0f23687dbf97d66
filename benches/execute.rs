//! Speed of commands from words to reply bytes, and of whole pipelines from request bytes to reply bytes: what a shard
//! does apart from the kernel.
//!
//! `cargo bench --bench execute`. Small: a thousand keys, which stay in the caches. Large: a million keys in an order
//! without locality, as in service. Subtract these figures from the CPU time per request of a running server
//! (docs/performance.md): the rest is the loop and the kernel.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use shoal::resp::{Limits, Parsed, Parser};
use support::{Fixture, Key, VALUE, Walk, group, key, request};

const LIMITS: Limits = Limits { bulk_max: 512 * 1024 * 1024, authenticated: true };
/// Requests of a pipeline.
const DEPTH: usize = 16;

/// `count` names of random keys out of `n`, made before a bench begins so that making them is not measured.
fn names(from: u64, n: u64, count: usize) -> Vec<Key> {
    let mut walk = Walk::new(n);
    (0..count).map(|_| key(from + walk.next())).collect()
}

/// Benches a command of `WORDS` words: its name, then keys, each followed by a value where `step` is 2.
fn bench<const WORDS: usize>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    fixture: &mut Fixture,
    (name, step): (&str, usize),
    (from, n): (u64, u64),
) {
    let keys_per_call = (WORDS - 1) / step;
    let keys = names(from, n, usize::try_from(n).unwrap() / keys_per_call * keys_per_call);
    let mut calls = keys.chunks(keys_per_call).cycle();
    let mut reply = Vec::new();
    group.throughput(Throughput::Elements(keys_per_call as u64));
    group.bench_function(format!("{}/{n}", name.to_lowercase()), |b| {
        b.iter(|| {
            let keys = calls.next().unwrap();
            let argv: [&[u8]; WORDS] = std::array::from_fn(|word| match word.checked_sub(1) {
                None => name.as_bytes(),
                Some(at) if at % step == 0 => &keys[at / step][..],
                Some(_) => &VALUE[..],
            });
            reply.clear();
            fixture.run(black_box(&argv), &mut reply);
            black_box(reply.len())
        });
    });
    assert_ne!(reply.first(), Some(&b'-'), "{name}: {}", String::from_utf8_lossy(&reply));
}

fn commands(c: &mut Criterion) {
    let mut group = group(c, "execute");
    for n in [1_000, 1_000_000] {
        let mut fixture = Fixture::filled(n);
        bench::<2>(&mut group, &mut fixture, ("GET", 1), (0, n));
        bench::<3>(&mut group, &mut fixture, ("SET", 2), (0, n));
        bench::<11>(&mut group, &mut fixture, ("MGET", 1), (0, n));
        bench::<21>(&mut group, &mut fixture, ("MSET", 2), (0, n));
        // Counters are keys of their own, behind those that hold text.
        bench::<2>(&mut group, &mut fixture, ("INCR", 1), (n, n));
    }
    group.finish();
}

/// Parses and runs all requests of `bytes`.
fn serve(fixture: &mut Fixture, parser: &mut Parser, bytes: &[u8], reply: &mut Vec<u8>) {
    let mut at = 0;
    while let Ok(Parsed::Request(argv, consumed)) = parser.parse(&bytes[at..], &LIMITS) {
        fixture.run(&argv, reply);
        at += consumed;
    }
}

fn pipelines(c: &mut Criterion) {
    let n = 1_000_000;
    let mut fixture = Fixture::filled(n);
    let mut group = group(c, "serve");
    group.throughput(Throughput::Elements(DEPTH as u64));
    for (name, has_value) in [("GET", false), ("SET", true)] {
        let one = |key: &Key| {
            let words: [&[u8]; 3] = [name.as_bytes(), key, &VALUE];
            request(if has_value { &words } else { &words[..2] })
        };
        let keys = names(0, n, 400_000);
        let receives: Vec<Vec<u8>> =
            keys.chunks(DEPTH).map(|keys| keys.iter().flat_map(one).collect()).collect();
        let mut next = receives.iter().cycle();
        let (mut parser, mut reply) = (Parser::new(), Vec::new());
        group.bench_function(format!("{}_x{DEPTH}/{n}", name.to_lowercase()), |b| {
            b.iter(|| {
                reply.clear();
                serve(&mut fixture, &mut parser, black_box(next.next().unwrap()), &mut reply);
                black_box(reply.len())
            });
        });
    }
    group.finish();
}

/// Pipelines of SETs with the journal off, and on: stated, published once per pipeline, taken out by the log core and
/// dropped, all on this thread.
fn journaled(c: &mut Criterion) {
    let n = 1_000;
    let mut group = group(c, "journal");
    group.throughput(Throughput::Elements(DEPTH as u64));
    for on in [false, true] {
        let mut fixture = Fixture::filled(n);
        let mut tap = on.then(|| fixture.journal());
        let keys = names(0, n, 16_000);
        let mut next = keys.chunks(DEPTH).cycle();
        let mut reply = Vec::new();
        let name = if on { "on" } else { "off" };
        group.bench_function(format!("set_x{DEPTH}/{name}"), |b| {
            b.iter(|| {
                reply.clear();
                for key in next.next().unwrap() {
                    let argv: [&[u8]; 3] = [b"SET", key, &VALUE];
                    fixture.run(black_box(&argv), &mut reply);
                }
                fixture.publish();
                if let Some(tap) = &mut tap {
                    tap.poll(
                        usize::MAX,
                        |item| {
                            black_box(item);
                        },
                        |_| {},
                    );
                }
                black_box(reply.len())
            });
        });
    }
    group.finish();
}

criterion_group!(execute, commands, pipelines, journaled);
criterion_main!(execute);
