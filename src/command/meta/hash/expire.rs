//! Group hash, expiry of fields: facts of Redis 7.2's command table.

use super::super::build::{MULTIPLE, OPTIONAL, arg, block, command, key, one_of, token};
use super::super::{Meta, cat, flag, key_flag};
use super::GROUP;

/// `HEXPIRE`.
pub static HEXPIRE: Meta = command("hexpire", -6, GROUP, "7.4.0")
    .summary("Set expiry for hash field using relative time to expire (seconds)")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        arg("seconds", "integer"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
            .is(OPTIONAL),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);

/// `HEXPIREAT`.
pub static HEXPIREAT: Meta = command("hexpireat", -6, GROUP, "7.4.0")
    .summary("Set expiry for hash field using an absolute Unix timestamp (seconds)")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        arg("unix-time-seconds", "unix-time"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
            .is(OPTIONAL),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);

/// `HEXPIRETIME`.
pub static HEXPIRETIME: Meta = command("hexpiretime", -5, GROUP, "7.4.0")
    .summary("Returns the expiration time of a hash field as a Unix timestamp, in seconds.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);

/// `HPERSIST`.
pub static HPERSIST: Meta = command("hpersist", -5, GROUP, "7.4.0")
    .summary("Removes the expiration time for each specified field")
    .flags(flag::WRITE | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);

/// `HPEXPIRE`.
pub static HPEXPIRE: Meta = command("hpexpire", -6, GROUP, "7.4.0")
    .summary("Set expiry for hash field using relative time to expire (milliseconds)")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        arg("milliseconds", "integer"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
            .is(OPTIONAL),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);

/// `HPEXPIREAT`.
pub static HPEXPIREAT: Meta = command("hpexpireat", -6, GROUP, "7.4.0")
    .summary("Set expiry for hash field using an absolute Unix timestamp (milliseconds)")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        arg("unix-time-milliseconds", "unix-time"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
            .is(OPTIONAL),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);

/// `HPEXPIRETIME`.
pub static HPEXPIRETIME: Meta = command("hpexpiretime", -5, GROUP, "7.4.0")
    .summary("Returns the expiration time of a hash field as a Unix timestamp, in msec.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);

/// `HPTTL`.
pub static HPTTL: Meta = command("hpttl", -5, GROUP, "7.4.0")
    .summary("Returns the TTL in milliseconds of a hash field.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);

/// `HTTL`.
pub static HTTL: Meta = command("httl", -5, GROUP, "7.4.0")
    .summary("Returns the TTL in seconds of a hash field.")
    .flags(flag::READONLY | flag::FAST, cat::HASH)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(N) where N is the number of specified fields")
    .args(&[
        arg("key", "key").key(0),
        block("fields", &[arg("numfields", "integer"), arg("field", "string").is(MULTIPLE)]).token("FIELDS"),
    ]);
