//! Group stream: facts of Redis 7.2's command table.

mod groups;

use super::build::{MULTIPLE, OPTIONAL, arg, block, command, key, one_of, spec, token};
use super::{Begin, Find, Meta, cat, flag, key_flag};
pub use groups::*;

const GROUP: &str = "stream";

/// `XADD`.
pub static XADD: Meta = command("xadd", -5, GROUP, "5.0.0")
    .summary("Appends a new message to a stream. Creates the key if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)
        .note("UPDATE instead of INSERT because of the optional trimming feature")])
    .complexity(
        "O(1) when adding a new entry, O(N) when trimming where N being the number of entries \
         evicted.",
    )
    .history(&[
        ("6.2.0", "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option."),
        ("7.0.0", "Added support for the `<ms>-*` explicit ID form."),
    ])
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        token("nomkstream", "NOMKSTREAM").since("6.2.0").is(OPTIONAL),
        block(
            "trim",
            &[
                one_of("strategy", &[token("maxlen", "MAXLEN"), token("minid", "MINID").since("6.2.0")]),
                one_of("operator", &[token("equal", "="), token("approximately", "~")]).is(OPTIONAL),
                arg("threshold", "string"),
                arg("count", "integer").token("LIMIT").since("6.2.0").is(OPTIONAL),
            ],
        )
        .is(OPTIONAL),
        one_of("id-selector", &[token("auto-id", "*"), arg("id", "string")]),
        block("data", &[arg("field", "string"), arg("value", "string")]).is(MULTIPLE),
    ]);

/// `XDEL`.
pub static XDEL: Meta = command("xdel", -3, GROUP, "5.0.0")
    .summary("Returns the number of messages after removing them from a stream.")
    .flags(flag::WRITE | flag::FAST, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity("O(1) for each single item to delete in the stream, regardless of the stream size.")
    .args(&[arg("key", "key").key(0), arg("id", "string").is(MULTIPLE)]);

/// `XLEN`.
pub static XLEN: Meta = command("xlen", 2, GROUP, "5.0.0")
    .summary("Return the number of messages in a stream.")
    .flags(flag::READONLY | flag::FAST, cat::STREAM)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `XRANGE`.
pub static XRANGE: Meta = command("xrange", -4, GROUP, "5.0.0")
    .summary("Returns the messages from a stream within a range of IDs.")
    .flags(flag::READONLY, cat::STREAM)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N) with N being the number of elements being returned. If N is constant (e.g. always \
         asking for the first 10 elements with COUNT), you can consider it O(1).",
    )
    .history(&[("6.2.0", "Added exclusive ranges.")])
    .args(&[
        arg("key", "key").key(0),
        arg("start", "string"),
        arg("end", "string"),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
    ]);

/// `XREAD`.
pub static XREAD: Meta = command("xread", -4, GROUP, "5.0.0")
    .summary(
        "Returns messages from multiple streams with IDs greater than the ones requested. Blocks \
         until a message is available otherwise.",
    )
    .flags(flag::BLOCKING | flag::READONLY | flag::BLOCKING, cat::STREAM)
    .keys(&[spec(
        key_flag::RO | key_flag::ACCESS,
        Begin::Keyword("STREAMS", 1),
        Find::Range { last: -1, step: 1, limit: 2 },
    )])
    .args(&[
        arg("count", "integer").token("COUNT").is(OPTIONAL),
        arg("milliseconds", "integer").token("BLOCK").is(OPTIONAL),
        block("streams", &[arg("key", "key").key(0).is(MULTIPLE), arg("id", "string").is(MULTIPLE)])
            .token("STREAMS"),
    ]);

/// `XREVRANGE`.
pub static XREVRANGE: Meta = command("xrevrange", -4, GROUP, "5.0.0")
    .summary("Returns the messages from a stream within a range of IDs in reverse order.")
    .flags(flag::READONLY, cat::STREAM)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N) with N being the number of elements returned. If N is constant (e.g. always \
         asking for the first 10 elements with COUNT), you can consider it O(1).",
    )
    .history(&[("6.2.0", "Added exclusive ranges.")])
    .args(&[
        arg("key", "key").key(0),
        arg("end", "string"),
        arg("start", "string"),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
    ]);

/// `XSETID`.
pub static XSETID: Meta = command("xsetid", -3, GROUP, "5.0.0")
    .summary("An internal command for replicating stream values.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .history(&[("7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments.")])
    .args(&[
        arg("key", "key").key(0),
        arg("last-id", "string"),
        arg("entries-added", "integer").token("ENTRIESADDED").since("7.0.0").is(OPTIONAL),
        arg("max-deleted-id", "string").token("MAXDELETEDID").since("7.0.0").is(OPTIONAL),
    ]);

/// `XTRIM`.
pub static XTRIM: Meta = command("xtrim", -4, GROUP, "5.0.0")
    .summary("Deletes messages from the beginning of a stream.")
    .flags(flag::WRITE, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity(
        "O(N), with N being the number of evicted entries. Constant times are very small \
         however, since entries are organized in macro nodes containing multiple entries that \
         can be released with a single deallocation.",
    )
    .history(&[("6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option.")])
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        block(
            "trim",
            &[
                one_of("strategy", &[token("maxlen", "MAXLEN"), token("minid", "MINID").since("6.2.0")]),
                one_of("operator", &[token("equal", "="), token("approximately", "~")]).is(OPTIONAL),
                arg("threshold", "string"),
                arg("count", "integer").token("LIMIT").since("6.2.0").is(OPTIONAL),
            ],
        ),
    ]);
