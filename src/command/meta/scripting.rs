//! Group scripting: facts of Redis 7.2's command table.

use super::build::{MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, arg, command, counted, one_of, token};
use super::{Meta, cat, flag, key_flag};

const GROUP: &str = "scripting";

/// `EVAL`.
pub static EVAL: Meta = command("eval", -3, GROUP, "2.6.0")
    .summary("Executes a server-side Lua script.")
    .flags(
        flag::NOSCRIPT | flag::SKIP_MONITOR | flag::MAY_REPLICATE | flag::NO_MANDATORY_KEYS | flag::STALE,
        cat::SCRIPTING,
    )
    .keys(&[counted(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 2)
        .note("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")])
    .complexity("Depends on the script that is executed.")
    .args(&[
        arg("script", "string"),
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(OPTIONAL_MULTIPLE),
        arg("arg", "string").is(OPTIONAL_MULTIPLE),
    ]);

/// `EVALSHA`.
pub static EVALSHA: Meta = command("evalsha", -3, GROUP, "2.6.0")
    .summary("Executes a server-side Lua script by SHA1 digest.")
    .flags(
        flag::NOSCRIPT | flag::SKIP_MONITOR | flag::MAY_REPLICATE | flag::NO_MANDATORY_KEYS | flag::STALE,
        cat::SCRIPTING,
    )
    .keys(&[counted(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 2)])
    .complexity("Depends on the script that is executed.")
    .args(&[
        arg("sha1", "string"),
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(OPTIONAL_MULTIPLE),
        arg("arg", "string").is(OPTIONAL_MULTIPLE),
    ]);

/// `EVALSHA_RO`.
pub static EVALSHA_RO: Meta = command("evalsha_ro", -3, GROUP, "7.0.0")
    .summary("Executes a read-only server-side Lua script by SHA1 digest.")
    .flags(
        flag::NOSCRIPT | flag::SKIP_MONITOR | flag::NO_MANDATORY_KEYS | flag::STALE | flag::READONLY,
        cat::SCRIPTING,
    )
    .keys(&[counted(key_flag::RO | key_flag::ACCESS, 2)])
    .complexity("Depends on the script that is executed.")
    .args(&[
        arg("sha1", "string"),
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(OPTIONAL_MULTIPLE),
        arg("arg", "string").is(OPTIONAL_MULTIPLE),
    ]);

/// `EVAL_RO`.
pub static EVAL_RO: Meta = command("eval_ro", -3, GROUP, "7.0.0")
    .summary("Executes a read-only server-side Lua script.")
    .flags(
        flag::NOSCRIPT | flag::SKIP_MONITOR | flag::NO_MANDATORY_KEYS | flag::STALE | flag::READONLY,
        cat::SCRIPTING,
    )
    .keys(&[counted(key_flag::RO | key_flag::ACCESS, 2)
        .note("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")])
    .complexity("Depends on the script that is executed.")
    .args(&[
        arg("script", "string"),
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(OPTIONAL_MULTIPLE),
        arg("arg", "string").is(OPTIONAL_MULTIPLE),
    ]);

/// `FCALL`.
pub static FCALL: Meta = command("fcall", -3, GROUP, "7.0.0")
    .summary("Invokes a function.")
    .flags(
        flag::NOSCRIPT | flag::SKIP_MONITOR | flag::MAY_REPLICATE | flag::NO_MANDATORY_KEYS | flag::STALE,
        cat::SCRIPTING,
    )
    .keys(&[counted(key_flag::RW | key_flag::ACCESS | key_flag::UPDATE, 2)
        .note("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")])
    .complexity("Depends on the function that is executed.")
    .args(&[
        arg("function", "string"),
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(OPTIONAL_MULTIPLE),
        arg("arg", "string").is(OPTIONAL_MULTIPLE),
    ]);

/// `FCALL_RO`.
pub static FCALL_RO: Meta = command("fcall_ro", -3, GROUP, "7.0.0")
    .summary("Invokes a read-only function.")
    .flags(
        flag::NOSCRIPT | flag::SKIP_MONITOR | flag::NO_MANDATORY_KEYS | flag::STALE | flag::READONLY,
        cat::SCRIPTING,
    )
    .keys(&[counted(key_flag::RO | key_flag::ACCESS, 2)
        .note("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")])
    .complexity("Depends on the function that is executed.")
    .args(&[
        arg("function", "string"),
        arg("numkeys", "integer"),
        arg("key", "key").key(0).is(OPTIONAL_MULTIPLE),
        arg("arg", "string").is(OPTIONAL_MULTIPLE),
    ]);

/// `FUNCTION`.
pub static FUNCTION: Meta = command("function", -2, GROUP, "7.0.0")
    .summary("A container for function commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `FUNCTION DELETE`.
pub static FUNCTION_DELETE: Meta = command("delete", 3, GROUP, "7.0.0")
    .summary("Deletes a library and its functions.")
    .flags(flag::NOSCRIPT | flag::WRITE, cat::SCRIPTING)
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[arg("library-name", "string")]);

/// `FUNCTION DUMP`.
pub static FUNCTION_DUMP: Meta = command("dump", 2, GROUP, "7.0.0")
    .summary("Dumps all libraries into a serialized binary payload.")
    .flags(flag::NOSCRIPT, cat::SCRIPTING)
    .complexity("O(N) where N is the number of functions");

