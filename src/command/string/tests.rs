//! Tests of the string commands: replies, encodings, expiry, effects.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::super::testing::{Fixture, NOW_MS, check, run};
use crate::data::{Entry, ValueRef};
use crate::keyspace::WatchState;
use crate::resp::Proto;
use std::sync::Arc;

/// What OBJECT ENCODING says of a string.
fn encoding(entry: &Entry) -> &'static str {
    match entry.value() {
        ValueRef::Int(_) => "int",
        _ if entry.is_raw() || entry.string_len() > 44 => "raw",
        _ => "embstr",
    }
}

#[track_caller]
fn check_encoding(f: &mut Fixture, line: &str, expect: &str) {
    run(f, &line.split(' ').collect::<Vec<_>>());
    assert_eq!(encoding(f.entry("k").unwrap()), expect, "{line}");
}

fn expire_ms(f: &mut Fixture) -> Option<i64> {
    f.entry("k").unwrap().expire_ms()
}

#[test]
fn set_stores_and_get_returns() {
    let f = &mut Fixture::new();
    check(f, "GET k", "$-1|");
    check(f, "SET k v", "+OK|");
    check(f, "GET k", "$1|v|");
    check(f, "SET k other", "+OK|");
    check(f, "GET k", "$5|other|");
    check(f, "SET k 17", "+OK|");
    check(f, "GET k", "$2|17|");
    f.session.proto = Proto::V3;
    check(f, "GET none", "_|");
}

#[test]
fn set_takes_conditions_and_get() {
    let f = &mut Fixture::new();
    check(f, "SET k v XX", "$-1|");
    check(f, "SET k v NX", "+OK|");
    check(f, "SET k w NX", "$-1|");
    check(f, "SET k w NX GET", "$1|v|");
    check(f, "SET k w XX GET", "$1|v|");
    check(f, "GET k", "$1|w|");
    check(f, "SET new v NX GET", "$-1|");
    check(f, "GET new", "$1|v|");
    check(f, "SET k v NX XX", "-ERR syntax error|");
    check(f, "SET k v EX 10 PX 10", "-ERR syntax error|");
    check(f, "SET k v EX 10 KEEPTTL", "-ERR syntax error|");
    check(f, "SET k v EX", "-ERR syntax error|");
    check(f, "SET k v PERSIST", "-ERR syntax error|");
    check(f, "SET k v EX 10 EX 20", "+OK|");
    assert_eq!(expire_ms(f), Some(NOW_MS + 20_000));
}

#[test]
fn expiry_times_are_checked() {
    let f = &mut Fixture::new();
    for time in ["0", "-1", "9223372036854775807", "9223372036854775", "9223372036854776"] {
        let line = format!("SET k v EX {time}");
        check(f, &line, "-ERR invalid expire time in 'set' command|");
    }
    check(f, "SET k v EX 1.5", "-ERR value is not an integer or out of range|");
    check(f, "SETEX k 0 v", "-ERR invalid expire time in 'setex' command|");
    check(f, "PSETEX k -5 v", "-ERR invalid expire time in 'psetex' command|");
    check(f, "GETEX k EX 0", "$-1|");
    check(f, "SET k v PXAT 9223372036854775807", "+OK|");
    check(f, "GETEX k EX 0", "-ERR invalid expire time in 'getex' command|");
}

