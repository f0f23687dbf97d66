//! Tests of `set`.
use crate::command::testing::{Fixture, check, run};
use std::collections::BTreeSet;

#[test]
fn members_come_and_go() {
    for shards in [1, 4] {
        let f = &mut Fixture::sharded(shards);
        check(f, "SADD s a b a", ":2|");
        check(f, "SADD s b c", ":1|");
        check(f, "SCARD s", ":3|");
        check(f, "SISMEMBER s c", ":1|");
        check(f, "SMISMEMBER s a x", "*2|:1|:0|");
        check(f, "SMEMBERS s", "*3|$1|a|$1|b|$1|c|");
        check(f, "SREM s a x", ":1|");
        check(f, "SMOVE s t b", ":1|");
        check(f, "SMOVE s t b", ":0|");
        check(f, "SREM s c", ":1|");
        check(f, "EXISTS s t", ":1|");
        check(f, "SADD t", "-ERR wrong number of arguments for 'sadd' command|");
        check(f, "SET str v", "+OK|");
        check(f, "SADD str v", "-WRONGTYPE Operation against a key holding the wrong kind of value|");
        check(f, "SMOVE t str b", "-WRONGTYPE Operation against a key holding the wrong kind of value|");
        check(f, "SSCAN none 0 BAD", "*2|$1|0|*0|");
        check(f, "SSCAN t 0 MATCH x*", "*2|$1|0|*0|");
        check(f, "SSCAN t 0 COUNT 0", "-ERR syntax error|");
    }
}

#[test]
fn the_encoding_follows_the_members() {
    let f = &mut Fixture::new();
    run(f, &["SADD", "s", "1", "2", "3"]);
    check(f, "OBJECT ENCODING s", "$6|intset|");
    run(f, &["SADD", "s", "a"]);
    check(f, "OBJECT ENCODING s", "$8|listpack|");
    run(f, &["SADD", "s", &"x".repeat(65)]);
    check(f, "OBJECT ENCODING s", "$9|hashtable|");
    check(f, "SCARD s", ":5|");
    check(f, "SISMEMBER s 2", ":1|");
    for n in 0..513 {
        run(f, &["SADD", "ints", &n.to_string()]);
    }
    check(f, "OBJECT ENCODING ints", "$9|hashtable|");
    check(f, "SUNIONSTORE d s none", ":5|");
    check(f, "OBJECT ENCODING d", "$9|hashtable|");
    check(f, "SINTERSTORE d s ints", ":3|");
    check(f, "OBJECT ENCODING d", "$6|intset|");
}

#[test]
fn algebra_over_shards() {
    for shards in [1, 3] {
        let f = &mut Fixture::sharded(shards);
        run(f, &["SADD", "a", "1", "2", "3", "x"]);
        run(f, &["SADD", "b", "2", "3", "4", "x"]);
        run(f, &["SADD", "c", "3", "x"]);
        check(f, "SINTER a b c", "*2|$1|3|$1|x|");
        check(f, "SINTERCARD 3 a b c LIMIT 1", ":1|");
        check(f, "SINTERCARD 3 a b c LIMIT 0", ":2|");
        check(f, "SINTERCARD 0 a", "-ERR numkeys should be greater than 0|");
        check(f, "SINTERCARD 2 a", "-ERR Number of keys can't be greater than number of args|");
        check(f, "SINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative|");
        check(f, "SINTER a none", "*0|");
        check(f, "SDIFF a b", "*1|$1|1|");
        check(f, "SDIFF a a", "*0|");
        check(f, "SUNION a none", "*4|$1|1|$1|2|$1|3|$1|x|");
        check(f, "SDIFFSTORE d a c none", ":2|");
        check(f, "SMEMBERS d", "*2|$1|1|$1|2|");
        check(f, "SINTERSTORE d a none", ":0|");
        check(f, "EXISTS d", ":0|");
        check(f, "SET str v", "+OK|");
        check(f, "SUNION a str", "-WRONGTYPE Operation against a key holding the wrong kind of value|");
    }
}

#[test]
fn effects_are_deterministic() {
    let f = &mut Fixture::new().journal();
    run(f, &["SADD", "s", "1", "2", "3"]);
    let popped = run(f, &["SPOP", "s"]);
    let member = popped.split("\r\n").nth(1).unwrap_or_default().to_owned();
    assert_eq!(f.effect_lines(), ["SADD s 1 2 3".to_owned(), format!("SREM s {member}")]);
    run(f, &["SPOP", "s", "9"]);
    assert_eq!(f.effect_lines(), ["DEL s"]);
    check(f, "SREM s 1", ":0|");
    assert!(f.effect_lines().is_empty());
}

#[test]
fn random_members_are_members_and_pops_take_each_once() {
    for (size, name) in [(10, "m"), (10, ""), (1_000, "m"), (400, "")] {
        let f = &mut Fixture::new();
        let all: BTreeSet<String> = (0..size).map(|n| format!("{name}{n}")).collect();
        for member in &all {
            run(f, &["SADD", "s", member]);
        }
        for count in [1, 5, size - 1, size, size + 5] {
            let reply = run(f, &["SRANDMEMBER", "s", &count.to_string()]);
            let got: Vec<&str> = reply.split("\r\n").skip(2).step_by(2).collect();
            assert_eq!(got.len(), count.min(size), "{count} of {size}");
            let distinct: BTreeSet<&str> = got.iter().copied().collect();
            assert_eq!(distinct.len(), got.len());
            assert!(distinct.iter().all(|member| all.contains(*member)));
        }
        let mut left = all.clone();
        while !left.is_empty() {
            let count = (left.len() * 9 / 10).max(1);
            let reply = run(f, &["SPOP", "s", &count.to_string()]);
            for member in reply.split("\r\n").skip(2).step_by(2) {
                assert!(left.remove(member), "{member} twice");
            }
        }
        check(f, "EXISTS s", ":0|");
    }
}

#[test]
fn counts_out_of_range_are_refused() {
    let f = &mut Fixture::new();
    run(f, &["SADD", "s", "a", "b"]);
    check(f, "SPOP s -1", "-ERR value is out of range, must be positive|");
    check(f, "SPOP s x", "-ERR value is out of range, must be positive|");
    check(f, "SPOP s 0", "*0|");
    check(f, "SPOP s 1 2", "-ERR syntax error|");
    check(f, "SRANDMEMBER s x", "-ERR value is not an integer or out of range|");
    check(
        f,
        "SRANDMEMBER s -9223372036854775808",
        "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807|",
    );
    check(f, "SRANDMEMBER s -9223372036854775807", "-ERR the reply would exceed 4 GB|");
    assert_eq!(run(f, &["SRANDMEMBER", "s", "-7"]).matches('$').count(), 7);
    check(f, "SRANDMEMBER none 3", "*0|");
    check(f, "SRANDMEMBER none", "$-1|");
}
