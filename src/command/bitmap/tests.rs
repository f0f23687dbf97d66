//! Tests of the bitmap commands against Redis's replies and naive twins.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::super::testing::{Fixture, check, run};
use crate::base::prng::{Prng, os_random_u64};
use crate::keyspace::Store;
use std::collections::BTreeMap;

#[test]
fn bits_are_set_and_counted() {
    let f = &mut Fixture::new();
    check(f, "SETBIT k 7 1", ":0|");
    check(f, "SETBIT k 7 1", ":1|");
    check(f, "GETBIT k 7", ":1|");
    check(f, "GETBIT k 100", ":0|");
    check(f, "SETBIT k 100 0", ":0|");
    check(f, "STRLEN k", ":13|");
    check(f, "BITCOUNT k", ":1|");
    check(f, "SET k foobar", "+OK|");
    check(f, "BITCOUNT k", ":26|");
    check(f, "BITCOUNT k 0 0", ":4|");
    check(f, "BITCOUNT k 1 1 BYTE", ":6|");
    check(f, "BITCOUNT k 5 30 BIT", ":17|");
    check(f, "BITCOUNT k -99 -100", ":0|");
    check(f, "BITCOUNT k 0", "-ERR syntax error|");
    check(f, "BITCOUNT k 0 1 WORD", "-ERR syntax error|");
    // Up to 7.4 a missing key is answered before the arguments are looked at.
    check(f, "BITCOUNT none a b", ":0|");
    check(f, "SET k 1", "+OK|");
    check(f, "GETBIT k 3", ":1|");
    check(f, "SETBIT k 4294967296 1", "-ERR bit offset is not an integer or out of range|");
    check(f, "SETBIT k -1 1", "-ERR bit offset is not an integer or out of range|");
    check(f, "SETBIT k #1 1", "-ERR bit offset is not an integer or out of range|");
    check(f, "SETBIT k 1 2", "-ERR bit is not an integer or out of range|");
}

#[test]
fn a_bit_set_to_what_it_is_changes_nothing_but_the_encoding() {
    let f = &mut Fixture::new().journal();
    check(f, "SET k 1", "+OK|");
    f.effects();
    check(f, "SETBIT k 3 1", ":1|");
    assert!(f.effects().is_empty());
    assert!(f.entry("k").unwrap().is_raw());
    check(f, "SETBIT none 3 0", ":0|");
    assert_eq!(f.effect_lines(), ["SETBIT none 3 0"]);
}

#[test]
fn positions_of_bits_are_found() {
    let f = &mut Fixture::new();
    check(f, "BITPOS none 0", ":0|");
    check(f, "BITPOS none 1", ":-1|");
    f.run_bytes(&[b"SET", b"k", b"\xff\xf0\x00"]);
    check(f, "BITPOS k 0", ":12|");
    check(f, "BITPOS k 1 2", ":-1|");
    check(f, "BITPOS k 0 0 0", ":-1|");
    check(f, "BITPOS k 0 9 14 BIT", ":12|");
    check(f, "BITPOS k 1 -16 -1 BIT", ":8|");
    check(f, "BITPOS k 1 -30 -40", ":0|");
    f.run_bytes(&[b"SET", b"k", b"\xff\xff"]);
    check(f, "BITPOS k 0", ":16|");
    check(f, "BITPOS k 0 1", ":16|");
    check(f, "BITPOS k 0 2", ":-1|");
    check(f, "BITPOS k 0 0 -1", ":-1|");
    check(f, "BITPOS k 2", "-ERR The bit argument must be 1 or 0.|");
    check(f, "BITPOS k 1 0 1 x", "-ERR syntax error|");
    check(f, "BITPOS k 1 0 1 BIT x", "-ERR syntax error|");
    check(f, "BITPOS none 1 x", ":-1|");
}

