//! Group server: what the server tells of itself, and how it is told what to do.
//!
//! Handlers run on the shard of the caller's connection. What other shards know they publish as relaxed counters
//! (`observe::ShardStats`), which may be a loop turn old.

mod absent;
pub mod acl_cmd;
pub mod appending;
pub mod command_cmd;
mod config_cmd;
pub mod debug;
mod info;
pub mod keyspace;
mod latency;
mod lolwut;
pub mod memory;
mod monitor;
pub mod replication;
pub mod saving;
mod shutdown;
mod slowlog;
mod status;

use super::meta::server as meta;
use super::{Route, Row};

pub use absent::ROWS as ABSENT_ROWS;

/// The command table's rows of this group, COMMAND and the the keyspace's and DEBUG aside.
pub static ROWS: &[Row] = &[
    Row::container(&meta::ACL, acl_cmd::ROWS),
    Row::container(&meta::CONFIG, config_cmd::ROWS),
    Row::new(&meta::INFO, Route::Home, info::info),
    Row::container(&meta::LATENCY, latency::ROWS),
    Row::new(&meta::LOLWUT, Route::Home, lolwut::lolwut),
    Row::container(&meta::MEMORY, memory::ROWS),
    Row::new(&meta::MONITOR, Route::Home, monitor::monitor),
    Row::new(&meta::FAILOVER, Route::Home, replication::failover),
    Row::new(&meta::PSYNC, Route::Home, replication::psync),
    Row::new(&meta::REPLCONF, Route::Home, replication::replconf),
    Row::new(&meta::REPLICAOF, Route::Home, replication::replicaof),
    Row::new(&meta::ROLE, Route::Home, replication::role),
    Row::new(&meta::SHUTDOWN, Route::Home, shutdown::shutdown),
    Row::new(&meta::SLAVEOF, Route::Home, replication::replicaof),
    Row::container(&meta::SLOWLOG, slowlog::ROWS),
    Row::new(&meta::SYNC, Route::Home, replication::sync),
    Row::new(&meta::TIME, Route::Home, status::time),
];
