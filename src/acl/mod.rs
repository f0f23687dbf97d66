//! L2: access control lists: who may run which commands on which keys and channels.
//!
//! ```text
//! rule words ──rules──► User ── selectors ──► may run this, touch that?      (the check itself: command::permission)
//!                        │  ▲
//!                describe▼  │file
//!               "user alice on #… ~k:* &* -@all +get"     ACL LIST, ACL SAVE, CONFIG REWRITE
//!
//! Acl (one per server) ── ArcSwap<Users> + generation ──► sessions hold an Arc<User> and renew it when it moved on
//! ```
//!
//! A [`User`] is immutable once it is published: a change makes a new one under the same serial number. The rules speak
//! of commands by name; what they need to know of commands is in a [`Catalog`], which the command table fills.
//!
//! Everything but [`Acl`] is plain data without a thread of its own; [`Acl`] says in its file who writes what.

mod catalog;
mod file;
mod log;
mod rules;
mod selector;
mod state;
mod user;

pub use catalog::{Catalog, CommandFacts};
pub use file::{parse, saved};
pub use log::{AclLog, Context, Event, LogEntry};
pub use rules::{RuleError, Terms, edited, merge_selectors};
pub use selector::{Access, Selector};
pub use state::{Acl, Change, Users};
pub use user::{DEFAULT_USER, User};

#[cfg(test)]
mod tests;

/// Why something was denied (server.h `ACL_DENIED_*`). Ordered: of what several selectors deny, the greatest is reported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// The command.
    Command,
    /// A key among its words.
    Key,
    /// The password, or the user's name.
    Auth,
    /// A channel among its words.
    Channel,
}

impl Reason {
    /// The word of ACL LOG.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Auth => "auth",
            Reason::Channel => "channel",
        }
    }
}

/// Whether a name or a pattern holds what no rule can be written down with: white space or a zero byte
/// (acl.c `ACLStringHasSpaces`).
pub fn has_spaces(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, 0 | b' ' | b'\t'..=b'\r'))
}
