//! Random commands on a store, of every kind that changes it.

use super::model::hashed;
use crate::base::prng::Prng;
use crate::data::hash::{Condition, Ttl};
use crate::data::list::End;
use crate::data::stream::{Group, NewId, StreamId};
use crate::data::zset::Rule;
use crate::data::{EntryBox, Hash, Limits, List, Set, Stream, ZSet};
use crate::keyspace::{Eviction, Expire, Store};

/// Keys that commands choose from, per database.
const NAMES: u64 = 400;
pub(super) const DATABASES: usize = 4;

fn name(rng: &mut Prng) -> Vec<u8> {
    match rng.below(20) {
        // Slots with many keys, so that directories form.
        0..8 => format!("{{tag}}:{}", rng.below(NAMES)).into_bytes(),
        8 => rng.below(NAMES).to_string().into_bytes(),
        _ => format!("key:{}", rng.below(NAMES)).into_bytes(),
    }
}

fn text(rng: &mut Prng) -> Vec<u8> {
    match rng.below(12) {
        0 => vec![b'x'; 3000 + rng.index(3000)],
        1 => vec![b'y'; 17_000 + rng.index(9000)],
        2..5 => rng.range_i64(-1_000_000, 1_000_000).to_string().into_bytes(),
        n => (0..n * 5).map(|_| rng.next_u64().to_le_bytes()[0]).collect(),
    }
}

/// How many elements a command adds: mostly few, now and then enough for a large value.
fn count(rng: &mut Prng) -> usize {
    match rng.below(40) {
        0 => 600 + rng.index(2000),
        1..6 => 100 + rng.index(300),
        _ => 1 + rng.index(4),
    }
}

fn element(rng: &mut Prng) -> Vec<u8> {
    if rng.one_in(3) {
        rng.below(5000).to_string().into_bytes()
    } else {
        format!("element:{}", rng.below(5000)).into_bytes()
    }
}

/// One random command.
pub(super) fn command(store: &mut Store, rng: &mut Prng) {
    let (db, other, name) = (rng.index(DATABASES), rng.index(DATABASES), name(rng));
    let key = hashed(&name);
    match rng.below(100) {
        0..15 => {
            let expire = match rng.below(3) {
                0 => Expire::Keep,
                1 => Expire::Clear,
                _ => Expire::At(store.now_ms + rng.range_i64(-20, 3000)),
            };
            store.set_string(db, &key, &text(rng), expire);
        }
        15..20 => drop(store.add_int(db, &key, 7)),
        20..25 => {
            if store.write(db, &key).is_none_or(|entry| entry.kind() == crate::data::Kind::String) {
                let len = 1 + rng.index(9000);
                store.edit_string(db, &key, len, |bytes| bytes[len - 1] = b'!');
            }
        }
        25..30 => drop(store.set_expire(db, &key, rng.one_in(2).then_some(store.now_ms + 2000))),
        30..38 => drop(store.remove(db, &key)),
        38..41 => rename(store, rng, db, other, &name),
        41..43 => copy(store, rng, db, other, &name),
        43 => drop(store.swap(db, other)),
        44 => {
            if rng.one_in(4) {
                store.flush(db, rng.one_in(2));
            }
        }
        45..48 => drop(store.evict_one(
            [Eviction::AllkeysRandom, Eviction::VolatileTtl, Eviction::AllkeysLru][rng.index(3)],
            5,
        )),
        48..52 => {
            store.now_ms += rng.range_i64(0, 150);
            store.expire_cycle(10, || false);
        }
        52..55 => {
            store.read(db, &key);
            store.remove_lapsed();
        }
        55 => crowd(store, rng, db),
        56..60 => in_place(store, db, &name),
        60..98 => edit(store, rng, db, &name),
        _ => crate::keyspace::snapshot::tests::drain(store),
    }
}

/// What handlers do with the entry that a lookup for writing hands out.
fn in_place(store: &mut Store, db: usize, name: &[u8]) {
    let Some(entry) = store.write(db, &hashed(name)) else { return };
    if let Some(number) = entry.int_value() {
        entry.set_int(number ^ 1);
    } else if let Some([.., last]) = entry.str_bytes_mut() {
        *last ^= 1;
    }
}

fn rename(store: &mut Store, rng: &mut Prng, from: usize, to: usize, old: &[u8]) {
    let new = name(rng);
    let Some(entry) = store.remove(from, &hashed(old)) else { return };
    let replaced = store.move_in(to, &hashed(&new), entry.with_key(&new));
    replaced.into_iter().for_each(|entry| store.free(entry, true));
}

