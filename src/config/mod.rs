//! L2: directives: one table, the redis.conf syntax, CONFIG GET, SET and REWRITE.
//!
//! ```text
//! args ──► load ──► Config (immutable, shared as Arc) ──► query   CONFIG GET
//!            ▲         │        ▲                     └──► rewrite CONFIG REWRITE
//!          syntax      └──────► set  CONFIG SET ──► new Config + names to apply
//! ```
//!
//! [`table`] declares every directive once; the macro in [`directive`] makes the struct, its defaults and the
//! rows that everything else walks. A [`kind::Kind`] parses and prints values through the untyped
//! [`value::Value`], so a new directive is one row and a new shape is one kind.
//!
//! Invariants: a [`Config`] in hand holds checked values only; nothing here changes the process (no `chdir`, no
//! sockets) – the caller applies what [`set()`] reports as changed and publishes the snapshot then. All
//! functions may run on any thread.

mod args;
mod checks;
mod choices;
mod directive;
mod docs;
mod kind;
mod load;
mod query;
mod rewrite;
mod set;
mod special;
mod syntax;
mod table;
#[cfg(test)]
mod tests;
mod units;
mod value;

pub use args::{Invocation, Startup, TEST_MEMORY_HELP, absolute_path, parse_args, usage};
pub use checks::{TitleFacts, expand_title};
pub use choices::*;
pub use directive::{Directive, Flags, Status};
pub use docs::docs;
pub use kind::{Kind, TextCheck, Unit, os_reason};
pub use load::{FILE_DIRECTIVES, FileDirective, LoadError, Loaded, REDIS_VERSION, RawLine, load};
pub use query::{debug_lines, get};
pub use rewrite::{OtherLines, replace_file, rewrite, rewrite_all, rewritten};
pub use set::{Applied, SetContext, SetError, is_sensitive, set};
pub use special::{
    ClassLimit, ClientClass, EventClasses, MemoryLimit, Primary, Reason, SavePoint, ShutdownFlags,
};
pub use syntax::{quote, split_words};
pub use table::{Config, DIRECTIVES};
pub use value::{Cell, Value};

/// Bounds within which `hz` is kept. Redis: server.h `CONFIG_MIN_HZ`, `CONFIG_MAX_HZ`.
const HZ_BOUNDS: (u32, u32) = (1, 500);

/// Least size of the replication backlog. Redis: replication.c `resizeReplicationBacklog`.
const BACKLOG_MIN: u64 = 16 << 10;

impl Config {
    /// Moves values that are accepted out of range into it, as Redis does after it applied them.
    fn settle(&mut self) {
        let (min, max) = HZ_BOUNDS;
        self.hz = self.hz.clamp(min, max);
        self.repl_backlog_size = self.repl_backlog_size.max(BACKLOG_MIN);
    }
}

/// A setting that is kept but does nothing here, and what happens instead: one line for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The directive.
    pub directive: &'static str,
    /// What Shoal does instead.
    pub instead: &'static str,
    /// The value given is the default, so a quiet log may leave the line out.
    pub is_default: bool,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Directive '{}' is accepted without effect: {}", self.directive, self.instead)
    }
}
