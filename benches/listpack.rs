//! Speed of listpacks: the operations of small hashes, lists and sorted sets.
//!
//! `cargo bench --bench listpack`. The twin is a vector of strings, which takes an allocation for every element.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use shoal::data::{IntSet, Listpack};
use support::group;

/// As many entries as a hash may have in a listpack by default (hash-max-listpack-entries, 7.0 and later).
const ENTRIES: usize = 128;

fn texts() -> Vec<Vec<u8>> {
    (0..ENTRIES).map(|n| format!("field:{n:06}").into_bytes()).collect()
}

fn append(c: &mut Criterion) {
    let texts = texts();
    let mut group = group(c, "append128");
    group.bench_function("listpack", |b| {
        b.iter(|| {
            let mut pack = Listpack::new();
            for text in &texts {
                pack.append(black_box(text));
            }
            pack
        });
    });
    group.bench_function("listpack/batch", |b| {
        b.iter(|| texts.iter().map(|text| black_box(text.as_slice())).collect::<Listpack>());
    });
    group.bench_function("vec", |b| b.iter(|| black_box(&texts).clone()));
    group.finish();
}

fn find(c: &mut Criterion) {
    let texts = texts();
    let pack: Listpack = texts.iter().map(Vec::as_slice).collect();
    let numbers: Vec<String> = (0..ENTRIES).map(|n| (n * 1_000).to_string()).collect();
    let ints: Listpack = numbers.iter().map(String::as_bytes).collect();
    let mut group = group(c, "find128");
    group.bench_function("text/last", |b| b.iter(|| pack.find(black_box(b"field:000127"), 0)));
    group.bench_function("text/absent", |b| b.iter(|| pack.find(black_box(b"absent"), 0)));
    group.bench_function("text/pairs", |b| b.iter(|| pack.find(black_box(b"field:000126"), 1)));
    group.bench_function("number/last", |b| b.iter(|| ints.find(black_box(b"127000"), 0)));
    group.bench_function("vec/last", |b| {
        b.iter(|| texts.iter().position(|text| text == black_box(b"field:000127")))
    });
    group.finish();
}

fn ends(c: &mut Criterion) {
    let texts = texts();
    let pack: Listpack = texts.iter().map(Vec::as_slice).collect();
    let mut group = group(c, "ends128");
    group.bench_function("head/push_pop", |b| {
        let mut pack = pack.clone();
        b.iter(|| {
            pack.prepend(black_box(b"field:000128"));
            pack.first().and_then(|pos| pack.delete(pos))
        });
    });
    group.bench_function("tail/push_pop", |b| {
        let mut pack = pack.clone();
        b.iter(|| {
            pack.append(black_box(b"field:000128"));
            pack.last().and_then(|pos| pack.delete(pos))
        });
    });
    group.bench_function("replace/same_size", |b| {
        let mut pack = pack.clone();
        let pos = pack.seek(64).unwrap();
        b.iter(|| pack.replace(pos, black_box(b"field:999999")));
    });
    group.finish();
}

fn seek(c: &mut Criterion) {
    let pack: Listpack = texts().iter().map(Vec::as_slice).collect();
    let mut group = group(c, "seek128");
    for index in [0, 32, 64, 96, -1] {
        group.bench_function(index.to_string(), |b| b.iter(|| pack.seek(black_box(index))));
    }
    group.bench_function("walk", |b| b.iter(|| pack.iter().map(|(_, item)| item.len()).sum::<usize>()));
    group.finish();
}

fn intset(c: &mut Criterion) {
    let set: IntSet = (0..512).map(|n| n * 7).collect();
    let mut group = group(c, "intset512");
    group.bench_function("contains", |b| {
        b.iter(|| (set.contains(black_box(1_400)), set.contains(black_box(1_401))))
    });
    group.bench_function("build", |b| {
        b.iter_batched(|| (0..512).rev(), |numbers| numbers.collect::<IntSet>(), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(listpack, append, find, ends, seek, intset);
criterion_main!(listpack);
