//! Commands of the list group.
//!
//! Lists stay short enough to be looked through and are spread over nodes by small limits. Commands that wait do so for
//! a few milliseconds at most: `waits_long` sorts out those that a mutation made wait for longer.

use super::grammar::{Grammar, Rule, Words};

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[
    (20, push),
    (8, pop),
    (3, |g| keyed(g, "LLEN")),
    (8, range),
    (4, |g| indexed(g, "LINDEX")),
    (4, set),
    (6, insert),
    (6, remove),
    (5, trim),
    (8, position),
    (8, movement),
    (6, pop_of_several),
    (4, waiting),
    (2, node_size),
];

/// Times that a command may wait for: hardly any, or none because they are in error.
const TIMES: &[&str] = &["0.001", "0.002", "0.0001", "1e-3", "-1", "abc", "", "nan", "-inf"];

/// Whether a command may wait for longer than these tests want to, or is answered otherwise by 7.0, which calls a time
/// beyond the clock negative.
pub fn waits_long(words: &[Vec<u8>]) -> bool {
    let time = match words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default().as_slice() {
        b"BLMPOP" => words.get(1),
        b"BLPOP" | b"BRPOP" | b"BLMOVE" | b"BRPOPLPUSH" => words.last(),
        _ => return false,
    };
    !time.is_some_and(|time| TIMES.iter().any(|known| known.as_bytes() == time))
}

/// LPOS from a rank of which there is no opposite: refused by 7.2, taken for what it is by 7.0.
pub fn ranks_least(words: &[Vec<u8>]) -> bool {
    words.first().is_some_and(|name| name.eq_ignore_ascii_case(b"LPOS"))
        && words.iter().any(|word| word == b"-9223372036854775808")
}

fn keyed(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    words.push(g.key());
    words
}

/// An element: one of few, so that there are equal ones, or any value.
fn element(g: &mut Grammar) -> Vec<u8> {
    const FEW: &[&[u8]] = &[b"a", b"b", b"c", b"1", b"2", b"12345", b"-1", b"", b"01"];
    if g.rng.percent(70) { g.rng.pick(FEW).to_vec() } else { g.value() }
}

fn index(g: &mut Grammar) -> Vec<u8> {
    if g.rng.percent(85) { g.rng.range(-8, 8).to_string().into_bytes() } else { g.integer() }
}

fn end(g: &mut Grammar) -> Vec<u8> {
    g.option(&["LEFT", "RIGHT", "LEFT", "RIGHT", "LEFT", "RIGHT", "LEFT", "RIGHT", "UP"])
}

fn push(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["LPUSH", "RPUSH", "LPUSH", "RPUSH", "LPUSHX", "RPUSHX"]);
    let mut words = keyed(g, name);
    for _ in 0..g.rng.range(1, 7) {
        words.push(element(g));
    }
    words
}

fn pop(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["LPOP", "RPOP"]);
    let mut words = keyed(g, name);
    if g.rng.percent(40) {
        words.push(index(g));
    }
    words
}

fn indexed(g: &mut Grammar, name: &str) -> Words {
    let mut words = keyed(g, name);
    words.push(index(g));
    words
}

fn range(g: &mut Grammar) -> Words {
    let mut words = indexed(g, "LRANGE");
    words.push(if g.rng.percent(50) { b"-1".to_vec() } else { index(g) });
    words
}

fn set(g: &mut Grammar) -> Words {
    let mut words = indexed(g, "LSET");
    words.push(element(g));
    words
}

fn insert(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "LINSERT");
    let side = g.option(&["BEFORE", "AFTER", "BEFORE", "AFTER", "BEFORE", "AFTER", "BESIDE"]);
    words.extend([side, element(g), element(g)]);
    words
}

fn remove(g: &mut Grammar) -> Words {
    let mut words = indexed(g, "LREM");
    words.push(element(g));
    words
}

fn trim(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "LTRIM");
    // Mostly little is cut off, or nothing would ever grow.
    let mut bound =
        |near: &[&str]| if g.rng.percent(60) { g.rng.pick(near).as_bytes().to_vec() } else { index(g) };
    words.extend([bound(&["0", "1"]), bound(&["-1", "-2", "20"])]);
    words
}

fn position(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "LPOS");
    words.push(element(g));
    for _ in 0..g.rng.range(0, 3) {
        let option = g.option(&["RANK", "COUNT", "MAXLEN", "RANK", "COUNT", "MAXLEN", "BOGUS"]);
        words.extend([option, index(g)]);
    }
    words
}

fn movement(g: &mut Grammar) -> Words {
    let by_ends = g.rng.percent(60);
    let mut words = keyed(g, if by_ends { "LMOVE" } else { "RPOPLPUSH" });
    words.push(g.key());
    if by_ends {
        words.extend([end(g), end(g)]);
    }
    words
}

/// The number of keys, the keys, the end, and how many elements.
fn keys_and_end(g: &mut Grammar, words: &mut Words) {
    let count = g.rng.range(1, 3);
    words.push(if g.rng.percent(92) { count.to_string().into_bytes() } else { g.integer() });
    g.keys(words, count, count);
    words.push(end(g));
    if g.rng.percent(50) {
        let option = g.option(&["COUNT", "COUNT", "COUNT", "COUNT", "BOGUS"]);
        words.extend([option, index(g)]);
    }
}

fn pop_of_several(g: &mut Grammar) -> Words {
    let mut words = g.start("LMPOP");
    keys_and_end(g, &mut words);
    words
}

fn waiting(g: &mut Grammar) -> Words {
    let time = g.rng.pick(TIMES).as_bytes().to_vec();
    match g.rng.below(4) {
        0 => {
            let mut words = g.start("BLMPOP");
            words.push(time);
            keys_and_end(g, &mut words);
            words
        }
        1 => {
            let mut words = keyed(g, "BLMOVE");
            words.extend([g.key(), end(g), end(g), time]);
            words
        }
        2 => {
            let mut words = keyed(g, "BRPOPLPUSH");
            words.extend([g.key(), time]);
            words
        }
        _ => {
            let name = *g.rng.pick(&["BLPOP", "BRPOP"]);
            let mut words = g.start(name);
            g.keys(&mut words, 1, 3);
            words.push(time);
            words
        }
    }
}

fn node_size(g: &mut Grammar) -> Words {
    let mut words = g.start("CONFIG SET list-max-listpack-size");
    words.push(g.rng.pick(&["1", "2", "3", "5", "8", "-1", "-2", "0"]).as_bytes().to_vec());
    words
}
