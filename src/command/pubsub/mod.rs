//! Group pubsub: SUBSCRIBE and its kin, PUBLISH, SPUBLISH, PUBSUB.
//!
//! All of them run on the connection's shard, or inside its transaction wherever that runs. They change the session's
//! subscriptions and the registry that all shards share, and leave messages in the outbox of a store; the loop sends those
//! and learns of changed subscriptions when the command is over.

mod introspect;
mod publish;
mod subscribe;

pub use subscribe::leave_all;

use super::meta::{flag, pubsub as meta};
use super::{Command, Route, Row};

/// The command table's rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::PSUBSCRIBE, Route::Home, subscribe::psubscribe),
    Row::new(&meta::PUBLISH, Route::Home, publish::publish),
    Row::container(&meta::PUBSUB, introspect::ROWS),
    Row::new(&meta::PUNSUBSCRIBE, Route::Home, subscribe::punsubscribe),
    Row::new(&meta::SPUBLISH, Route::Home, publish::spublish),
    Row::new(&meta::SSUBSCRIBE, Route::Home, subscribe::ssubscribe),
    Row::new(&meta::SUBSCRIBE, Route::Home, subscribe::subscribe),
    Row::new(&meta::SUNSUBSCRIBE, Route::Home, subscribe::sunsubscribe),
    Row::new(&meta::UNSUBSCRIBE, Route::Home, subscribe::unsubscribe),
];

/// Whether the replies of a command are pushes (networking.c `cmdHasPushAsReply`), which CLIENT REPLY does not silence.
pub fn replies_by_push(command: &Command) -> bool {
    command.row.meta.flags & (flag::PUBSUB | flag::NOSCRIPT) == flag::PUBSUB | flag::NOSCRIPT
}

/// Whether a connection that subscribes in RESP2 may run a command (server.c `processCommand`).
pub fn allowed_while_subscribed(command: &Command) -> bool {
    replies_by_push(command) || matches!(command.row.meta.name, "ping" | "quit" | "reset")
}

#[cfg(test)]
mod tests;
