//! Tests of the generic group. Reply texts were taken from Redis 7.0.15.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::base::prng::Prng;
use crate::command::testing::{Fixture, NOW_MS, check, run};
use crate::journal::Taken;
use crate::keyspace::WatchState;
use crate::resp::Proto;
use std::collections::BTreeSet;
use std::sync::Arc;

fn each_layout(test: impl Fn(&mut Fixture)) {
    for shards in [1, 4] {
        test(&mut Fixture::sharded(shards).journal());
    }
}

#[test]
fn deleting_counts_what_was_there_and_states_only_that() {
    let f = &mut Fixture::new().journal();
    check(f, "MSET a 1 b 2 c 3", "+OK|");
    f.effects();
    check(f, "DEL a nokey b a", ":2|");
    check(f, "UNLINK c nokey", ":1|");
    check(f, "DEL a", ":0|");
    assert_eq!(f.effect_lines(), ["DEL a b", "UNLINK c"]);
    assert_eq!(f.stores[0].stats.dirty, 6);
}

#[test]
fn presence_is_counted_as_often_as_it_is_asked_for() {
    each_layout(|f| {
        check(f, "MSET a 1 b 2", "+OK|");
        check(f, "EXISTS a b a nokey", ":3|");
        check(f, "TOUCH a b a nokey", ":3|");
        check(f, "TYPE a", "+string|");
        check(f, "TYPE nokey", "+none|");
    });
}

#[test]
fn looking_is_no_use_but_touching_is() {
    let f = &mut Fixture::new();
    check(f, "SET a 1", "+OK|");
    f.now_ms += 50_000;
    for line in ["EXISTS a", "TTL a", "TYPE a", "OBJECT ENCODING a"] {
        run(f, &line.split(' ').collect::<Vec<_>>());
    }
    check(f, "OBJECT IDLETIME a", ":50|");
    check(f, "TOUCH a", ":1|");
    check(f, "OBJECT IDLETIME a", ":0|");
    assert_eq!((f.stores[0].stats.hits, f.stores[0].stats.misses), (7, 0));
}

#[test]
fn expiry_times_are_set_and_read_back() {
    let f = &mut Fixture::new().journal();
    check(f, "SET a 1", "+OK|");
    check(f, "TTL a", ":-1|");
    check(f, "TTL nokey", ":-2|");
    check(f, "EXPIRE a 10", ":1|");
    check(f, "PTTL a", ":10000|");
    check(f, "PEXPIRE a 1499", ":1|");
    check(f, "TTL a", ":1|");
    check(f, "PEXPIRE a 1500", ":1|");
    check(f, "TTL a", ":2|");
    check(f, "PEXPIREAT a 1800000000499", ":1|");
    check(f, "EXPIRETIME a", ":1800000000|");
    check(f, "PEXPIRETIME a", ":1800000000499|");
    check(f, "EXPIREAT a 1800000001", ":1|");
    check(f, "PEXPIRETIME a", ":1800000001000|");
    check(f, "PERSIST a", ":1|");
    check(f, "PERSIST a", ":0|");
    check(f, "EXPIRE nokey 10", ":0|");
    check(f, "PEXPIREAT a 9223372036854775807", ":1|");
    check(f, "EXPIRETIME a", ":9223372036854776|");
    let effects = f.effect_lines();
    assert_eq!(effects[1], format!("PEXPIREAT a {}", NOW_MS + 10_000));
    assert_eq!(effects[6], "PERSIST a");
}

#[test]
fn a_time_that_has_passed_deletes() {
    for lazy in [false, true] {
        let f = &mut Fixture::new().journal();
        f.stores[0].policy.lazy_expire = lazy;
        for line in ["EXPIRE a -1", "EXPIRE a 0", "EXPIREAT a 1", "PEXPIREAT a -9223372036854775808"] {
            check(f, "SET a 1", "+OK|");
            f.effects();
            check(f, line, ":1|");
            check(f, "EXISTS a", ":0|");
            assert_eq!(f.effect_lines(), [if lazy { "UNLINK a" } else { "DEL a" }]);
        }
    }
}

