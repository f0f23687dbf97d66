//! Group stream, consumer groups: facts of Redis 7.2's command table.

use super::super::build::{MULTIPLE, OPTIONAL, arg, block, command, key, one_of, spec, token};
use super::super::{Begin, Find, Meta, cat, flag, key_flag};
use super::GROUP;

/// `XACK`.
pub static XACK: Meta = command("xack", -4, GROUP, "5.0.0")
    .summary(
        "Returns the number of messages that were successfully acknowledged by the consumer group \
         member of a stream.",
    )
    .flags(flag::WRITE | flag::FAST, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(1) for each message ID processed.")
    .args(&[arg("key", "key").key(0), arg("group", "string"), arg("id", "string").is(MULTIPLE)]);

/// `XAUTOCLAIM`.
pub static XAUTOCLAIM: Meta = command("xautoclaim", -6, GROUP, "6.2.0")
    .summary(
        "Changes, or acquires, ownership of messages in a consumer group, as if the messages were \
         delivered to as consumer group member.",
    )
    .flags(flag::WRITE | flag::FAST, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity("O(1) if COUNT is small.")
    .history(&[(
        "7.0.0",
        "Added an element to the reply array, containing deleted entries the command \
         cleared from the PEL",
    )])
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        arg("group", "string"),
        arg("consumer", "string"),
        arg("min-idle-time", "string"),
        arg("start", "string"),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
        token("justid", "JUSTID").is(OPTIONAL),
    ]);

/// `XCLAIM`.
pub static XCLAIM: Meta = command("xclaim", -6, GROUP, "5.0.0")
    .summary(
        "Changes, or acquires, ownership of a message in a consumer group, as if the message was \
         delivered a consumer group member.",
    )
    .flags(flag::WRITE | flag::FAST, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(log N) with N being the number of messages in the PEL of the consumer group.")
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        arg("group", "string"),
        arg("consumer", "string"),
        arg("min-idle-time", "string"),
        arg("id", "string").is(MULTIPLE),
        arg("ms", "integer").token("IDLE").is(OPTIONAL),
        arg("unix-time-milliseconds", "unix-time").token("TIME").is(OPTIONAL),
        arg("count", "integer").token("RETRYCOUNT").is(OPTIONAL),
        token("force", "FORCE").is(OPTIONAL),
        token("justid", "JUSTID").is(OPTIONAL),
        arg("lastid", "string").token("LASTID").is(OPTIONAL),
    ]);

/// `XGROUP`.
pub static XGROUP: Meta = command("xgroup", -2, GROUP, "5.0.0")
    .summary("A container for consumer groups commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `XGROUP CREATE`.
pub static XGROUP_CREATE: Meta = command("create", -5, GROUP, "5.0.0")
    .summary("Creates a consumer group.")
    .flags(flag::WRITE | flag::DENYOOM, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 2)])
    .complexity("O(1)")
    .history(&[("7.0.0", "Added the `entries_read` named argument.")])
    .args(&[
        arg("key", "key").key(0),
        arg("group", "string"),
        one_of("id-selector", &[arg("id", "string"), token("new-id", "$")]),
        token("mkstream", "MKSTREAM").is(OPTIONAL),
        arg("entries-read", "integer").token("ENTRIESREAD").is(OPTIONAL),
    ]);

/// `XGROUP CREATECONSUMER`.
pub static XGROUP_CREATECONSUMER: Meta = command("createconsumer", 5, GROUP, "6.2.0")
    .summary("Creates a consumer in a consumer group.")
    .flags(flag::WRITE | flag::DENYOOM, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 2)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("group", "string"), arg("consumer", "string")]);

/// `XGROUP DELCONSUMER`.
pub static XGROUP_DELCONSUMER: Meta = command("delconsumer", 5, GROUP, "5.0.0")
    .summary("Deletes a consumer from a consumer group.")
    .flags(flag::WRITE, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 2)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("group", "string"), arg("consumer", "string")]);

/// `XGROUP DESTROY`.
pub static XGROUP_DESTROY: Meta = command("destroy", 4, GROUP, "5.0.0")
    .summary("Destroys a consumer group.")
    .flags(flag::WRITE, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 2)])
    .complexity("O(N) where N is the number of entries in the group's pending entries list (PEL).")
    .args(&[arg("key", "key").key(0), arg("group", "string")]);

