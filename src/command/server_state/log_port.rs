//! What shards and the control core ask of the log core: saving, the append-only file, replication.
//!
//! A command that cannot answer before the log core has, sets `Session::away` and names itself by an [`Asker`]: its
//! connection then waits, and the log core answers it by `Note::Answer`.

use super::loading::SavedHistory;
use crate::replication::failover::Order;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Who waits for an answer of the log core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Client id.
    pub client: u64,
    /// The shard of its connection.
    pub shard: usize,
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
