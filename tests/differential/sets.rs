//! Commands of the set group. Members are few, so that sets meet; limits are small, so that encodings change.

use super::grammar::{Grammar, Rule, Words};

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[
    (24, add),
    (6, |g| with_members(g, "SREM")),
    (2, |g| keyed(g, "SCARD")),
    (4, |g| keyed(g, "SMEMBERS")),
    (3, |g| with_members(g, "SISMEMBER")),
    (3, |g| with_members(g, "SMISMEMBER")),
    (4, movement),
    (8, algebra),
    (6, stored),
    (3, card),
    (3, random),
    (2, scan),
    (1, limits),
];

/// Whether SPOP takes some members and leaves others: by chance, so that the sets would differ from then on.
pub fn leaves_some(words: &[Vec<u8>]) -> bool {
    words.first().is_some_and(|name| name.eq_ignore_ascii_case(b"SPOP"))
        && !words.get(2).is_some_and(|count| matches!(count.as_slice(), b"0" | b"-1" | b"abc" | b"1000"))
}

fn keyed(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    words.push(g.key());
    words
}

/// A member: one of few, or any value.
pub fn member(g: &mut Grammar) -> Vec<u8> {
    const FEW: &[&[u8]] = &[b"a", b"b", b"c", b"1", b"2", b"3", b"-17", b"70000", b"", b"01", b"\xff\x00"];
    if g.rng.percent(80) { g.rng.pick(FEW).to_vec() } else { g.value() }
}

fn with_members(g: &mut Grammar, name: &str) -> Words {
    let mut words = keyed(g, name);
    let count = if name == "SISMEMBER" { 1 } else { g.rng.range(1, 4) };
    for _ in 0..count {
        words.push(member(g));
    }
    words
}

fn add(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "SADD");
    let integers = g.rng.percent(40);
    for _ in 0..g.rng.range(1, 6) {
        words.push(if integers { g.rng.range(-9, 9).to_string().into_bytes() } else { member(g) });
    }
    words
}

fn movement(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "SMOVE");
    words.extend([g.key(), member(g)]);
    words
}

fn algebra(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["SINTER", "SUNION", "SDIFF"]);
    let mut words = g.start(name);
    g.keys(&mut words, 1, 4);
    words
}

fn stored(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]);
    let mut words = keyed(g, name);
    g.keys(&mut words, 1, 4);
    words
}

fn card(g: &mut Grammar) -> Words {
    let mut words = g.start("SINTERCARD");
    let count = g.rng.range(1, 3);
    words.push(if g.rng.percent(92) { count.to_string().into_bytes() } else { g.integer() });
    g.keys(&mut words, count, count);
    if g.rng.percent(40) {
        let option = g.option(&["LIMIT", "LIMIT", "LIMIT", "BOGUS"]);
        words.extend([option, g.integer()]);
    }
    words
}

/// Which members come is chance; how many is not. One that takes all is no chance at all.
fn random(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["SRANDMEMBER", "SPOP"]);
    let mut words = keyed(g, name);
    let counts: &[&str] =
        if name == "SPOP" { &["0", "-1", "abc", "1000"] } else { &["0", "3", "-5", "1000", "abc", ""] };
    words.push(g.rng.pick(counts).as_bytes().to_vec());
    words
}

fn scan(g: &mut Grammar) -> Words {
    scan_of(g, "SSCAN", &["*", "a*", "[0-9]"])
}

/// The scan `name` of a collection's elements; a cursor other than the first is not understood anywhere.
pub fn scan_of(g: &mut Grammar, name: &str, patterns: &[&str]) -> Words {
    let mut words = keyed(g, name);
    words.push(g.rng.pick(&["0", "0", "0", "abc"]).as_bytes().to_vec());
    if g.rng.percent(50) {
        let option = g.word("COUNT");
        words.extend([option, g.rng.pick(&["1000", "1000", "0", "x"]).as_bytes().to_vec()]);
    }
    if g.rng.percent(50) {
        let option = g.word("MATCH");
        words.extend([option, g.rng.pick(patterns).as_bytes().to_vec()]);
    }
    words
}

fn limits(g: &mut Grammar) -> Words {
    // Within a transaction other limits do not hold yet.
    if g.queueing() {
        return keyed(g, "SCARD");
    }
    let mut words = g.start("CONFIG SET set-max-intset-entries");
    words.push(g.rng.pick(&["0", "4", "512"]).as_bytes().to_vec());
    words
}