/// `XGROUP HELP`.
pub static XGROUP_HELP: Meta = command("help", 2, GROUP, "5.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, cat::STREAM)
    .complexity("O(1)");

/// `XGROUP SETID`.
pub static XGROUP_SETID: Meta = command("setid", -5, GROUP, "5.0.0")
    .summary("Sets the last-delivered ID of a consumer group.")
    .flags(flag::WRITE, cat::STREAM)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 2)])
    .complexity("O(1)")
    .history(&[("7.0.0", "Added the optional `entries_read` argument.")])
    .args(&[
        arg("key", "key").key(0),
        arg("group", "string"),
        one_of("id-selector", &[arg("id", "string"), token("new-id", "$")]),
        arg("entriesread", "integer").display("entries-read").token("ENTRIESREAD").is(OPTIONAL),
    ]);

/// `XINFO`.
pub static XINFO: Meta = command("xinfo", -2, GROUP, "5.0.0")
    .summary("A container for stream introspection commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `XINFO CONSUMERS`.
pub static XINFO_CONSUMERS: Meta = command("consumers", 4, GROUP, "5.0.0")
    .summary("Returns a list of the consumers in a consumer group.")
    .flags(flag::READONLY, cat::STREAM)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity("O(1)")
    .history(&[("7.2.0", "Added the `inactive` field.")])
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0), arg("group", "string")]);

/// `XINFO GROUPS`.
pub static XINFO_GROUPS: Meta = command("groups", 3, GROUP, "5.0.0")
    .summary("Returns a list of the consumer groups of a stream.")
    .flags(flag::READONLY, cat::STREAM)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity("O(1)")
    .history(&[("7.0.0", "Added the `entries-read` and `lag` fields")])
    .args(&[arg("key", "key").key(0)]);

/// `XINFO HELP`.
pub static XINFO_HELP: Meta = command("help", 2, GROUP, "5.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, cat::STREAM)
    .complexity("O(1)");

/// `XINFO STREAM`.
pub static XINFO_STREAM: Meta = command("stream", -3, GROUP, "5.0.0")
    .summary("Returns information about a stream.")
    .flags(flag::READONLY, cat::STREAM)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity("O(1)")
    .history(&[
        ("6.0.0", "Added the `FULL` modifier."),
        (
            "7.0.0",
            "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, \
             `entries-read` and `lag` fields",
        ),
        ("7.2.0", "Added the `active-time` field, and changed the meaning of `seen-time`."),
    ])
    .args(&[
        arg("key", "key").key(0),
        block("full-block", &[token("full", "FULL"), arg("count", "integer").token("COUNT").is(OPTIONAL)])
            .is(OPTIONAL),
    ]);

/// `XPENDING`.
pub static XPENDING: Meta = command("xpending", -3, GROUP, "5.0.0")
    .summary("Returns the information and entries from a stream consumer group's pending entries list.")
    .flags(flag::READONLY, cat::STREAM)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N) with N being the number of elements returned, so asking for a small fixed number \
         of entries per call is O(1). O(M), where M is the total number of entries scanned when \
         used with the IDLE filter. When the command returns just the summary and the list of \
         consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for \
         iterating every consumer.",
    )
    .history(&[("6.2.0", "Added the `IDLE` option and exclusive range intervals.")])
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        arg("group", "string"),
        block(
            "filters",
            &[
                arg("min-idle-time", "integer").token("IDLE").since("6.2.0").is(OPTIONAL),
                arg("start", "string"),
                arg("end", "string"),
                arg("count", "integer"),
                arg("consumer", "string").is(OPTIONAL),
            ],
        )
        .is(OPTIONAL),
    ]);

/// `XREADGROUP`.
pub static XREADGROUP: Meta = command("xreadgroup", -7, GROUP, "5.0.0")
    .summary(
        "Returns new or historical messages from a stream for a consumer in a group. Blocks until \
         a message is available otherwise.",
    )
    .flags(flag::BLOCKING | flag::WRITE, cat::STREAM)
    .keys(&[spec(
        key_flag::RO | key_flag::ACCESS,
        Begin::Keyword("STREAMS", 4),
        Find::Range { last: -1, step: 1, limit: 2 },
    )])
    .complexity(
        "For each stream mentioned: O(M) with M being the number of elements returned. If M is \
         constant (e.g. always asking for the first 10 elements with COUNT), you can consider \
         it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in \
         order to serve the N clients blocked on the stream getting new data.",
    )
    .args(&[
        block("group-block", &[arg("group", "string"), arg("consumer", "string")]).token("GROUP"),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
        arg("milliseconds", "integer").token("BLOCK").is(OPTIONAL),
        token("noack", "NOACK").is(OPTIONAL),
        block("streams", &[arg("key", "key").key(0).is(MULTIPLE), arg("id", "string").is(MULTIPLE)])
            .token("STREAMS"),
    ]);
