//! Tests of `hash`.
use crate::command::testing::{Fixture, NOW_MS, check, run};
use std::collections::BTreeSet;

#[test]
fn fields_come_and_go() {
    for shards in [1, 4] {
        let f = &mut Fixture::sharded(shards);
        check(f, "HSET h a 1 b two a 3", ":2|");
        check(f, "HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command|");
        check(f, "HMSET h c 3", "+OK|");
        check(f, "HGET h a", "$1|3|");
        check(f, "HGET h x", "$-1|");
        check(f, "HMGET h a x b", "*3|$1|3|$-1|$3|two|");
        check(f, "HLEN h", ":3|");
        check(f, "HSTRLEN h b", ":3|");
        check(f, "HEXISTS h c", ":1|");
        check(f, "HGETALL h", "*6|$1|a|$1|3|$1|b|$3|two|$1|c|$1|3|");
        check(f, "HKEYS h", "*3|$1|a|$1|b|$1|c|");
        check(f, "HVALS h", "*3|$1|3|$3|two|$1|3|");
        check(f, "HSETNX h a 9", ":0|");
        check(f, "HSETNX h d 9", ":1|");
        check(f, "HDEL h a b x", ":2|");
        check(f, "HDEL h c d", ":2|");
        check(f, "EXISTS h", ":0|");
        check(f, "SET s v", "+OK|");
        check(f, "HGET s a", "-WRONGTYPE Operation against a key holding the wrong kind of value|");
        check(f, "HSCAN none 0 BAD", "*2|$1|0|*0|");
        check(f, "HMGET none a", "*1|$-1|");
    }
}

#[test]
fn numbers_are_added() {
    let f = &mut Fixture::new().journal();
    check(f, "HINCRBY h n 5", ":5|");
    check(f, "HINCRBY h n -7", ":-2|");
    check(f, "HINCRBYFLOAT h n 0.5", "$4|-1.5|");
    check(f, "HINCRBY h n 1", "-ERR hash value is not an integer|");
    check(f, "HSET h t x m 9223372036854775807", ":2|");
    check(f, "HINCRBYFLOAT h t 1", "-ERR hash value is not a float|");
    check(f, "HINCRBY h m 1", "-ERR increment or decrement would overflow|");
    check(f, "HINCRBYFLOAT h n inf", "-ERR value is NaN or Infinity|");
    check(f, "HINCRBY none n x", "-ERR value is not an integer or out of range|");
    check(f, "EXISTS none", ":0|");
    let effects = f.effect_lines();
    assert_eq!(effects[2], "HSET h n -1.5");
}

#[test]
fn an_error_leaves_no_empty_key_behind() {
    let f = &mut Fixture::new();
    check(f, "HSET h t x", ":1|");
    check(f, "HDEL h t", ":1|");
    check(f, "HINCRBYFLOAT h n x", "-ERR value is not a valid float|");
    check(f, "EXISTS h", ":0|");
}

#[test]
fn fields_expire() {
    for large in [false, true] {
        let f = &mut Fixture::new().journal();
        check(f, "HSET h a 1 b 2 c 3", ":3|");
        if large {
            run(f, &["HSET", "h", "long", &"x".repeat(100)]);
        }
        check(f, "HEXPIRE h 10 FIELDS 2 a x", "*2|:1|:-2|");
        check(f, "HTTL h FIELDS 3 a b x", "*3|:10|:-1|:-2|");
        check(f, "HPEXPIRE h 500 NX FIELDS 2 a b", "*2|:0|:1|");
        check(f, "HPTTL h FIELDS 1 b", "*1|:500|");
        check(f, "HEXPIRE h 0 FIELDS 1 c", "*1|:2|");
        check(f, "HPERSIST h FIELDS 3 a b x", "*3|:1|:1|:-2|");
        check(f, "HPERSIST h FIELDS 1 a", "*1|:-1|");
        check(f, "HPEXPIRE h 500 FIELDS 1 b", "*1|:1|");
        f.now_ms = NOW_MS + 501;
        check(f, "HGET h b", "$-1|");
        check(f, "HEXISTS h b", ":0|");
        let keys = run(f, &["HKEYS", "h"]);
        let names: BTreeSet<&str> = keys.split("\r\n").skip(2).step_by(2).collect();
        assert_eq!(names, if large { BTreeSet::from(["a", "long"]) } else { BTreeSet::from(["a"]) });
        check(f, "HTTL h FIELDS 1 b", "*1|:-2|");
        let effects: Vec<String> =
            f.effect_lines().into_iter().filter(|line| !line.starts_with("HSET")).collect();
        assert_eq!(
            effects,
            [
                format!("HPEXPIREAT h {} FIELDS 1 a", NOW_MS + 10_000),
                format!("HPEXPIREAT h {} FIELDS 1 b", NOW_MS + 500),
                "HDEL h c".to_owned(),
                "HPERSIST h FIELDS 3 a b x".to_owned(),
                format!("HPEXPIREAT h {} FIELDS 1 b", NOW_MS + 500),
            ]
        );
        f.stores[0].now_ms = f.now_ms;
        f.stores[0].expire_cycle(1, || false);
        assert_eq!(f.effect_lines(), ["HDEL h b"]);
        check(f, "HLEN h", if large { ":2|" } else { ":1|" });
    }
}

