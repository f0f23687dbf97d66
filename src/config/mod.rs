//! L2: directives: one table, the redis.conf syntax, CONFIG GET, SET and REWRITE.

mod args;
mod checks;
mod choices;
mod directive;
mod kind;
mod load;
mod query;
mod rewrite;
mod set;
mod special;
mod syntax;
mod table;
mod units;
mod value;

pub use args::{Invocation, Startup, absolute_path, parse_args, usage};
pub use checks::{TitleFacts, expand_title};
pub use choices::*;
pub use directive::{Directive, Flags, Status};
pub use kind::{Kind, TextCheck, Unit};
pub use load::{FILE_DIRECTIVES, FileDirective, LoadError, Loaded, RawLine, load};
pub use query::{debug_lines, get};
pub use rewrite::{OtherLines, rewrite, rewritten};
pub use set::{Applied, SetContext, SetError, is_sensitive, set};
pub use special::{
    ClassLimit, ClientClass, EventClasses, MemoryLimit, Primary, Reason, SavePoint, ShutdownFlags,
};
pub use syntax::{quote, split_words};
pub use table::{Config, DIRECTIVES};
pub use value::{Cell, Value};

/// Bounds within which `hz` is kept. Redis: server.h `CONFIG_MIN_HZ`, `CONFIG_MAX_HZ`.
pub(crate) const HZ_MIN: u32 = 1;
pub(crate) const HZ_MAX: u32 = 500;

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
