//! Commands of the sorted-set group.
//!
//! Scores at the edges, members that collide, limits that make both encodings frequent. Ranges of members are asked of
//! any set: where scores differ Redis promises nothing for a skiplist, so those sets keep one score (`lex`).

use super::grammar::{Grammar, Rule, Words};
use super::sets::member;

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[
    (30, add),
    (5, incr),
    (6, remove),
    (6, look),
    (5, rank),
    (14, range),
    (6, by_score),
    (6, by_lex),
    (4, count),
    (5, store_range),
    (5, remove_range),
    (10, algebra),
    (8, stored),
    (3, card),
    (6, pop),
    (4, pop_of_several),
    (4, waiting),
    (3, random),
    (2, scan),
    (2, limits),
];

/// Times that a command may wait for: hardly any, or none because they are in error.
const TIMES: &[&str] = &["0.001", "0.002", "0.0001", "1e-3", "-1", "abc", "", "nan", "-inf"];

/// Whether a command may wait for longer than these tests want to, or is answered otherwise by 7.0.
pub fn waits_long(words: &[Vec<u8>]) -> bool {
    let time = match words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default().as_slice() {
        b"BZMPOP" => words.get(1),
        b"BZPOPMIN" | b"BZPOPMAX" => words.last(),
        _ => return false,
    };
    !time.is_some_and(|time| TIMES.iter().any(|known| known.as_bytes() == time))
}

/// WITHSCORE of ZRANK came with 7.2.
pub fn is_newer(words: &[Vec<u8>]) -> bool {
    let is = |at: usize, text: &str| words.get(at).is_some_and(|w| w.eq_ignore_ascii_case(text.as_bytes()));
    (is(0, "ZRANK") || is(0, "ZREVRANK")) && words.len() > 3
}

/// Whether a mutation would give the members of `lex` different scores, or put something else there.
pub fn spoils_lex(words: &[Vec<u8>]) -> bool {
    let (Some(name), Some(rest)) = (words.first().map(|word| word.to_ascii_uppercase()), words.get(1..))
    else {
        return false;
    };
    if !rest.iter().any(|word| word == b"lex") {
        return false;
    }
    let in_front = rest.first().is_some_and(|key| key == b"lex");
    match name.as_slice() {
        b"ZADD" => !in_front || rest[1..].iter().step_by(2).any(|score| score != b"0"),
        b"ZRANGESTORE" => in_front,
        name => {
            !(name.starts_with(b"ZRANGE") || name.starts_with(b"ZREV") || name.starts_with(b"ZREM"))
                && name != b"ZLEXCOUNT"
        }
    }
}

/// A sorted set: one of few keys of their own, sometimes any key.
fn key(g: &mut Grammar) -> Vec<u8> {
    const KEYS: &[&[u8]] = &[b"z1", b"z2", b"{tag}z3", b"{tag}z4"];
    if g.rng.percent(85) { g.rng.pick(KEYS).to_vec() } else { g.key() }
}

/// A sorted set of equal scores.
fn lex_key(g: &mut Grammar) -> Vec<u8> {
    if g.rng.percent(90) { b"lex".to_vec() } else { b"missing".to_vec() }
}

fn keyed(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    words.push(key(g));
    words
}

fn score(g: &mut Grammar) -> Vec<u8> {
    match g.rng.below(10) {
        0..=4 => g.rng.range(-6, 6).to_string().into_bytes(),
        5 | 6 => format!("{}.{}", g.rng.range(-9, 9), g.rng.below(1000)).into_bytes(),
        7 => {
            let bits = g.rng.next() & !(0x7ff << 52) | (g.rng.below(2_000) + 20) << 52;
            format!("{:e}", f64::from_bits(bits)).into_bytes()
        }
        8 => g.integer(),
        _ => g.float(),
    }
}

fn add(g: &mut Grammar) -> Words {
    if g.rng.percent(15) {
        let mut words = g.start("ZADD");
        words.push(b"lex".to_vec());
        for _ in 0..g.rng.range(1, 5) {
            words.extend([b"0".to_vec(), member(g)]);
        }
        return words;
    }
    let mut words = keyed(g, "ZADD");
    if g.rng.percent(30) {
        for _ in 0..g.rng.range(1, 2) {
            let option = g.option(&["NX", "XX", "GT", "LT", "CH", "INCR"]);
            words.push(option);
        }
    }
    for _ in 0..g.rng.range(1, 4) {
        words.extend([score(g), member(g)]);
    }
    words
}

