//! When two replies count as equal: byte for byte, but for what is random, unordered or clock-bound by nature,
//! and for the known differences between Redis 7.0 (the oracle) and 7.2 (the level that Shoal matches).

use super::grammar::Words;
use super::streams;
use crate::support::Value;

/// Clock-bound replies may differ by the time that passes between asking two servers, in milliseconds.
const CLOCK_TOLERANCE_MS: u64 = 2_000;

/// A difference that Redis 7.2 itself has against 7.0: command, subcommand, and what is compared in spite of it.
struct KnownDifference {
    command: (&'static str, &'static str),
    /// Why the replies differ.
    #[allow(dead_code)]
    reason: &'static str,
    same: fn(oracle: &Value, tested: &Value) -> bool,
}

const KNOWN_DIFFERENCES: &[KnownDifference] = &[
    KnownDifference { command: ("HELLO", "*"), reason: "names the version", same: same_hello },
    KnownDifference {
        command: ("CLIENT", "INFO"),
        reason: "7.2 adds lib-name and lib-ver (CLIENT SETINFO), and RESET ends CLIENT NO-EVICT (flag e)",
        same: same_client,
    },
    KnownDifference {
        command: ("OBJECT", "ENCODING"),
        reason: "7.2 keeps short lists and small sets as listpacks, and chooses by the number of words given at once",
        same: same_encoding,
    },
    KnownDifference {
        command: ("XINFO", "*"),
        reason: "7.2 tells when consumers were active, and XCLAIM creates one also if it gets nothing",
        same: streams::same_info,
    },
    KnownDifference {
        command: ("XGROUP", "CREATECONSUMER"),
        reason: "as above: it may be there already",
        same: |oracle, tested| *oracle == Value::Int(1) && *tested == Value::Int(0),
    },
    KnownDifference {
        command: ("XPENDING", "*"),
        reason: "idle times are the clock's",
        same: streams::same_pending,
    },
    KnownDifference {
        command: ("COMMAND", "INFO"),
        reason: "7.2 adds tips, refines key specifications, and takes one-word commands in GETKEYS (arity -3, was -4)",
        same: same_rows,
    },
];

/// Whether the tested server's reply is acceptable where the oracle gave `oracle`.
///
/// `queued` holds the commands whose replies an EXEC carries.
pub fn equivalent(words: &Words, queued: &[Words], oracle: &Value, tested: &Value) -> bool {
    if oracle == tested {
        return true;
    }
    let word = |at: usize| {
        let text = words.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    };
    let (name, sub) = (word(0), word(1));
    let known = KNOWN_DIFFERENCES.iter().find(|known| {
        known.command.0 == name && (known.command.1 == "*" || known.command.1 == sub) && !whole_table(words)
    });
    known
        .map_or_else(|| by_nature(&name, words, queued, oracle, tested), |known| (known.same)(oracle, tested))
}

/// COMMAND and COMMAND INFO without names list all commands in the order of a hash; rows are compared singly.
fn whole_table(words: &Words) -> bool {
    words[0].eq_ignore_ascii_case(b"COMMAND")
        && (words.len() == 1 || (words.len() == 2 && words[1].eq_ignore_ascii_case(b"INFO")))
}

