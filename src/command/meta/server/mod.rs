//! Group server: facts of Redis 7.2's command table.

mod acl;
mod commands;
mod observe;

use super::build::{
    MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, OPTIONAL_MULTIPLE_TOKEN, arg, block, command, key, one_of, token,
};
use super::{Meta, cat, flag, key_flag};
pub use acl::*;
pub use commands::*;
pub use observe::*;

const GROUP: &str = "server";

/// `BGREWRITEAOF`.
pub static BGREWRITEAOF: Meta = command("bgrewriteaof", 1, GROUP, "1.0.0")
    .summary("Asynchronously rewrites the append-only file to disk.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NOSCRIPT, 0)
    .complexity("O(1)");

/// `BGSAVE`.
pub static BGSAVE: Meta = command("bgsave", -1, GROUP, "1.0.0")
    .summary("Asynchronously saves the database(s) to disk.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NOSCRIPT, 0)
    .complexity("O(1)")
    .history(&[("3.2.2", "Added the `SCHEDULE` option.")])
    .args(&[token("schedule", "SCHEDULE").since("3.2.2").is(OPTIONAL)]);

/// `CONFIG`.
pub static CONFIG: Meta = command("config", -2, GROUP, "2.0.0")
    .summary("A container for server configuration commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `CONFIG GET`.
pub static CONFIG_GET: Meta = command("get", -3, GROUP, "2.0.0")
    .summary("Returns the effective values of configuration parameters.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(N) when N is the number of configuration parameters provided")
    .history(&[("7.0.0", "Added the ability to pass multiple pattern parameters in one call")])
    .args(&[arg("parameter", "string").is(MULTIPLE)]);

/// `CONFIG HELP`.
pub static CONFIG_HELP: Meta = command("help", 2, GROUP, "5.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(1)");

/// `CONFIG RESETSTAT`.
pub static CONFIG_RESETSTAT: Meta = command("resetstat", 2, GROUP, "2.0.0")
    .summary("Resets the server's statistics.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]);

/// `CONFIG REWRITE`.
pub static CONFIG_REWRITE: Meta = command("rewrite", 2, GROUP, "2.8.0")
    .summary("Persists the effective configuration to file.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]);

/// `CONFIG SET`.
pub static CONFIG_SET: Meta = command("set", -4, GROUP, "2.0.0")
    .summary("Sets configuration parameters in-flight.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(N) when N is the number of configuration parameters provided")
    .history(&[("7.0.0", "Added the ability to set multiple parameters in one call.")])
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[block("data", &[arg("parameter", "string"), arg("value", "string")]).is(MULTIPLE)]);

/// `DBSIZE`.
pub static DBSIZE: Meta = command("dbsize", 1, GROUP, "1.0.0")
    .summary("Returns the number of keys in the database.")
    .flags(flag::READONLY | flag::FAST, cat::KEYSPACE)
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:agg_sum"]);

/// `DEBUG`.
pub static DEBUG: Meta = command("debug", -2, GROUP, "1.0.0")
    .summary("A container for debugging commands.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::PROTECTED, 0)
    .complexity("Depends on subcommand.")
    .syscmd();

/// `FAILOVER`.
pub static FAILOVER: Meta = command("failover", -1, GROUP, "6.2.0")
    .summary("Starts a coordinated failover from a server to one of its replicas.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::STALE, 0)
    .complexity("O(1)")
    .args(&[
        block(
            "target",
            &[arg("host", "string"), arg("port", "integer"), token("force", "FORCE").is(OPTIONAL)],
        )
        .token("TO")
        .is(OPTIONAL),
        token("abort", "ABORT").is(OPTIONAL),
        arg("milliseconds", "integer").token("TIMEOUT").is(OPTIONAL),
    ]);

/// `FLUSHALL`.
pub static FLUSHALL: Meta = command("flushall", -1, GROUP, "1.0.0")
    .summary("Removes all keys from all databases.")
    .flags(flag::WRITE, cat::KEYSPACE | cat::DANGEROUS)
    .complexity("O(N) where N is the total number of keys in all databases")
    .history(&[
        ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
        ("6.2.0", "Added the `SYNC` flushing mode modifier."),
    ])
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[one_of(
        "flush-type",
        &[token("async", "ASYNC").since("4.0.0"), token("sync", "SYNC").since("6.2.0")],
    )
    .is(OPTIONAL)]);

/// `FLUSHDB`.
pub static FLUSHDB: Meta = command("flushdb", -1, GROUP, "1.0.0")
    .summary("Remove all keys from the current database.")
    .flags(flag::WRITE, cat::KEYSPACE | cat::DANGEROUS)
    .complexity("O(N) where N is the number of keys in the selected database")
    .history(&[
        ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
        ("6.2.0", "Added the `SYNC` flushing mode modifier."),
    ])
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[one_of(
        "flush-type",
        &[token("async", "ASYNC").since("4.0.0"), token("sync", "SYNC").since("6.2.0")],
    )
    .is(OPTIONAL)]);

/// `INFO`.
pub static INFO: Meta = command("info", -1, GROUP, "1.0.0")
    .summary("Returns information and statistics about the server.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::DANGEROUS)
    .complexity("O(1)")
    .history(&[("7.0.0", "Added support for taking multiple section arguments.")])
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
    .args(&[arg("section", "string").is(OPTIONAL_MULTIPLE)]);

/// `LASTSAVE`.
pub static LASTSAVE: Meta = command("lastsave", 1, GROUP, "1.0.0")
    .summary("Returns the Unix timestamp of the last successful save to disk.")
    .flags(flag::LOADING | flag::STALE | flag::FAST, cat::ADMIN | cat::DANGEROUS)
    .complexity("O(1)")
    .tips(&["nondeterministic_output"]);

/// `LOLWUT`.
pub static LOLWUT: Meta = command("lolwut", -1, GROUP, "5.0.0")
    .summary("Displays computer art and the Redis version")
    .flags(flag::READONLY | flag::FAST, 0)
    .args(&[arg("version", "integer").token("VERSION").is(OPTIONAL)]);

/// `MODULE`.
pub static MODULE: Meta = command("module", -2, GROUP, "4.0.0")
    .summary("A container for module commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `MODULE HELP`.
pub static MODULE_HELP: Meta = command("help", 2, GROUP, "5.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(1)");

/// `MODULE LIST`.
pub static MODULE_LIST: Meta = command("list", 2, GROUP, "4.0.0")
    .summary("Returns all loaded modules.")
    .flags(flag::ADMIN | flag::NOSCRIPT, 0)
    .complexity("O(N) where N is the number of loaded modules.")
    .tips(&["nondeterministic_output_order"]);

/// `MODULE LOAD`.
pub static MODULE_LOAD: Meta = command("load", -3, GROUP, "4.0.0")
    .summary("Loads a module.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NOSCRIPT | flag::PROTECTED, 0)
    .complexity("O(1)")
    .args(&[arg("path", "string"), arg("arg", "string").is(OPTIONAL_MULTIPLE)]);

/// `MODULE LOADEX`.
pub static MODULE_LOADEX: Meta = command("loadex", -3, GROUP, "7.0.0")
    .summary("Loads a module using extended parameters.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NOSCRIPT | flag::PROTECTED, 0)
    .complexity("O(1)")
    .args(&[
        arg("path", "string"),
        block("configs", &[arg("name", "string"), arg("value", "string")])
            .token("CONFIG")
            .is(OPTIONAL_MULTIPLE_TOKEN),
        arg("args", "string").token("ARGS").is(OPTIONAL_MULTIPLE),
    ]);

/// `MODULE UNLOAD`.
pub static MODULE_UNLOAD: Meta = command("unload", 3, GROUP, "4.0.0")
    .summary("Unloads a module.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NOSCRIPT | flag::PROTECTED, 0)
    .complexity("O(1)")
    .args(&[arg("name", "string")]);

/// `MONITOR`.
pub static MONITOR: Meta = command("monitor", 1, GROUP, "1.0.0")
    .summary("Listens for all requests received by the server in real-time.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0);

/// `PSYNC`.
pub static PSYNC: Meta = command("psync", -3, GROUP, "2.8.0")
    .summary("An internal command used in replication.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NO_MULTI | flag::NOSCRIPT, 0)
    .args(&[arg("replicationid", "string"), arg("offset", "integer")]);

/// `REPLCONF`.
pub static REPLCONF: Meta = command("replconf", -1, GROUP, "3.0.0")
    .summary("An internal command for configuring the replication stream.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::ALLOW_BUSY, 0)
    .complexity("O(1)")
    .syscmd();

/// `REPLICAOF`.
pub static REPLICAOF: Meta = command("replicaof", 3, GROUP, "5.0.0")
    .summary("Configures a server as replica of another, or promotes it to a master.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NOSCRIPT | flag::STALE, 0)
    .complexity("O(1)")
    .args(&[one_of(
        "args",
        &[
            block("host-port", &[arg("host", "string"), arg("port", "integer")]),
            block("no-one", &[token("no", "NO"), token("one", "ONE")]),
        ],
    )]);

/// `RESTORE-ASKING`.
pub static RESTORE_ASKING: Meta = command("restore-asking", -4, GROUP, "3.0.0")
    .summary("An internal command for migrating keys in a cluster.")
    .flags(flag::WRITE | flag::DENYOOM | flag::ASKING, cat::KEYSPACE | cat::DANGEROUS)
    .keys(&[key(key_flag::OW | key_flag::UPDATE, 1)])
    .complexity(
        "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, \
         where N is the number of Redis objects composing the value and M their average size. \
         For small string values the time complexity is thus O(1)+O(1*M) where M is small, so \
         simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because \
         inserting values into sorted sets is O(log(N)).",
    )
    .syscmd()
    .history(&[
        ("3.0.0", "Added the `REPLACE` modifier."),
        ("5.0.0", "Added the `ABSTTL` modifier."),
        ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
    ])
    .args(&[
        arg("key", "key").key(0),
        arg("ttl", "integer"),
        arg("serialized-value", "string"),
        token("replace", "REPLACE").since("3.0.0").is(OPTIONAL),
        token("absttl", "ABSTTL").since("5.0.0").is(OPTIONAL),
        arg("seconds", "integer").token("IDLETIME").since("5.0.0").is(OPTIONAL),
        arg("frequency", "integer").token("FREQ").since("5.0.0").is(OPTIONAL),
    ]);

/// `ROLE`.
pub static ROLE: Meta = command("role", 1, GROUP, "2.8.12")
    .summary("Returns the replication role.")
    .flags(
        flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::SENTINEL,
        cat::ADMIN | cat::DANGEROUS,
    )
    .complexity("O(1)");

/// `SAVE`.
pub static SAVE: Meta = command("save", 1, GROUP, "1.0.0")
    .summary("Synchronously saves the database(s) to disk.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NOSCRIPT | flag::NO_MULTI, 0)
    .complexity("O(N) where N is the total number of keys in all databases");

/// `SHUTDOWN`.
pub static SHUTDOWN: Meta = command("shutdown", -1, GROUP, "1.0.0")
    .summary("Synchronously saves the database(s) to disk and shuts down the Redis server.")
    .flags(
        flag::ADMIN
            | flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::NO_MULTI
            | flag::SENTINEL
            | flag::ALLOW_BUSY,
        0,
    )
    .complexity(
        "O(N) when saving, where N is the total number of keys in all databases when saving \
         data, otherwise O(1)",
    )
    .history(&[("7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers.")])
    .args(&[
        one_of("save-selector", &[token("nosave", "NOSAVE"), token("save", "SAVE")]).is(OPTIONAL),
        token("now", "NOW").since("7.0.0").is(OPTIONAL),
        token("force", "FORCE").since("7.0.0").is(OPTIONAL),
        token("abort", "ABORT").since("7.0.0").is(OPTIONAL),
    ]);

/// `SLAVEOF`.
pub static SLAVEOF: Meta = command("slaveof", 3, GROUP, "1.0.0")
    .summary("Sets a Redis server as a replica of another, or promotes it to being a master.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NOSCRIPT | flag::STALE, 0)
    .complexity("O(1)")
    .deprecated("5.0.0", "`REPLICAOF`")
    .args(&[one_of(
        "args",
        &[
            block("host-port", &[arg("host", "string"), arg("port", "integer")]),
            block("no-one", &[token("no", "NO"), token("one", "ONE")]),
        ],
    )]);

/// `SWAPDB`.
pub static SWAPDB: Meta = command("swapdb", 3, GROUP, "4.0.0")
    .summary("Swaps two Redis databases.")
    .flags(flag::WRITE | flag::FAST, cat::KEYSPACE | cat::DANGEROUS)
    .complexity("O(N) where N is the count of clients watching or blocking on keys from both databases.")
    .args(&[arg("index1", "integer"), arg("index2", "integer")]);

/// `SYNC`.
pub static SYNC: Meta = command("sync", 1, GROUP, "1.0.0")
    .summary("An internal command used in replication.")
    .flags(flag::NO_ASYNC_LOADING | flag::ADMIN | flag::NO_MULTI | flag::NOSCRIPT, 0);

/// `TIME`.
pub static TIME: Meta = command("time", 1, GROUP, "2.6.0")
    .summary("Returns the server time.")
    .flags(flag::LOADING | flag::STALE | flag::FAST, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output"]);
