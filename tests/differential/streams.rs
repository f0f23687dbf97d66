//! Commands of the stream group.
//!
//! No entry gets its id from the clock (`*`), since the clocks of two servers differ; `ms-*` takes the same way. Ids are
//! few, so that reads, deletions and claims meet entries, and nodes are small by configuration. Idle times are either
//! zero or far beyond a test's length.

use super::grammar::{Grammar, Rule, Words};
use crate::support::Value;

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[
    (24, add),
    (5, trim),
    (6, delete),
    (5, range),
    (4, read),
    (16, read_group),
    (6, acknowledge),
    (5, pending),
    (7, claim),
    (6, claim_any),
    (10, group),
    (2, set_id),
    (4, info),
    (2, |g| with_stream(g, "XLEN")),
    (2, node_size),
];

/// What XSETID sets: beyond the ids of entries, or in error.
const LAST_IDS: &[&str] = &["60-9", "61", "62-1", "61-18446744073709551615", "x", "$", "-"];

/// A command that may wait would do so for long; an id would come from the clock; 7.0 words the error of unpaired keys
/// and ids in another way.
pub fn incomparable(words: &[Vec<u8>]) -> bool {
    let is = |at: usize, text: &str| words.get(at).is_some_and(|w| w.eq_ignore_ascii_case(text.as_bytes()));
    let find = |text: &str| (1..words.len()).find(|at| is(*at, text));
    if is(0, "XREAD") || is(0, "XREADGROUP") {
        let unpaired = find("STREAMS").is_some_and(|at| (words.len() - at).is_multiple_of(2));
        return unpaired || find("BLOCK").is_some();
    }
    // 7.0 lets the last id fall below one that was deleted.
    let falls = is(0, "XSETID") && !LAST_IDS.iter().any(|id| is(2, id));
    falls || (is(0, "XADD") && find("*").is_some())
}

fn stream(g: &mut Grammar) -> Vec<u8> {
    // Other keys hold other types, most of the time.
    if g.rng.percent(92) {
        g.rng.pick(&[&b"{tag}s"[..], b"{tag}s", b"{tag}t", b"st"]).to_vec()
    } else {
        g.key()
    }
}

fn with_stream(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    words.push(stream(g));
    words
}

fn id(g: &mut Grammar) -> Vec<u8> {
    const ODD: &[&str] = &[
        "0",
        "0-0",
        "-",
        "+",
        "$",
        ">",
        "18446744073709551615-18446744073709551615",
        "18446744073709551615",
        "18446744073709551616",
        "x",
        "1-",
        "-1",
        "5-*",
        "(3",
        " 5",
        "007-1",
        "1--1",
        "",
        "5-1-1",
    ];
    match g.rng.below(20) {
        0..=11 => format!("{}-{}", g.rng.range(0, 60), g.rng.range(0, 3)).into_bytes(),
        12..=17 => g.rng.range(0, 60).to_string().into_bytes(),
        _ => g.rng.pick(ODD).as_bytes().to_vec(),
    }
}

fn bound(g: &mut Grammar) -> Vec<u8> {
    match g.rng.below(10) {
        0..=2 => b"-".to_vec(),
        3..=5 => b"+".to_vec(),
        6 => [b"(", &id(g)[..]].concat(),
        _ => id(g),
    }
}

fn name(g: &mut Grammar) -> Vec<u8> {
    g.rng.pick(&[&b"g"[..], b"g", b"g", b"h"]).to_vec()
}

fn consumer(g: &mut Grammar) -> Vec<u8> {
    g.rng.pick(&[&b"c1"[..], b"c2", b"c3", b""]).to_vec()
}

fn count(g: &mut Grammar) -> Vec<u8> {
    if g.rng.percent(85) { g.rng.range(1, 8).to_string().into_bytes() } else { g.integer() }
}

fn maybe(
    g: &mut Grammar,
    percent: u64,
    words: &mut Words,
    token: &str,
    arg: Option<fn(&mut Grammar) -> Vec<u8>>,
) {
    if g.rng.percent(percent) {
        words.push(g.word(token));
        if let Some(arg) = arg {
            let arg = arg(g);
            words.push(arg);
        }
    }
}

fn strategy(g: &mut Grammar, words: &mut Words) {
    let by_len = g.rng.percent(50);
    words.push(g.word(if by_len { "MAXLEN" } else { "MINID" }));
    match g.rng.below(5) {
        0 | 1 => words.push(b"~".to_vec()),
        2 => words.push(b"=".to_vec()),
        _ => {}
    }
    let keep = match by_len {
        true if g.rng.percent(90) => g.rng.range(0, 14).to_string().into_bytes(),
        true => g.integer(),
        false => id(g),
    };
    words.push(keep);
    maybe(g, 25, words, "LIMIT", Some(count));
}

