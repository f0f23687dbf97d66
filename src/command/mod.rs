//! L3: one row per command and the handlers, a folder per COMMAND DOCS group.
//!
//! A row says everything about its command: name, arity, flags, key positions, documentation (`meta`), how it is routed
//! over shards (`Route`) and the handler. COMMAND, ACL categories, routing and docs/commands.md read that row.
//! A handler is a small function from a `Ctx` (keys, session, server) and the argument words to a reply written to
//! `ctx.out`; it never suspends, reads no clock, and returns a `Failure` for an error reply.

pub mod access;
pub mod args;
pub mod bitmap;
pub mod blocking;
pub mod cluster;
pub mod connection;
pub mod ctx;
pub mod element;
pub mod failure;
pub mod generic;
pub mod geo;
pub mod hash;
pub mod help;
pub mod hyperloglog;
pub mod list;
pub mod meta;
pub mod mpop;
pub mod nested;
pub mod pubsub;
pub mod redact;
pub mod result;
pub mod row;
pub mod sampling;
pub mod scan;
pub mod scripting;
pub mod server;
pub mod server_state;
pub mod session;
pub mod set;
pub mod sorted_set;
pub mod stream;
pub mod string;
pub mod table;
#[cfg(test)]
pub mod testing;
pub mod transactions;

pub use blocking::{Asked, Timeout, Wait};
pub use ctx::{Ctx, Idle, Keys, Stores, View, shorten};
pub use failure::{Failure, Outcome};
pub use row::{Command, Handler, Merge, Route, Row, ShardOp, Spread};
pub use server_state::{Note, Server};
pub use session::Session;

/// The words of a command, its name first.
pub type Args<'a> = &'a [&'a [u8]];
