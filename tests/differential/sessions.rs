//! Commands of the connection, transaction and server groups.

use super::grammar::{Grammar, Rule, Words};

/// Rules of the connection group with their weights.
pub const CONNECTION: &[(u32, Rule)] = &[
    (3, ping),
    (2, echo),
    (8, select),
    (3, hello),
    (6, client),
    (1, |g| g.start("RESET")),
    (2, auth),
    (1, |g| g.start("QUIT")),
    (2, unknown),
];

/// Rules of the transactions group with their weights.
pub const TRANSACTIONS: &[(u32, Rule)] = &[
    (10, |g| g.start("MULTI")),
    (8, |g| g.start("EXEC")),
    (2, |g| g.start("DISCARD")),
    (6, watch),
    (2, |g| g.start("UNWATCH")),
];

/// Rules of the server group with their weights.
pub const SERVER: &[(u32, Rule)] = &[
    (4, |g| g.start("DBSIZE")),
    (1, flush),
    (3, swapdb),
    (2, |g| g.start("COMMAND COUNT")),
    (4, getkeys),
    (2, command_info),
    (4, config_get),
    (4, config_set),
    (3, memory_usage),
    (1, |g| g.start("TIME")),
];

fn ping(g: &mut Grammar) -> Words {
    let mut words = g.start("PING");
    if g.rng.percent(40) {
        words.push(g.value());
    }
    words
}

fn echo(g: &mut Grammar) -> Words {
    let mut words = g.start("ECHO");
    words.push(g.value());
    words
}

fn select(g: &mut Grammar) -> Words {
    let mut words = g.start("SELECT");
    words.push(g.database());
    words
}

fn hello(g: &mut Grammar) -> Words {
    let mut words = g.start("HELLO");
    if g.rng.percent(85) {
        words.push(g.rng.pick(&["2", "3", "2", "3", "3", "1", "4", "abc", "-1"]).as_bytes().to_vec());
    }
    if g.rng.percent(20) && words.len() == 2 {
        let word = g.option(&["SETNAME", "AUTH", "BOGUS"]);
        let auth = word.eq_ignore_ascii_case(b"AUTH");
        words.extend([word, g.rng.pick(&["default", "nobody", "n m"]).as_bytes().to_vec()]);
        if auth {
            words.push(b"secret".to_vec());
        }
    }
    words
}

fn client(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&[
        "CLIENT GETNAME",
        "CLIENT GETNAME",
        "CLIENT SETNAME",
        "CLIENT SETNAME",
        "CLIENT ID",
        "CLIENT INFO",
        "CLIENT INFO",
        "CLIENT NO-EVICT",
        "CLIENT BOGUS",
        "CLIENT GETREDIR",
    ]);
    let mut words = g.start(name);
    match name {
        "CLIENT SETNAME" => {
            words.push(g.rng.pick(&["alice", "bob", "", "two words", "line\n", "\x7f"]).as_bytes().to_vec());
        }
        "CLIENT NO-EVICT" => {
            let word = g.option(&["ON", "OFF", "MAYBE"]);
            words.push(word);
        }
        _ => {}
    }
    words
}

fn auth(g: &mut Grammar) -> Words {
    let mut words = g.start("AUTH");
    for _ in 0..g.rng.range(1, 3) {
        words.push(g.rng.pick(&["default", "nobody", "secret", ""]).as_bytes().to_vec());
    }
    words
}

fn unknown(g: &mut Grammar) -> Words {
    let mut words = vec![
        g.rng
            .pick(&["NOSUCH", "no such", "", "GETT", "\r\nGET", "a-name-of-more-than-one-hundred-and-twenty-eight-characters-which-is-cut-in-the-message-that-names-it-since-nobody-wants-to-read-all-of-it"])
            .as_bytes()
            .to_vec(),
    ];
    for _ in 0..g.rng.below(4) {
        words.push(g.value());
    }
    words
}

fn watch(g: &mut Grammar) -> Words {
    let mut words = g.start("WATCH");
    g.keys(&mut words, 1, 3);
    words
}

fn flush(g: &mut Grammar) -> Words {
    let name = *g.rng.pick(&["FLUSHDB", "FLUSHDB", "FLUSHALL"]);
    let mut words = g.start(name);
    if g.rng.percent(50) {
        let word = g.option(&["ASYNC", "SYNC", "SOON"]);
        words.push(word);
    }
    words
}

fn swapdb(g: &mut Grammar) -> Words {
    let mut words = g.start("SWAPDB");
    words.extend([g.database(), g.database()]);
    words
}