/// `FUNCTION FLUSH`.
pub static FUNCTION_FLUSH: Meta = command("flush", -2, GROUP, "7.0.0")
    .summary("Deletes all libraries and functions.")
    .flags(flag::NOSCRIPT | flag::WRITE, cat::SCRIPTING)
    .complexity("O(N) where N is the number of functions deleted")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[one_of("flush-type", &[token("async", "ASYNC"), token("sync", "SYNC")]).is(OPTIONAL)]);

/// `FUNCTION HELP`.
pub static FUNCTION_HELP: Meta = command("help", 2, GROUP, "7.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, cat::SCRIPTING)
    .complexity("O(1)");

/// `FUNCTION KILL`.
pub static FUNCTION_KILL: Meta = command("kill", 2, GROUP, "7.0.0")
    .summary("Terminates a function during execution.")
    .flags(flag::NOSCRIPT | flag::ALLOW_BUSY, cat::SCRIPTING)
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:one_succeeded"]);

/// `FUNCTION LIST`.
pub static FUNCTION_LIST: Meta = command("list", -2, GROUP, "7.0.0")
    .summary("Returns information about all libraries.")
    .flags(flag::NOSCRIPT, cat::SCRIPTING)
    .complexity("O(N) where N is the number of functions")
    .tips(&["nondeterministic_output_order"])
    .args(&[
        arg("library-name-pattern", "string").token("LIBRARYNAME").is(OPTIONAL),
        token("withcode", "WITHCODE").is(OPTIONAL),
    ]);

/// `FUNCTION LOAD`.
pub static FUNCTION_LOAD: Meta = command("load", -3, GROUP, "7.0.0")
    .summary("Creates a library.")
    .flags(flag::NOSCRIPT | flag::WRITE | flag::DENYOOM, cat::SCRIPTING)
    .complexity("O(1) (considering compilation time is redundant)")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[token("replace", "REPLACE").is(OPTIONAL), arg("function-code", "string")]);

/// `FUNCTION RESTORE`.
pub static FUNCTION_RESTORE: Meta = command("restore", -3, GROUP, "7.0.0")
    .summary("Restores all libraries from a payload.")
    .flags(flag::NOSCRIPT | flag::WRITE | flag::DENYOOM, cat::SCRIPTING)
    .complexity("O(N) where N is the number of functions on the payload")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[
        arg("serialized-value", "string"),
        one_of("policy", &[token("flush", "FLUSH"), token("append", "APPEND"), token("replace", "REPLACE")])
            .is(OPTIONAL),
    ]);

/// `FUNCTION STATS`.
pub static FUNCTION_STATS: Meta = command("stats", 2, GROUP, "7.0.0")
    .summary("Returns information about a function during execution.")
    .flags(flag::NOSCRIPT | flag::ALLOW_BUSY, cat::SCRIPTING)
    .complexity("O(1)")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]);

/// `SCRIPT`.
pub static SCRIPT: Meta = command("script", -2, GROUP, "2.6.0")
    .summary("A container for Lua scripts management commands.")
    .flags(0, 0)
    .complexity("Depends on subcommand.");

/// `SCRIPT DEBUG`.
pub static SCRIPT_DEBUG: Meta = command("debug", 3, GROUP, "3.2.0")
    .summary("Sets the debug mode of server-side Lua scripts.")
    .flags(flag::NOSCRIPT, cat::SCRIPTING)
    .complexity("O(1)")
    .args(&[one_of("mode", &[token("yes", "YES"), token("sync", "SYNC"), token("no", "NO")])]);

/// `SCRIPT EXISTS`.
pub static SCRIPT_EXISTS: Meta = command("exists", -3, GROUP, "2.6.0")
    .summary("Determines whether server-side Lua scripts exist in the script cache.")
    .flags(flag::NOSCRIPT, cat::SCRIPTING)
    .complexity(
        "O(N) with N being the number of scripts to check (so checking a single script is an \
         O(1) operation).",
    )
    .tips(&["request_policy:all_shards", "response_policy:agg_logical_and"])
    .args(&[arg("sha1", "string").is(MULTIPLE)]);

/// `SCRIPT FLUSH`.
pub static SCRIPT_FLUSH: Meta = command("flush", -2, GROUP, "2.6.0")
    .summary("Removes all server-side Lua scripts from the script cache.")
    .flags(flag::NOSCRIPT, cat::SCRIPTING)
    .complexity("O(N) with N being the number of scripts in cache")
    .history(&[("6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers.")])
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[one_of("flush-type", &[token("async", "ASYNC"), token("sync", "SYNC")])
        .since("6.2.0")
        .is(OPTIONAL)]);

/// `SCRIPT HELP`.
pub static SCRIPT_HELP: Meta = command("help", 2, GROUP, "5.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE, cat::SCRIPTING)
    .complexity("O(1)");

/// `SCRIPT KILL`.
pub static SCRIPT_KILL: Meta = command("kill", 2, GROUP, "2.6.0")
    .summary("Terminates a server-side Lua script during execution.")
    .flags(flag::NOSCRIPT | flag::ALLOW_BUSY, cat::SCRIPTING)
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:one_succeeded"]);

/// `SCRIPT LOAD`.
pub static SCRIPT_LOAD: Meta = command("load", 3, GROUP, "2.6.0")
    .summary("Loads a server-side Lua script to the script cache.")
    .flags(flag::NOSCRIPT | flag::STALE, cat::SCRIPTING)
    .complexity("O(N) with N being the length in bytes of the script body.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[arg("script", "string")]);
