//! Group set: facts of Redis 7.2's command table.

use super::build::{MULTIPLE, OPTIONAL, arg, command, counted, key, range};
use super::{Meta, cat, flag, key_flag};

const GROUP: &str = "set";

/// `SADD`.
pub static SADD: Meta = command("sadd", -3, GROUP, "1.0.0")
    .summary("Adds one or more members to a set. Creates the key if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::SET)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity(
        "O(1) for each element added, so O(N) to add N elements when the command is called with \
         multiple arguments.",
    )
    .history(&[("2.4.0", "Accepts multiple `member` arguments.")])
    .args(&[arg("key", "key").key(0), arg("member", "string").is(MULTIPLE)]);

/// `SCARD`.
pub static SCARD: Meta = command("scard", 2, GROUP, "1.0.0")
    .summary("Returns the number of members in a set.")
    .flags(flag::READONLY | flag::FAST, cat::SET)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `SDIFF`.
pub static SDIFF: Meta = command("sdiff", -2, GROUP, "1.0.0")
    .summary("Returns the difference of multiple sets.")
    .flags(flag::READONLY, cat::SET)
    .keys(&[range(key_flag::RO | key_flag::ACCESS, 1, -1, 1)])
    .complexity("O(N) where N is the total number of elements in all given sets.")
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `SDIFFSTORE`.
pub static SDIFFSTORE: Meta = command("sdiffstore", -3, GROUP, "1.0.0")
    .summary("Stores the difference of multiple sets in a key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::SET)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1), range(key_flag::RO | key_flag::ACCESS, 2, -1, 1)])
    .complexity("O(N) where N is the total number of elements in all given sets.")
    .args(&[arg("destination", "key").key(0), arg("key", "key").key(1).is(MULTIPLE)]);

/// `SINTER`.
pub static SINTER: Meta = command("sinter", -2, GROUP, "1.0.0")
    .summary("Returns the intersect of multiple sets.")
    .flags(flag::READONLY, cat::SET)
    .keys(&[range(key_flag::RO | key_flag::ACCESS, 1, -1, 1)])
    .complexity(
        "O(N*M) worst case where N is the cardinality of the smallest set and M is the number \
         of sets.",
    )
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `SINTERCARD`.
pub static SINTERCARD: Meta = command("sintercard", -3, GROUP, "7.0.0")
    .summary("Returns the number of members of the intersect of multiple sets.")
    .flags(flag::READONLY, cat::SET)
    .keys(&[counted(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(N*M) worst case where N is the cardinality of the smallest set and M is the number \
         of sets.",
    )
    .args(&[
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(MULTIPLE),
        arg("limit", "integer").token("LIMIT").is(OPTIONAL),
    ]);

/// `SINTERSTORE`.
pub static SINTERSTORE: Meta = command("sinterstore", -3, GROUP, "1.0.0")
    .summary("Stores the intersect of multiple sets in a key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::SET)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1), range(key_flag::RO | key_flag::ACCESS, 2, -1, 1)])
    .complexity(
        "O(N*M) worst case where N is the cardinality of the smallest set and M is the number \
         of sets.",
    )
    .args(&[arg("destination", "key").key(0), arg("key", "key").key(1).is(MULTIPLE)]);

/// `SISMEMBER`.
pub static SISMEMBER: Meta = command("sismember", 3, GROUP, "1.0.0")
    .summary("Determines whether a member belongs to a set.")
    .flags(flag::READONLY | flag::FAST, cat::SET)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("member", "string")]);

/// `SMEMBERS`.
pub static SMEMBERS: Meta = command("smembers", 2, GROUP, "1.0.0")
    .summary("Returns all members of a set.")
    .flags(flag::READONLY, cat::SET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the set cardinality.")
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("key", "key").key(0)]);

/// `SMISMEMBER`.
pub static SMISMEMBER: Meta = command("smismember", -3, GROUP, "6.2.0")
    .summary("Determines whether multiple members belong to a set.")
    .flags(flag::READONLY | flag::FAST, cat::SET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of elements being checked for membership")
    .args(&[arg("key", "key").key(0), arg("member", "string").is(MULTIPLE)]);

/// `SMOVE`.
pub static SMOVE: Meta = command("smove", 4, GROUP, "1.0.0")
    .summary("Moves a member from one set to another.")
    .flags(flag::WRITE | flag::FAST, cat::SET)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1),
        key(key_flag::RW | key_flag::INSERT, 2),
    ])
    .complexity("O(1)")
    .args(&[arg("source", "key").key(0), arg("destination", "key").key(1), arg("member", "string")]);

/// `SPOP`.
pub static SPOP: Meta = command("spop", -2, GROUP, "1.0.0")
    .summary(
        "Returns one or more random members from a set after removing them. Deletes the set if the \
         last member was popped.",
    )
    .flags(flag::WRITE | flag::FAST, cat::SET)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::DELETE, 1)])
    .complexity("Without the count argument O(1), otherwise O(N) where N is the value of the passed count.")
    .history(&[("3.2.0", "Added the `count` argument.")])
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0), arg("count", "integer").since("3.2.0").is(OPTIONAL)]);

/// `SRANDMEMBER`.
pub static SRANDMEMBER: Meta = command("srandmember", -2, GROUP, "1.0.0")
    .summary("Get one or multiple random members from a set")
    .flags(flag::READONLY, cat::SET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "Without the count argument O(1), otherwise O(N) where N is the absolute value of the \
         passed count.",
    )
    .history(&[("2.6.0", "Added the optional `count` argument.")])
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0), arg("count", "integer").since("2.6.0").is(OPTIONAL)]);

/// `SREM`.
pub static SREM: Meta = command("srem", -3, GROUP, "1.0.0")
    .summary("Removes one or more members from a set. Deletes the set if the last member was removed.")
    .flags(flag::WRITE | flag::FAST, cat::SET)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity("O(N) where N is the number of members to be removed.")
    .history(&[("2.4.0", "Accepts multiple `member` arguments.")])
    .args(&[arg("key", "key").key(0), arg("member", "string").is(MULTIPLE)]);

/// `SSCAN`.
pub static SSCAN: Meta = command("sscan", -3, GROUP, "2.8.0")
    .summary("Iterates over members of a set.")
    .flags(flag::READONLY, cat::SET)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity(
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for \
         the cursor to return back to 0. N is the number of elements inside the collection.",
    )
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        arg("cursor", "integer"),
        arg("pattern", "pattern").token("MATCH").is(OPTIONAL),
        arg("count", "integer").token("COUNT").is(OPTIONAL),
    ]);

/// `SUNION`.
pub static SUNION: Meta = command("sunion", -2, GROUP, "1.0.0")
    .summary("Returns the union of multiple sets.")
    .flags(flag::READONLY, cat::SET)
    .keys(&[range(key_flag::RO | key_flag::ACCESS, 1, -1, 1)])
    .complexity("O(N) where N is the total number of elements in all given sets.")
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `SUNIONSTORE`.
pub static SUNIONSTORE: Meta = command("sunionstore", -3, GROUP, "1.0.0")
    .summary("Stores the union of multiple sets in a key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::SET)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1), range(key_flag::RO | key_flag::ACCESS, 2, -1, 1)])
    .complexity("O(N) where N is the total number of elements in all given sets.")
    .args(&[arg("destination", "key").key(0), arg("key", "key").key(1).is(MULTIPLE)]);