fn add(g: &mut Grammar) -> Words {
    let mut words = with_stream(g, "XADD");
    if g.rng.percent(25) {
        strategy(g, &mut words);
    }
    maybe(g, 8, &mut words, "NOMKSTREAM", None);
    let new = match g.rng.below(12) {
        // Mostly what follows the ids so far; 60 is beyond those that others draw.
        0..=5 => format!("{}-*", g.rng.range(20, 60)).into_bytes(),
        6..=8 => b"60-*".to_vec(),
        _ => id(g),
    };
    words.push(new);
    let fields: &[&str] = match g.rng.below(4) {
        0 => &["a"],
        1 => &["a", "b"],
        2 => &["b", "12"],
        _ => &["a", "a", "c"],
    };
    for field in fields {
        words.push(field.as_bytes().to_vec());
        words.push(g.value());
    }
    words
}

fn trim(g: &mut Grammar) -> Words {
    let mut words = with_stream(g, "XTRIM");
    strategy(g, &mut words);
    words
}

fn ids(g: &mut Grammar, words: &mut Words, most: i64) {
    for _ in 0..g.rng.range(1, most) {
        words.push(id(g));
    }
}

fn delete(g: &mut Grammar) -> Words {
    let mut words = with_stream(g, "XDEL");
    ids(g, &mut words, 4);
    words
}

fn range(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["XRANGE", "XREVRANGE"]);
    let mut words = with_stream(g, name);
    words.extend([bound(g), bound(g)]);
    maybe(g, 40, &mut words, "COUNT", Some(count));
    words
}

fn streams(g: &mut Grammar, words: &mut Words, id: fn(&mut Grammar) -> Vec<u8>) {
    words.push(g.word("STREAMS"));
    let n = *g.rng.pick(&[1, 1, 1, 2]);
    for _ in 0..n {
        words.push(stream(g));
    }
    for _ in 0..n {
        words.push(id(g));
    }
}

fn read(g: &mut Grammar) -> Words {
    let mut words = g.start("XREAD");
    maybe(g, 50, &mut words, "COUNT", Some(count));
    streams(g, &mut words, id);
    words
}

fn read_group(g: &mut Grammar) -> Words {
    let mut words = g.start("XREADGROUP GROUP");
    words.extend([name(g), consumer(g)]);
    maybe(g, 70, &mut words, "COUNT", Some(count));
    maybe(g, 15, &mut words, "NOACK", None);
    streams(g, &mut words, |g| if g.rng.percent(65) { b">".to_vec() } else { id(g) });
    words
}

fn acknowledge(g: &mut Grammar) -> Words {
    let mut words = with_stream(g, "XACK");
    words.push(name(g));
    ids(g, &mut words, 4);
    words
}

fn pending(g: &mut Grammar) -> Words {
    let mut words = with_stream(g, "XPENDING");
    words.push(name(g));
    if g.rng.percent(70) {
        maybe(g, 25, &mut words, "IDLE", Some(idle));
        words.extend([bound(g), bound(g), count(g)]);
        if g.rng.percent(30) {
            words.push(consumer(g));
        }
    }
    words
}

fn idle(g: &mut Grammar) -> Vec<u8> {
    g.rng.pick(&["0", "0", "40000", "-1", "x"]).as_bytes().to_vec()
}

fn claim(g: &mut Grammar) -> Words {
    let mut words = with_stream(g, "XCLAIM");
    words.extend([name(g), consumer(g), idle(g)]);
    ids(g, &mut words, 3);
    maybe(g, 20, &mut words, "IDLE", Some(|_| b"100000".to_vec()));
    maybe(g, 20, &mut words, "RETRYCOUNT", Some(count));
    maybe(g, 40, &mut words, "FORCE", None);
    maybe(g, 30, &mut words, "JUSTID", None);
    maybe(g, 10, &mut words, "LASTID", Some(id));
    words
}

fn claim_any(g: &mut Grammar) -> Words {
    let mut words = with_stream(g, "XAUTOCLAIM");
    words.extend([name(g), consumer(g), idle(g), bound(g)]);
    maybe(g, 50, &mut words, "COUNT", Some(count));
    maybe(g, 30, &mut words, "JUSTID", None);
    words
}

