//! Group cluster: facts of Redis 7.2's command table.

mod subcommands;

use super::build::command;
use super::{Meta, cat, flag};
pub use subcommands::*;

const GROUP: &str = "cluster";

/// `ASKING`.
pub static ASKING: Meta = command("asking", 1, GROUP, "3.0.0")
    .summary("Signals that a cluster client is following an -ASK redirect.")
    .flags(flag::FAST, cat::CONNECTION)
    .complexity("O(1)");

/// `READONLY`.
pub static READONLY: Meta = command("readonly", 1, GROUP, "3.0.0")
    .summary("Enables read-only queries for a connection to a Redis Cluster replica node.")
    .flags(flag::FAST | flag::LOADING | flag::STALE, cat::CONNECTION)
    .complexity("O(1)");

/// `READWRITE`.
pub static READWRITE: Meta = command("readwrite", 1, GROUP, "3.0.0")
    .summary("Enables read-write queries for a connection to a Reids Cluster replica node.")
    .flags(flag::FAST | flag::LOADING | flag::STALE, cat::CONNECTION)
    .complexity("O(1)");
