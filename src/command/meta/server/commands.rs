//! Group server, COMMAND and its subcommands: facts of Redis 7.2's command table.

use super::super::build::{OPTIONAL, OPTIONAL_MULTIPLE, arg, command, one_of};
use super::super::{Meta, cat, flag};
use super::GROUP;

/// `COMMAND`.
pub static COMMAND: Meta = command("command", -1, GROUP, "2.8.13")
    .summary("Returns detailed information about all commands.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) where N is the total number of Redis commands")
    .tips(&["nondeterministic_output_order"]);

/// `COMMAND COUNT`.
pub static COMMAND_COUNT: Meta = command("count", 2, GROUP, "2.8.13")
    .summary("Returns a count of commands.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)");

/// `COMMAND DOCS`.
pub static COMMAND_DOCS: Meta = command("docs", -2, GROUP, "7.0.0")
    .summary("Returns documentary information about one, multiple or all commands.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) where N is the number of commands to look up")
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("command-name", "string").is(OPTIONAL_MULTIPLE)]);

/// `COMMAND GETKEYS`.
pub static COMMAND_GETKEYS: Meta = command("getkeys", -3, GROUP, "2.8.13")
    .summary("Extracts the key names from an arbitrary command.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) where N is the number of arguments to the command")
    .args(&[arg("command", "string"), arg("arg", "string").is(OPTIONAL_MULTIPLE)]);

/// `COMMAND GETKEYSANDFLAGS`.
pub static COMMAND_GETKEYSANDFLAGS: Meta = command("getkeysandflags", -3, GROUP, "7.0.0")
    .summary("Extracts the key names and access flags for an arbitrary command.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) where N is the number of arguments to the command")
    .args(&[arg("command", "string"), arg("arg", "string").is(OPTIONAL_MULTIPLE)]);

/// `COMMAND HELP`.
pub static COMMAND_HELP: Meta = command("help", 2, GROUP, "5.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)");

/// `COMMAND INFO`.
pub static COMMAND_INFO: Meta = command("info", -2, GROUP, "2.8.13")
    .summary("Returns information about one, multiple or all commands.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) where N is the number of commands to look up")
    .history(&[("7.0.0", "Allowed to be called with no argument to get info on all commands.")])
    .tips(&["nondeterministic_output_order"])
    .args(&[arg("command-name", "string").is(OPTIONAL_MULTIPLE)]);

/// `COMMAND LIST`.
pub static COMMAND_LIST: Meta = command("list", -2, GROUP, "7.0.0")
    .summary("Returns a list of command names.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(N) where N is the total number of Redis commands")
    .tips(&["nondeterministic_output_order"])
    .args(&[one_of(
        "filterby",
        &[
            arg("module-name", "string").token("MODULE"),
            arg("category", "string").token("ACLCAT"),
            arg("pattern", "pattern").token("PATTERN"),
        ],
    )
    .token("FILTERBY")
    .is(OPTIONAL)]);