fn by_nature(name: &str, words: &Words, queued: &[Words], oracle: &Value, tested: &Value) -> bool {
    let sub = words.get(1).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    match (name, sub.as_slice()) {
        ("EXEC", _) => match (oracle, tested) {
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() && a.len() == queued.len() => {
                a.iter().zip(b).zip(queued).all(|((a, b), words)| equivalent(words, &[], a, b))
            }
            _ => false,
        },
        ("KEYS" | "SMEMBERS" | "SUNION" | "SINTER" | "SDIFF" | "HKEYS" | "HVALS", _) => {
            same_elements(oracle, tested)
        }
        ("HGETALL", _) => same_pairs(oracle, tested),
        // A cursor means something only to the server that gave it.
        ("SSCAN" | "ZSCAN" | "HSCAN", _) if words.get(2).is_some_and(|cursor| cursor != b"0") => {
            same_count(oracle, tested)
        }
        ("SSCAN" | "ZSCAN" | "HSCAN", _) => same_scan(oracle, tested),
        // By chance, unless all are asked for.
        ("HRANDFIELD", _) if words.len() == 4 => match words.get(2) {
            Some(count) if count == b"1000" => same_pairs(oracle, tested) || same_elements(oracle, tested),
            _ => same_count(oracle, tested),
        },
        ("SPOP" | "SRANDMEMBER" | "ZRANDMEMBER" | "HRANDFIELD", _) => match words.get(2) {
            None => matches!((oracle, tested), (Value::Bulk(_), Value::Bulk(_))),
            Some(count) if count == b"1000" => {
                same_elements(&numbers_normal(oracle), &numbers_normal(tested))
            }
            Some(_) => same_count(oracle, tested),
        },
        _ if is_of_scores(name) => numbers_normal(oracle) == numbers_normal(tested),
        ("GEODIST" | "GEOSEARCH", _) => same_distances(oracle, tested),
        _ if name.starts_with("GEORADIUS") => same_distances(oracle, tested),
        // Only the shape: whole iterations are compared by `iterate_both`.
        ("SCAN", _) => matches!((oracle, tested), (Value::Array(a), Value::Array(b))
            if a.len() == 2 && b.len() == 2 && matches!((&a[1], &b[1]), (Value::Array(_), Value::Array(_)))),
        ("RANDOMKEY", _) => matches!((oracle, tested), (Value::Bulk(_), Value::Bulk(_))),
        ("TTL" | "EXPIRETIME", _) => close(oracle, tested, 1 + CLOCK_TOLERANCE_MS / 1000),
        ("PTTL" | "PEXPIRETIME", _) => close(oracle, tested, CLOCK_TOLERANCE_MS),
        ("TIME", _) => matches!((oracle, tested), (Value::Array(a), Value::Array(b)) if a.len() == b.len()),
        ("OBJECT", b"IDLETIME" | b"FREQ") => both_positive(oracle, tested),
        // Whether Redis shares the object of a small number depends on how it came about (COPY makes one of its own).
        ("OBJECT", b"REFCOUNT") => both_positive(oracle, tested),
        ("MEMORY", b"USAGE") => both_positive(oracle, tested),
        ("CLIENT", b"ID") => both_positive(oracle, tested),
        ("COMMAND", _) if whole_table(words) => matches!((oracle, tested),
            (Value::Array(a), Value::Array(b)) if a.len() > 40 && b.len() > 40),
        ("COMMAND", b"COUNT") => both_positive(oracle, tested),
        ("CONFIG", b"GET") => same_pairs(oracle, tested),
        _ => false,
    }
}

/// Encodings that the two versions give the same value.
fn same_encoding(oracle: &Value, tested: &Value) -> bool {
    const PAIRS: &[(&str, &str)] = &[
        ("quicklist", "listpack"),
        ("hashtable", "listpack"),
        ("intset", "listpack"),
        ("intset", "hashtable"),
        ("listpack", "hashtable"),
        ("listpack", "skiplist"),
    ];
    let is = |value: &Value, name: &str| *value == Value::Bulk(name.as_bytes().to_vec());
    PAIRS.iter().any(|(a, b)| is(oracle, a) && is(tested, b))
}

/// Commands that reply scores: 7.0 prints doubles with 17 digits, 7.2 with as many as it takes.
fn is_of_scores(name: &str) -> bool {
    matches!(
        name,
        "ZADD" | "ZINCRBY" | "ZSCORE" | "ZMSCORE" | "ZUNION" | "ZINTER" | "ZDIFF" | "ZMPOP" | "BZMPOP"
    ) || ["ZRANGE", "ZREVRANGE", "ZPOP", "BZPOP"].iter().any(|start| name.starts_with(start))
}

/// A number, if the text is one; zero has no sign.
fn number(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(value + 0.0)
}

/// The reply with every text that is a number in one form.
fn numbers_normal(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(numbers_normal).collect()),
        Value::Bulk(text) => {
            Value::Bulk(number(text).map_or_else(|| text.clone(), |n| format!("{n:e}").into_bytes()))
        }
        Value::Double(text) => {
            Value::Double(number(text).map_or_else(|| text.clone(), |n| format!("{n:e}").into_bytes()))
        }
        other => other.clone(),
    }
}

/// Distances have four digits: 7.0 rounds the exact value, 7.2 the value times ten thousand. And the formula of 7.2
/// takes a shorter way on one meridian.
fn same_distances(oracle: &Value, tested: &Value) -> bool {
    match (oracle, tested) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_distances(a, b))
        }
        (Value::Bulk(a), Value::Bulk(b)) if a != b => match (number(a), number(b)) {
            (Some(a), Some(b)) => (a - b).abs() <= 2e-4,
            _ => false,
        },
        (a, b) => a == b,
    }
}

/// As many random elements.
fn same_count(oracle: &Value, tested: &Value) -> bool {
    match (oracle, tested) {
        (Value::Array(a), Value::Array(b)) | (Value::Set(a), Value::Set(b)) => a.len() == b.len(),
        _ => false,
    }
}

/// A scan that is over after one call reports the same; how far others get is each server's own affair.
fn same_scan(oracle: &Value, tested: &Value) -> bool {
    let parts = |value: &Value| match value {
        Value::Array(items) => match items.as_slice() {
            [cursor, found @ Value::Array(_)] => Some((cursor.clone(), numbers_normal(found))),
            _ => None,
        },
        _ => None,
    };
    let (Some((a, found_a)), Some((b, found_b))) = (parts(oracle), parts(tested)) else { return false };
    let end = Value::Bulk(b"0".to_vec());
    a != end || b != end || found_a == found_b || same_elements(&found_a, &found_b)
}

