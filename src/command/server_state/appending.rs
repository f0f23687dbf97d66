//! What others see of the append-only file, and what waits until it is on disk. The log core writes it.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `facts` | the log core; CONFIG SET, which says what is about to come | INFO | under its lock |
//! | `errno` | the log core | shards | relaxed, before every write command |
//! | `holds` | the log core, CONFIG SET | shards | before every send |
//! | `released` | the log core | shards | before every send |
//! | `waiting[i]` | shard `i` sets, the log core clears | both | see below |
//! | `issued` | at the start | all | any time |
//!
//! Under `appendfsync always` nothing leaves a shard before all that was published up to then is durable: what it would send
//! may tell of it. A shard that holds a send sets `waiting`, then looks at `released` once more; the log core stores
//! `released`, then looks at `waiting`. All of it sequentially consistent, so one of the two sees the other.

use super::Server;
use crate::command::Failure;
use crate::config::{AppendFsync, Config};
use crate::persist::aof::append_only::Facts;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Tells the stamp below which all lie that were given so far.
pub type Issued = Box<dyn Fn() -> u64 + Send + Sync>;

/// See the head.
pub struct Appending {
    facts: Mutex<Facts>,
    errno: AtomicI32,
    holds: AtomicBool,
    released: AtomicU64,
    waiting: Box<[AtomicBool]>,
    issued: OnceLock<Issued>,
}

impl Appending {
    pub(super) fn new(shards: usize) -> Appending {
        Appending {
            facts: Mutex::new(Facts { last_rewrite_s: -1, rewrite_since_s: -1, ..Facts::default() }),
            errno: AtomicI32::new(0),
            holds: AtomicBool::new(false),
            released: AtomicU64::new(0),
            waiting: (0..shards).map(|_| AtomicBool::new(false)).collect(),
            issued: OnceLock::new(),
        }
    }

    /// Says how to learn which stamps were given so far. Once, before the shards run.
    pub fn set_issued(&self, issued: Issued) {
        let _ = self.issued.set(issued);
    }

    /// Figures for INFO.
    pub fn facts(&self) -> Facts {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log core has new figures.
    pub fn set_facts(&self, facts: Facts) {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = facts;
        self.errno.store(facts.error.unwrap_or(0), Relaxed);
    }

    /// CONFIG SET has published new settings: they are in force before its reply, though the log core learns of them later.
    pub fn announce(&self, old: &Config, new: &Config) {
        if holds_under(new) {
            self.holds.store(true, SeqCst);
        }
        if old.appendonly != new.appendonly {
            let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.is_enabled = new.appendonly;
            facts.is_rewriting |= new.appendonly;
        }
    }

    /// Everything up to stamp `released` may be told, if anything has to wait at all. Calls `wake` with shards that hold
    /// something back.
    pub fn release(&self, holds: bool, released: u64, mut wake: impl FnMut(usize)) {
        let was = (self.holds.load(Relaxed), self.released.load(Relaxed));
        if was == (holds, released) {
            return;
        }
        self.holds.store(holds, SeqCst);
        self.released.store(released, SeqCst);
        for (shard, waiting) in self.waiting.iter().enumerate() {
            if waiting.swap(false, SeqCst) {
                wake(shard);
            }
        }
    }

    /// The stamp that must be released before what is to be sent now may be sent; `None`: it may.
    #[inline]
    pub fn hold_until(&self) -> Option<u64> {
        if !self.holds.load(SeqCst) {
            return None;
        }
        let issued = self.issued.get().map_or(0, |issued| issued());
        (self.released.load(SeqCst) < issued).then_some(issued)
    }

    /// Whether what waits for `stamp` may be sent.
    pub fn is_released(&self, stamp: u64) -> bool {
        !self.holds.load(SeqCst) || self.released.load(SeqCst) >= stamp
    }

    /// `shard` holds something back and is to be woken at the next release. To be followed by another look.
    pub fn wait(&self, shard: usize) {
        if let Some(waiting) = self.waiting.get(shard) {
            waiting.store(true, SeqCst);
        }
    }

    /// Why writes are refused, if they are (server.c `writeCommandsDeniedByDiskError`).
    fn errno(&self) -> Option<io::Error> {
        match self.errno.load(Relaxed) {
            0 => None,
            errno => Some(io::Error::from_raw_os_error(errno)),
        }
    }

    /// Whether writes are refused.
    #[inline]
    pub(super) fn is_failing(&self) -> bool {
        self.errno.load(Relaxed) != 0
    }

    /// `writeCommandsGetDiskErrorMessage` (server.c).
    pub(super) fn write_refusal(&self) -> Option<Failure> {
        let error = crate::base::os_text(&self.errno()?);
        Some(Failure::Text(format!("MISCONF Errors writing to the AOF file: {error}").into()))
    }

    /// script.c `scriptPrepareForRun`.
    pub(super) fn script_refusal(&self) -> Option<Failure> {
        let error = crate::base::os_text(&self.errno()?);
        let text = format!(
            "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. Writable \
             scripts are blocked. Use 'no-writes' flag for read only scripts. AOF error: {error}"
        );
        Some(Failure::Text(text.into()))
    }
}

/// Whether replies wait for the disk under these settings.
pub fn holds_under(config: &Config) -> bool {
    config.appendonly && config.appendfsync == AppendFsync::Always
}

impl Server {
    /// Wakes shards that held back what is released now.
    pub fn release_sends(&self, holds: bool, released: u64) {
        self.appending.release(holds, released, |shard| self.wake(shard));
    }
}
