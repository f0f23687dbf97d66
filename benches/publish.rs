//! A PUBLISH to 100 subscribers up to the bytes in their output buffers: routing, the shard's table, the message's forms.
//! What the kernel takes to send them comes on top.
//!
//! `cargo bench --bench publish`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

mod support;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use shoal::pubsub::{Forms, Kind, Local, Message, Outbox, Outgoing, Registry, Subscriptions, Topic};
use shoal::resp::Proto;
use std::hint::black_box;
use support::group;

const SUBSCRIBERS: usize = 100;

/// A registry and a table in which `SUBSCRIBERS` connections of shard 0 subscribe to `topic` by the name `name`, among
/// `others` channels with a subscriber each.
fn subscribed(topic: Topic, name: &[u8], others: usize) -> (Registry, Local) {
    let (registry, mut local) = (Registry::default(), Local::default());
    let mut subscribe = |conn: usize, topic: Topic, name: &[u8]| {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(topic, name, &registry, 0);
        subscriptions.take_changes().into_iter().for_each(|change| local.apply(conn, change));
    };
    for conn in 0..SUBSCRIBERS {
        subscribe(conn, topic, name);
    }
    for n in 0..others {
        subscribe(SUBSCRIBERS + n, Topic::Of(Kind::Channel), format!("other:{n}").as_bytes());
    }
    (registry, local)
}

fn fan_out(c: &mut Criterion) {
    let mut group = group(c, "publish");
    group.throughput(Throughput::Elements(SUBSCRIBERS as u64));
    for (label, topic, name) in
        [("channel", Topic::Of(Kind::Channel), &b"news"[..]), ("pattern", Topic::Pattern, &b"n*"[..])]
    {
        for len in [16, 1024] {
            let (registry, local) = subscribed(topic, name, 10_000);
            let payload = vec![b'x'; len];
            let (mut outbox, mut forms) = (Outbox::default(), Forms::default());
            group.bench_function(format!("{label}/{SUBSCRIBERS}x{len}B"), |b| {
                b.iter_batched_ref(
                    || (0..SUBSCRIBERS).map(|_| Vec::<u8>::with_capacity(4096)).collect::<Vec<_>>(),
                    |outputs| {
                        let routed = registry.route(Kind::Channel, b"news");
                        outbox.publish(Kind::Channel, b"news", &payload, routed);
                        let mut items = outbox.take();
                        for (_, item) in items.drain(..) {
                            if let Outgoing::Message(message, routed) = item {
                                for target in &routed.targets {
                                    deliver(&local, &message, &target.patterns, &mut forms, outputs);
                                }
                            }
                        }
                        outbox.reuse(items);
                        black_box(outputs);
                    },
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}

fn deliver(
    local: &Local,
    message: &Message,
    patterns: &[shoal::pubsub::Name],
    forms: &mut Forms,
    outputs: &mut [Vec<u8>],
) {
    let mut write = |pattern: Option<&[u8]>, conns: &[usize]| {
        forms.clear();
        for &conn in conns {
            if let Some(output) = outputs.get_mut(conn) {
                output.extend_from_slice(forms.get(message, pattern, Proto::V2));
            }
        }
    };
    write(None, local.of_channel(message.kind, &message.channel));
    for pattern in patterns {
        write(Some(pattern), local.of_pattern(pattern));
    }
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
