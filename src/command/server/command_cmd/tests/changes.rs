//! What Redis 7.2 changed in what 7.0 said of commands that both have.
//!
//! What can be derived is: history of 7.2 is left out, and of arguments, which 7.2 renamed and gave texts to display, the
//! tokens are compared. Summaries were all reworded. The rest is listed.

use super::Facts;

/// Commands whose field differs, by field.
const CHANGED: &[(&str, &[&str])] = &[
    ("arity", TAKES_MORE_WORDS),
    (
        "tips",
        &[
            "acl|deluser",
            "acl|save",
            "acl|setuser",
            "client|setname",
            "config|resetstat",
            "config|rewrite",
            "latency|reset",
            "msetnx",
            "randomkey",
            "scan",
        ],
    ),
    // Scripts may call blocking commands since 7.2, which then do not block.
    (
        "flags",
        &[
            "blmove",
            "blpop",
            "brpop",
            "brpoplpush",
            "bzpopmax",
            "bzpopmin",
            "cluster|shards",
            "cluster|slots",
            "wait",
        ],
    ),
    ("since", &["client|pause"]),
    (
        "complexity",
        &[
            "cluster|getkeysinslot",
            "cluster|replicas",
            "cluster|slaves",
            "geodist",
            "geohash",
            "geopos",
            "hscan",
            "psubscribe",
            "punsubscribe",
            "sscan",
            "sunsubscribe",
            "unsubscribe",
            "xread",
            "zrandmember",
            "zscan",
        ],
    ),
    ("deprecated_since", DEPRECATED),
    ("doc_flags", DEPRECATED),
    ("replaced_by", DEPRECATED),
    ("arguments", &["bitop", "client|kill", "zrank", "zrevrank"]),
];

const TAKES_MORE_WORDS: &[&str] = &["command|getkeys", "command|getkeysandflags", "zrank", "zrevrank"];

const DEPRECATED: &[&str] = &["psetex", "quit", "setex", "setnx"];

/// Whether 7.2 takes other numbers of words for this command.
pub(super) fn takes_more_words(full_name: &str) -> bool {
    TAKES_MORE_WORDS.contains(&full_name)
}

/// Takes out of both sides what 7.2 changed.
pub(super) fn changed_in_72(ours: &mut Facts, theirs: &mut Facts) {
    for side in [ours, theirs] {
        side.retain(|(name, field), _| {
            let listed =
                CHANGED.iter().any(|(changed, names)| changed == field && names.contains(&name.as_str()));
            // The order follows from which fields there are.
            !listed && field != "summary" && field != "order of fields"
        });
        for ((_, field), value) in side.iter_mut() {
            match field.as_str() {
                "history" => *value = without_72(value),
                "arguments" => *value = tokens(value),
                _ => {}
            }
        }
        side.retain(|_, value| !value.is_empty());
    }
}

/// The entries of a history up to 7.0; empty if none is left.
fn without_72(history: &str) -> String {
    let entries = history.split("[\"").skip(1);
    entries
        .filter(|entry| !entry.starts_with("7.2"))
        .map(|entry| entry.trim_end_matches([']', ' ']))
        .collect()
}

/// The tokens of arguments that were there in 7.0.
fn tokens(arguments: &str) -> String {
    let maps = arguments.split("\"name\" ").filter(|map| !map.contains("\"since\" \"7.2"));
    let token = |map: &str| {
        map.split("\"token\" ").nth(1).and_then(|rest| rest.split(['"', ' ']).nth(1)).map(str::to_owned)
    };
    let mut all: Vec<String> = maps.filter_map(token).collect();
    all.sort_unstable();
    all.dedup();
    all.join(" ")
}
