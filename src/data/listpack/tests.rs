//! Tests of `listpack`: bytes of a Redis 7.0.15 server, a naive twin, and hostile input.
//!
//! Every random test prints its seed; `SHOAL_SEED` adds one more.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "tests")]

use super::*;
use crate::base::prng::Prng;

fn for_each_seed(count: u64, mut test: impl FnMut(&mut Prng)) {
    let extra = std::env::var("SHOAL_SEED").ok().and_then(|text| text.parse().ok());
    for seed in (1..=count).chain(extra) {
        println!("SHOAL_SEED={seed}");
        test(&mut Prng::new(seed));
    }
}

fn pack_of(texts: &[&str]) -> Listpack {
    texts.iter().map(|text| text.as_bytes()).collect()
}

fn texts(pack: &Listpack) -> Vec<Vec<u8>> {
    pack.iter().map(|(_, item)| item.to_vec()).collect()
}

/// FNV-1a: fingerprints of packs that are too long to be written down.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn numbers_of_every_width_are_written_as_redis_writes_them() {
    // RPUSH and DUMP with rdbcompression off; type, length, version and checksum cut off.
    let golden = b"\x8b\x00\x00\x00\x17\x00\x81a\x02\x00\x01\x7f\x01\xc0\x80\x02\xdf\xff\x02\xcf\xff\x02\xf1\x00\x10\x03\
        \xd0\x00\x02\xf1\xff\xef\x03\xf1\xff\x7f\x03\xf2\x00\x80\x00\x04\xf2\xff\x7f\xff\x04\xf2\xff\xff\x7f\x04\
        \xf3\x00\x00\x80\x00\x05\xf3\xff\xff\x7f\xff\x05\xf3\xff\xff\xff\x7f\x05\xf4\x00\x00\x00\x80\x00\x00\x00\x00\t\
        \xf4\xff\xff\xff\x7f\xff\xff\xff\xff\t\xf4\xff\xff\xff\xff\xff\xff\xff\x7f\t\xf4\x00\x00\x00\x00\x00\x00\x00\x80\t\
        \x939223372036854775808\x14\x83007\x04\x80\x01\xff";
    let pushed = [
        "a",
        "0",
        "127",
        "128",
        "-1",
        "4095",
        "4096",
        "-4096",
        "-4097",
        "32767",
        "32768",
        "-32769",
        "8388607",
        "8388608",
        "-8388609",
        "2147483647",
        "2147483648",
        "-2147483649",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "007",
        "",
    ];
    let pack = pack_of(&pushed);
    assert_eq!(pack.as_bytes(), golden);
    let read = Listpack::from_bytes(golden).unwrap();
    assert_eq!((read.len(), &read), (pushed.len(), &pack));
    for (item, text) in read.iter().map(|(_, item)| item).zip(pushed) {
        assert_eq!((item.to_vec(), item.len()), (text.as_bytes().to_vec(), text.len()));
        assert!(item.eq_bytes(text.as_bytes()) && !item.eq_bytes(b"other"));
        assert_eq!(item, Item::from(text.as_bytes()));
        assert_eq!(item.as_i64().is_some(), matches!(item, Item::Int(_)));
        assert_eq!(read.find(text.as_bytes(), 0).map(|pos| read.get(pos)), Some(item));
    }
    let mut backwards = texts(&read);
    backwards.reverse();
    assert_eq!(read.iter().rev().map(|(_, item)| item.to_vec()).collect::<Vec<_>>(), backwards);
}