#[test]
fn the_last_field_takes_the_key_along() {
    let f = &mut Fixture::new().journal();
    check(f, "HSET h a 1", ":1|");
    check(f, "HPEXPIRE h 5 FIELDS 1 a", "*1|:1|");
    f.now_ms += 6;
    check(f, "EXISTS h", ":1|");
    check(f, "HRANDFIELD h", "$-1|");
    check(f, "EXISTS h", ":0|");
    check(f, "HSET h a 1", ":1|");
    check(f, "HEXPIREAT h 1 FIELDS 1 a", "*1|:2|");
    check(f, "EXISTS h", ":0|");
}

#[test]
fn field_times_move_with_their_hash() {
    let f = &mut Fixture::new();
    check(f, "HSET h a 1 b 2", ":2|");
    check(f, "HPEXPIRE h 50 FIELDS 1 a", "*1|:1|");
    check(f, "COPY h c", ":1|");
    check(f, "RENAME h r", "+OK|");
    check(f, "HPTTL c FIELDS 1 a", "*1|:50|");
    f.now_ms += 51;
    f.stores[0].now_ms = f.now_ms;
    f.stores[0].expire_cycle(1, || false);
    check(f, "HLEN r", ":1|");
    check(f, "HLEN c", ":1|");
}

#[test]
fn wrong_words_are_refused() {
    let f = &mut Fixture::new();
    check(f, "HSET h a 1", ":1|");
    check(f, "HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0|");
    check(f, "HEXPIRE h 70368744177 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command|");
    check(f, "HPEXPIREAT h 70368744177663 FIELDS 1 a", "*1|:1|");
    check(f, "HPEXPIREAT h 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hpexpireat' command|");
    let missing = "-ERR Mandatory argument FIELDS is missing or not at the right position|";
    check(f, "HEXPIRE h 1 FIELD 1 a", missing);
    check(f, "HTTL h FIELD 1 a", missing);
    check(f, "HEXPIRE h 1 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0|");
    check(f, "HTTL h FIELDS x a", "-ERR Number of fields must be a positive integer|");
    check(f, "HTTL h FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments|");
    check(f, "HTTL none FIELDS 1 a", "*1|:-2|");
    check(f, "HRANDFIELD h 1 WITHVALUE", "-ERR syntax error|");
    check(f, "HRANDFIELD h -9223372036854775807 WITHVALUES", "-ERR value is out of range|");
    check(f, "HRANDFIELD h x", "-ERR value is not an integer or out of range|");
}

#[test]
fn random_fields_are_fields() {
    for size in [5, 1_000] {
        let f = &mut Fixture::new();
        for n in 0..size {
            run(f, &["HSET", "h", &format!("f{n}"), &format!("v{n}")]);
        }
        for count in [0, 1, 3, size - 1, size, size + 1] {
            let reply = run(f, &["HRANDFIELD", "h", &count.to_string(), "WITHVALUES"]);
            let words: Vec<&str> = reply.split("\r\n").skip(2).step_by(2).collect();
            let got: BTreeSet<&str> = words.chunks_exact(2).map(|pair| pair[0]).collect();
            assert_eq!(got.len(), count.min(size));
            assert!(words.chunks_exact(2).all(|pair| pair[0][1..] == pair[1][1..]));
        }
        assert_eq!(run(f, &["HRANDFIELD", "h", "-20"]).matches("$").count(), 20);
    }
}

#[test]
fn the_encoding_follows_the_fields() {
    let f = &mut Fixture::new();
    check(f, "HSET h a 1", ":1|");
    check(f, "OBJECT ENCODING h", "$8|listpack|");
    check(f, "HEXPIRE h 10 FIELDS 1 a", "*1|:1|");
    check(f, "OBJECT ENCODING h", "$10|listpackex|");
    for n in 0..512 {
        run(f, &["HSET", "h", &n.to_string(), "v"]);
    }
    check(f, "OBJECT ENCODING h", "$9|hashtable|");
    check(f, "HTTL h FIELDS 1 a", "*1|:10|");
    run(f, &["HSET", "l", "a", &"x".repeat(65)]);
    check(f, "OBJECT ENCODING l", "$9|hashtable|");
}
