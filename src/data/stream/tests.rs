//! Tests of `stream`: bytes of a Redis 7.0.15 server, a naive twin, and nodes from a hostile source.
//!
//! Every random test prints its seed; `SHOAL_SEED` adds one more.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

use super::*;
use crate::base::prng::Prng;
use crate::data::{Item, Limits, Listpack};

mod twin;

pub(super) fn for_each_seed(count: u64, mut test: impl FnMut(&mut Prng)) {
    let extra = std::env::var("SHOAL_SEED").ok().and_then(|text| text.parse().ok());
    for seed in (1..=count).chain(extra) {
        println!("SHOAL_SEED={seed}");
        test(&mut Prng::new(seed));
    }
}

pub(super) fn id(ms: u64, seq: u64) -> StreamId {
    StreamId::new(ms, seq)
}

pub(super) fn limits(entries: usize, bytes: usize) -> Limits {
    Limits { stream_node_entries: entries, stream_node_bytes: bytes, ..Limits::default() }
}

fn add(log: &mut Log, ms: u64, seq: u64, line: &str, limits: &Limits) -> Result<StreamId, AppendError> {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    log.append(NewId::Exact(id(ms, seq)), &words, 0, limits)
}

pub(super) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

pub(super) fn content(entry: &StreamEntry<'_>) -> (StreamId, Fields) {
    (entry.id, entry.fields().map(|(field, value)| (field.to_vec(), value.to_vec())).collect())
}

/// FNV-1a: fingerprints of nodes that are too long to be written down.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn nodes_are_written_as_redis_writes_them() {
    // XADD and XDEL with stream-node-max-entries 4, then the nodes out of DUMP.
    let golden: [(StreamId, &[u8]); 2] = [
        (
            id(5, 3),
            b"k\x00\x00\x00\"\x00\x03\x01\x01\x01\x02\x01\x84name\x05\x83age\x04\x00\x01\x02\x01\x00\x01\x00\x01\
              \x83Ann\x04\x1f\x01\x05\x01\x03\x01\x00\x01\x01\x01\x83Bob\x04\xdf\xf9\x02\x05\x01\x00\x01\x01\x01\
              \xdf\xfd\x02\x01\x01\x84name\x05\x82Cy\x03\x06\x01\x00\x01\x01\x01\xdf\xfe\x02\x02\x01\x83age\x04\
              \x01\x01\x84name\x05\x83Dan\x04\x08\x01\xff",
        ),
        (
            id(1_000_000, u64::MAX),
            b"h\x00\x00\x00$\x00\x03\x01\x01\x01\x02\x01\x84name\x05\x83age\x04\x00\x01\x02\x01\x00\x01\x00\x01\
              \xf45\x1c\xdc\xdf\x02\x00\x00\x00\x09\x80\x01\x05\x01\x03\x01\x01\x01\x03\x01\x81x\x02\x81y\x02\x05\x01\
              \x00\x01\x01\x01\x06\x01\x03\x01\x81k\x02\x01\x01\x81k\x02\x02\x01\x81k\x02\x03\x01\x0a\x01\x00\x01\
              \xf2\xbf\xbd\xf0\x04\x08\x01\x01\x01\x81a\x02\x81b\x02\x06\x01\xff",
        ),
    ];
    let (mut log, limits) = (Log::default(), limits(4, 4096));
    for (ms, seq, line) in [
        (5, 3, "name Ann age 31"),
        (5, 4, "name Bob age -7"),
        (6, 0, "name Cy"),
        (6, 1, "age 1 name Dan"),
        (1_000_000, u64::MAX, "name 12345678901 age "),
        (1_000_001, 2, "name x age y"),
        (1_000_001, 5, "k 1 k 2 k 3"),
    ] {
        add(&mut log, ms, seq, line, &limits).unwrap();
    }
    assert_eq!(log.delete(&[id(5, 4), id(1_000_001, 2), id(7, 7)]), 2);
    add(&mut log, u64::MAX, 7, "a b", &limits).unwrap();
    assert!(log.nodes().map(|(id, pack)| (id, pack.as_bytes())).eq(golden));
    assert_eq!((log.len(), log.added(), log.radix_nodes()), (6, 8, 6));
    assert_eq!((log.first_id(), log.max_deleted_id()), (id(5, 3), id(1_000_001, 2)));
    let all: Vec<_> = log.range(StreamId::MIN, StreamId::MAX, false).map(|entry| content(&entry)).collect();
    assert_eq!(
        all[3],
        (
            id(1_000_000, u64::MAX),
            vec![(b"name".to_vec(), b"12345678901".to_vec()), (b"age".to_vec(), Vec::new()),]
        )
    );
    let mut read = Log::default();
    for (id, bytes) in golden {
        assert!(read.load_node(id, Listpack::from_bytes(bytes).unwrap()));
    }
    read.load_counters(6, [log.first_id(), log.last_id(), log.max_deleted_id()], 8);
    assert_eq!(read, log);
    assert!(!read.load_node(id(6, 0), Listpack::from_bytes(golden[0].1).unwrap()), "nodes ascend");
}