fn incr(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "ZINCRBY");
    words.extend([score(g), member(g)]);
    words
}

fn remove(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "ZREM");
    for _ in 0..g.rng.range(1, 4) {
        words.push(member(g));
    }
    words
}

fn look(g: &mut Grammar) -> Words {
    match g.rng.below(3) {
        0 => keyed(g, "ZCARD"),
        1 => {
            let mut words = keyed(g, "ZSCORE");
            words.push(member(g));
            words
        }
        _ => {
            let mut words = keyed(g, "ZMSCORE");
            words.extend([member(g), member(g)]);
            words
        }
    }
}

fn rank(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["ZRANK", "ZREVRANK"]);
    let mut words = keyed(g, name);
    words.push(member(g));
    words
}

fn index(g: &mut Grammar) -> Vec<u8> {
    if g.rng.percent(85) { g.rng.range(-8, 8).to_string().into_bytes() } else { g.integer() }
}

/// An end of a range of scores.
fn bound(g: &mut Grammar) -> Vec<u8> {
    let open = g.rng.percent(25);
    let number = match g.rng.below(8) {
        0 => b"-inf".to_vec(),
        1 => b"+inf".to_vec(),
        _ => score(g),
    };
    if open { [&b"("[..], &number].concat() } else { number }
}

/// An end of a range of members.
fn lex_bound(g: &mut Grammar) -> Vec<u8> {
    match g.rng.below(12) {
        0 | 1 => b"-".to_vec(),
        2 | 3 => b"+".to_vec(),
        4 => member(g),
        5..=8 => [&b"["[..], &member(g)].concat(),
        _ => [&b"("[..], &member(g)].concat(),
    }
}

fn limit(g: &mut Grammar, words: &mut Words) {
    if g.rng.percent(35) {
        let option = g.word("LIMIT");
        words.extend([option, index(g), index(g)]);
    }
}

fn with_scores(g: &mut Grammar, words: &mut Words) {
    if g.rng.percent(40) {
        let option = g.option(&["WITHSCORES", "WITHSCORES", "WITHSCORES", "WITHSCORE"]);
        words.push(option);
    }
}

/// The ends of a range of some kind, and the options that say which.
fn ends(g: &mut Grammar, words: &mut Words) {
    match g.rng.below(3) {
        0 => words.extend([index(g), index(g)]),
        1 => {
            words.extend([bound(g), bound(g)]);
            let option = g.word("BYSCORE");
            words.push(option);
            limit(g, words);
        }
        _ => {
            words.extend([lex_bound(g), lex_bound(g)]);
            let option = g.word("BYLEX");
            words.push(option);
            limit(g, words);
        }
    }
    if g.rng.percent(35) {
        let option = g.word("REV");
        words.push(option);
    }
}

fn range(g: &mut Grammar) -> Words {
    if g.rng.percent(40) {
        let name = *g.rng.pick(&["ZRANGE", "ZREVRANGE"]);
        let mut words = keyed(g, name);
        words.extend([index(g), index(g)]);
        with_scores(g, &mut words);
        return words;
    }
    let mut words = g.start("ZRANGE");
    words.push(lex_key(g));
    ends(g, &mut words);
    with_scores(g, &mut words);
    words
}

fn by_score(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]);
    let mut words = keyed(g, name);
    words.extend([bound(g), bound(g)]);
    with_scores(g, &mut words);
    limit(g, &mut words);
    words
}

fn by_lex(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["ZRANGEBYLEX", "ZREVRANGEBYLEX", "ZLEXCOUNT"]);
    let mut words = g.start(name);
    words.extend([lex_key(g), lex_bound(g), lex_bound(g)]);
    if name != "ZLEXCOUNT" {
        limit(g, &mut words);
    }
    words
}

fn count(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "ZCOUNT");
    words.extend([bound(g), bound(g)]);
    words
}

fn store_range(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "ZRANGESTORE");
    if g.rng.percent(50) {
        words.extend([key(g), index(g), index(g)]);
        return words;
    }
    words.push(lex_key(g));
    ends(g, &mut words);
    words
}

fn remove_range(g: &mut Grammar) -> Words {
    match g.rng.below(3) {
        0 => {
            let mut words = keyed(g, "ZREMRANGEBYRANK");
            let start = g.rng.range(0, 4).to_string().into_bytes();
            words.extend([start, index(g)]);
            words
        }
        1 => {
            let mut words = keyed(g, "ZREMRANGEBYSCORE");
            words.extend([bound(g), bound(g)]);
            words
        }
        _ => {
            let mut words = g.start("ZREMRANGEBYLEX");
            words.extend([lex_key(g), lex_bound(g), lex_bound(g)]);
            words
        }
    }
}