#[test]
fn conditions_decide_whether_an_expiry_time_is_set() {
    let f = &mut Fixture::new();
    check(f, "SET a 1", "+OK|");
    for (line, reply) in [
        ("EXPIRE a 100 XX", ":0|"),
        ("EXPIRE a 100 GT", ":0|"),
        ("EXPIRE a 100 LT", ":1|"),
        ("EXPIRE a 100 NX", ":0|"),
        ("EXPIRE a 100 gt", ":0|"),
        ("EXPIRE a 101 GT", ":1|"),
        ("EXPIRE a 101 LT", ":0|"),
        ("EXPIRE a 90 XX LT", ":1|"),
        ("EXPIRE a 80 XX GT", ":0|"),
        ("EXPIRE a 10 foo", "-ERR Unsupported option foo|"),
        ("EXPIRE a x NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible|"),
        ("EXPIRE a x GT LT", "-ERR GT and LT options at the same time are not compatible|"),
        ("EXPIRE a x", "-ERR value is not an integer or out of range|"),
        ("EXPIRE nokey 9223372036854775807", "-ERR invalid expire time in 'expire' command|"),
        ("EXPIRE a -9223372036854775808", "-ERR invalid expire time in 'expire' command|"),
        ("PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command|"),
        ("EXPIREAT a 9223372036854775807", "-ERR invalid expire time in 'expireat' command|"),
    ] {
        check(f, line, reply);
    }
    check(f, "TTL a", ":90|");
}

#[test]
fn renaming_takes_value_and_expiry_along() {
    each_layout(|f| {
        check(f, "SET a 1 PX 5000", "+OK|");
        check(f, "SET b 2", "+OK|");
        f.effects();
        check(f, "RENAMENX a b", ":0|");
        check(f, "RENAMENX a a", ":0|");
        check(f, "RENAME a a", "+OK|");
        assert_eq!(f.effect_lines(), Vec::<String>::new());
        check(f, "RENAME a b", "+OK|");
        check(f, "PTTL b", ":5000|");
        check(f, "GET b", "$1|1|");
        check(f, "RENAMENX b c", ":1|");
        check(f, "EXISTS a b", ":0|");
        check(f, "RENAME a b", "-ERR no such key|");
        check(f, "RENAME a a", "-ERR no such key|");
    });
    let f = &mut Fixture::new().journal();
    check(f, "SET a 1", "+OK|");
    check(f, "RENAME a b", "+OK|");
    assert_eq!(f.effect_lines()[1..], ["RENAME a b"]);
    assert_eq!(f.stores[0].stats.dirty, 2);
}

#[test]
fn renaming_reaches_those_who_watch_either_key() {
    let f = &mut Fixture::new();
    check(f, "SET a 1", "+OK|");
    for key in ["a", "b"] {
        let state = Arc::new(WatchState::default());
        f.stores[0].watched.watch(0, key.as_bytes(), &state, false);
        check(f, if key == "a" { "RENAME a b" } else { "RENAME b a" }, "+OK|");
        assert!(state.is_dirty(), "{key}");
    }
}

#[test]
fn copying_obeys_its_options() {
    each_layout(|f| {
        check(f, "SET a 1 PX 5000", "+OK|");
        for (line, reply) in [
            ("COPY a a", "-ERR source and destination objects are the same|"),
            ("COPY nokey b", ":0|"),
            ("COPY a b", ":1|"),
            ("COPY a b", ":0|"),
            ("COPY a b REPLACE", ":1|"),
            ("COPY a a DB 3", ":1|"),
            ("COPY a a db 3 replace", ":1|"),
            ("COPY a b DB", "-ERR syntax error|"),
            ("COPY a b foo", "-ERR syntax error|"),
            ("COPY a b DB x", "-ERR value is not an integer or out of range|"),
            ("COPY a b DB 16", "-ERR DB index is out of range|"),
            ("COPY a b DB -1", "-ERR DB index is out of range|"),
            (
                "COPY a b DB 99999999999",
                "-ERR value is out of range, value must between -2147483648 and 2147483647|",
            ),
        ] {
            check(f, line, reply);
        }
        check(f, "PTTL b", ":5000|");
        f.session.db = 3;
        check(f, "PTTL a", ":5000|");
        f.session.db = 0;
    });
    let f = &mut Fixture::new().journal();
    check(f, "SET a 1", "+OK|");
    check(f, "COPY a b DB 0", ":1|");
    check(f, "COPY a b DB 2 REPLACE", ":1|");
    assert_eq!(f.effect_lines()[1..], ["COPY a b", "COPY a b DB 2 REPLACE"]);
}

