//! Speed of the sorted set against a naive twin: a `BTreeSet` of (score, member) beside a `HashMap` of scores.
//!
//! `cargo bench --bench zset`. The twin finds no ranks; it is there to show what the counting tree costs beyond a plain
//! ordered one, and what its compact leaves save. Members have 16 bytes and come in an order unlike that of insertion.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shoal::data::zset::{Gather, Rule, ScoreBound, ScoreRange};
use shoal::data::{Limits, ZSet};
use support::{Fixture, Key, Walk, group, key};

const SIZES: [u64; 3] = [100, 10_000, 1_000_000];

#[derive(Default)]
struct Twin {
    order: BTreeSet<(u64, Key)>,
    scores: HashMap<Key, u64, ahash::RandomState>,
}

impl Twin {
    fn put(&mut self, member: Key, score: u64) {
        if let Some(old) = self.scores.insert(member, score) {
            self.order.remove(&(old, member));
        }
        self.order.insert((score, member));
    }
}

/// A whole number as a score.
fn score(n: u64) -> f64 {
    n as f64
}

fn filled(size: u64) -> (ZSet, Twin) {
    let limits = Limits::default();
    let (mut zset, mut twin, mut walk) = (ZSet::default(), Twin::default(), Walk::new(size));
    for n in 0..size {
        let by = walk.next();
        zset.put(&key(n), score(by), Rule::default(), &limits).unwrap();
        twin.put(key(n), by);
    }
    (zset, twin)
}

fn changes(c: &mut Criterion) {
    let limits = Limits::default();
    for size in SIZES {
        let (mut zset, mut twin) = filled(size);
        let mut group = group(c, &format!("{size}"));
        let mut walk = Walk::new(size);
        group.bench_function("rescore/shoal", |b| {
            b.iter(|| {
                let (member, by) = (key(walk.next()), score(walk.next()));
                black_box(zset.put(&member, by, Rule::default(), &limits).unwrap())
            });
        });
        group.bench_function("rescore/twin", |b| b.iter(|| twin.put(key(walk.next()), walk.next())));
        group.bench_function("pop and add/shoal", |b| {
            b.iter(|| {
                let (member, _) = zset.nth(0).unwrap();
                let member = member.to_vec();
                zset.remove_range(0..1);
                zset.put(&member, score(walk.next()), Rule::default(), &limits).unwrap()
            });
        });
        group.bench_function("pop and add/twin", |b| {
            b.iter(|| {
                let (_, member) = twin.order.pop_first().unwrap();
                twin.scores.remove(&member);
                twin.put(member, walk.next());
            });
        });
        group.bench_function("rank/shoal", |b| b.iter(|| zset.rank(black_box(&key(walk.next())))));
        group.bench_function("range of 100 by score/shoal", |b| {
            b.iter(|| {
                let min = ScoreBound { score: score(walk.next()), exclusive: false };
                let max = ScoreBound { score: f64::INFINITY, exclusive: false };
                let ranks = zset.ranks_by_score(&ScoreRange { min, max });
                let end = ranks.end.min(ranks.start + 100);
                zset.walk(ranks.start..end, false).map(|(member, _)| member.len()).sum::<usize>()
            });
        });
    }
}

fn gather(c: &mut Criterion) {
    const SIZE: u64 = 100_000;
    let limits = Limits::default();
    let mut group = group(c, "gather");
    group.throughput(Throughput::Elements(SIZE));
    group.bench_function("union of 100,000/shoal", |b| {
        b.iter(|| {
            let mut walk = Walk::new(SIZE);
            let mut gather = Gather::default();
            (0..SIZE).for_each(|n| gather.put(&key(n), score(walk.next()), |present| present));
            gather.finish(&limits).len()
        });
    });
    group.bench_function("union of 100,000/twin", |b| {
        b.iter(|| {
            let (mut walk, mut twin) = (Walk::new(SIZE), Twin::default());
            (0..SIZE).for_each(|n| twin.put(key(n), walk.next()));
            twin.order.len()
        });
    });
}

/// Whole commands, without the loop.
fn commands(c: &mut Criterion) {
    let mut group = group(c, "command");
    let (mut fixture, mut reply) = (Fixture::new(), Vec::new());
    let mut walk = Walk::new(1_000_000);
    group.bench_function("ZADD", |b| {
        b.iter(|| {
            reply.clear();
            fixture.run(&[b"ZADD", b"zset", b"17.5", &key(walk.next())], &mut reply);
        });
    });
    group.bench_function("ZPOPMIN", |b| {
        b.iter(|| {
            reply.clear();
            fixture.run(&[b"ZPOPMIN", b"zset"], &mut reply);
        });
    });
}

criterion_group!(benches, changes, gather, commands);
criterion_main!(benches);
