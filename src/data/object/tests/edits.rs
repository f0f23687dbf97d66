//! Random edits of values of every type, with limits so low that they are soon large.

use crate::base::prng::Prng;
use crate::data::hash::{Condition, Ttl};
use crate::data::list::{End, List};
use crate::data::stream::{Group, Keep, NewId, Pending, Stream, StreamId, Trim};
use crate::data::{Hash, Kind, Limits, Object, Set, ZSet, zset};

/// How much is done.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// Names of elements.
    pub(crate) names: usize,
    /// Rounds, of which each third one removes more than it adds.
    pub(crate) rounds: usize,
    /// Edits of a round.
    pub(crate) steps: usize,
}

/// A type of value.
pub(crate) struct Editor {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) new: fn() -> Object,
    pub(crate) edit: fn(&mut Object, bool, Scale, &mut Prng),
    /// Whether an edit does the same to an equal value: not if it picks elements by their places.
    pub(crate) is_exact: bool,
}

pub(crate) const EDITORS: [Editor; 6] = [
    Editor {
        name: "string",
        kind: Kind::String,
        new: || Object::Str(vec![b'x'; 5000]),
        edit: edit_string,
        is_exact: true,
    },
    Editor { name: "list", kind: Kind::List, new: || List::new().into(), edit: edit_list, is_exact: true },
    Editor {
        name: "hash",
        kind: Kind::Hash,
        new: || Hash::default().into(),
        edit: edit_hash,
        is_exact: true,
    },
    Editor { name: "set", kind: Kind::Set, new: || Set::default().into(), edit: edit_set, is_exact: false },
    Editor {
        name: "zset",
        kind: Kind::ZSet,
        new: || ZSet::default().into(),
        edit: edit_zset,
        is_exact: true,
    },
    Editor {
        name: "stream",
        kind: Kind::Stream,
        new: || Stream::default().into(),
        edit: edit_stream,
        is_exact: true,
    },
];

fn limits() -> Limits {
    Limits {
        list_node_size: 5,
        list_plain_bytes: 40,
        hash_entries: 8,
        set_ints: 8,
        set_entries: 8,
        zset_entries: 8,
        stream_node_entries: 4,
        ..Limits::default()
    }
}

/// A name of an element: numbers and texts of several lengths.
fn name(scale: Scale, rng: &mut Prng) -> Vec<u8> {
    let number = rng.index(scale.names);
    match number % 3 {
        0 => number.to_string().into_bytes(),
        1 => format!("name:{number}").into_bytes(),
        _ => format!("{number}{}", "long".repeat(number % 20)).into_bytes(),
    }
}

fn edit_string(object: &mut Object, growing: bool, _: Scale, rng: &mut Prng) {
    let Object::Str(bytes) = object else { panic!("a string") };
    match rng.below(3) {
        0 if growing => bytes.push(7),
        1 if bytes.len() > 4000 => bytes.truncate(bytes.len() - 1),
        _ => {
            let at = rng.index(bytes.len());
            bytes[at] = rng.next_u64() as u8;
        }
    }
}

fn edit_list(object: &mut Object, growing: bool, scale: Scale, rng: &mut Prng) {
    let Object::List(list) = object else { panic!("a list") };
    let (limits, text, other) = (limits(), name(scale, rng), name(scale, rng));
    let end = if rng.one_in(2) { End::Head } else { End::Tail };
    let index = rng.index(list.len().max(1));
    match rng.below(if growing { 14 } else { 10 }) {
        0 => _ = list.set(index, &text, &limits),
        1 => _ = list.insert(end, &other, &text, &limits),
        2 => list.remove_range(index, rng.index(8), &limits),
        3 => _ = list.remove_equal(&text, 1 + rng.index(3), end, &limits),
        4 if !list.is_empty() => list.rotate(end, end.other(), &limits),
        5..=9 if !growing => _ = list.pop(end, &limits, |_| ()),
        _ => list.push(end, &[&text, &other], &limits),
    }
}

fn edit_hash(object: &mut Object, growing: bool, scale: Scale, rng: &mut Prng) {
    let Object::Hash(hash) = object else { panic!("a hash") };
    let (field, value, time) = (name(scale, rng), name(scale, rng), rng.range_i64(1, 10_000));
    match rng.below(12) {
        0 => _ = hash.set_ttl(&field, time, Condition::Always, 0),
        1 => _ = hash.persist(&field, 0),
        2 if rng.one_in(20) => _ = hash.expire_due(time, 50, |_| ()),
        3 => _ = hash.set(&field, &value, Ttl::Keep, &limits(), 0),
        2..=9 if !growing => _ = hash.remove(&field, 0),
        _ => _ = hash.set(&field, &value, Ttl::Clear, &limits(), 0),
    }
}

