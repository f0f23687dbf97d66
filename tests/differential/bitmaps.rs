//! Commands of the bitmap group.

use super::grammar::{Grammar, Rule, Words};

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] =
    &[(6, bitcount), (7, bitfield), (3, bitfield_ro), (6, bitop), (6, bitpos), (4, getbit), (7, setbit)];

fn keyed(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    // Long values stay on a key of their own (see grammar.rs).
    let key = if g.rng.percent(4) { b"big".to_vec() } else { g.key() };
    words.push(key);
    words
}

fn unit(g: &mut Grammar, words: &mut Words) {
    if g.rng.percent(40) {
        let word = g.option(&["BIT", "BYTE", "BIT", "BYTE", "BITS", "1"]);
        words.push(word);
    }
}

fn bitcount(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "BITCOUNT");
    if g.rng.percent(75) {
        words.extend([g.integer(), g.integer()]);
        unit(g, &mut words);
    }
    words
}

fn bitpos(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "BITPOS");
    words.push(g.rng.pick(&["0", "1", "0", "1", "0", "1", "2", "-1", "x"]).as_bytes().to_vec());
    let numbers = g.rng.below(3);
    for _ in 0..numbers {
        words.push(g.integer());
    }
    if numbers == 2 {
        unit(g, &mut words);
    }
    words
}

fn bit(g: &mut Grammar, words: &mut Words) {
    if words[1] == b"big" && g.rng.percent(50) {
        words.push(g.rng.pick(&["8388607", "8388608", "8000000", "4294967296"]).as_bytes().to_vec());
    } else {
        words.push(g.offset());
    }
}

fn getbit(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "GETBIT");
    bit(g, &mut words);
    words
}

fn setbit(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "SETBIT");
    bit(g, &mut words);
    words.push(g.rng.pick(&["0", "1", "1", "0", "1", "2", "-1", "on", ""]).as_bytes().to_vec());
    words
}

fn bitop(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["AND", "OR", "XOR", "NOT", "AND", "OR", "XOR", "NOT", "NAND"]);
    let mut words = g.start("BITOP");
    let operation = g.word(name);
    words.extend([operation, g.key()]);
    let sources = if name == "NOT" && g.rng.percent(85) { 1 } else { g.rng.range(1, 4) };
    g.keys(&mut words, sources, sources);
    words
}

fn field_type(g: &mut Grammar) -> Vec<u8> {
    if g.rng.percent(90) {
        let signed = g.rng.percent(50);
        let common = [1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 33, 63];
        let bits = if g.rng.percent(60) { *g.rng.pick(&common) } else { g.rng.range(1, 64) };
        return format!("{}{bits}", if signed { 'i' } else { 'u' }).into_bytes();
    }
    g.rng.pick(&["u64", "i64", "i65", "u0", "i0", "x8", "u", "", "u-1", "i8x", "U8"]).as_bytes().to_vec()
}

fn field_offset(g: &mut Grammar) -> Vec<u8> {
    match g.rng.below(10) {
        0..=5 => g.rng.range(0, 120).to_string().into_bytes(),
        6..=8 => format!("#{}", g.rng.range(0, 12)).into_bytes(),
        _ => g
            .rng
            .pick(&["-1", "#-1", "#", "", "abc", "#9223372036854775807", "9223372036854775807", "##1"])
            .as_bytes()
            .to_vec(),
    }
}

fn bitfield(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "BITFIELD");
    for _ in 0..g.rng.below(5) {
        match g.rng.below(10) {
            0..=2 => {
                let word = g.word("GET");
                words.extend([word, field_type(g), field_offset(g)]);
            }
            3..=5 => {
                let word = g.word("SET");
                words.extend([word, field_type(g), field_offset(g), g.integer()]);
            }
            6..=7 => {
                let word = g.word("INCRBY");
                words.extend([word, field_type(g), field_offset(g), g.integer()]);
            }
            _ => {
                let word = g.word("OVERFLOW");
                let kind = g.option(&["WRAP", "SAT", "FAIL", "WRAP", "SAT", "FAIL", "SATURATE"]);
                words.extend([word, kind]);
            }
        }
    }
    words
}

fn bitfield_ro(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "BITFIELD_RO");
    for _ in 0..g.rng.below(3) {
        let word = g.option(&["GET", "GET", "GET", "GET", "GET", "SET", "OVERFLOW"]);
        words.extend([word, field_type(g), field_offset(g)]);
    }
    words
}