#[test]
fn moving_needs_a_free_place() {
    each_layout(|f| {
        check(f, "SET a 1 PX 5000", "+OK|");
        f.effects();
        check(f, "MOVE a 0", "-ERR source and destination objects are the same|");
        check(f, "MOVE a 16", "-ERR DB index is out of range|");
        check(f, "MOVE a x", "-ERR value is not an integer or out of range|");
        check(f, "MOVE nokey 1", ":0|");
        check(f, "MOVE a 1", ":1|");
        assert_eq!(f.effect_lines(), ["MOVE a 1"]);
        check(f, "EXISTS a", ":0|");
        check(f, "SET a 2", "+OK|");
        check(f, "MOVE a 1", ":0|");
        f.session.db = 1;
        check(f, "PTTL a", ":5000|");
    });
}

#[test]
fn an_iteration_reports_every_key_whatever_the_number_of_shards() {
    for shards in [1, 2, 3, 7] {
        let f = &mut Fixture::sharded(shards);
        for i in 0..3_000 {
            let expire: &[&str] = if i % 3 == 0 { &["PX", "10"] } else { &[] };
            let key = format!("key:{i}");
            run(f, &[&["SET", &key, "v"], expire].concat());
        }
        f.now_ms += 11;
        let (mut cursor, mut seen, mut calls) = ("0".to_owned(), BTreeSet::new(), 0);
        loop {
            let reply = run(f, &["SCAN", &cursor, "COUNT", "100", "MATCH", "key:*"]);
            let mut lines = reply.lines().filter(|l| !l.starts_with(['*', '$']));
            cursor = lines.next().unwrap().to_owned();
            seen.extend(lines.map(str::to_owned));
            calls += 1;
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), 2_000, "{shards} shards");
        assert!((20..120).contains(&calls), "{shards} shards: {calls} calls");
        let all = run(f, &["KEYS", "*"]);
        assert!(all.starts_with("*2000\r\n"));
        let some = run(f, &["KEYS", "key:1?0"]);
        assert!(some.starts_with("*7\r\n"), "{some}");
    }
}

#[test]
fn scan_checks_cursor_before_options_and_options_in_order() {
    let f = &mut Fixture::new();
    check(f, "SET a 1", "+OK|");
    for (line, reply) in [
        ("SCAN 0", "*2|$1|0|*1|$1|a|"),
        ("SCAN +0", "*2|$1|0|*1|$1|a|"),
        ("SCAN -1", "*2|$1|0|*0|"),
        ("SCAN 18446744073709551615", "*2|$1|0|*0|"),
        ("SCAN 18446744073709551616", "-ERR invalid cursor|"),
        ("SCAN - COUNT x", "-ERR invalid cursor|"),
        ("SCAN 1a", "-ERR invalid cursor|"),
        ("SCAN 0 COUNT x", "-ERR value is not an integer or out of range|"),
        ("SCAN 0 COUNT 0", "-ERR syntax error|"),
        ("SCAN 0 MATCH", "-ERR syntax error|"),
        ("SCAN 0 foo bar", "-ERR syntax error|"),
        ("SCAN 0 TYPE string", "*2|$1|0|*1|$1|a|"),
        ("SCAN 0 TYPE STRING MATCH b*", "*2|$1|0|*0|"),
        ("SCAN 0 TYPE hash", "*2|$1|0|*0|"),
        ("SCAN 0 TYPE nonsense", "*2|$1|0|*0|"),
    ] {
        check(f, line, reply);
    }
    assert_eq!(f.run_bytes(&[b"SCAN", b""]), b"*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n");
}

