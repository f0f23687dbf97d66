//! How a handler says that its client has to wait: BLPOP and its kin, BZPOPMIN, XREAD BLOCK.
//!
//! ```text
//!   handler:  nothing there? ── ctx.may_block() ──┬─ no ──► reply what a client that waited in vain gets
//!                                                 └─ yes ─► return ctx.block(Wait { … })
//!   loop:     registers the client; when a key gets something the same handler runs again
//! ```
//!
//! A handler knows nothing of shards here: what is run again and where is the business of `shard::blocked`. A run that
//! finds nothing again asks for the same wait again; the client then keeps its place and its time limit.

use super::{Ctx, Outcome};
use crate::data::Kind;
use crate::resp::Out;

/// What a client gets whose time is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// `*-1`, in RESP3 `_`.
    NullArray,
    /// `$-1`, in RESP3 `_`.
    Null,
}

impl Timeout {
    /// Writes it.
    pub fn write(self, out: &mut Out<'_>) {
        match self {
            Timeout::NullArray => out.null_array(),
            Timeout::Null => out.null(),
        }
    }
}

/// A wait that a handler asks for.
#[derive(Clone, Debug)]
pub struct Wait<'a> {
    /// Indices of the words that are the keys waited for.
    pub keys: &'a [usize],
    /// Milliseconds from now; 0: for ever.
    pub timeout_ms: i64,
    /// The client is woken when a key of this type appears, or gets something ([`crate::keyspace::Store::ready`]).
    pub kind: Kind,
    /// What it gets when its time is up.
    pub on_timeout: Timeout,
    /// It is also woken when a key is deleted or overwritten, or a group of it destroyed: XREADGROUP then fails.
    pub on_delete: bool,
    /// The words to run when it is woken, instead of those that it sent (XREAD with `$` made the last id). Its keys must
    /// be the same.
    pub rewrite: Option<Vec<Vec<u8>>>,
}

/// [`Wait`] as the loop gets it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// See [`Wait::keys`].
    pub keys: Vec<usize>,
    /// See [`Wait::timeout_ms`].
    pub timeout_ms: i64,
    /// See [`Wait::kind`].
    pub kind: Kind,
    /// See [`Wait::on_timeout`].
    pub on_timeout: Timeout,
    /// See [`Wait::on_delete`].
    pub on_delete: bool,
    /// See [`Wait::rewrite`].
    pub rewrite: Option<Vec<Vec<u8>>>,
}

impl Ctx<'_> {
    /// Whether the client may be made to wait: not in EXEC, not in a script.
    pub fn may_block(&self) -> bool {
        self.session.executing.is_none() && !self.session.deny_blocking
    }

    /// Makes the client wait; the handler returns this and has written no reply. Only if [`Ctx::may_block`].
    pub fn block(&mut self, wait: Wait<'_>) -> Outcome {
        debug_assert!(self.may_block());
        self.session.wait = Some(Box::new(Asked {
            keys: wait.keys.to_vec(),
            timeout_ms: wait.timeout_ms,
            kind: wait.kind,
            on_timeout: wait.on_timeout,
            on_delete: wait.on_delete,
            rewrite: wait.rewrite,
        }));
        Ok(())
    }
}