fn both_positive(oracle: &Value, tested: &Value) -> bool {
    matches!((oracle, tested), (Value::Int(a), Value::Int(b)) if *a >= 0 && *b >= 0)
}

fn close(oracle: &Value, tested: &Value, tolerance: u64) -> bool {
    match (oracle, tested) {
        (Value::Int(a), Value::Int(b)) => *a >= 0 && *b >= 0 && a.abs_diff(*b) <= tolerance,
        _ => false,
    }
}

fn same_elements(oracle: &Value, tested: &Value) -> bool {
    let sorted = |value: &Value| match value {
        Value::Array(items) | Value::Set(items) => {
            let mut items = items.clone();
            items.sort();
            Some(items)
        }
        _ => None,
    };
    std::mem::discriminant(oracle) == std::mem::discriminant(tested)
        && sorted(oracle).is_some()
        && sorted(oracle) == sorted(tested)
}

/// A map, or what RESP2 sends in its place, as sorted pairs.
fn pairs(value: &Value) -> Option<Vec<(Value, Value)>> {
    let mut pairs = match value {
        Value::Map(pairs) => pairs.clone(),
        Value::Array(items) if items.len().is_multiple_of(2) => {
            items.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
        }
        _ => return None,
    };
    pairs.sort();
    Some(pairs)
}

fn same_pairs(oracle: &Value, tested: &Value) -> bool {
    std::mem::discriminant(oracle) == std::mem::discriminant(tested)
        && pairs(oracle).is_some()
        && pairs(oracle) == pairs(tested)
}

/// HELLO: all fields in the same order; the version and the connection's id are the server's own.
fn same_hello(oracle: &Value, tested: &Value) -> bool {
    let masked = |value: &Value| -> Option<Vec<(Value, Value)>> {
        let pairs: Vec<(Value, Value)> = match value {
            Value::Map(pairs) => pairs.clone(),
            Value::Array(items) => {
                items.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
            }
            _ => return None,
        };
        let own = |key: &Value| matches!(key, Value::Bulk(b) if b == b"version" || b == b"id");
        Some(pairs.into_iter().map(|(k, v)| if own(&k) { (k, Value::Null) } else { (k, v) }).collect())
    };
    std::mem::discriminant(oracle) == std::mem::discriminant(tested) && masked(oracle) == masked(tested)
}

/// CLIENT INFO: the same fields in the same order (7.2 adds two) and the same values where they are not the
/// server's own (addresses, buffers, memory, ids).
fn same_client(oracle: &Value, tested: &Value) -> bool {
    const COMPARED: &[&str] = &["name", "db", "sub", "psub", "ssub", "multi", "cmd", "user", "redir", "resp"];
    const SINCE_7_2: &[&str] = &["lib-name", "lib-ver"];
    let fields = |value: &Value| -> Option<Vec<(String, String)>> {
        let text = match value {
            Value::Bulk(text) | Value::Verbatim(_, text) => String::from_utf8_lossy(text).into_owned(),
            _ => return None,
        };
        let line = text.strip_suffix('\n')?;
        let fields = line.split(' ').map(|field| field.split_once('=').unwrap_or((field, "")));
        let known = fields.filter(|(name, _)| !SINCE_7_2.contains(name));
        let masked = |name: &str, value: &str| match name {
            "flags" => value.replace(['N', 'e'], ""),
            _ if COMPARED.contains(&name) => value.into(),
            _ => String::new(),
        };
        Some(known.map(|(name, value)| (name.to_string(), masked(name, value))).collect())
    };
    std::mem::discriminant(oracle) == std::mem::discriminant(tested)
        && fields(oracle).is_some()
        && fields(oracle) == fields(tested)
}

/// COMMAND INFO: name, arity, flags and key positions. Categories, tips and key specifications grew in 7.2.
fn same_rows(oracle: &Value, tested: &Value) -> bool {
    let row = |value: &Value| -> Option<Vec<Value>> {
        let Value::Array(items) = value else { return None };
        let mut head: Vec<Value> = items.iter().take(6).cloned().collect();
        if let Some(Value::Array(flags) | Value::Set(flags)) = head.get_mut(2) {
            flags.sort();
        }
        if head.first() == Some(&Value::Bulk(b"command|getkeys".to_vec())) {
            head[1] = Value::Null;
        }
        (items.len() == 10).then_some(head)
    };
    let (Value::Array(a), Value::Array(b)) = (oracle, tested) else { return false };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (row(a).is_some() && row(a) == row(b)))
}