#[test]
fn a_random_key_is_never_an_expired_one() {
    each_layout(|f| {
        check(f, "RANDOMKEY", "$-1|");
        for i in 0..50 {
            run(f, &["SET", &format!("gone:{i}"), "v", "PX", "5"]);
        }
        check(f, "SET here 1", "+OK|");
        f.now_ms += 6;
        (0..20).for_each(|_| check(f, "RANDOMKEY", "$4|here|"));
        check(f, "DEL here", ":1|");
        f.session.proto = Proto::V3;
        check(f, "RANDOMKEY", "_|");
        f.session.proto = Proto::V2;
        check(f, "DBSIZE", ":0|");
    });
}

#[test]
fn objects_are_described_as_redis_describes_them() {
    let f = &mut Fixture::new();
    check(f, "MSET int 123 short abc big 12345", "+OK|");
    run(f, &["SET", "at", &"x".repeat(44)]);
    run(f, &["SET", "over", &"x".repeat(45)]);
    check(f, "OBJECT ENCODING int", "$3|int|");
    check(f, "OBJECT ENCODING short", "$6|embstr|");
    check(f, "OBJECT ENCODING at", "$6|embstr|");
    check(f, "OBJECT ENCODING over", "$3|raw|");
    check(f, "OBJECT REFCOUNT int", ":2147483647|");
    check(f, "OBJECT REFCOUNT big", ":1|");
    check(f, "OBJECT REFCOUNT short", ":1|");
    check(f, "OBJECT ENCODING nokey", "$-1|");
    assert!(
        run(f, &["OBJECT", "FREQ", "int"])
            .starts_with("-ERR An LFU maxmemory policy is not selected, access")
    );
    f.stores[0].policy.lfu = true;
    f.stores[0].policy.lfu_decay_min = 1;
    check(f, "SET new 1", "+OK|");
    check(f, "OBJECT FREQ new", ":5|");
    assert!(
        run(f, &["OBJECT", "IDLETIME", "int"]).starts_with("-ERR An LFU maxmemory policy is selected, idle")
    );
    check(f, "OBJECT FREQ nokey", "$-1|");
    assert!(run(f, &["OBJECT", "HELP"]).starts_with("*15\r\n+OBJECT <subcommand>"));
}

/// Database and words of each effect.
fn effects(taken: &Taken) -> Vec<(usize, Vec<Vec<u8>>)> {
    let words = |bytes: &[u8]| {
        let text: Vec<&[u8]> =
            bytes.split(|&b| b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).collect();
        text[1..].chunks_exact(2).map(|pair| pair[1].to_vec()).collect()
    };
    taken.runs.iter().map(|run| (run.db, words(&taken.bytes[run.start..][..run.len]))).collect()
}

/// Database, key, value, expiry of a live key.
type Live = (usize, Vec<u8>, Vec<u8>, Option<i64>);

fn dataset(f: &mut Fixture) -> BTreeSet<Live> {
    let mut all = BTreeSet::new();
    for store in &mut f.stores {
        store.now_ms = f.now_ms;
        for (i, db) in store.dbs.iter().enumerate() {
            db.table.for_each(|entry| {
                if !store.expired(entry) {
                    let value = entry.string_bytes(&mut itoa::Buffer::new()).unwrap().to_vec();
                    all.insert((i, entry.key().to_vec(), value, entry.expire_ms()));
                }
            });
        }
    }
    all
}