fn edit_set(object: &mut Object, growing: bool, scale: Scale, rng: &mut Prng) {
    let Object::Set(set) = object else { panic!("a set") };
    let member = name(scale, rng);
    match rng.below(10) {
        0 if !set.is_empty() => _ = set.pop_random(rng),
        1 => _ = set.remove(&member),
        2..=7 if !growing => _ = set.remove(&member),
        _ => _ = set.add(&member, &limits()),
    }
}

fn edit_zset(object: &mut Object, growing: bool, scale: Scale, rng: &mut Prng) {
    let Object::ZSet(zset) = object else { panic!("a sorted set") };
    let (member, score) = (name(scale, rng), rng.below(500) as f64 / 4.0);
    let ranks = |len: usize, rng: &mut Prng| {
        let start = rng.index(len);
        start..(start + 1 + rng.index(90)).min(len)
    };
    match rng.below(20) {
        0 => _ = zset.put(&member, 0.25, zset::Rule { incr: true, ..zset::Rule::default() }, &limits()),
        1 if !zset.is_empty() && rng.one_in(4) => zset.remove_range(ranks(zset.len(), rng)),
        2 => _ = zset.remove(&member),
        3..=14 if !growing => _ = zset.remove(&member),
        _ => _ = zset.put(&member, score, zset::Rule::default(), &limits()),
    }
}

fn edit_stream(object: &mut Object, growing: bool, scale: Scale, rng: &mut Prng) {
    let Object::Stream(stream) = object else { panic!("a stream") };
    let len = stream.log.len();
    let some_id = |rng: &mut Prng| StreamId::new(rng.below(stream.log.last_id().ms + 2), rng.below(2));
    let (id, text) = (some_id(rng), name(scale, rng));
    let group = [b'g', rng.below(4) as u8];
    let consumer = [b'c', rng.below(5) as u8];
    let now = rng.range_i64(0, 1000);
    match rng.below(if growing { 24 } else { 12 }) {
        0 => _ = stream.log.delete(&[id]),
        1 => {
            let keep = if rng.one_in(2) { Keep::From(id) } else { Keep::Newest(len - len / 16) };
            _ = stream.log.trim(&Trim { keep, whole_nodes: rng.one_in(2), limit: 20 });
        }
        2 => drop(stream.add_group(&group, Group::new(id, Some(1)))),
        3 if rng.one_in(20) => _ = stream.remove_group(&group),
        4..=8 => edit_group(stream, &group, &consumer, id, now, rng),
        9 if rng.one_in(10) => {
            stream.log.set_last_id(stream.log.last_id().next().unwrap(), None, Some(id));
        }
        10 if !growing => _ = stream.log.delete(&[id]),
        _ => {
            let words: [&[u8]; 4] = [b"field", &text, if rng.one_in(3) { b"odd" } else { b"even" }, b"value"];
            let new = if rng.one_in(3) { NewId::Auto } else { NewId::At(stream.log.last_id().ms + 1) };
            stream.log.append(new, &words, 0, &limits()).unwrap();
        }
    }
}

fn edit_group(stream: &mut Stream, group: &[u8], consumer: &[u8], id: StreamId, now_ms: i64, rng: &mut Prng) {
    let Some((log, group)) = stream.parts(group) else { return };
    let (slot, _) = group.find_or_create(consumer, now_ms);
    match rng.below(8) {
        0 => _ = group.ack(id),
        1 => group.redeliver(id, now_ms),
        2 if rng.one_in(20) => _ = group.remove_consumer(consumer),
        3 => _ = group.advance(log, id),
        4 => group.set(id, Pending { consumer: slot, delivered_ms: now_ms, deliveries: rng.below(9) }),
        5 => group.consumer_mut(slot).unwrap().active_ms = Some(now_ms),
        _ => group.deliver(id, slot, now_ms),
    }
}

/// Whether two values are the same to a client: lists may have other nodes, consumers other places in their groups.
pub(crate) fn are_same(left: &Object, right: &Object) -> bool {
    let text = |item: crate::data::Item<'_>| item.to_vec();
    match (left, right) {
        (Object::List(left), Object::List(right)) => left.iter().map(text).eq(right.iter().map(text)),
        (Object::Stream(left), Object::Stream(right)) => {
            left.log == right.log && left.groups().len() == right.groups().len() && {
                let mut pairs = left.groups().zip(right.groups());
                pairs.all(|((a, left), (b, right))| a == b && are_same_groups(left, right))
            }
        }
        _ => left == right,
    }
}

fn are_same_groups(left: &Group, right: &Group) -> bool {
    let deliveries = |group: &Group| -> Vec<_> {
        let of = |(id, it): (&StreamId, &Pending)| (*id, it.delivered_ms, it.deliveries);
        group.pending().iter().map(of).collect()
    };
    (left.last_id, left.entries_read) == (right.last_id, right.entries_read)
        && deliveries(left) == deliveries(right)
        && left.consumers().eq(right.consumers())
}
