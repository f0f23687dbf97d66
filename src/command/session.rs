//! What the server knows of one connection beyond its socket: identity, database, protocol, transaction in the making.
//!
//! The connection's shard owns it. While a transaction runs elsewhere the session travels with it (the connection
//! waits, so nobody misses it). Single-key commands sent to another shard run under that shard's stand-in session, which
//! carries only identity, database, protocol and flags.

use super::blocking::Asked;
use super::row::Command;
use crate::keyspace::WatchState;
use crate::observe::{ClientInfo, client_flag};
use crate::resp::Proto;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One connection's state.
pub struct Session {
    /// Client id, unique over the life of the server.
    pub id: u64,
    /// Selected database.
    pub db: usize,
    /// Protocol of replies.
    pub proto: Proto,
    /// Whether commands that need authentication are allowed.
    pub authenticated: bool,
    /// Close the connection once what was written is sent.
    pub close_after_reply: bool,
    /// CLIENT NO-TOUCH.
    pub no_touch: bool,
    /// CLIENT REPLY.
    pub reply: ReplyMode,
    /// This connection is a MONITOR.
    pub monitor: bool,
    /// Commands queued since MULTI.
    pub multi: Option<Box<Multi>>,
    /// The queue that EXEC is running: its commands must not block or change what the connection is (Redis:
    /// CLIENT_DENY_BLOCKING).
    pub executing: Option<Executing>,
    /// Commands must not block for another reason: a script runs them (Redis: CLIENT_DENY_BLOCKING).
    pub deny_blocking: bool,
    /// The wait that the running command asked for; the loop takes it when the handler has returned.
    pub wait: Option<Box<Asked>>,
    /// Watched keys.
    pub watch: Option<Box<Watching>>,
    /// RESET: the loop unregisters the watched keys once the command has run.
    pub forget_watch: bool,
    /// What other connections may see of this one (CLIENT LIST), shared with them.
    pub info: Arc<ClientInfo>,
}

/// Which replies a client wants (CLIENT REPLY).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReplyMode {
    /// All.
    #[default]
    On,
    /// None.
    Off,
    /// Not the one of the next command.
    SkipNext,
    /// Not the one of the running command.
    Skip,
}

/// Commands between MULTI and EXEC.
#[derive(Default)]
pub struct Multi {
    /// Queued commands.
    pub queue: Vec<Queued>,
    /// A command was refused while queueing: EXEC fails.
    pub aborted: bool,
    /// Bytes held by the queue.
    pub bytes: usize,
}

/// Size of the queue that EXEC is running: its commands see their client still in MULTI (multi.c `execCommand`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Executing {
    /// Commands.
    pub commands: usize,
    /// Bytes held by them.
    pub bytes: usize,
}

impl Multi {
    /// The size of the queue.
    pub fn size(&self) -> Executing {
        Executing { commands: self.queue.len(), bytes: self.bytes }
    }
}

/// One queued command.
pub struct Queued {
    /// The command.
    pub command: &'static Command,
    /// Its words.
    pub argv: Vec<Vec<u8>>,
}

/// Keys under WATCH.
#[derive(Default)]
pub struct Watching {
    /// The flag that a change sets.
    pub state: Arc<WatchState>,
    /// Database and key of each.
    pub keys: Vec<(usize, Vec<u8>)>,
    /// Bytes that they take.
    pub bytes: usize,
}

impl Watching {
    /// Adds a key that is not watched yet.
    pub fn add(&mut self, db: usize, key: &[u8]) {
        self.keys.push((db, key.to_vec()));
        self.bytes += size_of::<(usize, Vec<u8>)>() + key.len();
    }
}

impl Session {
    /// The session of a new connection, or the stand-in of a shard.
    pub fn new(info: Arc<ClientInfo>, authenticated: bool) -> Session {
        Session {
            id: info.id,
            db: 0,
            proto: Proto::V2,
            authenticated,
            close_after_reply: false,
            no_touch: false,
            reply: ReplyMode::On,
            monitor: false,
            multi: None,
            executing: None,
            deny_blocking: false,
            wait: None,
            watch: None,
            forget_watch: false,
            info,
        }
    }

    /// Whether replies are dropped at present (CLIENT REPLY OFF, SKIP).
    #[inline]
    pub fn is_mute(&self) -> bool {
        matches!(self.reply, ReplyMode::Off | ReplyMode::Skip)
    }

    /// Shows others what may have changed (CLIENT LIST).
    pub fn publish(&self) {
        let info = &self.info;
        info.db.store(self.db, Ordering::Relaxed);
        info.resp.store(if self.proto == Proto::V3 { 3 } else { 2 }, Ordering::Relaxed);
        let queue = self.multi.as_deref().map(Multi::size);
        let queue = queue.or(self.executing);
        let commands = queue.map_or(-1, |q| i64::try_from(q.commands).unwrap_or(i64::MAX));
        info.multi.store(commands, Ordering::Relaxed);
        let watched = self.watch.as_ref().map_or(0, |w| w.bytes);
        info.multi_bytes.store(queue.map_or(0, |q| q.bytes) + watched, Ordering::Relaxed);
        info.set_flag(client_flag::MULTI, queue.is_some());
        info.set_flag(client_flag::DIRTY, self.watch.as_ref().is_some_and(|w| w.state.is_dirty()));
        info.watch.store(self.watch.as_ref().map_or(0, |w| w.keys.len()), Ordering::Relaxed);
    }
}