#[test]
fn a_long_stream_has_the_nodes_that_redis_has() {
    let (mut log, limits) = (Log::default(), Limits::default());
    let entry_id = |i: u64| id(1000 + i / 3, i % 7 + i);
    for i in 1..=1000 {
        let mut line = format!("sensor {} value v{i}", i % 13);
        if i % 5 == 0 {
            line += &format!(" extra {}", "x".repeat(i as usize % 70));
        }
        // Some of these ids do not ascend and are refused.
        let _ = add(&mut log, entry_id(i).ms, entry_id(i).seq, &line, &limits);
    }
    let ids: Vec<StreamId> = (1..=1000).step_by(7).map(entry_id).collect();
    log.delete(&ids);
    assert_eq!(log.trim(&Trim { keep: Keep::Newest(500), whole_nodes: false, limit: 0 }), 262);
    let nodes: Vec<u64> = log.nodes().map(|(_, pack)| fingerprint(pack.as_bytes())).collect();
    assert_eq!(
        nodes,
        [
            0x90f1_0a26_e34d_c3ee,
            0xcde3_1c2c_72d9_8214,
            0xa28d_b3ee_28bc_284a,
            0xcd25_aa26_b718_30e7,
            0xf436_3bc5_6f18_ba72,
            0x7c7d_1695_1090_a257,
            0xb942_a820_7c35_c615,
        ]
    );
    assert_eq!((log.len(), log.radix_nodes(), log.added()), (500, 17, 857));
    assert_eq!((log.last_id(), log.max_deleted_id()), (id(1333, 1006), id(1329, 989)));
    assert_eq!(log.first_id(), id(1115, 349));
}

#[test]
fn the_radix_tree_has_the_nodes_that_redis_counts() {
    // 100 by XINFO STREAM with a node for each entry.
    let (k, m) = (8_589_934_592, 4_398_046_511_104_u64);
    let ids = [
        (14, k),
        (15, 255),
        (30, 255),
        (66, k),
        (71, 255),
        (94, k),
        (117, 256),
        (122, 256),
        (134, 0),
        (136, k),
        (160, 0),
        (160, 256),
        (194, k),
        (226, 1),
        (243, 255),
        (253, 0),
        (269, 1),
        (285, k),
        (291, 0),
        (336, 0),
        (1252, 255),
        (1800, 256),
        (2891, 0),
        (350_280, k),
        (420_212, 255),
        (490_001, 256),
        (560_241, 256),
        (630_055, 1),
        (630_119, 255),
        (3_298_534_883_374, k),
        (m + 6, 1),
        (m + 258, 256),
        (6_597_069_766_890, k),
        (6_597_069_766_951, 255),
        (7_696_581_394_449, 256),
        (7_696_581_394_519, 1),
        (7_696_581_394_621, 256),
        (7_696_581_394_691, 1),
        (9_895_604_650_089, 256),
        (9_895_604_650_102, 256),
    ];
    let mut log = Log::default();
    assert_eq!(log.radix_nodes(), 1);
    for (ms, seq) in ids {
        add(&mut log, ms, seq, "a b", &limits(1, 0)).unwrap();
    }
    assert_eq!((log.node_count(), log.radix_nodes()), (40, 100));
}

#[test]
fn ids_end_where_they_end() {
    let limits = Limits::default();
    let mut log = Log::default();
    let words: [&[u8]; 2] = [b"a", b"b"];
    let add = |log: &mut Log, wanted| log.append(wanted, &words, 77, &limits);
    assert_eq!(add(&mut log, NewId::At(0)), Ok(id(0, 1)));
    assert_eq!(add(&mut log, NewId::Auto), Ok(id(77, 0)));
    assert_eq!(add(&mut log, NewId::Auto), Ok(id(77, 1)));
    assert_eq!(add(&mut log, NewId::At(77)), Ok(id(77, 2)));
    assert_eq!(add(&mut log, NewId::At(76)), Err(AppendError::IdTooSmall));
    assert_eq!(add(&mut log, NewId::Exact(id(77, 2))), Err(AppendError::IdTooSmall));
    assert_eq!(add(&mut log, NewId::Exact(id(80, u64::MAX))), Ok(id(80, u64::MAX)));
    assert_eq!(add(&mut log, NewId::At(80)), Err(AppendError::IdTooSmall));
    assert_eq!(add(&mut log, NewId::Auto), Ok(id(81, 0)));
    assert_eq!(add(&mut log, NewId::Exact(id(u64::MAX, u64::MAX - 1))), Ok(id(u64::MAX, u64::MAX - 1)));
    assert_eq!(add(&mut log, NewId::Auto), Ok(StreamId::MAX));
    assert_eq!(add(&mut log, NewId::Auto), Err(AppendError::Exhausted));
    assert_eq!((StreamId::MAX.next(), StreamId::MIN.prev()), (None, None));
    assert_eq!(id(5, 0).prev(), Some(id(4, u64::MAX)));
    assert_eq!(log.range(StreamId::MAX, StreamId::MAX, true).count(), 1);
    assert_eq!(log.range(StreamId::MAX, StreamId::MIN, false).count(), 0);
    assert_eq!(StreamId::from_be_bytes(id(7, 9).to_be_bytes()), id(7, 9));
}

