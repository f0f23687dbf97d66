//! Group generic, EXPIRE and its family: facts of Redis 7.2's command table.

use super::super::build::{OPTIONAL, arg, command, key, one_of, token};
use super::super::{Meta, cat, flag, key_flag};
use super::GROUP;

/// `EXPIRE`.
pub static EXPIRE: Meta = command("expire", -3, GROUP, "1.0.0")
    .summary("Sets the expiration time of a key in seconds.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .history(&[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")])
    .args(&[
        arg("key", "key").key(0),
        arg("seconds", "integer"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
            .since("7.0.0")
            .is(OPTIONAL),
    ]);

/// `EXPIREAT`.
pub static EXPIREAT: Meta = command("expireat", -3, GROUP, "1.2.0")
    .summary("Sets the expiration time of a key to a Unix timestamp.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .history(&[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")])
    .args(&[
        arg("key", "key").key(0),
        arg("unix-time-seconds", "unix-time"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
            .since("7.0.0")
            .is(OPTIONAL),
    ]);

/// `EXPIRETIME`.
pub static EXPIRETIME: Meta = command("expiretime", 2, GROUP, "7.0.0")
    .summary("Returns the expiration time of a key as a Unix timestamp.")
    .flags(flag::READONLY | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `PERSIST`.
pub static PERSIST: Meta = command("persist", 2, GROUP, "2.2.0")
    .summary("Removes the expiration time of a key.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `PEXPIRE`.
pub static PEXPIRE: Meta = command("pexpire", -3, GROUP, "2.6.0")
    .summary("Sets the expiration time of a key in milliseconds.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .history(&[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")])
    .args(&[
        arg("key", "key").key(0),
        arg("milliseconds", "integer"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
            .since("7.0.0")
            .is(OPTIONAL),
    ]);

/// `PEXPIREAT`.
pub static PEXPIREAT: Meta = command("pexpireat", -3, GROUP, "2.6.0")
    .summary("Sets the expiration time of a key to a Unix milliseconds timestamp.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RW | key_flag::UPDATE, 1)])
    .complexity("O(1)")
    .history(&[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")])
    .args(&[
        arg("key", "key").key(0),
        arg("unix-time-milliseconds", "unix-time"),
        one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
            .since("7.0.0")
            .is(OPTIONAL),
    ]);

/// `PEXPIRETIME`.
pub static PEXPIRETIME: Meta = command("pexpiretime", 2, GROUP, "7.0.0")
    .summary("Returns the expiration time of a key as a Unix milliseconds timestamp.")
    .flags(flag::READONLY | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .args(&[arg("key", "key").key(0)]);

/// `PTTL`.
pub static PTTL: Meta = command("pttl", 2, GROUP, "2.6.0")
    .summary("Returns the expiration time in milliseconds of a key.")
    .flags(flag::READONLY | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .history(&[("2.8.0", "Added the -2 reply.")])
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0)]);

/// `TTL`.
pub static TTL: Meta = command("ttl", 2, GROUP, "1.0.0")
    .summary("Returns the expiration time in seconds of a key.")
    .flags(flag::READONLY | flag::FAST, cat::KEYSPACE)
    .keys(&[key(key_flag::RO | key_flag::ACCESS, 1)])
    .complexity("O(1)")
    .history(&[("2.8.0", "Added the -2 reply.")])
    .tips(&["nondeterministic_output"])
    .args(&[arg("key", "key").key(0)]);
