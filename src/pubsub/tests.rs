//! The registry and its parts against naive twins, and the order of what is published.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

use super::tracking::{Arriving, Invalid, Leaving, Listener, Shared, Table};
use super::*;
use crate::base::prng::Prng;
use crate::resp::Proto;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

const CHANNEL: Topic = Topic::Of(Kind::Channel);
const SHARD: Topic = Topic::Of(Kind::Shard);

fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7);
    println!("SEED={seed}");
    seed
}

/// Connections of several shards subscribe and unsubscribe at random. What the registry and the shards' tables say is
/// compared with what follows from the sets of each connection.
#[test]
fn registry_and_local_tables_agree_with_the_sets_of_each_connection() {
    const SHARDS: usize = 3;
    const CONNS: usize = 120;
    let mut rng = Prng::new(seed());
    let registry = Registry::default();
    let mut locals: Vec<Local> = (0..SHARDS).map(|_| Local::default()).collect();
    let mut conns: Vec<Subscriptions> = (0..CONNS).map(|_| Subscriptions::default()).collect();
    let mut twin: BTreeSet<(usize, u8, Vec<u8>)> = BTreeSet::new();
    let topics = [CHANNEL, SHARD, Topic::Pattern];
    for step in 0..20_000 {
        let conn = rng.below(CONNS as u64) as usize;
        let at = rng.below(3) as usize;
        let name = format!("n{}", rng.below(6)).into_bytes();
        let shard = conn % SHARDS;
        let subs = &mut conns[conn];
        match rng.below(20) {
            0 => {
                subs.clear(&registry, shard);
                twin.retain(|(c, ..)| *c != conn);
            }
            1..=10 => {
                subs.add(topics[at], &name, &registry, shard);
                twin.insert((conn, at as u8, name));
            }
            _ => {
                subs.remove(topics[at], &name, &registry, shard);
                twin.remove(&(conn, at as u8, name));
            }
        }
        subs.take_changes().into_iter().for_each(|change| locals[shard].apply(conn, change));
        if step % 500 == 0 {
            compare(&registry, &locals, &twin);
        }
    }
    for (conn, subs) in conns.iter_mut().enumerate() {
        subs.clear(&registry, conn % SHARDS);
        subs.take_changes().into_iter().for_each(|change| locals[conn % SHARDS].apply(conn, change));
    }
    assert!(locals.iter().all(Local::is_empty));
    assert!(registry.is_silent(Kind::Channel) && registry.is_silent(Kind::Shard));
}

fn compare(registry: &Registry, locals: &[Local], twin: &BTreeSet<(usize, u8, Vec<u8>)>) {
    let of = |at: u8, name: &[u8]| -> Vec<usize> {
        twin.iter().filter(|(_, a, n)| *a == at && n == name).map(|(c, ..)| *c).collect()
    };
    let names =
        |at: u8| twin.iter().filter(|(_, a, _)| *a == at).map(|(.., n)| n.clone()).collect::<BTreeSet<_>>();
    assert_eq!(registry.count(Kind::Channel), names(0).len());
    assert_eq!(registry.count(Kind::Shard), names(1).len());
    assert_eq!(registry.pattern_count(), names(2).len());
    for n in 0..7 {
        let name = format!("n{n}").into_bytes();
        for (kind, at) in [(Kind::Channel, 0), (Kind::Shard, 1)] {
            let direct = of(at, &name);
            assert_eq!(registry.subscribers(kind, &name), direct.len());
            // The names are patterns that match themselves alone.
            let by_pattern = if kind == Kind::Channel { of(2, &name) } else { Vec::new() };
            let routed = registry.route(kind, &name);
            assert_eq!(routed.receivers, direct.len() + by_pattern.len());
            for (shard, local) in locals.iter().enumerate() {
                let here = |conns: &[usize]| -> BTreeSet<usize> {
                    conns.iter().copied().filter(|c| c % locals.len() == shard).collect()
                };
                let set = |conns: &[usize]| -> BTreeSet<usize> { conns.iter().copied().collect() };
                assert_eq!(set(local.of_channel(kind, &name)), here(&direct));
                assert_eq!(local.of_channel(kind, &name).len(), here(&direct).len());
                let target = routed.targets.iter().find(|t| t.shard == shard);
                assert_eq!(target.is_some_and(|t| t.channel), !here(&direct).is_empty());
                assert_eq!(
                    target.map_or(0, |t| t.patterns.len()),
                    usize::from(!here(&by_pattern).is_empty())
                );
            }
        }
    }
}

#[test]
fn a_message_looks_as_its_receiver_expects() {
    let message = Message { kind: Kind::Channel, channel: (*b"ch").into(), payload: (*b"hi").into() };
    let mut forms = Forms::default();
    let mut text = |pattern, proto| {
        forms.clear();
        String::from_utf8(forms.get(&message, pattern, proto).to_vec()).unwrap().replace("\r\n", "|")
    };
    assert_eq!(text(None, Proto::V2), "*3|$7|message|$2|ch|$2|hi|");
    assert_eq!(text(None, Proto::V3), ">3|$7|message|$2|ch|$2|hi|");
    assert_eq!(text(Some(&b"c*"[..]), Proto::V2), "*4|$8|pmessage|$2|c*|$2|ch|$2|hi|");
    assert_eq!(text(Some(&b"c*"[..]), Proto::V3), ">4|$8|pmessage|$2|c*|$2|ch|$2|hi|");
}