fn getkeys(g: &mut Grammar) -> Words {
    let mut words = g.start("COMMAND GETKEYS");
    let text = *g.rng.pick(&[
        "GET a",
        "SET a 1 EX 10",
        "MSET a 1 b 2",
        "MSET a 1 b",
        "MGET a b c",
        "BITOP AND d a b",
        "PING",
        "NOSUCH a",
        "GET",
        "COPY a b DB 1",
        "RENAME a b",
        "DEL a b c",
        "BITFIELD a GET u8 0",
        "LCS a b LEN",
        "OBJECT ENCODING a",
        "OBJECT",
        "MEMORY USAGE a",
        "CONFIG GET a",
        "WATCH a b",
        "EXEC",
        "mset a 1",
        "BITFIELD_RO a GET u8 0",
        "TOUCH a a",
    ]);
    words.extend(text.split(' ').map(|word| word.as_bytes().to_vec()));
    words
}

/// Commands whose row is compared (name, arity, flags and key positions).
pub const DESCRIBED: &[&str] = &[
    "get",
    "set",
    "mset",
    "msetnx",
    "mget",
    "append",
    "incr",
    "incrby",
    "incrbyfloat",
    "decr",
    "decrby",
    "getdel",
    "getex",
    "getrange",
    "getset",
    "lcs",
    "psetex",
    "setex",
    "setnx",
    "setrange",
    "strlen",
    "substr",
    "bitcount",
    "bitfield",
    "bitfield_ro",
    "bitop",
    "bitpos",
    "getbit",
    "setbit",
    "copy",
    "del",
    "exists",
    "expire",
    "expireat",
    "expiretime",
    "keys",
    "move",
    "object",
    "object|encoding",
    "persist",
    "pexpire",
    "pexpireat",
    "pexpiretime",
    "pttl",
    "randomkey",
    "rename",
    "renamenx",
    "scan",
    "touch",
    "ttl",
    "type",
    "unlink",
    "ping",
    "echo",
    "select",
    "hello",
    "client",
    "client|getname",
    "client|setname",
    "reset",
    "auth",
    "quit",
    "multi",
    "exec",
    "discard",
    "watch",
    "unwatch",
    "dbsize",
    "flushdb",
    "flushall",
    "swapdb",
    "command",
    "command|getkeys",
    "config",
    "config|set",
    "memory|usage",
    "time",
    "nosuch",
    "get|nosuch",
];

fn command_info(g: &mut Grammar) -> Words {
    let mut words = g.start("COMMAND INFO");
    for _ in 0..g.rng.range(1, 2) {
        words.push(g.rng.pick(DESCRIBED).as_bytes().to_vec());
    }
    words
}

const DIRECTIVES: &[&str] = &[
    "slowlog-log-slower-than",
    "slowlog-max-len",
    "maxmemory-samples",
    "lfu-log-factor",
    "lfu-decay-time",
    "hz",
    "lazyfree-lazy-user-del",
    "active-expire-effort",
    "maxmemory-policy",
    "tcp-keepalive",
    "appendfsync",
    "no-such-directive",
];

fn config_get(g: &mut Grammar) -> Words {
    let mut words = g.start("CONFIG GET");
    for _ in 0..g.rng.range(1, 2) {
        let directive = *g.rng.pick(DIRECTIVES);
        let pattern = *g.rng.pick(&[
            directive,
            directive,
            "lfu-*",
            "slowlog-m*",
            "[l]fu-log-factor",
            "SLOWLOG-MAX-LEN",
        ]);
        words.push(pattern.as_bytes().to_vec());
    }
    words
}

fn config_set(g: &mut Grammar) -> Words {
    let mut words = g.start("CONFIG SET");
    for _ in 0..*g.rng.pick(&[1, 1, 1, 2]) {
        let (directive, values): (&str, &[&str]) = *g.rng.pick(&[
            ("slowlog-log-slower-than", &["10000", "-1", "0", "abc", "-2"] as &[&str]),
            ("slowlog-max-len", &["128", "0", "-1", "1000000", ""]),
            ("maxmemory-samples", &["5", "10", "0", "abc", "65"]),
            ("lfu-log-factor", &["10", "0", "-1"]),
            ("lfu-decay-time", &["1", "-1", "5"]),
            ("lazyfree-lazy-user-del", &["yes", "no", "maybe", "YES"]),
            ("active-expire-effort", &["1", "10", "0", "11"]),
            ("appendfsync", &["always", "never", "no", "everysec"]),
            ("no-such-directive", &["1"]),
            ("port", &["abc"]),
            ("maxmemory-policy", &["noeviction", "sometimes"]),
        ]);
        let value = g.rng.pick(values).as_bytes().to_vec();
        words.extend([g.word(directive), value]);
    }
    words
}

fn memory_usage(g: &mut Grammar) -> Words {
    let mut words = g.start("MEMORY USAGE");
    words.push(g.key());
    if g.rng.percent(30) {
        let word = g.option(&["SAMPLES", "SAMPLES", "BOGUS"]);
        words.extend([word, g.rng.pick(&["0", "5", "-1", "x"]).as_bytes().to_vec()]);
    }
    words
}
