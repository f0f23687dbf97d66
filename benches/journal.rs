//! Speed of the log core's part of the journal: from published batches of several shards to the bytes of the stream.
//!
//! `cargo bench --bench journal`. Throughput in bytes of effects; compare `memcpy`, the same bytes copied once.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shoal::journal::{Journal, Stream, rings};
use support::{VALUE, group, key, request};

/// Effects of a batch, and batches of each shard in a round.
const EFFECTS: u64 = 16;
const BATCHES: u64 = 16;

/// What the backlog keeps, as `repl-backlog-size` by default.
const KEEP_BYTES: u64 = 1 << 20;

fn merge(c: &mut Criterion) {
    let mut group = group(c, "merge");
    for shards in [1, 4, 16] {
        let (ports, mut tap) = rings(shards);
        let mut journals: Vec<Journal> = ports
            .into_iter()
            .map(|port| {
                let mut journal = Journal::default();
                journal.connect(port);
                journal.switch(true);
                journal
            })
            .collect();
        let effect = request(&[b"SET", &key(1), &VALUE]).len() as u64;
        group.throughput(Throughput::Bytes(effect * EFFECTS * BATCHES * shards as u64));
        let mut stream = Stream::new(0);
        // What the shards do is set up outside of what is measured.
        group.bench_function(format!("stream/{shards}_shards"), |b| {
            b.iter_custom(|rounds| {
                let mut spent = std::time::Duration::ZERO;
                for _ in 0..rounds {
                    for n in 0..BATCHES {
                        for journal in &mut journals {
                            for i in 0..EFFECTS {
                                journal.effect(0, &[b"SET", &key(n * EFFECTS + i), &VALUE]);
                                journal.end_unit();
                            }
                            journal.publish();
                        }
                    }
                    let start = std::time::Instant::now();
                    tap.poll(usize::MAX, |item| stream.append_item(&item), |_| {});
                    stream.trim(KEEP_BYTES, None);
                    spent += start.elapsed();
                }
                black_box(stream.offset());
                spent
            });
        });
    }
    let bytes = vec![b'x'; 1 << 16];
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("memcpy", |b| b.iter(|| black_box(black_box(&bytes).clone())));
    group.finish();
}

criterion_group!(journal, merge);
criterion_main!(journal);
