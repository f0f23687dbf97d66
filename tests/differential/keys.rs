//! Commands of the generic group: whatever works on keys of any type.

use super::grammar::{Grammar, Rule, Words};

/// Rules with their weights.
pub const RULES: &[(u32, Rule)] = &[
    (4, copy),
    (6, |g| several(g, "DEL")),
    (4, |g| several(g, "EXISTS")),
    (2, |g| several(g, "TOUCH")),
    (3, |g| several(g, "UNLINK")),
    (8, expire),
    (6, lifetime),
    (3, |g| one(g, "PERSIST")),
    (3, |g| one(g, "TYPE")),
    (2, keys),
    (4, movement),
    (5, object),
    (2, random_key),
    (6, rename),
    (3, scan),
];

fn one(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    words.push(g.key());
    words
}

fn several(g: &mut Grammar, name: &str) -> Words {
    let mut words = g.start(name);
    g.keys(&mut words, 1, 4);
    words
}

fn copy(g: &mut Grammar) -> Words {
    let mut words = one(g, "COPY");
    words.push(g.key());
    if g.rng.percent(40) {
        let word = g.word("DB");
        words.extend([word, g.database()]);
    }
    if g.rng.percent(40) {
        let word = g.option(&["REPLACE", "REPLACE", "REPLACE", "DB", "BOGUS"]);
        words.push(word);
    }
    words
}

fn expire(g: &mut Grammar) -> Words {
    let kinds =
        [("EXPIRE", 1, false), ("PEXPIRE", 1000, false), ("EXPIREAT", 1, true), ("PEXPIREAT", 1000, true)];
    let (name, scale, absolute) = *g.rng.pick(&kinds);
    let mut words = one(g, name);
    words.push(if absolute { g.absolute_time(scale) } else { g.relative_time(scale) });
    for _ in 0..*g.rng.pick(&[0, 0, 1, 1, 2]) {
        let word = g.option(&["NX", "XX", "GT", "LT", "GT", "LT", "BOGUS"]);
        words.push(word);
    }
    words
}

fn lifetime(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]);
    one(g, name)
}

fn keys(g: &mut Grammar) -> Words {
    let mut words = g.start("KEYS");
    const PATTERNS: &[&[u8]] = &[
        b"*", b"*", b"a", b"?", b"{tag}*", b"[a-c]", b"[^a]", b"\\a", b"", b"*[", b"[", b"[c-a]*", b"?*",
        b"**", b"[\\a]", b"[a-", b"*\xff", b"\\",
    ];
    let pattern = *g.rng.pick(PATTERNS);
    words.push(pattern.to_vec());
    words
}

fn movement(g: &mut Grammar) -> Words {
    let mut words = one(g, "MOVE");
    words.push(g.database());
    words
}

fn object(g: &mut Grammar) -> Words {
    // Inside MULTI the queued arguments hold references of their own.
    let subcommands: &[&str] = if g.queueing() {
        &["OBJECT ENCODING", "OBJECT IDLETIME", "OBJECT FREQ"]
    } else {
        &[
            "OBJECT ENCODING",
            "OBJECT ENCODING",
            "OBJECT IDLETIME",
            "OBJECT FREQ",
            "OBJECT REFCOUNT",
            "OBJECT BOGUS",
        ]
    };
    let name = *g.rng.pick(subcommands);
    one(g, name)
}

fn random_key(g: &mut Grammar) -> Words {
    // Whether the key exists is asked right after, which a queue does not allow.
    if g.queueing() { one(g, "EXISTS") } else { g.start("RANDOMKEY") }
}

fn rename(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["RENAME", "RENAME", "RENAMENX"]);
    let mut words = one(g, name);
    words.push(g.key());
    words
}

fn scan(g: &mut Grammar) -> Words {
    let mut words = g.start("SCAN");
    words.push(
        g.rng.pick(&["0", "0", "0", "0", "0", "abc", "-1", "", "18446744073709551616"]).as_bytes().to_vec(),
    );
    if g.rng.percent(50) {
        let word = g.word("MATCH");
        words.extend([word, g.rng.pick(&["*", "a*", "{tag}*", "[^a]"]).as_bytes().to_vec()]);
    }
    if g.rng.percent(50) {
        let word = g.word("COUNT");
        words.extend([word, g.rng.pick(&["1", "2", "10", "1000", "0", "-1", "x"]).as_bytes().to_vec()]);
    }
    if g.rng.percent(20) {
        let word = g.word("TYPE");
        let kind = g.option(&["string", "list", "STRING"]);
        words.extend([word, kind]);
    }
    if g.rng.percent(5) {
        let word = g.option(&["MATCH", "BOGUS"]);
        words.push(word);
    }
    words
}
