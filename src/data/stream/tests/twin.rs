//! Streams against naive twins: a vector of entries, and pairs of maps for what is pending.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// What a log should be.
#[derive(Default)]
struct Twin {
    entries: Vec<(StreamId, Fields)>,
    last_id: StreamId,
    max_deleted: StreamId,
    added: u64,
}

fn some_words(rng: &mut Prng) -> Vec<Vec<u8>> {
    let names: &[&str] = match rng.index(4) {
        0 => &["temp"],
        1 => &["temp", "hum"],
        2 => &["12", "temp", ""],
        _ => &["hum", "hum"],
    };
    let value = |rng: &mut Prng| match rng.index(4) {
        0 => (rng.next_u64().cast_signed() >> rng.index(64)).to_string().into_bytes(),
        1 => vec![b'v'; rng.index(90)],
        _ => format!("w{}", rng.index(30)).into_bytes(),
    };
    names.iter().flat_map(|name| [name.as_bytes().to_vec(), value(rng)]).collect()
}

/// An id near those in use.
fn some_id(rng: &mut Prng, last: StreamId) -> StreamId {
    match rng.index(8) {
        0 => StreamId::MIN,
        1 => StreamId::MAX,
        _ => id(rng.below(last.ms + 3), rng.below(4)),
    }
}

fn append(log: &mut Log, twin: &mut Twin, rng: &mut Prng, limits: &Limits) {
    let words = some_words(rng);
    let wanted = match rng.index(3) {
        0 => NewId::Auto,
        1 => NewId::At(twin.last_id.ms + rng.below(2)),
        _ => NewId::Exact(id(twin.last_id.ms + rng.below(3), rng.below(4))),
    };
    let now_ms = twin.last_id.ms.saturating_sub(1) + rng.below(3);
    let slices: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    match log.append(wanted, &slices, now_ms, limits) {
        Ok(new) => {
            assert!(new > twin.last_id);
            assert!(wanted != NewId::Auto || new == twin.last_id.next().unwrap().max(id(now_ms, 0)));
            let fields = words.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            twin.entries.push((new, fields));
            (twin.last_id, twin.added) = (new, twin.added + 1);
        }
        Err(_) => assert!(matches!(wanted, NewId::Exact(id) if id <= twin.last_id)),
    }
}

fn remove(log: &mut Log, twin: &mut Twin, rng: &mut Prng) {
    let before = twin.entries.len();
    let ids: Vec<StreamId> = (0..rng.index(4))
        .map(|_| match before {
            0 => some_id(rng, twin.last_id),
            _ if rng.one_in(4) => some_id(rng, twin.last_id),
            n => twin.entries[rng.index(n)].0,
        })
        .collect();
    let gone: Vec<StreamId> =
        twin.entries.iter().map(|(id, _)| *id).filter(|entry| ids.contains(entry)).collect();
    twin.entries.retain(|(entry, _)| !ids.contains(entry));
    twin.max_deleted = gone.iter().copied().fold(twin.max_deleted, Ord::max);
    assert_eq!(log.delete(&ids), gone.len() as u64);
}

fn trim(log: &mut Log, twin: &mut Twin, rng: &mut Prng) {
    let len = twin.entries.len();
    let keep = if rng.one_in(2) {
        Keep::Newest(rng.below(len as u64 + 2))
    } else {
        Keep::From(some_id(rng, twin.last_id))
    };
    let whole_nodes = rng.one_in(2);
    let limit = if whole_nodes { rng.below(len as u64 + 1) } else { 0 };
    let removed = log.trim(&Trim { keep, whole_nodes, limit }) as usize;
    let wanted = match keep {
        Keep::Newest(n) => len.saturating_sub(n as usize),
        Keep::From(min) => twin.entries.iter().take_while(|(id, _)| *id < min).count(),
    };
    assert!(removed <= wanted && (whole_nodes || removed == wanted));
    assert!(limit == 0 || removed as u64 <= limit);
    twin.entries.drain(..removed);
}

fn check(log: &Log, twin: &Twin, rng: &mut Prng, limits: &Limits) {
    let all = |reverse| log.range(StreamId::MIN, StreamId::MAX, reverse).map(|entry| content(&entry));
    assert!(all(false).eq(twin.entries.iter().cloned()));
    assert!(all(true).eq(twin.entries.iter().rev().cloned()));
    assert_eq!((log.len(), log.is_empty()), (twin.entries.len() as u64, twin.entries.is_empty()));
    assert_eq!(log.first_id(), twin.entries.first().map_or(StreamId::MIN, |entry| entry.0));
    assert_eq!(log.last_live_id(), twin.entries.last().map(|entry| entry.0));
    assert_eq!((log.last_id(), log.added()), (twin.last_id, twin.added));
    assert_eq!(log.max_deleted_id(), twin.max_deleted);
    let (start, end) = (some_id(rng, twin.last_id), some_id(rng, twin.last_id));
    let between = |entry: &&(StreamId, Fields)| entry.0 >= start && entry.0 <= end;
    assert!(
        log.range(start, end, false).map(|entry| entry.id).eq(twin
            .entries
            .iter()
            .filter(between)
            .map(|entry| entry.0))
    );
    assert!(
        log.range(start, end, true).map(|entry| entry.id).eq(twin
            .entries
            .iter()
            .rev()
            .filter(between)
            .map(|entry| entry.0))
    );
    assert_eq!(log.get(start).is_some(), twin.entries.iter().any(|(id, _)| *id == start));
    for (_, pack) in log.nodes() {
        assert!(node::is_valid(pack), "{pack:?}");
        let head = node::head(pack).unwrap();
        assert!(
            limits.stream_node_entries == 0 || head.live + head.deleted <= limits.stream_node_entries as i64
        );
    }
}

