//! What clients record of a run: who asked what, when, and what came back.
//!
//! Time is one global counter: if an operation returned before another was invoked, its `returned` is smaller
//! than the other's `invoked`. Commands of one pipeline share the moment of sending and return each at their
//! own reply, so nothing is assumed about the order in which commands in flight take effect.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

static CLOCK: AtomicU64 = AtomicU64::new(1);

/// The next moment.
pub fn tick() -> u64 {
    CLOCK.fetch_add(1, Ordering::SeqCst)
}

/// A state that a key went through. Written values are unique per key, so a version names its writer;
/// version 0 is the absent key at the start.
pub type Version = u64;

/// What one command did to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Saw this version.
    Read(Version),
    /// Replaced the version before it, if the reply told which, by a new one.
    Write(Version, Option<Version>),
    /// Saw a whole list of appended versions, oldest first.
    ReadList(Vec<Version>),
    /// Appended a version; the reply told its place, the first being 0.
    Append(Version, u64),
}

/// One action on one key of a transaction.
#[derive(Clone, Debug)]
pub struct Step {
    /// The key's name.
    pub key: String,
    /// What was done and seen.
    pub action: Action,
}

/// A command, or several that must take effect at one moment.
#[derive(Clone, Debug)]
pub struct Txn {
    /// The connection that sent it.
    pub client: usize,
    /// When it was sent.
    pub invoked: u64,
    /// When its reply was read.
    pub returned: u64,
    /// In the order of its commands.
    pub steps: Vec<Step>,
    /// False for an EXEC that was answered with null: its writes must never be seen.
    pub committed: bool,
}

impl fmt::Display for Txn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}..{}] client {}", self.invoked, self.returned, self.client)?;
        if !self.committed {
            write!(f, " (aborted)")?;
        }
        for Step { key, action } in &self.steps {
            match action {
                Action::Read(v) => write!(f, "; read {key}={v}")?,
                Action::Write(v, None) => write!(f, "; write {key}={v}")?,
                Action::Write(v, Some(old)) => write!(f, "; write {key}={v} over {old}")?,
                Action::Append(v, at) => write!(f, "; append {v} to {key} at {at}")?,
                Action::ReadList(list) => {
                    let tail = &list[list.len().saturating_sub(3)..];
                    write!(f, "; read {key} with {} elements, last {tail:?}", list.len())?;
                }
            }
        }
        Ok(())
    }
}