#[test]
fn a_node_of_more_elements_than_its_header_counts_works_on() {
    let (mut log, limits) = (Log::default(), limits(0, 0));
    for ms in 1..=30_000 {
        add(&mut log, ms, 0, "field 1", &limits).unwrap();
    }
    assert_eq!((log.node_count(), log.range(StreamId::MIN, StreamId::MAX, false).count()), (1, 30_000));
    assert_eq!(log.trim(&Trim { keep: Keep::From(id(29_999, 0)), whole_nodes: false, limit: 0 }), 29_998);
    assert_eq!((log.first_id(), log.last_live_id()), (id(29_999, 0), Some(id(30_000, 0))));
    assert!(log.nodes().all(|(_, pack)| node::is_valid(pack)));
}

#[test]
fn nodes_from_elsewhere_are_refused_or_work() {
    for_each_seed(20, |rng| {
        let mut accepted = 0;
        for _ in 0..400 {
            let mut log = Log::default();
            for n in 0..1 + rng.below(6) {
                let line = ["a 1", "b 2", "a 1 b 2", "a x a y"][rng.index(4)];
                add(&mut log, 5 + n, rng.below(3), line, &limits(0, 0)).unwrap();
            }
            let mut items: Vec<Vec<u8>> =
                log.nodes().flat_map(|(_, pack)| pack.iter().map(|(_, item)| item.to_vec())).collect();
            for _ in 0..=rng.index(2) {
                let (at, number) = (rng.index(items.len()), rng.index(8));
                let odd = ["-1", "0", "1", "2", "3", "9223372036854775807", "-9223372036854775808", "x"];
                match rng.index(4) {
                    0 => drop(items.remove(at)),
                    1 => items.insert(at, odd[number].into()),
                    _ => items[at] = odd[number].into(),
                }
            }
            let pack: Listpack = items.iter().map(Vec::as_slice).collect();
            let mut read = Log::default();
            accepted += usize::from(read.load_node(id(5, 0), pack.clone()));
            // Whatever it is, nothing may panic.
            read.nodes.insert(id(5, 0), pack.into());
            read.load_counters(rng.below(9), [id(5, 0), id(20, 0), StreamId::MIN], 9);
            let seen = read.range(StreamId::MIN, StreamId::MAX, false).inspect(|e| drop(content(e))).count();
            let back = read.range(StreamId::MIN, StreamId::MAX, true).inspect(|e| drop(content(e))).count();
            assert!(seen <= items.len() && back <= items.len());
            read.delete(&[id(5, 0), id(6, 0), id(7, 1)]);
            read.trim(&Trim { keep: Keep::Newest(2), whole_nodes: rng.one_in(2), limit: 0 });
            read.trim(&Trim { keep: Keep::From(id(7, 0)), whole_nodes: rng.one_in(2), limit: 0 });
            let _ = add(&mut read, 30, 0, "a 1", &limits(0, 0));
        }
        assert!(accepted > 0);
    });
}

#[test]
fn entries_of_any_size_come_out_as_they_went_in() {
    for_each_seed(4, |rng| {
        let mut log = Log::default();
        for ms in 1..=60 {
            let texts: Vec<Vec<u8>> = (0..2 * (1 + rng.index(9)))
                .map(|_| match rng.index(5) {
                    0 => (rng.next_u64().cast_signed() >> rng.index(64)).to_string().into_bytes(),
                    1 => vec![b'x'; 60 + rng.index(8)],
                    2 => vec![b'y'; rng.index(300)],
                    _ => vec![b'z'; rng.index(20)],
                })
                .collect();
            let words: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
            let new = log.append(NewId::Exact(id(ms, 0)), &words, 0, &limits(7, 0)).unwrap();
            let fields: Fields = texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            assert_eq!(log.get(new).map(|entry| content(&entry)), Some((new, fields)));
        }
        assert!(
            log.nodes()
                .all(|(_, pack)| node::is_valid(pack) && Listpack::from_bytes(pack.as_bytes()).is_ok())
        );
    });
    let longest = StreamId::MAX.text();
    assert_eq!(&*longest, b"18446744073709551615-18446744073709551615");
}

#[test]
fn items_that_are_numbers_come_out_as_text() {
    let mut log = Log::default();
    add(&mut log, 1, 1, "7 -3", &Limits::default()).unwrap();
    let entry = log.get(id(1, 1)).unwrap();
    assert_eq!(entry.fields().next(), Some((Item::Int(7), Item::Int(-3))));
    assert_eq!((&*id(1, 2).text(), &*id(1, 2).joined(b'.')), (&b"1-2"[..], &b"1.2"[..]));
}
