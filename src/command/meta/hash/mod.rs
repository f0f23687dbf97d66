//! Group hash: facts of Redis 7.2's command table.

mod expire;

use super::build::{MULTIPLE, OPTIONAL, arg, block, command, key, token};
use super::{Meta, cat, flag, key_flag};
pub use expire::*;

const GROUP: &str = "hash";

/// `HDEL`.
pub static HDEL: Meta = command("hdel", -3, GROUP, "2.0.0")
    .summary(
        "Deletes one or more fields and their values from a hash. Deletes the hash if no fields \
         remain.",
    )
    .flags(flag::WRITE | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::DELETE, 1)])
    .complexity("O(N) where N is the number of fields to be removed.")
    .history(&[("2.4.0", "Accepts multiple `field` arguments.")])
    .args(&[arg("key", "key").key(0), arg("field", "string").is(MULTIPLE)]);

/// `HEXISTS`.
pub static HEXISTS: Meta = command("hexists", 3, GROUP, "2.0.0")
    .summary("Determines whether a field exists in a hash.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("field", "string")]);

/// `HGET`.
pub static HGET: Meta = command("hget", 3, GROUP, "2.0.0")
    .summary("Returns the value of a field in a hash.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("field", "string")]);

/// `HGETALL`.
pub static HGETALL: Meta = command("hgetall", 2, GROUP, "2.0.0")
    .summary("Returns all fields and values in a hash.")
    .flags(flag::READONLY, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the size of the hash.")
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("key", "key").key(0)]);

/// `HINCRBY`.
pub static HINCRBY: Meta = command("hincrby", 4, GROUP, "2.0.0")
    .summary(
        "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if \
         the field doesn't exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("field", "string"), arg("increment", "integer")]);

/// `HINCRBYFLOAT`.
pub static HINCRBYFLOAT: Meta = command("hincrbyfloat", 4, GROUP, "2.6.0")
    .summary(
        "Increments the floating point value of a field by a number. Uses 0 as initial value if \
         the field doesn't exist.",
    )
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("field", "string"), arg("increment", "double")]);

/// `HKEYS`.
pub static HKEYS: Meta = command("hkeys", 2, GROUP, "2.0.0")
    .summary("Returns all fields in a hash.")
    .flags(flag::READONLY, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the size of the hash.")
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("key", "key").key(0)]);

/// `HLEN`.
pub static HLEN: Meta = command("hlen", 2, GROUP, "2.0.0")
    .summary("Returns the number of fields in a hash.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `HMGET`.
pub static HMGET: Meta = command("hmget", -3, GROUP, "2.0.0")
    .summary("Returns the values of all fields in a hash.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of fields being requested.")
    .args(&[arg("key", "key").key(0), arg("field", "string").is(MULTIPLE)]);

/// `HMSET`.
pub static HMSET: Meta = command("hmset", -4, GROUP, "2.0.0")
    .summary("Sets the values of multiple fields.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(N) where N is the number of fields being set.")
    .deprecated("4.0.0", "`HSET` with multiple field-value pairs")
    .args(&[
        arg("key", "key").key(0),
        block("data", &[arg("field", "string"), arg("value", "string")]).is(MULTIPLE),
    ]);

/// `HRANDFIELD`.
pub static HRANDFIELD: Meta = command("hrandfield", -2, GROUP, "6.2.0")
    .summary("Returns one or more random fields from a hash.")
    .flags(flag::READONLY, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of fields returned")
    .tips(&["nondeterministic_output"])
    .args(&[
        arg("key", "key").key(0),
        block("options", &[arg("count", "integer"), token("withvalues", "WITHVALUES").is(OPTIONAL)])
            .is(OPTIONAL),
    ]);

/// `HSCAN`.
pub static HSCAN: Meta = command("hscan", -3, GROUP, "2.8.0")
    .summary("Iterates over fields and values of a hash.")
    .flags(flag::READONLY, cat::HASH)
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

/// `HSET`.
pub static HSET: Meta = command("hset", -4, GROUP, "2.0.0")
    .summary("Creates or modifies the value of a field in a hash.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity(
        "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the \
         command is called with multiple field/value pairs.",
    )
    .history(&[("4.0.0", "Accepts multiple `field` and `value` arguments.")])
    .args(&[
        arg("key", "key").key(0),
        block("data", &[arg("field", "string"), arg("value", "string")]).is(MULTIPLE),
    ]);

/// `HSETNX`.
pub static HSETNX: Meta = command("hsetnx", 4, GROUP, "2.0.0")
    .summary("Sets the value of a field in a hash only when the field doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("field", "string"), arg("value", "string")]);

/// `HSTRLEN`.
pub static HSTRLEN: Meta = command("hstrlen", 3, GROUP, "3.2.0")
    .summary("Returns the length of the value of a field.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0), arg("field", "string")]);

/// `HVALS`.
pub static HVALS: Meta = command("hvals", 2, GROUP, "2.0.0")
    .summary("Returns all values in a hash.")
    .flags(flag::READONLY, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the size of the hash.")
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("key", "key").key(0)]);
