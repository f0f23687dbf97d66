//! Commands of the geo group. Places lie close together, far apart, at the poles and at the date line.

use super::grammar::{Grammar, Rule, Words};

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[
    (20, add),
    (6, distance),
    (5, hash),
    (5, position),
    (8, radius),
    (6, by_member),
    (14, search),
    (6, stored),
];

fn key(g: &mut Grammar) -> Vec<u8> {
    const KEYS: &[&[u8]] = &[b"g1", b"g2", b"{tag}g3"];
    if g.rng.percent(90) { g.rng.pick(KEYS).to_vec() } else { g.key() }
}

fn keyed(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    words.push(key(g));
    words
}

fn member(g: &mut Grammar) -> Vec<u8> {
    const FEW: &[&[u8]] = &[b"a", b"b", b"c", b"d", b"e", b"f", b"1", b"2"];
    if g.rng.percent(90) { g.rng.pick(FEW).to_vec() } else { g.value() }
}

/// A longitude and a latitude.
fn place(g: &mut Grammar, words: &mut Words) {
    const EDGES: &[&str] =
        &["180", "-180", "0", "85.05112878", "-85.05112878", "86", "181", "abc", "nan", "inf", ""];
    for (around, reach) in [(13, 170), (38, 80)] {
        let number = match g.rng.below(20) {
            0..=11 => format!("{}.{:06}", around + g.rng.range(-1, 1), g.rng.below(1_000_000)),
            12..=17 => format!("{}.{:06}", g.rng.range(-reach, reach), g.rng.below(1_000_000)),
            _ => (*g.rng.pick(EDGES)).to_string(),
        };
        words.push(number.into_bytes());
    }
}

fn unit(g: &mut Grammar) -> Vec<u8> {
    g.option(&["M", "KM", "FT", "MI", "KM", "KM", "KM", "MI", "M", "PARSEC"])
}

fn length(g: &mut Grammar) -> Vec<u8> {
    match g.rng.below(12) {
        0..=4 => g.rng.range(1, 300).to_string().into_bytes(),
        5..=7 => format!("{}.{}", g.rng.range(0, 9_000), g.rng.below(1_000)).into_bytes(),
        8 | 9 => g.rng.pick(&["0", "20000", "1000000", "30000000"]).as_bytes().to_vec(),
        _ => g.float(),
    }
}

fn add(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "GEOADD");
    if g.rng.percent(25) {
        let option = g.option(&["NX", "XX", "CH", "GT"]);
        words.push(option);
    }
    for _ in 0..g.rng.range(1, 4) {
        place(g, &mut words);
        words.push(member(g));
    }
    words
}

fn distance(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "GEODIST");
    words.extend([member(g), member(g)]);
    if g.rng.percent(50) {
        words.push(unit(g));
    }
    words
}

fn hash(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "GEOHASH");
    words.extend([member(g), member(g)]);
    words
}

fn position(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "GEOPOS");
    words.extend([member(g), member(g)]);
    words
}

/// Options of a search. The order of what is found is Redis's own unless it is sorted, and the same then.
fn options(g: &mut Grammar, words: &mut Words, stores: bool) {
    if !stores {
        for option in ["WITHDIST", "WITHCOORD", "WITHHASH"] {
            if g.rng.percent(30) {
                let option = g.word(option);
                words.push(option);
            }
        }
    }
    if g.rng.percent(60) {
        let option = g.option(&["ASC", "DESC"]);
        words.push(option);
    }
    if g.rng.percent(30) {
        let option = g.word("COUNT");
        words.extend([option, g.rng.pick(&["1", "2", "5", "100", "0", "-1", "x"]).as_bytes().to_vec()]);
        if g.rng.percent(30) {
            let option = g.word("ANY");
            words.push(option);
        }
    }
    if g.rng.percent(4) {
        let option = g.option(&["ANY", "STORE", "BOGUS", "STOREDIST"]);
        words.push(option);
    }
}

fn destination(g: &mut Grammar, words: &mut Words) -> bool {
    let stores = g.rng.percent(25);
    if stores {
        let option = g.option(&["STORE", "STOREDIST"]);
        words.extend([option, key(g)]);
    }
    stores
}

fn radius(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["GEORADIUS", "GEORADIUS_RO"]);
    let mut words = keyed(g, name);
    place(g, &mut words);
    words.extend([length(g), unit(g)]);
    let stores = name == "GEORADIUS" && destination(g, &mut words);
    options(g, &mut words, stores);
    words
}

fn by_member(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"]);
    let mut words = keyed(g, name);
    words.extend([member(g), length(g), unit(g)]);
    let stores = name == "GEORADIUSBYMEMBER" && destination(g, &mut words);
    options(g, &mut words, stores);
    words
}

fn area(g: &mut Grammar, words: &mut Words) {
    if g.rng.percent(50) {
        let option = g.word("FROMMEMBER");
        words.extend([option, member(g)]);
    } else {
        let option = g.word("FROMLONLAT");
        words.push(option);
        place(g, words);
    }
    if g.rng.percent(50) {
        let option = g.word("BYRADIUS");
        words.extend([option, length(g), unit(g)]);
    } else {
        let option = g.word("BYBOX");
        words.extend([option, length(g), length(g), unit(g)]);
    }
}

fn search(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "GEOSEARCH");
    area(g, &mut words);
    options(g, &mut words, false);
    words
}

fn stored(g: &mut Grammar) -> Words {
    let mut words = keyed(g, "GEOSEARCHSTORE");
    words.push(key(g));
    area(g, &mut words);
    options(g, &mut words, true);
    if g.rng.percent(40) {
        let option = g.word("STOREDIST");
        words.push(option);
    }
    words
}
