//! What shards and the control core ask of the log core: saving, the append-only file, replication.
//!
//! A command that cannot answer before the log core has, sets `Session::away` and names itself by an [`Asker`]: its
//! connection then waits, and the log core answers it by `Note::Answer`.

use super::ShutdownRequest;
use super::loading::SavedHistory;
use crate::persist::aof::manifest::Manifest;
use crate::replication::failover::Order;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};

/// Who waits for an answer of the log core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Client id.
    pub client: u64,
    /// The shard of its connection.
    pub shard: usize,
}

/// How an RDB file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveAs {
    /// SAVE.
    Foreground,
    /// BGSAVE.
    Background,
    /// BGSAVE SCHEDULE: as soon as nothing else is saved.
    Scheduled,
}

/// A client that waits until what was written before is on disk (WAITAOF).
#[derive(Clone, Copy, Debug)]
pub struct DiskWait {
    /// The client.
    pub asker: Asker,
    /// On the disk here.
    pub is_local: bool,
    /// On the disks of so many replicas.
    pub replicas: u64,
    /// How long, 0: for ever.
    pub timeout_ms: u64,
}

/// The append-only file as it was found or made at the start.
#[derive(Debug)]
pub struct LogOpening {
    /// The files in force.
    pub manifest: Manifest,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Bytes of the base.
    pub base_bytes: u64,
    /// Commands are to be appended from now on; else it is off.
    pub is_on: bool,
    /// Told when no command goes unlogged any more, or that the file cannot be opened.
    pub done: SyncSender<bool>,
}

/// Something asked of the log core.
#[derive(Debug)]
pub enum Request {
    /// Follow the server at that host and port (REPLICAOF); who asked, for the log.
    Follow {
        /// As it was given.
        host: String,
        /// As it was given.
        port: u16,
        /// The client's line.
        by: String,
        /// Who waits for the answer; in EXEC nobody does.
        asker: Option<Asker>,
    },
    /// Follow nobody (REPLICAOF NO ONE).
    Lead {
        /// The client's line.
        by: String,
        /// Who waits for the answer.
        asker: Option<Asker>,
    },
    /// FAILOVER.
    Failover(Order, Asker),
    /// WAIT: until so many replicas have acknowledged what was done so far, or the time is over.
    Wait {
        /// Who waits.
        asker: Asker,
        /// Replicas.
        replicas: usize,
        /// Unix time in milliseconds; `None`: as long as it takes.
        until_ms: Option<i64>,
    },
    /// CLIENT UNBLOCK of a client that waits, and whether with an error.
    EndWait(u64, bool),
    /// DEBUG CHANGE-REPL-ID.
    RenameHistory,
    /// The address of the master whose connection has this number, or why there is none.
    Resolved(u64, Result<std::net::SocketAddr, String>),
    /// A copy of the master's dataset was loaded: number of the attempt, and what it says of its stream.
    CopyLoaded(u64, Option<SavedHistory>),
    /// Take over the append-only file, before the first write.
    OpenLog(Box<LogOpening>),
    /// Append what was done so far, then log nothing more: the files are to be read. Told when they may be.
    HoldLog(SyncSender<bool>),
    /// Log commands again. Told when that is so.
    GoOnLog(SyncSender<bool>),
    /// Rewrite the append-only file; who waits for the answer. Without one: when nothing else is saved.
    RewriteLog(Option<Asker>),
    /// WAITAOF.
    WaitForDisk(DiskWait),
    /// Save an RDB file; who waits for the answer, if anybody.
    Save(SaveAs, Option<Asker>),
    /// Every database was emptied, and save points are set: the file is to say so (FLUSHALL).
    Flushed,
    /// Write what is to survive the end of the process; the outcome goes to [`super::Saving::ready_to_end`].
    End(ShutdownRequest),
}

/// The log core's inbox. Whoever posts wakes it (`Server::ask_log`).
#[derive(Default)]
pub struct LogPort {
    filled: AtomicBool,
    requests: Mutex<Vec<Request>>,
}

impl LogPort {
    /// Leaves a request.
    pub(super) fn post(&self, request: Request) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        self.filled.store(true, Ordering::Release);
    }

    /// Takes all requests, oldest first; one load when there are none.
    pub fn take(&self) -> Vec<Request> {
        if !self.is_filled() {
            return Vec::new();
        }
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        self.filled.store(false, Ordering::Release);
        std::mem::take(&mut *requests)
    }

    /// Whether there are requests.
    pub fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }
}
