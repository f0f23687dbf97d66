//! Round trips of every type, bytes of real servers, and bytes that are none.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::crc64;
use super::payload::{dump, restore, verified};
use super::{Reader, ValueWriter, kind_of, needed_version, read_value, write_value};
use crate::base::prng::Prng;
use crate::data::hash::{Condition, Ttl};
use crate::data::list::End;
use crate::data::object::tests::edits::{EDITORS, Scale, are_same};
use crate::data::zset::Rule;
use crate::data::{Collection, EntryBox, Hash, Kind, Limits, List, Object, Set, ValueRef, ZSet};

fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(5);
    println!("SEED={seed}");
    seed
}

fn limits() -> Limits {
    Limits::default()
}

fn text(rng: &mut Prng, long: bool) -> Vec<u8> {
    match rng.below(4) {
        0 => rng.range_i64(-70_000, 70_000).to_string().into_bytes(),
        1 => rng.range_i64(i64::MIN, i64::MAX).to_string().into_bytes(),
        2 if long => vec![b'x'; rng.index(6_000)],
        _ => {
            let mut text = vec![0; rng.index(30)];
            rng.fill(&mut text);
            text
        }
    }
}

/// A value of a random type and size.
pub(super) fn entry(rng: &mut Prng) -> EntryBox {
    let (count, long, limits) = (rng.index(600) + 1, rng.one_in(3), limits());
    match rng.below(5) {
        0 => EntryBox::new_string(b"k", &text(rng, true), None),
        1 => {
            let mut list = List::new();
            (0..count).for_each(|_| list.push(End::Tail, &[&text(rng, long)], &limits));
            EntryBox::new_object(b"k", List::KIND, list.into(), None)
        }
        2 => {
            let (mut set, numbers) = (Set::default(), rng.one_in(2));
            for n in 0..count {
                let member = if numbers { n.to_string().into_bytes() } else { text(rng, long) };
                set.add(&member, &limits);
            }
            EntryBox::new_object(b"k", Set::KIND, set.into(), None)
        }
        3 => {
            let mut zset = ZSet::default();
            for _ in 0..count {
                let score = (rng.unit_f64() - 0.5) * 1e6;
                let score = if rng.one_in(2) { score.trunc() } else { score };
                zset.put(&text(rng, long), score, Rule::default(), &limits).unwrap();
            }
            EntryBox::new_object(b"k", ZSet::KIND, zset.into(), None)
        }
        _ => {
            let mut hash = Hash::default();
            let timed = rng.one_in(2);
            for _ in 0..count {
                let field = text(rng, long);
                hash.set(&field, &text(rng, long), Ttl::Clear, &limits, 1);
                if timed && rng.one_in(2) {
                    hash.set_ttl(&field, rng.range_i64(2, 1 << 40), Condition::Always, 1);
                }
            }
            EntryBox::new_object(b"k", Hash::KIND, hash.into(), None)
        }
    }
}

#[test]
fn every_value_comes_back_as_it_was() {
    let rng = &mut Prng::new(seed());
    for _ in 0..400 {
        let entry = entry(rng);
        let payload = dump(&entry, rng.one_in(2));
        let back = restore(verified(&payload).unwrap(), &limits()).unwrap().into_entry(b"k", None);
        assert_eq!(entry.kind(), back.kind());
        match (entry.value(), back.value()) {
            (a, b) if a == b => {}
            _ => assert_eq!(
                entry.string_bytes(&mut itoa::Buffer::new()).unwrap(),
                back.string_bytes(&mut itoa::Buffer::new()).unwrap()
            ),
        }
    }
}

/// Values of all types and sizes, as edits of all kinds leave them.
fn edited(rng: &mut Prng) -> EntryBox {
    let editor = &EDITORS[rng.index(EDITORS.len())];
    let names = 1 + rng.index(3000);
    let scale = Scale { names, rounds: 1, steps: 1 };
    let mut object = (editor.new)();
    for growing in [true, false] {
        (0..rng.index(names * 3)).for_each(|_| (editor.edit)(&mut object, growing, scale, rng));
    }
    EntryBox::new_object(b"k", editor.kind, object, None)
}

fn is_empty(entry: &EntryBox) -> bool {
    entry.kind() != Kind::Stream && entry.string_len() == 0 && {
        let ValueRef::Object(object) = entry.value() else { return false };
        match object {
            Object::List(list) => list.is_empty(),
            Object::Set(set) => set.is_empty(),
            Object::ZSet(zset) => zset.is_empty(),
            Object::Hash(hash) => hash.is_empty(),
            _ => false,
        }
    }
}

/// What the format leaves out of a stream: of the times of consumers, only one is written.
fn as_written(object: &Object) -> Object {
    let mut object = object.clone();
    if let Object::Stream(stream) = &mut object {
        let names: Vec<_> = stream.groups().map(|(name, _)| name.to_vec()).collect();
        for name in names {
            let (_, group) = stream.parts(&name).unwrap();
            let slots: Vec<_> = group.consumers().map(|c| group.find(&c.name).unwrap()).collect();
            for slot in slots {
                let consumer = group.consumer_mut(slot).unwrap();
                consumer.active_ms = Some(consumer.seen_ms);
            }
        }
    }
    object
}

