//! Commands of the string group.

use super::grammar::{Grammar, Rule, Words};

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[
    (6, |g| keyed(g, "GET")),
    (14, set),
    (3, append),
    (6, counter),
    (3, counter_by),
    (4, incrbyfloat),
    (2, |g| keyed(g, "GETDEL")),
    (4, getex),
    (4, getrange),
    (2, |g| with_value(g, "GETSET")),
    (5, lcs),
    (3, mget),
    (4, mset),
    (3, setex),
    (2, |g| with_value(g, "SETNX")),
    (4, setrange),
    (2, |g| keyed(g, "STRLEN")),
];

fn keyed(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    words.push(g.key());
    words
}

fn with_value(g: &mut Grammar, name: &str) -> Words {
    let mut words = keyed(g, name);
    words.push(g.value());
    words
}

/// One expiry option with its argument, or KEEPTTL.
fn expiry(g: &mut Grammar, words: &mut Words, alone: &str) {
    match g.rng.below(6) {
        0 => {
            let word = g.word("EX");
            words.extend([word, g.relative_time(1)]);
        }
        1 => {
            let word = g.word("PX");
            words.extend([word, g.relative_time(1000)]);
        }
        2 => {
            let word = g.word("EXAT");
            words.extend([word, g.absolute_time(1)]);
        }
        3 => {
            let word = g.word("PXAT");
            words.extend([word, g.absolute_time(1000)]);
        }
        _ => {
            let word = g.word(alone);
            words.push(word);
        }
    }
}

fn set(g: &mut Grammar) -> Words {
    let mut words = with_value(g, "SET");
    if g.rng.percent(35) {
        return words;
    }
    // Up to three parts in any order, conflicts (NX with XX, EX with KEEPTTL) included.
    for _ in 0..g.rng.range(1, 3) {
        match g.rng.below(7) {
            0 | 1 => {
                let word = g.option(&["NX", "XX"]);
                words.push(word);
            }
            2 => {
                let word = g.word("GET");
                words.push(word);
            }
            3 if g.rng.percent(15) => {
                let word = g.option(&["PERSIST", "BOGUS", "EX", "", "NXX"]);
                words.push(word);
            }
            _ => expiry(g, &mut words, "KEEPTTL"),
        }
    }
    words
}

fn getex(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "GETEX");
    for _ in 0..*g.rng.pick(&[0, 1, 1, 1, 1, 2]) {
        expiry(g, &mut words, "PERSIST");
    }
    if g.rng.percent(4) {
        let word = g.option(&["KEEPTTL", "NX", "GET"]);
        words.push(word);
    }
    words
}

fn append(g: &mut Grammar) -> Words {
    with_value(g, "APPEND")
}

fn counter(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["INCR", "DECR"]);
    keyed(g, name)
}

fn counter_by(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["INCRBY", "DECRBY"]);
    let mut words = keyed(g, name);
    words.push(g.integer());
    words
}

fn incrbyfloat(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "INCRBYFLOAT");
    words.push(g.float());
    words
}

fn getrange(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["GETRANGE", "GETRANGE", "SUBSTR"]);
    let mut words = keyed(g, name);
    if g.rng.percent(5) {
        words[1] = b"big".to_vec();
    }
    words.extend([g.integer(), g.integer()]);
    words
}

fn lcs(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "LCS");
    words.push(g.key());
    for _ in 0..*g.rng.pick(&[0, 0, 1, 1, 2, 3]) {
        let word = g.option(&["LEN", "IDX", "IDX", "MINMATCHLEN", "WITHMATCHLEN", "WITHMATCHLEN"]);
        let takes_number = word.eq_ignore_ascii_case(b"MINMATCHLEN");
        words.push(word);
        if takes_number {
            words.push(g.integer());
        }
    }
    words
}

fn mget(g: &mut Grammar) -> Words {
    let mut words = g.start("MGET");
    g.keys(&mut words, 1, 5);
    words
}

fn mset(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["MSET", "MSET", "MSETNX"]);
    let mut words = g.start(name);
    for _ in 0..g.rng.range(1, 4) {
        words.extend([g.key(), g.value()]);
    }
    words
}

fn setex(g: &mut Grammar) -> Words {
    let (name, scale) = *g.rng.pick(&[("SETEX", 1), ("PSETEX", 1000)]);
    let mut words = keyed(g, name);
    words.extend([g.relative_time(scale), g.value()]);
    words
}

fn setrange(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "SETRANGE");
    if g.rng.percent(4) {
        words[1] = b"big".to_vec();
        words.push(g.rng.pick(&["1048570", "1048575", "1048576", "1000000"]).as_bytes().to_vec());
    } else {
        words.push(g.offset());
    }
    words.push(g.value());
    words
}
