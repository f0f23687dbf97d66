//! Commands of the hyperloglog group. Few elements, so that registers meet, and a small limit of the sparse form at times.

use super::grammar::{Grammar, Rule, Words};

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] =
    &[(20, add), (10, count), (8, merge), (4, debug), (3, broken), (2, bytes), (1, sparse_limit)];

fn hll(g: &mut Grammar) -> Vec<u8> {
    if g.rng.percent(92) { g.rng.pick(&[&b"{tag}h"[..], b"{tag}i", b"hll"]).to_vec() } else { g.key() }
}

fn add(g: &mut Grammar) -> Words {
    let mut words = g.start("PFADD");
    words.push(hll(g));
    let many = *g.rng.pick(&[0, 1, 3, 3, 200]);
    for _ in 0..many {
        let element = if many == 200 { g.rng.below(100_000).to_string().into_bytes() } else { g.value() };
        words.push(element);
    }
    words
}

fn hlls(g: &mut Grammar, name: &str, low: i64) -> Words {
    let mut words = g.start(name);
    for _ in 0..g.rng.range(low, 3) {
        words.push(hll(g));
    }
    words
}

fn count(g: &mut Grammar) -> Words {
    hlls(g, "PFCOUNT", 1)
}

fn merge(g: &mut Grammar) -> Words {
    hlls(g, "PFMERGE", 1)
}

fn debug(g: &mut Grammar) -> Words {
    let sub = *g.rng.pick(&["DECODE", "DECODE", "ENCODING", "ENCODING", "TODENSE", "GETREG", "BOGUS"]);
    let mut words = g.start("PFDEBUG");
    words.extend([g.word(sub), hll(g)]);
    words
}

/// A value that begins as one does. What is behind the head covers too few registers or none: 7.0 does not notice all that
/// 7.2 and this server refuse.
fn broken(g: &mut Grammar) -> Words {
    let mut words = g.start("SET");
    words.push(hll(g));
    let head = *g.rng.pick(&[&b"HYLL\x01"[..], b"HYLL\x00", b"HYLL\x02", b"HYLM\x01"]);
    let body = *g.rng.pick(&[&b""[..], b"\x7f\xfe", b"\x7f\xff", b"\x7f\xfd\x84"]);
    words.push([head, &[0; 10], b"\x80", body].concat());
    words
}

fn bytes(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["GET", "STRLEN", "OBJECT ENCODING"]);
    let mut words = g.start(name);
    words.push(hll(g));
    words
}

/// Not in a transaction, whose commands see the configuration that it began with.
fn sparse_limit(g: &mut Grammar) -> Words {
    if g.queueing() {
        return count(g);
    }
    let mut words = g.start("CONFIG SET hll-sparse-max-bytes");
    words.push(g.rng.pick(&["0", "40", "3000"]).as_bytes().to_vec());
    words
}
