//! Group transactions: facts of Redis 7.2's command table.

use super::build::{MULTIPLE, arg, command, range};
use super::{Meta, cat, flag, key_flag};

const GROUP: &str = "transactions";

/// `DISCARD`.
pub static DISCARD: Meta = command("discard", 1, GROUP, "2.0.0")
    .summary("Discards a transaction.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY, cat::TRANSACTION)
    .complexity("O(N), when N is the number of queued commands");

/// `EXEC`.
pub static EXEC: Meta = command("exec", 1, GROUP, "1.2.0")
    .summary("Executes all commands in a transaction.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::SKIP_SLOWLOG, cat::TRANSACTION)
    .complexity("Depends on commands in the transaction");

/// `MULTI`.
pub static MULTI: Meta = command("multi", 1, GROUP, "1.2.0")
    .summary("Starts a transaction.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY, cat::TRANSACTION)
    .complexity("O(1)");

/// `UNWATCH`.
pub static UNWATCH: Meta = command("unwatch", 1, GROUP, "2.2.0")
    .summary("Forgets about watched keys of a transaction.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY, cat::TRANSACTION)
    .complexity("O(1)");

/// `WATCH`.
pub static WATCH: Meta = command("watch", -2, GROUP, "2.2.0")
    .summary("Monitors changes to keys to determine the execution of a transaction.")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::FAST | flag::ALLOW_BUSY, cat::TRANSACTION)
    .keys(&[range(key_flag::RO, 1, -1, 1)])
    .complexity("O(1) for every key.")
    .args(&[arg("key", "key").key(0).is(MULTIPLE)]);