#[test]
fn values_are_combined() {
    for shards in [1, 4] {
        let f = &mut Fixture::sharded(shards);
        check(f, "MSET a foobar b abcdef n 123", "+OK|");
        check(f, "BITOP AND d a b", ":6|");
        check(f, "GET d", "$6|`bc`ab|");
        check(f, "BITOP or d a b none", ":6|");
        check(f, "GET d", "$6|goofev|");
        check(f, "BITOP XOR d n a n", ":6|");
        check(f, "GET d", "$6|foobar|");
        check(f, "BITOP NOT d a b", "-ERR BITOP NOT must be called with a single source key.|");
        check(f, "BITOP NOT d a", ":6|");
        check(f, "BITOP NOT d d", ":6|");
        check(f, "GET d", "$6|foobar|");
        check(f, "BITOP NAND d a", "-ERR syntax error|");
        check(f, "BITOP OR d n", ":3|");
        assert!(f.entry("d").unwrap().is_raw());
        check(f, "BITOP AND d none", ":0|");
        check(f, "GET d", "$-1|");
    }
}

#[test]
fn an_expired_source_is_gone_before_the_effect() {
    let f = &mut Fixture::new().journal();
    check(f, "SET a x PX 10", "+OK|");
    check(f, "SET b y", "+OK|");
    f.now_ms += 11;
    f.effects();
    check(f, "BITOP OR d a b", ":1|");
    assert_eq!(f.effect_lines(), ["DEL a", "BITOP OR d a b"]);
}

#[test]
fn fields_are_read_and_written() {
    let f = &mut Fixture::new();
    check(f, "BITFIELD k", "*0|");
    check(f, "BITFIELD k SET u8 0 255 GET u4 2 GET i8 0", "*3|:0|:15|:-1|");
    check(f, "BITFIELD k INCRBY u8 0 10 GET u8 #0", "*2|:9|:9|");
    check(f, "BITFIELD k OVERFLOW SAT INCRBY u8 #1 300 OVERFLOW FAIL INCRBY u8 #1 1", "*2|:255|$-1|");
    check(f, "BITFIELD k GET u16 100", "*1|:0|");
    check(f, "STRLEN k", ":2|");
    check(
        f,
        "BITFIELD k SET i64 1 -1 GET i64 1 GET u63 1",
        "*3|:1440588930805137408|:-1|:9223372036854775807|",
    );
    check(f, "BITFIELD_RO k GET u8 0", "*1|:127|");
    check(f, "BITFIELD_RO k SET u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand|");
    let bad_type =
        "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.|";
    check(f, "BITFIELD k GET u64 0", bad_type);
    check(f, "BITFIELD k GET u8", "-ERR syntax error|");
    check(f, "BITFIELD k SET u8 0", "-ERR syntax error|");
    check(f, "BITFIELD k OVERFLOW", "-ERR syntax error|");
    check(f, "BITFIELD k OVERFLOW x", "-ERR Invalid OVERFLOW type specified|");
    check(f, "BITFIELD k SET u8 -1 0", "-ERR bit offset is not an integer or out of range|");
    check(
        f,
        "BITFIELD k SET u8 #9223372036854775807 0",
        "-ERR bit offset is not an integer or out of range|",
    );
    check(f, "BITFIELD k SET u8 0 x", "-ERR value is not an integer or out of range|");
}

#[test]
fn a_string_that_only_grew_has_an_effect() {
    let f = &mut Fixture::new().journal();
    check(f, "BITFIELD k OVERFLOW FAIL SET u8 8 256", "*1|$-1|");
    check(f, "STRLEN k", ":2|");
    assert_eq!(f.effects().len(), 1);
    check(f, "BITFIELD k SET u8 8 0", "*1|:0|");
    assert!(f.effects().is_empty());
}

#[test]
fn the_last_bit_of_the_longest_string_can_be_set() {
    let f = &mut Fixture::new();
    check(f, "SETBIT k 4294967295 1", ":0|");
    check(f, "STRLEN k", ":536870912|");
    check(f, "BITCOUNT k", ":1|");
    check(f, "BITPOS k 1", ":4294967295|");
    check(f, "APPEND k x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|");
    check(f, "GETDEL none", "$-1|");
}