#[test]
fn a_log_is_a_vector_of_entries() {
    for_each_seed(40, |rng| {
        let limits = limits([0, 1, 2, 3, 7][rng.index(5)], [0, 40, 90, 300][rng.index(4)]);
        let (mut log, mut twin) = (Log::default(), Twin::default());
        for _ in 0..300 {
            match rng.index(10) {
                0..=5 => append(&mut log, &mut twin, rng, &limits),
                6 | 7 => remove(&mut log, &mut twin, rng),
                8 if rng.one_in(3) => trim(&mut log, &mut twin, rng),
                _ => {}
            }
            check(&log, &twin, rng, &limits);
        }
        assert_eq!(log.clone(), log);
    });
}

#[test]
fn ranks_are_right_where_they_are_told() {
    for_each_seed(20, |rng| {
        let limits = limits(3, 0);
        let mut log = Log::default();
        // The ids of all entries ever.
        let mut ever: Vec<StreamId> = Vec::new();
        let mut group = Group::new(StreamId::MIN, Some(0));
        for _ in 0..200 {
            match rng.index(8) {
                0..=4 => ever.push(log.append(NewId::Auto, &[b"a", b"b"], 0, &limits).unwrap()),
                5 => drop(log.trim(&Trim { keep: Keep::Newest(rng.below(9)), whole_nodes: false, limit: 0 })),
                6 if rng.one_in(4) && !ever.is_empty() => drop(log.delete(&[ever[rng.index(ever.len())]])),
                _ => {
                    let next = log.range(group.last_id.next().unwrap(), StreamId::MAX, false).next();
                    if let Some(entry) = next {
                        assert!(group.advance(&log, entry.id) && !group.advance(&log, entry.id));
                    }
                }
            }
            let probe = some_id(rng, log.last_id());
            if let Some(rank) = log.rank(probe) {
                // What was before the first entry counts as read by whoever is there.
                let read = |id: &&StreamId| **id <= probe || **id < log.first_id() || log.is_empty();
                assert_eq!(rank, ever.iter().filter(read).count() as u64, "{probe:?}");
            }
            if log.max_deleted_id() == StreamId::MIN {
                let unread = log.range(group.last_id.next().unwrap(), StreamId::MAX, false).count();
                assert!(group.lag(&log).is_none_or(|lag| lag >= unread as i64));
            }
        }
    });
}

#[test]
fn what_is_pending_has_one_owner() {
    for_each_seed(30, |rng| {
        let mut group = Group::new(StreamId::MIN, None);
        let mut twin: BTreeMap<StreamId, (String, i64, u64)> = BTreeMap::new();
        let mut names: BTreeSet<String> = BTreeSet::new();
        for now_ms in 0..400 {
            let (name, at) = (format!("c{}", rng.index(5)), id(rng.below(12), 0));
            match rng.index(8) {
                0..=3 => {
                    let (slot, created) = group.find_or_create(name.as_bytes(), now_ms);
                    assert_eq!(created, names.insert(name.clone()));
                    group.set(at, Pending { consumer: slot, delivered_ms: now_ms, deliveries: 1 });
                    twin.insert(at, (name, now_ms, 1));
                }
                4 => {
                    group.redeliver(at, now_ms);
                    twin.entry(at).and_modify(|pending| (pending.1, pending.2) = (now_ms, pending.2 + 1));
                }
                5 | 6 => assert_eq!(group.ack(at).is_some(), twin.remove(&at).is_some()),
                _ => {
                    let had = twin.values().filter(|pending| pending.0 == name).count();
                    let removed = group.remove_consumer(name.as_bytes());
                    assert_eq!(removed, names.remove(&name).then_some(had));
                    twin.retain(|_, pending| pending.0 != name);
                }
            }
            let pending = group.pending().iter().map(|(id, pending)| {
                let owner = group.consumer(pending.consumer).unwrap();
                assert!(owner.pending().contains(id));
                let name = String::from_utf8(owner.name.to_vec()).unwrap();
                (*id, (name, pending.delivered_ms, pending.deliveries))
            });
            assert!(pending.eq(twin.clone()));
            assert_eq!(group.consumers().map(|c| c.pending().len()).sum::<usize>(), twin.len());
            assert!(
                group.consumers().map(|c| c.name.to_vec()).eq(names.iter().map(|n| n.clone().into_bytes()))
            );
            assert_eq!(group.consumer_count(), names.len());
        }
    });
}
