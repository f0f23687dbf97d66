//! What was saved to disk, and what is being saved: the log core writes it, all others read it.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `failed` | the log core | shards | relaxed, before every write command |
//! | `ending` | the control core, the log core | shards, the control core | see [`EndState`] |
//! | all others | the log core | INFO, LASTSAVE | relaxed |

use super::{Note, Server};
use crate::command::Failure;
use crate::observe::ShardStats;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering, Ordering::Relaxed};

/// `shared.bgsaveerr` (server.c `createSharedObjects`).
const MISCONF_RDB: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
/// script.c `scriptPrepareForRun`.
const MISCONF_RDB_SCRIPT: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts.";

/// How far the end of the process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EndState {
    /// Nobody asked for it.
    None = 0,
    /// What must survive is being written; clients wait.
    Writing = 1,
    /// It is written: the process may end.
    Ready = 2,
    /// It could not be written, so the process must not end.
    Failed = 3,
}

/// See the head.
#[derive(Debug)]
pub struct Saving {
    in_progress: AtomicBool,
    failed: AtomicBool,
    ending: AtomicU8,
    /// Changes that the last good file has seen.
    dirty: AtomicU64,
    /// BGSAVEs and SAVEs that began (`rdb_saves`).
    pub saves: AtomicU64,
    /// Unix time of the last good file, or of the start, in seconds (LASTSAVE).
    pub last_save_s: AtomicI64,
    /// How long the last background save took, in seconds; -1: there was none.
    pub last_time_s: AtomicI64,
    /// Unix time at which the present one began, in seconds.
    pub started_s: AtomicI64,
    /// Keys that the present save has written.
    pub keys_done: AtomicU64,
    /// Keys that it has to write.
    pub keys_total: AtomicU64,
    /// Bytes that the present snapshot takes beside the dataset.
    pub extra_bytes: AtomicU64,
    /// The most that it took.
    pub extra_peak: AtomicU64,
    /// The most that the last save took.
    pub last_extra_peak: AtomicU64,
}

impl Saving {
    /// A server that started at `start_s` and has saved nothing.
    pub(super) fn new(start_s: i64) -> Saving {
        Saving {
            in_progress: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            ending: AtomicU8::new(EndState::None as u8),
            dirty: AtomicU64::new(0),
            saves: AtomicU64::new(0),
            last_save_s: AtomicI64::new(start_s),
            last_time_s: AtomicI64::new(-1),
            started_s: AtomicI64::new(-1),
            keys_done: AtomicU64::new(0),
            keys_total: AtomicU64::new(0),
            extra_bytes: AtomicU64::new(0),
            extra_peak: AtomicU64::new(0),
            last_extra_peak: AtomicU64::new(0),
        }
    }

    /// Whether an RDB file is being saved in the background.
    pub fn is_in_progress(&self) -> bool {
        self.in_progress.load(Relaxed)
    }

    /// An RDB file is being saved in the background since `Some` Unix time in seconds, or no more.
    pub fn set_in_progress(&self, since_s: Option<i64>) {
        self.started_s.store(since_s.unwrap_or(-1), Relaxed);
        self.in_progress.store(since_s.is_some(), Relaxed);
    }

    /// Whether the last attempt to save failed (`rdb_last_bgsave_status`).
    pub fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// Notes what came of an attempt.
    pub fn set_failed(&self, failed: bool) {
        self.failed.store(failed, Relaxed);
    }

    /// A file was saved at `now_s` that has seen `dirty` changes of the dataset.
    pub fn saved(&self, now_s: i64, dirty: u64) {
        self.dirty.store(dirty, Relaxed);
        self.last_save_s.store(now_s, Relaxed);
        self.set_failed(false);
    }

    /// Whether commands must be looked at more closely.
    pub(super) fn is_watchful(&self) -> bool {
        self.has_failed() || self.is_ending()
    }

    /// Whether clients wait for the end of the process.
    #[inline]
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.end_state(), EndState::Writing | EndState::Ready)
    }

    /// How far the end of the process is.
    #[inline]
    pub fn end_state(&self) -> EndState {
        match self.ending.load(Ordering::Acquire) {
            1 => EndState::Writing,
            2 => EndState::Ready,
            3 => EndState::Failed,
            _ => EndState::None,
        }
    }

    /// Says how far it is. `None` and `Failed` must be followed by [`Server::go_on`].
    pub fn set_end_state(&self, state: EndState) {
        self.ending.store(state as u8, Ordering::Release);
    }
}

impl Server {
    /// Changes of the dataset since the last good file (`rdb_changes_since_last_save`).
    pub fn changes_since_save(&self) -> u64 {
        let count = |stats: &ShardStats| stats.dirty.get();
        let all = self.stats.iter().map(|stats| count(stats)).fold(0, u64::wrapping_add);
        // A shard's count may be older than what the file has seen.
        all.saturating_sub(self.saving.dirty.load(Relaxed))
    }

    /// Why writes are refused because of the disk, if they are (server.c `writeCommandsDeniedByDiskError`).
    #[inline]
    pub fn write_refusal(&self) -> Option<Failure> {
        let rdb = (self.saving.has_failed() && self.stops_writes()).then(|| Failure::text(MISCONF_RDB));
        rdb.or_else(|| self.appending.write_refusal())
    }

    /// Why scripts that may write are refused because of the disk, if they are.
    pub fn script_refusal(&self) -> Option<Failure> {
        let rdb =
            (self.saving.has_failed() && self.stops_writes()).then(|| Failure::text(MISCONF_RDB_SCRIPT));
        rdb.or_else(|| self.appending.script_refusal())
    }

    #[cold]
    fn stops_writes(&self) -> bool {
        let config = self.config.load();
        config.stop_writes_on_bgsave_error && !config.save.is_empty()
    }

    /// Lets clients go on that waited for the end of the process.
    pub fn go_on(&self) {
        self.post_all(&Note::Resume);
    }
}