#[test]
fn small_collections_are_written_as_redis_writes_them() {
    let hash = b"\x1b\x00\x00\x00\x04\x00\x84name\x05\x85shoal\x06\x83age\x04\x03\x01\xff";
    assert_eq!(pack_of(&["name", "shoal", "age", "3"]).as_bytes(), hash);
    let zset =
        b"\"\x00\x00\x00\x06\x00\x85three\x06\xdf\xfd\x02\x83one\x04\x01\x01\x83two\x04\x832.5\x04\xff";
    let pack = pack_of(&["three", "-3", "one", "1", "two", "2.5"]);
    assert_eq!(pack.as_bytes(), zset);
    let scores: Vec<_> = pack.iter().skip(1).step_by(2).map(|(_, item)| item.as_f64()).collect();
    assert_eq!(scores, [Some(-3.0), Some(1.0), Some(2.5)]);
    let (x, y, z) = ("x".repeat(63), "y".repeat(64), "z".repeat(126));
    let golden = format!("\r\u{1}\0\0\u{3}\0?{x}@?@{y}B?~{z}\u{1}??").into_bytes();
    let mut golden: Vec<u8> = golden;
    for (at, byte) in [(6, 0xBF), (71, 0xE0), (138, 0xE0), (267, 0x80), (268, 0xFF)] {
        assert_eq!(golden[at], b'?');
        golden[at] = byte;
    }
    assert_eq!(pack_of(&[&x, &y, &z]).as_bytes(), golden);
}

/// HSET k f vvv... with a value of so many bytes: around each bound of the head and of the length behind.
#[test]
fn long_strings_are_written_as_redis_writes_them() {
    for (len, total, hash, tail) in [
        (4_093, 4_107, 0x8b62_6c9e_1118_9a5e, [0x76, 0x1f, 0xff, 0xff]),
        (4_095, 4_109, 0xa540_3699_dee5_8169, [0x76, 0x20, 0x81, 0xff]),
        (4_096, 4_113, 0x2a5a_e77d_00cf_19c1, [0x76, 0x20, 0x85, 0xff]),
        (16_377, 16_394, 0x5019_811a_10af_712c, [0x76, 0x7f, 0xfe, 0xff]),
        (16_378, 16_396, 0x7fae_633d_6db6_0f26, [0x00, 0xff, 0xff, 0xff]),
        (16_379, 16_397, 0x437c_4ca1_9065_57d1, [0x01, 0x80, 0x80, 0xff]),
        (20_000, 20_018, 0xef4f_0a6f_da75_48cd, [0x01, 0x9c, 0xa5, 0xff]),
        (2_097_145, 2_097_163, 0xcd07_4149_4575_32f1, [0x7f, 0xff, 0xfe, 0xff]),
        (2_097_146, 2_097_165, 0x18bd_f567_d7f9_0a29, [0xff, 0xff, 0xff, 0xff]),
        (2_097_147, 2_097_166, 0xefa7_06d1_1aeb_4e05, [0x80, 0x80, 0x80, 0xff]),
    ] {
        let value = vec![b'v'; len];
        let pack: Listpack = [&b"f"[..], &value].into_iter().collect();
        assert_eq!(pack.total_bytes(), total, "{len}");
        assert_eq!(pack.as_bytes()[total - 4..], tail, "{len}");
        assert_eq!(fingerprint(pack.as_bytes()), hash, "{len}");
        assert_eq!(Listpack::from_bytes(pack.as_bytes()).as_ref(), Ok(&pack));
        assert_eq!(texts(&pack), [b"f".to_vec(), value.clone()]);
        assert_eq!(pack.last(), pack.find(&value, 0));
        assert_eq!(Listpack::estimate_bytes(&value) + Listpack::estimate_bytes(b"f") + 7, total);
    }
}

fn random_text(rng: &mut Prng) -> Vec<u8> {
    match rng.index(10) {
        0 => b"".to_vec(),
        1..=3 => (rng.next_u64().cast_signed() >> rng.index(64)).to_string().into_bytes(),
        4 => vec![b'm'; 60 + rng.index(80)],
        5 if rng.index(8) == 0 => vec![b'l'; 4_090 + rng.index(20)],
        _ => format!("w{}", rng.index(30)).into_bytes(),
    }
}