/// A random command of the string and bitmap groups over few keys and short values.
fn random_command(rng: &mut Prng) -> Vec<Vec<u8>> {
    const LINES: &[&str] = &[
        "SET K V",
        "SET K V EX N",
        "SET K V PX N KEEPTTL",
        "SET K V KEEPTTL",
        "SET K V NX GET",
        "SET K V XX PX N",
        "SET K V PXAT 5",
        "SETEX K N V",
        "PSETEX K N V",
        "SETNX K V",
        "GETSET K V",
        "GETDEL K",
        "GETEX K PX N",
        "GETEX K PERSIST",
        "GETEX K EXAT 5",
        "APPEND K V",
        "SETRANGE K O V",
        "INCR K",
        "DECR K",
        "INCRBY K N",
        "DECRBY K N",
        "INCRBYFLOAT K 0.25",
        "INCRBYFLOAT K N",
        "MSET K V K V",
        "MSETNX K V K V",
        "GET K",
        "SETBIT K O 1",
        "SETBIT K O 0",
        "BITOP AND K K K",
        "BITOP OR K K K",
        "BITOP XOR K K K",
        "BITOP NOT K K",
        "BITFIELD K SET u7 O N INCRBY i9 O N",
        "BITFIELD K OVERFLOW FAIL INCRBY u4 O N",
        "BITCOUNT K",
    ];
    let line = LINES[rng.index(LINES.len())];
    line.split(' ')
        .map(|word| match word {
            "K" => vec![b'a' + u8::try_from(rng.index(5)).unwrap()],
            "V" => match rng.index(4) {
                0 => rng.range_i64(-50, 50).to_string().into_bytes(),
                1 => vec![b'x'; [50, 3_839, 3_841, 9_000][rng.index(4)]],
                _ => vec![rng.next_u64().to_le_bytes()[0]; rng.index(6)],
            },
            "N" => rng.range_i64(1, 300).to_string().into_bytes(),
            "O" => rng.index(200).to_string().into_bytes(),
            word => word.as_bytes().to_vec(),
        })
        .collect()
}

type Contents = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

/// Keys with their values and expiries, without those that are past their time.
fn contents(stores: &mut [Store], now_ms: i64) -> Contents {
    let mut all = Contents::new();
    for store in stores {
        store.now_ms = now_ms;
        for name in b'a'..=b'e' {
            let name = [name];
            if let Some(entry) = store.peek(0, &crate::data::HKey::new(&name)) {
                let mut digits = itoa::Buffer::new();
                let value = entry.string_bytes(&mut digits).unwrap().to_vec();
                all.insert(name.to_vec(), (value, entry.expire_ms()));
            }
        }
    }
    all
}

#[test]
fn effects_rebuild_the_dataset() {
    let seed = os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    for round in 0..40 {
        let mut f = Fixture::sharded(1 + round % 3).journal();
        let mut copy = Fixture::new();
        for _ in 0..300 {
            f.now_ms += rng.range_i64(0, 40);
            let argv = random_command(&mut rng);
            f.run_bytes(&argv.iter().map(Vec::as_slice).collect::<Vec<_>>());
            // The copy lives at a time when nothing has expired: effects alone must tell what went away. What they
            // set with a time is compared by that time.
            copy.now_ms = 0;
            for words in f.effects() {
                let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                replay(&mut copy, &words);
            }
        }
        let now_ms = f.now_ms;
        assert_eq!(contents(&mut f.stores, now_ms), contents(&mut copy.stores, now_ms), "round {round}");
    }
}

/// Runs an effect; those of the generic group have no handler here.
fn replay(copy: &mut Fixture, words: &[&[u8]]) {
    match words {
        [b"DEL" | b"UNLINK", key] => {
            copy.run_bytes(&[b"GETDEL", key]);
        }
        [b"PERSIST", key] => {
            copy.run_bytes(&[b"GETEX", key, b"PERSIST"]);
        }
        [b"PEXPIREAT", key, at] => {
            copy.run_bytes(&[b"GETEX", key, b"PXAT", at]);
        }
        _ => {
            let reply = copy.run_bytes(words);
            assert_ne!(reply.first(), Some(&b'-'), "{}", String::from_utf8_lossy(&reply));
        }
    }
}

#[test]
fn other_types_are_refused() {
    let f = &mut Fixture::new();
    // The arity and the words are checked before the key is looked at.
    assert!(run(f, &["BITFIELD_RO"]).starts_with("-ERR wrong number of arguments"));
    check(f, "GETBIT none x", "-ERR bit offset is not an integer or out of range|");
}