/// The number of keys, and the keys, some of which are sets.
fn sources(g: &mut Grammar, words: &mut Words) -> usize {
    let count = g.rng.range(1, 3);
    words.push(if g.rng.percent(92) { count.to_string().into_bytes() } else { g.integer() });
    for _ in 0..count {
        let name = if g.rng.percent(75) { key(g) } else { g.key() };
        words.push(name);
    }
    usize::try_from(count).unwrap_or(0)
}

fn aggregation(g: &mut Grammar, words: &mut Words, count: usize) {
    if g.rng.percent(40) {
        let option = g.word("WEIGHTS");
        words.push(option);
        for _ in 0..count {
            words.push(score(g));
        }
    }
    if g.rng.percent(40) {
        let option = g.word("AGGREGATE");
        let how = g.option(&["SUM", "MIN", "MAX", "SUM", "MIN", "MAX", "AVG"]);
        words.extend([option, how]);
    }
}

fn algebra(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["ZUNION", "ZINTER", "ZDIFF"]);
    let mut words = g.start(name);
    let count = sources(g, &mut words);
    if name != "ZDIFF" {
        aggregation(g, &mut words, count);
    }
    with_scores(g, &mut words);
    words
}

fn stored(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"]);
    let mut words = keyed(g, name);
    let count = sources(g, &mut words);
    if name != "ZDIFFSTORE" {
        aggregation(g, &mut words, count);
    }
    words
}

fn card(g: &mut Grammar) -> Words {
    let mut words = g.start("ZINTERCARD");
    sources(g, &mut words);
    if g.rng.percent(40) {
        let option = g.option(&["LIMIT", "LIMIT", "LIMIT", "BOGUS"]);
        words.extend([option, index(g)]);
    }
    words
}

fn pop(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["ZPOPMIN", "ZPOPMAX"]);
    let mut words = keyed(g, name);
    if g.rng.percent(40) {
        words.push(index(g));
    }
    words
}

fn keys_and_end(g: &mut Grammar, words: &mut Words) {
    sources(g, words);
    let end = g.option(&["MIN", "MAX", "MIN", "MAX", "MIN", "MAX", "MID"]);
    words.push(end);
    if g.rng.percent(50) {
        let option = g.option(&["COUNT", "COUNT", "COUNT", "BOGUS"]);
        words.extend([option, index(g)]);
    }
}

fn pop_of_several(g: &mut Grammar) -> Words {
    let mut words = g.start("ZMPOP");
    keys_and_end(g, &mut words);
    words
}

fn waiting(g: &mut Grammar) -> Words {
    let time = g.rng.pick(TIMES).as_bytes().to_vec();
    if g.rng.percent(30) {
        let mut words = g.start("BZMPOP");
        words.push(time);
        keys_and_end(g, &mut words);
        return words;
    }
    let name = *g.rng.pick(&["BZPOPMIN", "BZPOPMAX"]);
    let mut words = g.start(name);
    for _ in 0..g.rng.range(1, 3) {
        words.push(key(g));
    }
    words.push(time);
    words
}

/// Which members come is chance, but not if all do.
fn random(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "ZRANDMEMBER");
    words.push(g.rng.pick(&["0", "1000", "1000", "abc", ""]).as_bytes().to_vec());
    with_scores(g, &mut words);
    words
}

fn scan(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "ZSCAN");
    words.push(g.rng.pick(&["0", "0", "0", "abc"]).as_bytes().to_vec());
    if g.rng.percent(70) {
        let option = g.word("COUNT");
        words.extend([option, g.rng.pick(&["1000", "1000", "1000", "0", "x"]).as_bytes().to_vec()]);
    }
    if g.rng.percent(30) {
        let option = g.word("MATCH");
        words.extend([option, g.rng.pick(&["*", "a*", "[0-9]"]).as_bytes().to_vec()]);
    }
    words
}

fn limits(g: &mut Grammar) -> Words {
    // Within a transaction other limits do not hold yet.
    if g.queueing() {
        return keyed(g, "ZCARD");
    }
    let name = *g.rng.pick(&["zset-max-listpack-entries", "zset-max-listpack-value"]);
    let mut words = g.start("CONFIG SET");
    words.push(name.as_bytes().to_vec());
    words.push(g.rng.pick(&["0", "3", "8", "64", "128"]).as_bytes().to_vec());
    words
}