#[test]
fn expiry_is_kept_or_cleared() {
    let f = &mut Fixture::new();
    check(f, "SETEX k 10 v", "+OK|");
    for line in ["SET k w KEEPTTL", "APPEND k x", "SETRANGE k 0 y", "GET k", "SET k 1 KEEPTTL", "INCR k"] {
        run(f, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(expire_ms(f), Some(NOW_MS + 10_000), "{line}");
    }
    check(f, "INCRBYFLOAT k 0.5", "$3|2.5|");
    assert_eq!(expire_ms(f), Some(NOW_MS + 10_000));
    for line in ["SET k v", "GETSET k v", "MSET k v"] {
        check(f, "PSETEX k 500 w", "+OK|");
        run(f, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(expire_ms(f), None, "{line}");
    }
}

#[test]
fn expired_keys_are_gone_the_instant_they_expire() {
    let f = &mut Fixture::new().journal();
    check(f, "SET k 1 PX 100", "+OK|");
    f.now_ms += 100;
    check(f, "GET k", "$1|1|");
    f.now_ms += 1;
    check(f, "GET k", "$-1|");
    check(f, "SET k 1 PX 100", "+OK|");
    f.now_ms += 101;
    check(f, "SET k 2 XX", "$-1|");
    check(f, "SET k 1 PX 100", "+OK|");
    f.now_ms += 101;
    f.effects();
    check(f, "SET k 2 KEEPTTL", "+OK|");
    assert_eq!(expire_ms(f), None);
    assert_eq!(f.effect_lines(), ["DEL k", "SET k 2 KEEPTTL"]);
    assert_eq!(f.stores[0].stats.expired, 3);
}

#[test]
fn getex_changes_the_expiry() {
    let f = &mut Fixture::new().journal();
    check(f, "SET k v", "+OK|");
    f.effects();
    check(f, "GETEX k", "$1|v|");
    check(f, "GETEX k PERSIST", "$1|v|");
    assert!(f.effects().is_empty());
    check(f, "GETEX k EX 10", "$1|v|");
    check(f, "GETEX k PERSIST", "$1|v|");
    check(f, "GETEX k PX 7", "$1|v|");
    check(f, "GETEX k PXAT 5", "$1|v|");
    check(f, "GET k", "$-1|");
    let at = |ms: i64| format!("PEXPIREAT k {}", NOW_MS + ms);
    assert_eq!(f.effect_lines(), [&at(10_000), "PERSIST k", &at(7), "DEL k"]);
    check(f, "GETEX k NX", "-ERR syntax error|");
    check(f, "GETEX k EX 1 PERSIST", "-ERR syntax error|");
    check(f, "GETEX k KEEPTTL", "-ERR syntax error|");
}

#[test]
fn getdel_getset_and_setnx() {
    let f = &mut Fixture::new();
    check(f, "GETDEL k", "$-1|");
    check(f, "SETNX k v", ":1|");
    check(f, "SETNX k w", ":0|");
    check(f, "GETSET k w", "$1|v|");
    check(f, "GETDEL k", "$1|w|");
    check(f, "GETSET k w", "$-1|");
    assert!(f.entry("k").is_some());
}

#[test]
fn effects_are_deterministic() {
    let f = &mut Fixture::new().journal();
    for line in [
        "SET k v EX 10",
        "SET k v NX",
        "SET k v GET",
        "SET k v KEEPTTL GET",
        "SETNX n 1",
        "SETNX n 2",
        "SETEX k 1 v",
        "GETSET k v",
        "INCRBYFLOAT f 1.5",
        "incr n",
        "APPEND k x",
        "SETRANGE k 1 yy",
        "SETRANGE k 1 ",
        "MSET a 1 b 2",
        "MSETNX a 1 c 2",
        "MSETNX c 1 d 2",
        "GETDEL k",
        "GETDEL k",
        "DECRBY n 5",
    ] {
        run(f, &line.split(' ').collect::<Vec<_>>());
    }
    let at = |ms: i64| format!("SET k v PXAT {}", NOW_MS + ms);
    let expect = [
        &at(10_000),
        "SET k v",
        "SET k v KEEPTTL",
        "SET n 1",
        &at(1_000),
        "SET k v",
        "SET f 1.5 KEEPTTL",
        "INCR n",
        "APPEND k x",
        "SETRANGE k 1 yy",
        "MSET a 1 b 2",
        "MSET c 1 d 2",
        "DEL k",
        "DECRBY n 5",
    ];
    let lines = f.effect_lines();
    assert!(lines.iter().map(String::as_str).map(|l| l.replace("incr", "INCR")).eq(expect), "{lines:?}");
}

#[test]
fn several_stores_each_tell_of_their_own_keys() {
    let f = &mut Fixture::sharded(4).journal();
    check(f, "MSET a 1 b 2 c 3 d 4", "+OK|");
    check(f, "MGET a b c d e", "*5|$1|1|$1|2|$1|3|$1|4|$-1|");
    let mut lines = f.effect_lines();
    lines.sort();
    assert_eq!(lines, ["SET a 1", "SET b 2", "SET c 3", "SET d 4"]);
    check(f, "MSETNX e 1 a 2", ":0|");
    check(f, "MSETNX e 1 f 2", ":1|");
    check(f, "LCS a e", "$1|1|");
}

#[test]
fn numbers_are_counted() {
    let f = &mut Fixture::new();
    check(f, "INCR k", ":1|");
    check(f, "INCRBY k 41", ":42|");
    check(f, "DECR k", ":41|");
    check(f, "DECRBY k 41", ":0|");
    check(f, "INCRBY k 9223372036854775807", ":9223372036854775807|");
    check(f, "INCR k", "-ERR increment or decrement would overflow|");
    check(f, "DECRBY k -9223372036854775808", "-ERR decrement would overflow|");
    check(f, "INCRBY k x", "-ERR value is not an integer or out of range|");
    check(f, "SET k 007", "+OK|");
    check(f, "INCR k", "-ERR value is not an integer or out of range|");
    check(f, "SET k 1", "+OK|");
    check(f, "APPEND k 0", ":2|");
    check_encoding(f, "INCR k", "int");
    check(f, "GET k", "$2|11|");
}

#[test]
fn floats_are_added_as_long_doubles() {
    let f = &mut Fixture::new();
    check(f, "INCRBYFLOAT k 0.1", "$3|0.1|");
    check(f, "INCRBYFLOAT k 0.2", "$3|0.3|");
    check(f, "SET k 3.0e3", "+OK|");
    check(f, "INCRBYFLOAT k 200", "$4|3200|");
    check_encoding(f, "INCRBYFLOAT k 1", "embstr");
    check(f, "INCRBYFLOAT k abc", "-ERR value is not a valid float|");
    check(f, "INCRBYFLOAT k inf", "-ERR increment would produce NaN or Infinity|");
    check(f, "SET k abc", "+OK|");
    check(f, "INCRBYFLOAT k 1", "-ERR value is not a valid float|");
}

#[test]
fn encodings_are_those_of_redis() {
    let f = &mut Fixture::new();
    check_encoding(f, "SET k 123", "int");
    check_encoding(f, "SET k 0123", "embstr");
    check_encoding(f, &format!("SET k {}", "x".repeat(44)), "embstr");
    check_encoding(f, &format!("SET k {}", "x".repeat(45)), "raw");
    check_encoding(f, "SET k 5", "int");
    check_encoding(f, "APPEND k ", "raw");
    check_encoding(f, "SET k 6", "int");
    check_encoding(f, "SETRANGE k 0 7", "raw");
    check_encoding(f, "SET k v", "embstr");
    check_encoding(f, "SETRANGE k 0 w", "raw");
    check_encoding(f, "SET k x", "embstr");
    run(f, &["GETDEL", "k"]);
    check_encoding(f, "APPEND k 12", "int");
    run(f, &["GETDEL", "k"]);
    check_encoding(f, "SETRANGE k 0 12", "raw");
}

#[test]
fn parts_are_read_and_written() {
    let f = &mut Fixture::new();
    check(f, "APPEND k hello", ":5|");
    check(f, "APPEND k world", ":10|");
    check(f, "GETRANGE k 0 4", "$5|hello|");
    check(f, "SUBSTR k -5 -1", "$5|world|");
    check(f, "GETRANGE k 3 100", "$7|loworld|");
    check(f, "GETRANGE k -100 -99", "$1|h|");
    check(f, "GETRANGE k -99 -100", "$0||");
    check(f, "GETRANGE k 5 4", "$0||");
    check(f, "GETRANGE k 9223372036854775807 -9223372036854775808", "$0||");
    check(f, "GETRANGE none 0 -1", "$0||");
    check(f, "SETRANGE k 12 !", ":13|");
    check(f, "GETRANGE k 9 12", "$4|d\0\0!|");
    check(f, "STRLEN k", ":13|");
    check(f, "SETRANGE none 5 ", ":0|");
    check(f, "STRLEN none", ":0|");
    check(f, "SETRANGE k -1 x", "-ERR offset is out of range|");
    let too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|";
    check(f, "SETRANGE k 536870912 x", too_long);
    check(f, "SETRANGE k 9223372036854775807 x", too_long);
    check(f, "SETRANGE k 9223372036854775807 ", ":13|");
}

#[test]
fn growth_is_amortised_over_many_appends() {
    let f = &mut Fixture::new();
    let piece = [b'x'; 1000];
    let mut moves = 0;
    let mut last = 0;
    for i in 1..=5_000_usize {
        assert_eq!(f.run_bytes(&[b"APPEND", b"k", &piece]), format!(":{}\r\n", i * 1000).into_bytes());
        let bytes = f.entry("k").unwrap().mem_bytes();
        moves += usize::from(bytes != last);
        last = bytes;
    }
    assert!(moves < 60, "{moves} reallocations");
    assert!(last < 5_000_000 * 5 / 4, "{last} bytes for five million");
}

#[test]
fn long_values_reuse_their_allocation() {
    let f = &mut Fixture::new();
    for (len, fill) in [(10_000, b'a'), (8_000, b'b'), (9_999, b'c'), (100, b'd'), (50_000, b'e'), (3, b'f')]
    {
        let value = vec![fill; len];
        f.run_bytes(&[b"SET", b"k", &value]);
        let mut digits = itoa::Buffer::new();
        assert_eq!(f.entry("k").unwrap().string_bytes(&mut digits), Some(&value[..]));
    }
}

#[test]
fn pairs_must_be_complete() {
    let f = &mut Fixture::new();
    check(f, "MSET a 1 b", "-ERR wrong number of arguments for 'mset' command|");
    check(f, "MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command|");
    assert!(f.entry("a").is_none());
    let many: Vec<String> = (0..100).flat_map(|i| [format!("k{i}"), i.to_string()]).collect();
    check(f, &format!("MSET {}", many.join(" ")), "+OK|");
    check(f, "MGET k0 k15 k16 k17 k99", "*5|$1|0|$2|15|$2|16|$2|17|$2|99|");
    check(f, "MSET a 1 a 2", "+OK|");
    check(f, "GET a", "$1|2|");
    check(f, "MSETNX z 1 z 2", ":1|");
}

#[test]
fn common_subsequences_are_found() {
    let f = &mut Fixture::new();
    check(f, "MSET a ohmytext b mynewtext", "+OK|");
    check(f, "LCS a b", "$6|mytext|");
    check(f, "LCS a b LEN", ":6|");
    check(f, "LCS a b IDX", "*4|$7|matches|*2|*2|*2|:4|:7|*2|:5|:8|*2|*2|:2|:3|*2|:0|:1|$3|len|:6|");
    check(f, "LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN", "*4|$7|matches|*1|*3|*2|:4|:7|*2|:5|:8|:4|$3|len|:6|");
    check(f, "LCS a none", "$0||");
    check(f, "LCS none none IDX", "*4|$7|matches|*0|$3|len|:0|");
    check(f, "LCS a b IDX LEN", "-ERR If you want both the length and indexes, please just use IDX.|");
    check(f, "LCS a b MINMATCHLEN", "-ERR syntax error|");
    run(f, &["SET", "a", &"x".repeat(20_000)]);
    run(f, &["SET", "b", &"x".repeat(20_000)]);
    check(f, "LCS a b LEN", "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len|");
    f.session.proto = Proto::V3;
    check(f, "LCS none none IDX", "%2|$7|matches|*0|$3|len|:0|");
}

#[test]
fn changes_reach_watchers_and_are_counted() {
    let f = &mut Fixture::new();
    let state = Arc::new(WatchState::default());
    f.stores[0].watched.watch(0, b"k", &state, false);
    check(f, "SET k v XX", "$-1|");
    check(f, "GETEX k EX 1", "$-1|");
    assert!(!state.is_dirty());
    assert_eq!(f.stores[0].stats.dirty, 0);
    check(f, "MSET a 1 k 2", "+OK|");
    assert!(state.is_dirty());
    assert_eq!(f.stores[0].stats.dirty, 2);
    check(f, "SET k v EX 10", "+OK|");
    assert_eq!(f.stores[0].stats.dirty, 3);
    check(f, "GET a", "$1|1|");
    check(f, "GET none", "$-1|");
    // SET does not count as a read; GETEX of a missing key did.
    assert_eq!((f.stores[0].stats.hits, f.stores[0].stats.misses), (1, 2));
}