fn group(g: &mut Grammar) -> Words {
    let sub =
        *g.rng.pick(&["CREATE", "CREATE", "CREATE", "SETID", "DESTROY", "CREATECONSUMER", "DELCONSUMER"]);
    let mut words = with_stream(g, &format!("XGROUP {sub}"));
    words.push(name(g));
    match sub {
        "CREATE" | "SETID" => {
            let at = if g.rng.percent(60) { g.rng.pick(&[&b"0"[..], b"$"]).to_vec() } else { id(g) };
            words.push(at);
            maybe(g, 50, &mut words, "MKSTREAM", None);
            maybe(g, 20, &mut words, "ENTRIESREAD", Some(count));
        }
        "DESTROY" => {}
        _ => words.push(consumer(g)),
    }
    words
}

fn set_id(g: &mut Grammar) -> Words {
    let mut words = with_stream(g, "XSETID");
    words.push(g.rng.pick(LAST_IDS).as_bytes().to_vec());
    maybe(g, 30, &mut words, "ENTRIESADDED", Some(count));
    maybe(g, 30, &mut words, "MAXDELETEDID", Some(id));
    words
}

fn info(g: &mut Grammar) -> Words {
    let sub = *g.rng.pick(&["STREAM", "STREAM", "GROUPS", "CONSUMERS"]);
    let mut words = with_stream(g, &format!("XINFO {sub}"));
    match sub {
        "STREAM" => {
            maybe(g, 50, &mut words, "FULL", None);
            maybe(g, 20, &mut words, "COUNT", Some(count));
        }
        "CONSUMERS" => words.push(name(g)),
        _ => {}
    }
    words
}

/// Not in a transaction, whose commands see the configuration that it began with.
fn node_size(g: &mut Grammar) -> Words {
    if g.queueing() {
        return with_stream(g, "XLEN");
    }
    let mut words = g.start("CONFIG SET stream-node-max-entries");
    words.push(g.rng.pick(&["1", "2", "5", "100", "0"]).as_bytes().to_vec());
    words
}

/// XINFO: 7.2 adds when a consumer was active; it also creates one that XCLAIM gives nothing, so they are left out.
/// Times are the clock's.
pub fn same_info(oracle: &Value, tested: &Value) -> bool {
    without_consumers(&busy_consumers(oracle)) == without_consumers(&busy_consumers(tested))
}

/// XPENDING: idle times are the clock's, or those that an XCLAIM set.
pub fn same_pending(oracle: &Value, tested: &Value) -> bool {
    coarse_idle(oracle) == coarse_idle(tested)
}

fn coarse_idle(value: &Value) -> Value {
    match value {
        Value::Array(items) => match items.as_slice() {
            [id @ Value::Bulk(_), consumer @ Value::Bulk(_), Value::Int(idle), count] => {
                Value::Array(vec![id.clone(), consumer.clone(), Value::Int(idle / 50_000), count.clone()])
            }
            items => Value::Array(items.iter().map(coarse_idle).collect()),
        },
        other => other.clone(),
    }
}

fn without_consumers(value: &Value) -> Value {
    let left_out = |value: &Value| match value {
        Value::Bulk(name) => matches!(name.as_slice(), b"consumers" | b"inactive" | b"idle"),
        _ => false,
    };
    match value {
        Value::Int(time) if *time >= 1_000_000_000_000 => Value::Int(1_000_000_000_000),
        Value::Map(pairs) => Value::Map(
            pairs
                .iter()
                .filter(|(key, _)| !left_out(key))
                .map(|(key, value)| (key.clone(), without_consumers(value)))
                .collect(),
        ),
        Value::Array(items)
            if items.len().is_multiple_of(2) && matches!(items.first(), Some(Value::Bulk(_))) =>
        {
            let kept = items.chunks(2).filter(|pair| !left_out(&pair[0])).flatten();
            Value::Array(kept.map(without_consumers).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_consumers).collect()),
        other => other.clone(),
    }
}

/// XINFO CONSUMERS without those that have nothing pending.
fn busy_consumers(value: &Value) -> Value {
    let is = |value: &Value, name: &[u8]| matches!(value, Value::Bulk(text) if text == name);
    let nothing = |key: &Value, value: &Value| is(key, b"pending") && *value == Value::Int(0);
    let idle = |value: &&Value| match value {
        Value::Array(items) => {
            items.iter().any(|key| is(key, b"idle"))
                && items.windows(2).any(|pair| nothing(&pair[0], &pair[1]))
        }
        Value::Map(pairs) => {
            pairs.iter().any(|(key, _)| is(key, b"idle"))
                && pairs.iter().any(|(key, value)| nothing(key, value))
        }
        _ => false,
    };
    match value {
        Value::Array(items) => Value::Array(items.iter().filter(|item| !idle(item)).cloned().collect()),
        other => other.clone(),
    }
}