/// The pack says in every way what the twin says.
fn check(pack: &Listpack, twin: &[Vec<u8>], rng: &mut Prng) {
    assert_eq!((pack.len(), pack.is_empty(), &texts(pack)[..]), (twin.len(), twin.is_empty(), twin));
    assert_eq!(Listpack::from_bytes(pack.as_bytes()).as_ref(), Ok(pack));
    let back: Vec<_> = pack.iter().rev().map(|(_, item)| item.to_vec()).collect();
    assert!(back.iter().eq(twin.iter().rev()));
    assert!(pack.mem_bytes() >= pack.total_bytes());
    let len = twin.len() as i64;
    let index = rng.range_i64(-len - 2, len + 1);
    let expect =
        usize::try_from(if index < 0 { index + len } else { index }).ok().and_then(|at| twin.get(at));
    assert_eq!(pack.pick(index).map(|item| item.to_vec()).as_ref(), expect, "{index}");
    let (needle, skip) = (random_text(rng), rng.index(3));
    let expect = (0..twin.len()).step_by(skip + 1).find(|at| twin[*at] == needle);
    assert_eq!(pack.find(&needle, skip), expect.and_then(|at| pack.seek(at as i64)));
    let indexes: Vec<usize> = (0..rng.index(6)).map(|_| rng.index(twin.len() + 1)).collect();
    let expect: Vec<_> = indexes.iter().filter_map(|at| twin.get(*at).cloned()).collect();
    assert_eq!(pack.pick_many(&indexes).iter().map(Item::to_vec).collect::<Vec<_>>(), expect);
}

fn insert(pack: &mut Listpack, twin: &mut Vec<Vec<u8>>, rng: &mut Prng) {
    let (text, at) = (random_text(rng), rng.index(twin.len()));
    let put = match (rng.index(5), pack.seek(at as i64)) {
        (0, Some(pos)) => {
            twin.insert(at, text.clone());
            pack.insert_before(pos, &text)
        }
        (1, Some(pos)) => {
            twin.insert(at + 1, text.clone());
            pack.insert_after(pos, &text)
        }
        (2, Some(pos)) => {
            twin[at].clone_from(&text);
            pack.replace(pos, &text)
        }
        (3, _) => {
            twin.insert(0, text.clone());
            pack.prepend(&text);
            HEADER
        }
        _ => {
            twin.push(text.clone());
            pack.append(&text)
        }
    };
    assert_eq!(pack.get(put).to_vec(), text);
}

fn remove(pack: &mut Listpack, twin: &mut Vec<Vec<u8>>, rng: &mut Prng) {
    let (at, n) = (rng.index(twin.len()), rng.index(4));
    let Some(pos) = pack.seek(at as i64) else { return };
    let many = n.min(twin.len() - at);
    match rng.index(4) {
        0 => {
            twin.remove(at);
            assert_eq!(pack.delete(pos), (at < twin.len()).then_some(pos));
        }
        1 => {
            twin.drain(at..at + many);
            assert_eq!(pack.delete_range(pos, n), (at < twin.len()).then_some(pos));
        }
        2 => {
            let index = if rng.index(2) == 0 { at as i64 } else { at as i64 - twin.len() as i64 };
            twin.drain(at..at + many);
            assert_eq!(pack.delete_range_by_index(index, n), many);
        }
        _ => {
            let indexes: Vec<usize> = (0..twin.len()).filter(|_| rng.index(5) == 0).collect();
            let positions: Vec<_> = indexes.iter().map(|at| pack.seek(*at as i64).unwrap()).collect();
            pack.delete_many(&positions);
            indexes.iter().rev().for_each(|at| drop(twin.remove(*at)));
        }
    }
}

fn rearrange(pack: &mut Listpack, twin: &mut Vec<Vec<u8>>, rng: &mut Prng) {
    let more: Vec<_> = (0..rng.index(5)).map(|_| random_text(rng)).collect();
    let slices = more.iter().map(Vec::as_slice);
    match rng.index(4) {
        0 => pack.append_all(slices),
        1 => pack.merge(&slices.collect()),
        2 => {
            let at = rng.index(twin.len() + 2);
            let tail = pack.split_off(at);
            assert_eq!(texts(&tail), twin.split_off(at.min(twin.len())));
            assert_eq!(Listpack::from_bytes(tail.as_bytes()), Ok(tail));
            return;
        }
        _ => {
            *pack = more.iter().map(|text| Item::from(text.as_slice())).collect();
            twin.clear();
        }
    }
    twin.extend(more);
}

