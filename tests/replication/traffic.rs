//! Random writes of all types, whose effects are not their words: expiry, pops, scripts, transactions, blocking commands.

use crate::support::{Conn, Rng};

/// Runs `n` random writes.
pub fn write(conn: &mut Conn, rng: &mut Rng, n: usize) {
    for _ in 0..n {
        one(conn, rng);
    }
    conn.call(&["SELECT", "0"]).unwrap();
}

fn one(conn: &mut Conn, rng: &mut Rng) {
    let mut key = |kind: &str| format!("{kind}{}", rng.below(30));
    let (s, s2, l, l2, set, set2) = (key("s"), key("s"), key("l"), key("l"), key("S"), key("S"));
    let (h, z, x, n, e) = (key("h"), key("z"), key("x"), key("n"), key("e"));
    let value = rng.below(1000).to_string();
    let count = (1 + rng.below(3)).to_string();
    let many = "v".repeat([1, 10, 100, 5000][rng.below(4) as usize]);
    let script =
        "redis.call('set',KEYS[1],ARGV[1]) redis.call('incr',KEYS[2]) return redis.call('rpush',KEYS[3],1)";
    let words: Vec<&str> = match rng.below(24) {
        0 => vec!["SET", &s, &many],
        1 => vec!["INCR", &n],
        2 => vec!["INCRBYFLOAT", &n, "1.37"],
        3 => vec!["RPUSH", &l, "a", "b", &value],
        4 => vec!["LPOP", &l, &count],
        5 => vec!["SADD", &set, &value, "x", "y", "z"],
        6 => vec!["SPOP", &set, &count],
        7 => vec!["HSET", &h, &value, &value],
        8 => vec!["ZADD", &z, &value, &value],
        9 => vec!["XADD", &x, "*", "f", &value],
        10 => vec!["SET", &e, &value, "PX", "300"],
        11 => vec!["EXPIRE", &l, "1"],
        12 => vec!["MSET", &s, "1", &s2, "2", &e, "3"],
        13 => vec!["DEL", &s, &s2, &e],
        14 => vec!["RENAME", &s, &s2],
        15 => vec!["EVAL", script, "3", &s, &n, &l, &value],
        16 => vec!["SELECT", ["0", "1", "2"][rng.below(3) as usize]],
        17 => vec!["SMOVE", &set, &set2, &value],
        18 => vec!["LMOVE", &l, &l2, "LEFT", "RIGHT"],
        19 => vec!["SUNIONSTORE", &set, &set2, &set],
        20 => vec!["XADD", &x, "MAXLEN", "~", "20", "*", "f", &value],
        21 => vec!["ZPOPMIN", &z],
        22 => vec!["BLPOP", &l, "0.01"],
        _ => {
            for words in [
                vec!["MULTI"],
                vec!["SET", &s, &value],
                vec!["INCR", &n],
                vec!["RPUSH", &l, &value],
                vec!["EXEC"],
            ] {
                conn.call(&words).unwrap();
            }
            return;
        }
    };
    conn.call(&words).unwrap();
}