#[test]
fn what_one_thread_publishes_through_several_stores_can_be_put_in_order() {
    let mut outboxes = [Outbox::default(), Outbox::default()];
    let routed = || Routed {
        receivers: 1,
        targets: [Target { shard: 0, channel: true, patterns: smallvec::SmallVec::new() }]
            .into_iter()
            .collect(),
    };
    for (i, at) in [0, 1, 1, 0, 1].into_iter().enumerate() {
        outboxes[at].publish(Kind::Channel, b"c", &[i as u8], routed());
    }
    outboxes[0].publish(Kind::Channel, b"c", b"to nobody", Routed::default());
    let mark = outboxes[0].mark();
    outboxes[0].publish(Kind::Channel, b"c", b"taken back", routed());
    outboxes[0].truncate(mark);
    let mut items: Vec<_> = outboxes.iter_mut().flat_map(Outbox::take).collect();
    items.sort_by_key(|(number, _)| *number);
    let payloads: Vec<u8> = items
        .iter()
        .map(|(_, item)| match item {
            Outgoing::Message(message, _) => message.payload[0],
            Outgoing::Event { .. } => panic!("no event was published"),
        })
        .collect();
    assert_eq!(payloads, [0, 1, 2, 3, 4]);
}

#[test]
fn an_inbox_tells_when_to_wake_and_when_to_wait() {
    const LARGE: usize = 5 * 1024 * 1024;
    let inboxes: Inboxes<u32> = Inboxes::new(2);
    assert!(inboxes.push(1, &mut vec![1], 1) && !inboxes.push(1, &mut vec![2], 1));
    assert!(inboxes.is_filled(1) && !inboxes.is_filled(0));
    let mut taken = VecDeque::new();
    inboxes.take(1, &mut taken);
    assert_eq!(taken, [1, 2]);
    assert!(!inboxes.is_filled(1) && inboxes.push(1, &mut vec![3], LARGE));
    assert!(!inboxes.is_congested());
    inboxes.push(1, &mut vec![4], LARGE);
    assert!(inboxes.is_congested());
    assert!(!inboxes.delivered(1, 2));
    assert!(inboxes.delivered(1, LARGE) && !inboxes.is_congested());
}

/// Several tables at random against a map; their sizes are counted together.
#[test]
fn tracked_keys_are_told_of_once_and_counted() {
    let mut rng = Prng::new(seed());
    let shared = Arc::new(Shared::default());
    let mut tables: Vec<Table> = (0..2).map(|_| Table::default()).collect();
    tables.iter_mut().for_each(|table| table.share(shared.clone()));
    let mut twin: BTreeMap<(usize, Vec<u8>), BTreeSet<u64>> = BTreeMap::new();
    for _ in 0..20_000 {
        let at = rng.below(2) as usize;
        let key = format!("k{}", rng.below(50)).into_bytes();
        let client = rng.below(5) + 1;
        if rng.below(3) < 2 {
            tables[at].remember(&key, client, 0);
            twin.entry((at, key)).or_default().insert(client);
        } else {
            let mut out = Vec::new();
            tables[at].caller = client;
            tables[at].invalidate(&key, false, &mut out);
            let told: BTreeMap<u64, bool> = out
                .iter()
                .map(|item| match item {
                    Leaving::Key { client, own, .. } => (*client, *own),
                    Leaving::Flush => panic!("nothing was flushed"),
                })
                .collect();
            assert_eq!(told.len(), out.len());
            let holders = twin.remove(&(at, key)).unwrap_or_default();
            assert_eq!(told, holders.into_iter().map(|holder| (holder, holder == client)).collect());
        }
        assert_eq!(shared.keys(), twin.len());
        assert_eq!(shared.items(), twin.values().map(BTreeSet::len).sum::<usize>());
    }
    let mut out = Vec::new();
    for table in &mut tables {
        table.limit(3, 1_000, || rng.next_u64(), &mut out);
    }
    assert_eq!(shared.keys(), 3);
    tables.iter_mut().for_each(Table::clear);
    assert_eq!((shared.keys(), shared.items()), (0, 0));
}

#[test]
fn listeners_hear_of_their_prefixes_and_not_of_their_own_changes() {
    let shared = Arc::new(Shared::default());
    let mut table = Table::default();
    table.share(shared.clone());
    assert!(!table.is_active());
    let prefixes = |names: &[&str]| names.iter().map(|n| n.as_bytes().into()).collect::<Vec<Box<[u8]>>>();
    shared.listen(&prefixes(&["a:", "b:"]), Listener { client: 1, home: 0, noloop: false });
    shared.listen(&prefixes(&["a:"]), Listener { client: 2, home: 1, noloop: true });
    assert!(table.is_active());
    table.caller = 2;
    for key in ["a:own", "c:none"] {
        table.invalidate(key.as_bytes(), false, &mut Vec::new());
    }
    table.invalidate(b"a:expired", true, &mut Vec::new());
    let mut told = Vec::new();
    table.broadcast(|home, item| match item {
        Arriving::To { client, what: Invalid::Keys(array), broadcast: true, own: false } => {
            let text = String::from_utf8(array.to_vec()).unwrap();
            told.push((
                client,
                home,
                text.contains("a:own"),
                text.contains("a:expired"),
                text.contains("c:"),
            ));
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(told, [(1, 0, true, true, false), (2, 1, false, true, false)]);
    assert!(!table.has_changes());
    shared.unlisten(&prefixes(&["a:", "b:"]), 1);
    shared.unlisten(&prefixes(&["a:"]), 2);
    assert!(!table.is_active());
}
