//! Speed of streams: adding at the tail with and without a cap, reading ranges, and the life of an entry in a group.
//!
//! `cargo bench --bench stream`. `xadd` is the command from words to reply; the others are the data structure alone.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use shoal::data::stream::{Group, Keep, Log, NewId, Trim};
use shoal::data::{Limits, StreamId};
use support::{Fixture, group};

/// Entries of a stream that is read.
const ENTRIES: u64 = 10_000;
const WORDS: [&[u8]; 6] =
    [b"sensor", b"1234", b"temperature", b"19.8", b"note", b"something longer than the others"];

fn filled() -> Log {
    let (mut log, limits) = (Log::default(), Limits::default());
    for ms in 1..=ENTRIES {
        log.append(NewId::Exact(StreamId::new(ms, 0)), &WORDS, 0, &limits).unwrap();
    }
    log
}

fn append(c: &mut Criterion) {
    let limits = Limits::default();
    let mut group = group(c, "append");
    group.throughput(Throughput::Elements(1));
    for (name, words) in [("one field", &WORDS[..2]), ("three fields", &WORDS[..])] {
        let mut log = Log::default();
        let trim = Trim { keep: Keep::Newest(ENTRIES), whole_nodes: true, limit: 0 };
        group.bench_function(name, |b| {
            b.iter(|| {
                let id = log.append(NewId::Auto, black_box(words), 1, &limits);
                log.trim(&trim);
                id
            });
        });
    }
    group.finish();
}

fn xadd(c: &mut Criterion) {
    let mut group = group(c, "xadd");
    group.throughput(Throughput::Elements(1));
    let plain: &[&[u8]] = &[b"XADD", b"plain", b"*", b"field", b"value"];
    let capped: &[&[u8]] = &[b"XADD", b"capped", b"MAXLEN", b"~", b"1000", b"*", b"field", b"value"];
    for (name, argv) in [("plain", plain), ("capped", capped)] {
        let (mut fixture, mut reply) = (Fixture::filled(1_000), Vec::new());
        group.bench_function(name, |b| {
            b.iter(|| {
                reply.clear();
                fixture.run(black_box(argv), &mut reply);
                black_box(reply.len())
            });
        });
        assert_eq!(reply.first(), Some(&b'$'));
    }
    group.finish();
}

fn read(c: &mut Criterion) {
    let log = filled();
    let mut group = group(c, "read");
    let look = |from: u64, to: u64, reverse: bool| {
        let (from, to) = (StreamId::new(from, 0), StreamId::new(to, 0));
        let fields = |entry: shoal::data::stream::StreamEntry<'_>| entry.fields().count();
        black_box(&log).range(from, to, reverse).map(fields).sum::<usize>()
    };
    group.bench_function("one", |b| b.iter(|| look(5_050, 5_050, false)));
    group.bench_function("hundred", |b| b.iter(|| look(5_000, 5_099, false)));
    group.bench_function("hundred/reverse", |b| b.iter(|| look(5_000, 5_099, true)));
    group.bench_function("last", |b| b.iter(|| black_box(&log).last_live_id()));
    group.finish();
}

fn deliver(c: &mut Criterion) {
    let log = filled();
    let mut group = group(c, "group");
    group.throughput(Throughput::Elements(100));
    group.bench_function("deliver and ack 100", |b| {
        let fresh = || {
            let mut group = Group::new(StreamId::MIN, Some(0));
            let (slot, _) = group.find_or_create(b"consumer", 0);
            (group, slot)
        };
        b.iter_batched_ref(
            fresh,
            |(group, slot)| {
                for ms in 1..=100 {
                    let id = StreamId::new(ms, 0);
                    group.advance(&log, id);
                    group.deliver(id, *slot, 0);
                }
                (1..=100).filter(|ms| group.ack(StreamId::new(*ms, 0)).is_some()).count()
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, append, xadd, read, deliver);
criterion_main!(benches);
