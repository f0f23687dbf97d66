//! What shards and the control core ask of the log core: saving, the append-only file, replication.
//!
//! A command that cannot answer before the log core has, sets `Session::away` and names itself by an [`Asker`]: its
//! connection then waits, and the log core answers it by `Note::Answer`.

use super::ShutdownRequest;
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

/// Something asked of the log core.
#[derive(Debug)]
pub enum Request {
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
