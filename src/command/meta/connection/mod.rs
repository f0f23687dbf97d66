//! Group connection: facts of Redis 7.2's command table.

mod client;

use super::build::{OPTIONAL, arg, block, command};
use super::{Meta, cat, flag};
pub use client::*;

const GROUP: &str = "connection";

/// `AUTH`.
pub static AUTH: Meta = command("auth", -2, GROUP, "1.0.0")
    .summary("Authenticates the connection.")
    .flags(
        flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::FAST
            | flag::NO_AUTH
            | flag::SENTINEL
            | flag::ALLOW_BUSY,
        cat::CONNECTION,
    )
    .complexity("O(N) where N is the number of passwords defined for the user")
    .history(&[("6.0.0", "Added ACL style (username and password).")])
    .args(&[arg("username", "string").since("6.0.0").is(OPTIONAL), arg("password", "string")]);

/// `ECHO`.
pub static ECHO: Meta = command("echo", 2, GROUP, "1.0.0")
    .summary("Returns the given string.")
    .flags(flag::LOADING | flag::STALE | flag::FAST, cat::CONNECTION)
    .complexity("O(1)")
    .args(&[arg("message", "string")]);

/// `HELLO`.
pub static HELLO: Meta = command("hello", -1, GROUP, "6.0.0")
    .summary("Handshakes with the Redis server.")
    .flags(
        flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::FAST
            | flag::NO_AUTH
            | flag::SENTINEL
            | flag::ALLOW_BUSY,
        cat::CONNECTION,
    )
    .complexity("O(1)")
    .history(&[(
        "6.2.0",
        "`protover` made optional; when called without arguments the command reports the \
         current connection's context.",
    )])
    .args(&[block(
        "arguments",
        &[
            arg("protover", "integer"),
            block("auth", &[arg("username", "string"), arg("password", "string")]).token("AUTH").is(OPTIONAL),
            arg("clientname", "string").token("SETNAME").is(OPTIONAL),
        ],
    )
    .is(OPTIONAL)]);

/// `PING`.
pub static PING: Meta = command("ping", -1, GROUP, "1.0.0")
    .summary("Returns the server's liveliness response.")
    .flags(flag::FAST | flag::SENTINEL, cat::CONNECTION)
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .args(&[arg("message", "string").is(OPTIONAL)]);

/// `QUIT`.
pub static QUIT: Meta = command("quit", -1, GROUP, "1.0.0")
    .summary("Closes the connection.")
    .flags(
        flag::ALLOW_BUSY | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::NO_AUTH,
        cat::CONNECTION,
    )
    .complexity("O(1)")
    .deprecated("7.2.0", "just closing the connection");

/// `RESET`.
pub static RESET: Meta = command("reset", 1, GROUP, "6.2.0")
    .summary("Resets the connection.")
    .flags(
        flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::NO_AUTH | flag::ALLOW_BUSY,
        cat::CONNECTION,
    )
    .complexity("O(1)");

/// `SELECT`.
pub static SELECT: Meta = command("select", 2, GROUP, "1.0.0")
    .summary("Changes the selected database.")
    .flags(flag::LOADING | flag::STALE | flag::FAST, cat::CONNECTION)
    .complexity("O(1)")
    .args(&[arg("index", "integer")]);
