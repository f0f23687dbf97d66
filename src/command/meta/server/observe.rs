//! Group server, LATENCY, MEMORY, SLOWLOG and their subcommands: facts of Redis 7.2's command table.

use super::super::build::{OPTIONAL, OPTIONAL_MULTIPLE, arg, command, key};
use super::super::{Meta, flag, key_flag};
use super::GROUP;

/// `LATENCY`.
pub static LATENCY: Meta = command("latency", -2, GROUP, "2.8.13")
    .summary("A container for latency diagnostics commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `LATENCY DOCTOR`.
pub static LATENCY_DOCTOR: Meta = command("doctor", 2, GROUP, "2.8.13")
    .summary("Returns a human-readable latency analysis report.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"]);

/// `LATENCY GRAPH`.
pub static LATENCY_GRAPH: Meta = command("graph", 3, GROUP, "2.8.13")
    .summary("Returns a latency graph for an event.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
    .args(&[arg("event", "string")]);

/// `LATENCY HELP`.
pub static LATENCY_HELP: Meta = command("help", 2, GROUP, "2.8.13")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(1)");

/// `LATENCY HISTOGRAM`.
pub static LATENCY_HISTOGRAM: Meta = command("histogram", -2, GROUP, "7.0.0")
    .summary("Returns the cumulative distribution of latencies of a subset or all commands.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(N) where N is the number of commands with latency information being retrieved.")
    .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
    .args(&[arg("command", "string").is(OPTIONAL_MULTIPLE)]);

/// `LATENCY HISTORY`.
pub static LATENCY_HISTORY: Meta = command("history", 3, GROUP, "2.8.13")
    .summary("Returns timestamp-latency samples for an event.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
    .args(&[arg("event", "string")]);

/// `LATENCY LATEST`.
pub static LATENCY_LATEST: Meta = command("latest", 2, GROUP, "2.8.13")
    .summary("Returns the latest latency samples for all events.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"]);

/// `LATENCY RESET`.
pub static LATENCY_RESET: Meta = command("reset", -2, GROUP, "2.8.13")
    .summary("Resets the latency data for one or more events.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["request_policy:all_nodes", "response_policy:agg_sum"])
    .args(&[arg("event", "string").is(OPTIONAL_MULTIPLE)]);

/// `MEMORY`.
pub static MEMORY: Meta = command("memory", -2, GROUP, "4.0.0")
    .summary("A container for memory diagnostics commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `MEMORY DOCTOR`.
pub static MEMORY_DOCTOR: Meta = command("doctor", 2, GROUP, "4.0.0")
    .summary("Outputs a memory problems report.")
    .flags(0, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]);

/// `MEMORY HELP`.
pub static MEMORY_HELP: Meta = command("help", 2, GROUP, "4.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(1)");

/// `MEMORY MALLOC-STATS`.
pub static MEMORY_MALLOC_STATS: Meta = command("malloc-stats", 2, GROUP, "4.0.0")
    .summary("Returns the allocator statistics.")
    .flags(0, 0)
    .complexity("Depends on how much memory is allocated, could be slow")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]);

/// `MEMORY PURGE`.
pub static MEMORY_PURGE: Meta = command("purge", 2, GROUP, "4.0.0")
    .summary("Asks the allocator to release memory.")
    .flags(0, 0)
    .complexity("Depends on how much memory is allocated, could be slow")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]);

/// `MEMORY STATS`.
pub static MEMORY_STATS: Meta = command("stats", 2, GROUP, "4.0.0")
    .summary("Returns details about memory usage.")
    .flags(0, 0)
    .complexity("O(1)")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]);

/// `MEMORY USAGE`.
pub static MEMORY_USAGE: Meta = command("usage", -3, GROUP, "4.0.0")
    .summary("Estimates the memory usage of a key.")
    .flags(flag::READONLY, 0)
    .keys(&[key(key_flag::RO, 2)])
    .complexity("O(N) where N is the number of samples.")
    .args(&[arg("key", "key").key(0), arg("count", "integer").token("SAMPLES").is(OPTIONAL)]);

/// `SLOWLOG`.
pub static SLOWLOG: Meta = command("slowlog", -2, GROUP, "2.2.12")
    .summary("A container for slow log commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `SLOWLOG GET`.
pub static SLOWLOG_GET: Meta = command("get", -2, GROUP, "2.2.12")
    .summary("Returns the slow log's entries.")
    .flags(flag::ADMIN | flag::LOADING | flag::STALE, 0)
    .complexity("O(N) where N is the number of entries returned")
    .history(&[("4.0.0", "Added client IP address, port and name to the reply.")])
    .tips(&["request_policy:all_nodes", "nondeterministic_output"])
    .args(&[arg("count", "integer").is(OPTIONAL)]);

/// `SLOWLOG HELP`.
pub static SLOWLOG_HELP: Meta = command("help", 2, GROUP, "6.2.0")
    .summary("Show helpful text about the different subcommands")
    .flags(flag::LOADING | flag::STALE, 0)
    .complexity("O(1)");

/// `SLOWLOG LEN`.
pub static SLOWLOG_LEN: Meta = command("len", 2, GROUP, "2.2.12")
    .summary("Returns the number of entries in the slow log.")
    .flags(flag::ADMIN | flag::LOADING | flag::STALE, 0)
    .complexity("O(1)")
    .tips(&["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"]);

/// `SLOWLOG RESET`.
pub static SLOWLOG_RESET: Meta = command("reset", 2, GROUP, "2.2.12")
    .summary("Clears all entries from the slow log.")
    .flags(flag::ADMIN | flag::LOADING | flag::STALE, 0)
    .complexity("O(N) where N is the number of entries in the slowlog")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]);