fn random_command(rng: &mut Prng) -> String {
    let mut key = || format!("k{}", rng.below(12));
    let (a, b, c) = (key(), key(), key());
    let (db, ms) = (rng.below(3), rng.range_i64(-3, 40));
    match rng.below(20) {
        0..=3 => format!("SET {a} {}", rng.below(1000)),
        4 | 5 => format!("SET {a} v{} PX {}", rng.below(1000), ms.max(1)),
        6 => format!("DEL {a} {b} {c}"),
        7 => format!("UNLINK {a}"),
        8 => format!("PEXPIRE {a} {ms}"),
        9 => format!("EXPIRE {a} {ms}"),
        10 => format!("PEXPIREAT {a} {} GT", NOW_MS + ms * 100),
        11 => format!("PERSIST {a}"),
        12 | 13 => format!("RENAME {a} {b}"),
        14 => format!("RENAMENX {a} {b}"),
        15 => format!("COPY {a} {b} DB {db}"),
        16 => format!("COPY {a} {b} REPLACE"),
        17 => format!("MOVE {a} {db}"),
        18 => {
            ["FLUSHDB", "FLUSHALL ASYNC", "SWAPDB 0 1", "SWAPDB 1 2", "SWAPDB 2 0", "RANDOMKEY", "RANDOMKEY"]
                [rng.index(7)]
            .to_owned()
        }
        _ => format!("TOUCH {a} {b}"),
    }
}

/// The effects of random commands, run on a second server whose clock stands still, give the same dataset.
#[test]
fn effects_reproduce_the_dataset() {
    let seed = crate::base::prng::os_random_u64();
    println!("seed {seed}");
    let mut rng = Prng::new(seed);
    for shards in [1, 3] {
        let (mut origin, mut copy) = (Fixture::sharded(shards).journal(), Fixture::new());
        for step in 0..4_000 {
            origin.now_ms += rng.range_i64(0, 3);
            origin.session.db = rng.index(3);
            let line = random_command(&mut rng);
            run(&mut origin, &line.split(' ').collect::<Vec<_>>());
            // Journals of one command may be read in any order.
            for store in origin.stores.iter_mut().rev() {
                for (db, words) in effects(&store.journal.take()) {
                    copy.session.db = db;
                    let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                    let reply = copy.run_bytes(&argv);
                    assert!(!reply.starts_with(b"-"), "seed {seed}, step {step}: {line}");
                }
            }
            if step % 50 == 0 {
                let (mine, now) = (dataset(&mut origin), copy.now_ms);
                copy.now_ms = origin.now_ms;
                assert_eq!(mine, dataset(&mut copy), "seed {seed}, step {step}: {line}");
                copy.now_ms = now;
            }
        }
    }
}

#[test]
fn elements_are_sorted() {
    for shards in [1, 4] {
        let f = &mut Fixture::sharded(shards);
        check(f, "RPUSH l 3 10 2", ":3|");
        check(f, "SORT l", "*3|$1|2|$1|3|$2|10|");
        check(f, "SORT l DESC ALPHA", "*3|$1|3|$1|2|$2|10|");
        check(f, "SORT l LIMIT 1 1", "*1|$1|3|");
        check(f, "SORT l LIMIT 9 1", "*0|");
        check(f, "SORT l LIMIT -5 -5", "*3|$1|2|$1|3|$2|10|");
        check(f, "SORT l BY nosort DESC", "*3|$1|2|$2|10|$1|3|");
        check(f, "MSET w_3 1 w_10 2 w_2 9 o_3 three", "+OK|");
        check(f, "SORT l BY w_*", "*3|$1|3|$2|10|$1|2|");
        check(f, "SORT l BY w_* GET o_* GET #", "*6|$5|three|$1|3|$-1|$2|10|$-1|$1|2|");
        check(f, "HSET h_3 f c", ":1|");
        check(f, "SORT l GET h_*->f", "*3|$-1|$1|c|$-1|");
        check(f, "SORT l BY w_* STORE d", ":3|");
        check(f, "LRANGE d 0 -1", "*3|$1|3|$2|10|$1|2|");
        check(f, "SORT none STORE d", ":0|");
        check(f, "EXISTS d", ":0|");
        check(f, "SADD s b a 3", ":3|");
        check(f, "SORT s", "-ERR One or more scores can't be converted into double|");
        check(f, "SORT_RO s ALPHA", "*3|$1|3|$1|a|$1|b|");
        check(f, "SORT_RO s STORE d", "-ERR syntax error|");
        check(f, "SORT w_3", "-WRONGTYPE Operation against a key holding the wrong kind of value|");
    }
}
