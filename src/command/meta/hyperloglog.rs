//! Group hyperloglog: facts of Redis 7.2's command table.

use super::build::{MULTIPLE, OPTIONAL_MULTIPLE, arg, command, key, range};
use super::{Meta, cat, flag, key_flag};

const GROUP: &str = "hyperloglog";

/// `PFADD`.
pub static PFADD: Meta = command("pfadd", -2, GROUP, "2.8.9")
    .summary("Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.")
    .flags(flag::WRITE | flag::DENYOOM | flag::FAST, cat::HYPERLOGLOG)
    .keys(&[key(key_flag::RW | key_flag::INSERT, 1)])
    .complexity("O(1) to add every element.")
    .args(&[arg("key", "key").key(0), arg("element", "string").is(OPTIONAL_MULTIPLE)]);

/// `PFCOUNT`.
pub static PFCOUNT: Meta = command("pfcount", -2, GROUP, "2.8.9")
    .summary("Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).")
    .flags(flag::READONLY | flag::MAY_REPLICATE, cat::HYPERLOGLOG)
    .keys(&[range(key_flag::RW | key_flag::ACCESS, 1, -1, 1)
        .note("RW because it may change the internal representation of the key, and propagate to replicas")])
    .complexity(
        "O(1) with a very small average constant time when called with a single key. O(N) with \
         N being the number of keys, and much bigger constant times, when called with multiple \
         keys.",
    )
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);

/// `PFDEBUG`.
pub static PFDEBUG: Meta = command("pfdebug", 3, GROUP, "2.8.9")
    .summary("Internal commands for debugging HyperLogLog values.")
    .flags(flag::WRITE | flag::DENYOOM | flag::ADMIN, cat::HYPERLOGLOG)
    .keys(&[key(key_flag::RW | key_flag::ACCESS, 2)])
    .complexity("N/A")
    .syscmd()
    .args(&[arg("subcommand", "string"), arg("key", "key").key(0)]);

/// `PFMERGE`.
pub static PFMERGE: Meta = command("pfmerge", -2, GROUP, "2.8.9")
    .summary("Merges one or more HyperLogLog values into a single key.")
    .flags(flag::WRITE | flag::DENYOOM, cat::HYPERLOGLOG)
    .keys(&[
        key(key_flag::RW | key_flag::ACCESS | key_flag::INSERT, 1),
        range(key_flag::RO | key_flag::ACCESS, 2, -1, 1),
    ])
    .complexity("O(N) to merge N HyperLogLogs, but with high constant times.")
    .args(&[arg("destkey", "key").key(0), arg("sourcekey", "key").key(1).is(OPTIONAL_MULTIPLE)]);

/// `PFSELFTEST`.
pub static PFSELFTEST: Meta = command("pfselftest", 1, GROUP, "2.8.9")
    .summary("An internal command for testing HyperLogLog values.")
    .flags(flag::ADMIN, cat::HYPERLOGLOG)
    .complexity("N/A")
    .syscmd();
