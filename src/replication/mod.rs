//! L2: replication as Redis speaks it: who follows whom, from which byte on, and what is said on the way.
//!
//! ```text
//!             asks (PSYNC, SYNC, ACK)                      bytes of the master
//!  replicas ────────────────────────► master::Replicas   replica::Upstream ◄──────────── master
//!           ◄──────────────────────── │ links, shared     │ handshake, bulk,
//!             +CONTINUE, RDB, stream  │ snapshots, waits  │ stream of units
//!                                     └───► History ◄─────┘
//!                                   ids, offset, backlog window
//! ```
//!
//! Deciders without I/O, as [`crate::journal`]'s merge: a step is `(now, message) → actions`. They read no clock, own no
//! socket, no file and none of the stream's bytes: those are `journal::Stream`'s, and all that is known of them here is
//! their numbers. The log thread owns the deciders and does what their actions say; the tests here let two and more of
//! them talk to each other over links that are cut at any byte.
//!
//! Offsets count bytes of the stream. `History::offset` is the number of bytes so far, so the next byte has the number
//! `offset + 1`: what PSYNC asks for is the number of the first byte that the replica lacks.

pub mod failover;
pub mod history;
mod id;
pub mod master;
pub mod replica;
mod settings;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::wrong_self_convention)]
mod tests;

pub use history::{Backlog, History};
pub use id::ReplId;
pub use settings::Settings;

/// How loud a line of the log is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// What happens in the course of things.
    Notice,
    /// What somebody should look at.
    Warning,
}

/// A line for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// How loud.
    pub level: Level,
    /// Without time and process id.
    pub text: String,
}

impl Line {
    /// A line of [`Level::Notice`].
    pub fn notice(text: impl Into<String>) -> Line {
        Line { level: Level::Notice, text: text.into() }
    }

    /// A line of [`Level::Warning`].
    pub fn warning(text: impl Into<String>) -> Line {
        Line { level: Level::Warning, text: text.into() }
    }
}
