//! Group transactions. The shard loop itself carries these out: it queues, watches and decides where a queue runs.

use super::meta::transactions as meta;
use super::row::{Row, ShardOp};

/// The command table's rows of this group.
pub static ROWS: &[Row] = &[
    Row::shard(&meta::DISCARD, ShardOp::Discard),
    Row::shard(&meta::EXEC, ShardOp::Exec),
    Row::shard(&meta::MULTI, ShardOp::Multi),
    Row::shard(&meta::UNWATCH, ShardOp::Unwatch),
    Row::shard(&meta::WATCH, ShardOp::Watch),
];