#[test]
fn a_pack_is_a_vector_of_strings() {
    for_each_seed(30, |rng| {
        let (mut pack, mut twin) = (Listpack::new(), Vec::new());
        for _ in 0..400 {
            match rng.index(12) {
                0..=6 => insert(&mut pack, &mut twin, rng),
                7..=10 => remove(&mut pack, &mut twin, rng),
                _ => rearrange(&mut pack, &mut twin, rng),
            }
            check(&pack, &twin, rng);
        }
    });
}

#[test]
fn entries_beyond_65534_are_counted() {
    let mut pack = Listpack::new();
    let twin: Vec<String> = (0..65_534).map(|n| (n % 100).to_string()).collect();
    pack.append_all(twin.iter().map(String::as_bytes));
    assert_eq!((pack.stated_count(), pack.len()), (65_534, 65_534));
    pack.append_int(7);
    pack.prepend_int(9);
    assert_eq!((pack.stated_count(), pack.len()), (COUNT_UNKNOWN, 65_536));
    assert_eq!(Listpack::from_bytes(pack.as_bytes()).as_ref(), Ok(&pack));
    assert_eq!((pack.pick(-1), pack.pick(-65_536)), (Some(Item::Int(7)), Some(Item::Int(9))));
    assert_eq!((pack.pick(65_536), pack.pick(-65_537), pack.pick(i64::MIN)), (None, None, None));
    assert_eq!(pack.delete_range_by_index(-2, 2), 2);
    // As Redis, what was unknown stays so until a change counts anew.
    assert_eq!((pack.stated_count(), pack.len()), (COUNT_UNKNOWN, 65_534));
    let tail = pack.split_off(65_000);
    assert_eq!((pack.stated_count(), tail.stated_count()), (65_000, 534));
    pack.merge(&tail);
    assert_eq!(pack.stated_count(), 65_534);
}

#[test]
fn forms_that_this_server_does_not_write_are_read() {
    // 5 in 8 bytes, "5" and "a" as strings with a head longer than needed.
    let bytes = b"\x2d\x00\x00\x00\x04\x00\xf4\x05\0\0\0\0\0\0\0\x09\xe0\x015\x03\xf0\x01\0\0\0a\x06\
        \xf0\x0b\0\0\0seven bytes\x10\xff";
    let mut pack = Listpack::from_bytes(bytes).unwrap();
    assert_eq!(texts(&pack), [&b"5"[..], b"5", b"a", b"seven bytes"]);
    assert_eq!(pack.find(b"5", 0), Some(6));
    assert_eq!(pack.find_from(16, b"5", 0), Some(16));
    assert_eq!(pack.find(b"a", 0), Some(20));
    assert_eq!(pack.find(b"seven bytes", 0), pack.last());
    assert_eq!(pack.find(b"6", 0), None);
    assert_eq!(pack.replace(6, b"5"), 6);
    assert_eq!(pack.delete(8), Some(8));
    assert_eq!(texts(&pack), [&b"5"[..], b"a", b"seven bytes"]);
    // Number 0 whose length is written as 1 in two bytes: the first of them is the number itself.
    let padded = Listpack::from_bytes(b"\x09\0\0\0\x01\0\0\x81\xff").unwrap();
    assert_eq!((padded.last(), padded.iter().next_back()), (Some(6), Some((6, Item::Int(0)))));
}

