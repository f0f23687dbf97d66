//! Group server, ACL and its subcommands: facts of Redis 7.2's command table.

use super::super::build::{MULTIPLE, OPTIONAL, OPTIONAL_MULTIPLE, arg, command, one_of, token};
use super::super::{Meta, flag};
use super::GROUP;

/// `ACL`.
pub static ACL: Meta = command("acl", -2, GROUP, "6.0.0")
    .summary("A container for Access List Control commands.")
    .flags(flag::SENTINEL, 0)
    .complexity("Depends on subcommand.");

/// `ACL CAT`.
pub static ACL_CAT: Meta = command("cat", -2, GROUP, "6.0.0")
    .summary("Lists the ACL categories, or the commands inside a category.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(1) since the categories and commands are a fixed set.")
    .args(&[arg("category", "string").is(OPTIONAL)]);

/// `ACL DELUSER`.
pub static ACL_DELUSER: Meta = command("deluser", -3, GROUP, "6.0.0")
    .summary("Deletes ACL users, and terminates their connections.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(1) amortized time considering the typical user.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[arg("username", "string").is(MULTIPLE)]);

/// `ACL DRYRUN`.
pub static ACL_DRYRUN: Meta = command("dryrun", -4, GROUP, "7.0.0")
    .summary("Simulates the execution of a command by a user, without executing the command.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(1).")
    .args(&[arg("username", "string"), arg("command", "string"), arg("arg", "string").is(OPTIONAL_MULTIPLE)]);

/// `ACL GENPASS`.
pub static ACL_GENPASS: Meta = command("genpass", -2, GROUP, "6.0.0")
    .summary("Generates a pseudorandom, secure password that can be used to identify ACL users.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(1)")
    .args(&[arg("bits", "integer").is(OPTIONAL)]);

/// `ACL GETUSER`.
pub static ACL_GETUSER: Meta = command("getuser", 3, GROUP, "6.0.0")
    .summary("Lists the ACL rules of a user.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N). Where N is the number of password, command and pattern rules that the user has.")
    .history(&[
        ("6.2.0", "Added Pub/Sub channel patterns."),
        (
            "7.0.0",
            "Added selectors and changed the format of key and channel patterns from a list to \
             their rule representation.",
        ),
    ])
    .args(&[arg("username", "string")]);

/// `ACL HELP`.
pub static ACL_HELP: Meta = command("help", 2, GROUP, "6.0.0")
    .summary("Returns helpful text about the different subcommands.")
    .flags(flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(1)");

/// `ACL LIST`.
pub static ACL_LIST: Meta = command("list", 2, GROUP, "6.0.0")
    .summary("Dumps the effective rules in ACL file format.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N). Where N is the number of configured users.");

/// `ACL LOAD`.
pub static ACL_LOAD: Meta = command("load", 2, GROUP, "6.0.0")
    .summary("Reloads the rules from the configured ACL file.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N). Where N is the number of configured users.");

/// `ACL LOG`.
pub static ACL_LOG: Meta = command("log", -2, GROUP, "6.0.0")
    .summary("Lists recent security events generated due to ACL rules.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N) with N being the number of entries shown.")
    .history(&[("7.2.0", "Added entry ID, timestamp created, and timestamp last updated.")])
    .args(&[one_of("operation", &[arg("count", "integer"), token("reset", "RESET")]).is(OPTIONAL)]);

/// `ACL SAVE`.
pub static ACL_SAVE: Meta = command("save", 2, GROUP, "6.0.0")
    .summary("Saves the effective ACL rules in the configured ACL file.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N). Where N is the number of configured users.")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]);

/// `ACL SETUSER`.
pub static ACL_SETUSER: Meta = command("setuser", -3, GROUP, "6.0.0")
    .summary("Creates and modifies an ACL user and its rules.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N). Where N is the number of rules provided.")
    .history(&[
        ("6.2.0", "Added Pub/Sub channel patterns."),
        ("7.0.0", "Added selectors and key based permissions."),
    ])
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .args(&[arg("username", "string"), arg("rule", "string").is(OPTIONAL_MULTIPLE)]);

/// `ACL USERS`.
pub static ACL_USERS: Meta = command("users", 2, GROUP, "6.0.0")
    .summary("Lists all ACL users.")
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(N). Where N is the number of configured users.");

/// `ACL WHOAMI`.
pub static ACL_WHOAMI: Meta = command("whoami", 2, GROUP, "6.0.0")
    .summary("Returns the authenticated username of the current connection.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SENTINEL, 0)
    .complexity("O(1)");