#[test]
fn a_value_written_in_portions_is_the_value_written_at_once() {
    let rng = &mut Prng::new(seed());
    for round in 0..200 {
        let mut entry = edited(rng);
        let compress = rng.one_in(2);
        let mut whole = Vec::new();
        let version = write_value(&mut whole, &entry, compress);
        assert_eq!(version, needed_version(&entry));
        // A copy gives the same bytes as the original, in whatever portions.
        let max = [0, 1, 7, 100, 5_000, usize::MAX][rng.index(6)];
        let mut writer = ValueWriter::new(entry.share());
        let (mut bytes, mut portions) = (Vec::new(), 0);
        loop {
            let before = bytes.len();
            let is_end = writer.write_some(&mut bytes, max, compress);
            portions += 1;
            // The longest that is not divided is a node or a pack.
            assert!(bytes.len() - before <= max.saturating_add(10_000));
            if is_end {
                break;
            }
            assert!(bytes.len() > before, "no progress");
        }
        assert!(bytes == whole, "round {round}: {portions} portions");
        assert!(writer.write_some(&mut bytes, max, compress) && bytes.len() == whole.len());
        let (mut body, kind) = (Vec::new(), kind_of(&entry));
        ValueWriter::body(&*entry).write_some(&mut body, usize::MAX, compress);
        assert!(kind == whole[0] && body == whole[1..]);
        if is_empty(&entry) {
            continue;
        }
        let back = read_value(&mut Reader::new(&whole[1..]), whole[0], &limits()).unwrap();
        let back = back.into_entry(b"k", None);
        let (ValueRef::Object(back), ValueRef::Object(object)) = (back.value(), entry.value()) else {
            panic!("objects");
        };
        assert!(are_same(back, &as_written(object)), "round {round}: {:?}", entry.kind());
    }
}

#[test]
fn damaged_payloads_are_refused_or_read_but_never_more() {
    let rng = &mut Prng::new(seed());
    for _ in 0..400 {
        let payload = dump(&entry(rng), true);
        let mut value = payload[..payload.len() - 10].to_vec();
        for _ in 0..20 {
            match rng.below(4) {
                0 if value.len() > 1 => value.truncate(rng.index(value.len())),
                1 => value.push(rng.next_u64().to_le_bytes()[0]),
                _ if !value.is_empty() => {
                    let at = rng.index(value.len());
                    value[at] = rng.next_u64().to_le_bytes()[0];
                }
                _ => {}
            }
            // What is accepted must be usable.
            if let Ok(value) = restore(&value, &limits()) {
                let entry = value.into_entry(b"k", None);
                let again = dump(&entry, false);
                assert!(restore(verified(&again).unwrap(), &limits()).is_ok());
            }
        }
    }
}

#[test]
fn versions_and_sums_are_checked() {
    let payload = dump(&EntryBox::new_string(b"k", b"hello", None), true);
    assert!(verified(&payload).is_some());
    for at in 0..payload.len() {
        let mut bad = payload.clone();
        bad[at] ^= 1;
        assert!(verified(&bad).is_none(), "byte {at}");
    }
    assert!(verified(b"").is_none());
    assert!(verified(&payload[..9]).is_none());
    // crc64.c: the sum of "123456789".
    assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
}

/// DUMP payloads of Redis 7.0.15 for the commands named.
#[test]
fn what_redis_wrote_is_read_and_written_alike() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    };
    for (what, bytes) in GOLDEN {
        let bytes = hex(bytes);
        let entry = restore(verified(&bytes).expect(what), &limits()).expect(what).into_entry(b"k", None);
        assert_eq!(dump(&entry, true), bytes, "{what}");
    }
}

const GOLDEN: &[(&str, &str)] = &[
    ("SET k hello", "000568656c6c6f0a006372df766534200a"),
    ("SET k 12345", "00c139300a009d94ea2793fc08b9"),
    ("SET k a... (61)", "00c3093d016161e030000161610a0059f1726340a0b02f"),
    ("RPUSH k a 1 bb -300", "12010213130000000400816102010182626203ded402ff0a004eb6fdc54d9182d8"),
    ("SADD k 1 2 3 70000", "0b180400000004000000010000000200000003000000701101000a00ef2e6521e385a22a"),
    ("SADD k a", "020101610a006296e97e44d21a6d"),
    ("HSET k f v n 17", "1012120000000400816602817602816e021101ff0a00a180dda23510453b"),
    ("ZADD k 1 a 2.5 b -3 c", "111a1a0000000600816302dffd02816102010181620283322e3504ff0a00a68a1ab1a9f2dcc2"),
];
