//! Commands of the hash group. Fields are few, so that they are overwritten and removed; limits are small, so that
//! encodings change.

use super::grammar::{Grammar, Rule, Words};
use super::sets;

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[
    (20, set),
    (3, |g| with_field(g, "HSETNX", true)),
    (5, |g| with_field(g, "HGET", false)),
    (3, |g| with_field(g, "HEXISTS", false)),
    (3, |g| with_field(g, "HSTRLEN", false)),
    (5, |g| with_fields(g, "HMGET")),
    (6, |g| with_fields(g, "HDEL")),
    (2, |g| keyed(g, "HLEN")),
    (2, |g| keyed(g, "HKEYS")),
    (2, |g| keyed(g, "HVALS")),
    (4, |g| keyed(g, "HGETALL")),
    (8, increment),
    (3, random),
    (2, scan),
    (1, limits),
];

fn keyed(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    words.push(g.key());
    words
}

/// A field: one of few, or any value.
fn field(g: &mut Grammar) -> Vec<u8> {
    const FEW: &[&[u8]] = &[b"f", b"g", b"h", b"1", b"2", b"-17", b"70000", b"", b"01", b"\xff\x00", b"n"];
    if g.rng.percent(85) { g.rng.pick(FEW).to_vec() } else { g.value() }
}

fn with_field(g: &mut Grammar, name: &str, valued: bool) -> Words {
    let mut words = keyed(g, name);
    words.push(field(g));
    if valued {
        words.push(g.value());
    }
    words
}

fn with_fields(g: &mut Grammar, name: &str) -> Words {
    let mut words = keyed(g, name);
    for _ in 0..g.rng.range(1, 4) {
        words.push(field(g));
    }
    words
}

fn set(g: &mut Grammar) -> Words {
    let name = if g.rng.percent(80) { "HSET" } else { "HMSET" };
    let mut words = keyed(g, name);
    for _ in 0..g.rng.range(1, 5) {
        words.extend([field(g), g.value()]);
    }
    words
}

fn increment(g: &mut Grammar) -> Words {
    let float = g.rng.percent(40);
    let mut words = keyed(g, if float { "HINCRBYFLOAT" } else { "HINCRBY" });
    words.push(field(g));
    words.push(if float { g.float() } else { g.integer() });
    words
}

/// Which fields come is chance; how many is not, and all are no chance at all.
fn random(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "HRANDFIELD");
    if g.rng.percent(85) {
        words.push(g.rng.pick(&["0", "3", "-5", "1000", "1000", "abc", ""]).as_bytes().to_vec());
        if g.rng.percent(50) {
            words.push(g.option(&["WITHVALUES", "WITHVALUES", "BOGUS"]));
        }
    }
    words
}

fn scan(g: &mut Grammar) -> Words {
    sets::scan_of(g, "HSCAN", &["*", "f*", "[0-9]"])
}

fn limits(g: &mut Grammar) -> Words {
    // Within a transaction other limits do not hold yet.
    if g.queueing() {
        return keyed(g, "HLEN");
    }
    let mut words = g.start("CONFIG SET");
    words.push(g.rng.pick(&["hash-max-listpack-entries", "hash-max-listpack-value"]).as_bytes().to_vec());
    words.push(g.rng.pick(&["4", "64", "128"]).as_bytes().to_vec());
    words
}