#[test]
fn broken_packs_are_refused() {
    for (bytes, why) in [
        (&b""[..], InvalidListpack::Header),
        (b"\x07\0\0\0\0\0", InvalidListpack::Header),
        (b"\x08\0\0\0\0\0\xff", InvalidListpack::Header),
        (b"\x07\0\0\0\0\0\xfe", InvalidListpack::Header),
        (b"\x07\0\0\0\x01\0\xff", InvalidListpack::Count),
        (b"\x08\0\0\0\0\0\xff\xff", InvalidListpack::Entry(6)),
        (b"\x09\0\0\0\x01\0\x01\x02\xff", InvalidListpack::Entry(6)),
        (b"\x09\0\0\0\x01\0\xf5\x01\xff", InvalidListpack::Entry(6)),
        (b"\x09\0\0\0\x01\0\xf0\xff\xff", InvalidListpack::Entry(6)),
        (b"\x0d\0\0\0\x01\0\xf0\xff\xff\xff\xff\x01\xff", InvalidListpack::Entry(6)),
        // The length behind the empty string runs on into the header, where it happens to meet a zero.
        (b"\x09\0\0\0\x01\0\x80\x81\xff", InvalidListpack::Entry(6)),
        (b"\x0b\0\0\0\x02\0\x01\x01\x85\x01\xff", InvalidListpack::Entry(8)),
    ] {
        assert_eq!(Listpack::from_bytes(bytes), Err(why), "{bytes:x?}");
    }
    assert_eq!(Listpack::from_bytes(b"\x07\0\0\0\xff\xff\xff").map(|pack| pack.len()), Ok(0));
}

/// Everything that can be done to a pack, at places drawn from `rng`.
fn exercise(mut pack: Listpack, rng: &mut Prng) {
    let twin = texts(&pack);
    assert_eq!((pack.len(), pack.iter().rev().count()), (twin.len(), twin.len()));
    for _ in 0..4 {
        let mut twin = texts(&pack);
        insert(&mut pack, &mut twin, rng);
        remove(&mut pack, &mut twin, rng);
        rearrange(&mut pack, &mut twin, rng);
        check(&pack, &twin, rng);
    }
}

#[test]
fn mutated_packs_are_refused_or_work() {
    for_each_seed(20, |rng| {
        let mut accepted = 0;
        for _ in 0..1_500 {
            let entries: Vec<_> = (0..rng.index(8)).map(|_| random_text(rng)).collect();
            let pack: Listpack = entries.iter().map(Vec::as_slice).collect();
            let mut bytes = pack.as_bytes().to_vec();
            for _ in 0..=rng.index(3) {
                let at = rng.index(bytes.len());
                bytes[at] = match rng.index(3) {
                    0 => bytes[at] ^ (1 << rng.index(8)),
                    1 => rng.next_u32() as u8,
                    _ => *[0xF0, 0xE0, 0xFF, 0x80, 0x7F, 0xF4].get(rng.index(6)).unwrap(),
                };
            }
            if rng.index(8) == 0 {
                bytes.truncate(rng.index(bytes.len() + 1));
            }
            if let Ok(pack) = Listpack::from_bytes(&bytes) {
                accepted += 1;
                exercise(pack, rng);
            }
        }
        assert!(accepted > 0);
    });
}

#[test]
fn a_pack_is_one_pointer_and_small_appends_stay_in_the_block() {
    assert_eq!((size_of::<Listpack>(), size_of::<Option<Listpack>>()), (8, 8));
    let mut pack = pack_of(&["a"]);
    let start = pack.as_bytes().as_ptr();
    pack.append(b"bcd");
    assert_eq!((pack.mem_bytes(), pack.total_bytes(), pack.as_bytes().as_ptr()), (16, 15, start));
    assert!(pack.safe_to_add(SAFE_BYTES_MAX - 15) && !pack.safe_to_add(SAFE_BYTES_MAX - 14));
    assert!(!pack.safe_to_add(usize::MAX));
    assert_eq!(format!("{pack:?}"), "[Bytes([97]), Bytes([98, 99, 100])]");
}

#[test]
#[should_panic(expected = "no entry of the listpack starts at 5")]
fn a_place_that_is_no_position_is_not_written_to() {
    pack_of(&["a"]).replace(5, b"b");
}