fn copy(store: &mut Store, rng: &mut Prng, from: usize, to: usize, old: &[u8]) {
    let new = name(rng);
    let Some(entry) = store.peek(from, &hashed(old)).map(|entry| entry.clone_with_key(&new)) else { return };
    store.put(to, &hashed(&new), entry);
}

/// Many keys come, or go: segments split and merge.
fn crowd(store: &mut Store, rng: &mut Prng, db: usize) {
    let (first, len, come) = (rng.below(6000), rng.below(3000), rng.one_in(2));
    for n in first..first + len {
        let name = format!("crowd:{n}").into_bytes();
        if come {
            store.set_string(db, &hashed(&name), b"one of many", Expire::Clear);
        } else {
            store.remove(db, &hashed(&name));
        }
    }
}

fn edit(store: &mut Store, rng: &mut Prng, db: usize, name: &[u8]) {
    let (now_ms, count, remove) = (store.now_ms, count(rng), rng.one_in(3));
    let words: Vec<Vec<u8>> = (0..count).map(|_| element(rng)).collect();
    let key = hashed(name);
    match rng.below(5) {
        0 => drop(store.upsert(db, &key, Set::default, |set: &mut Set, limits| {
            words.iter().for_each(|word| {
                if remove {
                    set.remove(word)
                } else {
                    set.add(word, limits)
                };
            });
        })),
        1 => drop(store.upsert(db, &key, List::new, |list: &mut List, limits| {
            for word in &words {
                match (remove, word.len() % 3) {
                    (true, _) => drop(list.pop(End::Head, limits, |_| ())),
                    (false, 0) => drop(list.set(list.len() / 2, word, limits)),
                    (false, _) => list.push(End::Tail, &[word], limits),
                }
            }
        })),
        2 => drop(store.upsert(db, &key, ZSet::default, |zset: &mut ZSet, limits| {
            for (n, word) in words.iter().enumerate() {
                if remove {
                    zset.remove(word);
                } else {
                    zset.put(word, n as f64 / 3.0, Rule::default(), limits).unwrap();
                }
            }
        })),
        3 => {
            let timed = rng.one_in(3);
            let edited = store.upsert(db, &key, Hash::default, |hash: &mut Hash, limits| {
                edit_hash(hash, &words, remove, timed, now_ms, limits);
            });
            if edited.is_ok() {
                store.watch_fields(db, name);
            }
        }
        _ => drop(store.upsert(db, &key, Stream::default, |stream: &mut Stream, limits| {
            edit_stream(stream, &words, remove, now_ms, limits);
        })),
    }
}

fn edit_hash(hash: &mut Hash, words: &[Vec<u8>], remove: bool, timed: bool, now_ms: i64, limits: &Limits) {
    for (n, word) in (0..).zip(words) {
        if remove {
            hash.remove(word, now_ms);
            continue;
        }
        hash.set(word, b"value", Ttl::Clear, limits, now_ms);
        if timed && n % 2 == 0 {
            hash.set_ttl(word, now_ms + 100 + n, Condition::Always, now_ms);
        } else if n % 5 == 0 {
            hash.persist(word, now_ms);
        }
    }
}

fn edit_stream(stream: &mut Stream, words: &[Vec<u8>], remove: bool, now_ms: i64, limits: &Limits) {
    for word in words {
        let added = stream.log.append(NewId::Auto, &[word, b"value"], now_ms.unsigned_abs(), limits);
        if remove && let Ok(id) = added {
            stream.log.delete(&[id]);
        }
    }
    if stream.add_group(b"group", Group::new(StreamId::MIN, Some(0))) {
        return;
    }
    let last = stream.log.last_id();
    if let Some((_, group)) = stream.parts(b"group") {
        let (consumer, _) = group.find_or_create(&words[0], now_ms);
        if remove {
            group.ack(last);
        } else {
            group.deliver(last, consumer, now_ms);
        }
    }
}

/// A store with `keys` strings and a value of every type.
pub(super) fn furnished(rng: &mut Prng, keys: u64) -> Store {
    let mut store = Store::new(DATABASES, rng.next_u64());
    store.now_ms = 1_700_000_000_000;
    for n in 0..keys {
        let name = format!("crowd:{n}").into_bytes();
        let expire = n.is_multiple_of(7).then_some(store.now_ms + 1000);
        store.put(0, &hashed(&name), EntryBox::new_string(&name, b"value of some length", expire));
    }
    (0..2000).for_each(|_| command(&mut store, rng));
    store
}
