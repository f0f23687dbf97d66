//! Tests of the HyperLogLog commands.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::selftest::estimates_are_near;
use crate::command::testing::{Fixture, check, run};

const NOT_VALID: &str = "-WRONGTYPE Key is not a valid HyperLogLog string value.|";

#[test]
fn elements_are_counted_once() {
    let f = &mut Fixture::new().journal();
    for (line, reply) in [
        ("PFADD h", ":1|"),
        ("PFADD h", ":0|"),
        ("PFCOUNT h", ":0|"),
        ("PFADD h a b c a", ":1|"),
        ("PFADD h a", ":0|"),
        ("PFCOUNT h", ":3|"),
        ("PFCOUNT h", ":3|"),
        ("PFCOUNT nokey", ":0|"),
        ("PFADD i c d", ":1|"),
        ("PFCOUNT h i nokey", ":4|"),
        ("PFMERGE m h i", "+OK|"),
        ("PFCOUNT m", ":4|"),
        ("OBJECT ENCODING h", "$3|raw|"),
        ("EXPIRE h 100", ":1|"),
        ("PFADD h x y z", ":1|"),
        ("TTL h", ":100|"),
        ("TYPE h", "+string|"),
    ] {
        check(f, line, reply);
    }
    assert_eq!(
        f.effect_lines()[..6],
        [
            "PFADD h",
            "PFCOUNT h",
            "PFADD h a b c a",
            // The number that is noted in the value is a change of it.
            "PFCOUNT h",
            "PFADD i c d",
            "PFMERGE m h i",
        ]
    );
}

#[test]
fn values_that_are_none_are_refused() {
    let f = &mut Fixture::new();
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value|";
    let corrupted = "-INVALIDOBJ Corrupted HLL object detected|";
    f.run_bytes(&[b"SET", b"broken", b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xfe"]);
    for (line, reply) in [
        ("SET n 12", "+OK|"),
        ("PFADD n a", NOT_VALID),
        ("PFCOUNT n", NOT_VALID),
        ("PFCOUNT n n", NOT_VALID),
        ("PFMERGE n", NOT_VALID),
        ("PFMERGE m n", NOT_VALID),
        ("PFDEBUG ENCODING n", NOT_VALID),
        ("EXISTS m", ":0|"),
        ("SADD s a", ":1|"),
        ("PFADD s a", wrong),
        ("PFCOUNT s", wrong),
        ("PFCOUNT broken", corrupted),
        ("PFCOUNT broken broken", corrupted),
        ("PFMERGE m broken", corrupted),
        ("PFDEBUG GETREG broken", corrupted),
        ("PFDEBUG TODENSE broken", corrupted),
        ("STRLEN broken", ":18|"),
        ("PFDEBUG TODENSE nokey", "-ERR The specified key does not exist|"),
    ] {
        check(f, line, reply);
    }
}

#[test]
fn a_sparse_value_becomes_dense_by_its_size() {
    let f = &mut Fixture::sharded(3).journal();
    check(f, "PFADD h a b c hello", ":1|");
    check(f, "PFDEBUG ENCODING h", "+sparse|");
    let decoded = run(f, &["PFDEBUG", "DECODE", "h"]);
    assert!(decoded.contains("\nZ:8436 v:1,1 Z:779 v:1,1 Z:3494"), "{decoded}");
    for (line, reply) in [
        ("PFDEBUG foo h", "-ERR Unknown PFDEBUG subcommand 'foo'|"),
        ("PFDEBUG TODENSE h", ":1|"),
        ("PFDEBUG TODENSE h", ":0|"),
        ("PFDEBUG ENCODING h", "+dense|"),
        ("PFDEBUG DECODE h", "-ERR HLL encoding is not sparse|"),
        ("PFCOUNT h", ":4|"),
        ("PFADD h hello", ":0|"),
        ("PFADD h other", ":1|"),
        ("STRLEN h", ":12304|"),
        ("PFADD i x", ":1|"),
        ("PFMERGE i h", "+OK|"),
        ("PFDEBUG ENCODING i", "+dense|"),
        ("PFCOUNT i h", ":6|"),
    ] {
        check(f, line, reply);
    }
    assert!(run(f, &["PFDEBUG", "GETREG", "i"]).starts_with("*16384\r\n:"));
    // The shards' journals do not tell of each other: the outcome is stated.
    assert!(f.effects().iter().any(|effect| effect[0] == b"SET" && effect[1] == b"i"));
    f.stores.iter_mut().for_each(|store| store.limits.hll_sparse_bytes = 0);
    check(f, "PFADD fresh a", ":1|");
    check(f, "PFDEBUG ENCODING fresh", "+dense|");
}

#[test]
fn estimates_pass_the_self_test() {
    assert_eq!(estimates_are_near(99, 3000, 100_000), Ok(()));
}
