//! Speed of finding a command and the shard of its keys, against a hash map of names and the CRC16 crate.
//!
//! `cargo bench --bench route`. The words are those of parsed requests; four shards, so that the owner matters.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shoal::command::{Command, table};
use shoal::data::slot::key_slot;
use shoal::keyspace::slots;
use support::{group, key};

const SHARDS: usize = 4;

type Twin = HashMap<String, &'static Command>;

fn twin() -> Twin {
    table::commands().iter().map(|command| (command.full_name.clone(), *command)).collect()
}

fn naive_resolve(twin: &Twin, argv: &[&[u8]]) -> Option<&'static Command> {
    twin.get(&String::from_utf8_lossy(argv[0]).to_lowercase()).copied()
}

/// The slot as the Cluster specification words it, on the crate that computes a byte a step.
fn naive_slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|&b| b == b'{').and_then(|open| {
        let len = key[open + 1..].iter().position(|&b| b == b'}').filter(|&len| len > 0)?;
        Some(&key[open + 1..][..len])
    });
    crc16::State::<crc16::XMODEM>::calculate(tag.unwrap_or(key)) % 16_384
}

fn names(c: &mut Criterion) {
    let calls: [&[&[u8]]; 4] =
        [&[b"GET", b"k"], &[b"set", b"k", b"v"], &[b"IncrByFloat", b"k", b"1"], &[b"MGET", b"a", b"b"]];
    let twin = twin();
    let mut group = group(c, "resolve");
    group.throughput(Throughput::Elements(calls.len() as u64));
    group.bench_function("shoal", |b| {
        b.iter(|| calls.iter().filter(|call| table::resolve(black_box(call)).is_ok()).count());
    });
    group.bench_function("naive", |b| {
        b.iter(|| calls.iter().filter(|call| naive_resolve(&twin, black_box(call)).is_some()).count());
    });
    group.finish();
}

fn slot_of_key(c: &mut Criterion) {
    let keys: Vec<(&str, Vec<u8>)> = vec![
        ("plain16", key(42).to_vec()),
        ("tagged", b"{user1000}.following".to_vec()),
        ("long200", vec![b'k'; 200]),
    ];
    let mut group = group(c, "slot");
    for (name, key) in &keys {
        assert_eq!(key_slot(key), naive_slot(key), "{name}");
        group.bench_function(format!("{name}/shoal"), |b| b.iter(|| key_slot(black_box(key))));
        group.bench_function(format!("{name}/naive"), |b| b.iter(|| naive_slot(black_box(key))));
    }
    group.finish();
}

/// From words to the owner of the first key: the short way of commands of one key, the long way of the others.
fn routes(c: &mut Criterion) {
    let keys: Vec<_> = (0..10).map(key).collect();
    let mget: Vec<&[u8]> = std::iter::once(&b"MGET"[..]).chain(keys.iter().map(|key| &key[..])).collect();
    let get: [&[u8]; 2] = [b"GET", &keys[0]];
    let mut group = group(c, "route");
    group.bench_function("get/shoal", |b| {
        b.iter(|| {
            let argv = black_box(&get[..]);
            let command = table::resolve(argv).ok()?;
            Some(slots::owner(key_slot(argv[command.one_key?]), SHARDS))
        });
    });
    let mut words = Vec::new();
    group.throughput(Throughput::Elements(keys.len() as u64));
    group.bench_function("mget10/shoal", |b| {
        b.iter(|| {
            let argv = black_box(&mget[..]);
            let command = table::resolve(argv).ok()?;
            words.clear();
            table::keys_of(command, argv, &mut words).ok()?;
            Some(words.iter().map(|&word| slots::owner(key_slot(argv[word]), SHARDS)).sum::<usize>())
        });
    });
    group.finish();
}

criterion_group!(route, names, slot_of_key, routes);
criterion_main!(route);
