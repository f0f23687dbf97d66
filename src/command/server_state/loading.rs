//! Whether a dataset is being loaded, and how far that is (Redis: server.loading and its kin; rdb.c `startLoading`,
//! `stopLoading`).
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `phase` | who loads | the gate and periodic work of all shards | relaxed: a command that races with the end may be refused |
//! | figures | who loads; shards add to `keys_*` | INFO | relaxed |
//! | `stop` | the control core, when the process ends | who loads | relaxed |
//! | `saved` | who loads, once | who begins replication | after the end |

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

const IDLE: u8 = 0;
const LOADING: u8 = 1;
const ASYNC: u8 = 2;

/// Reply to commands that must wait for the end of loading (server.c `loadingerr`).
pub const REFUSAL: &str = "LOADING Redis is loading the dataset in memory";

/// What an RDB file says of the replication history that it was written at (rdb.h `rdbSaveInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedHistory {
    /// Replication id, 40 hexadecimal digits.
    pub repl_id: Option<String>,
    /// Replication offset.
    pub offset: Option<i64>,
    /// The database that the stream had selected.
    pub stream_db: Option<i64>,
}

impl SavedHistory {
    /// Whether all of it is there: only then it can be continued (server.c `loadDataFromDisk`).
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.repl_id.is_some()
            && self.offset.is_some_and(|at| at != -1)
            && self.stream_db.is_some_and(|db| db != -1)
    }
}

/// How far loading is; see [`Loading::figures`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Unix time of its start in seconds.
    pub started_s: i64,
    /// Bytes to load, 0 if that is not known.
    pub total: u64,
    /// Memory that the writer of the file used, as the file says.
    pub rdb_used_mem: u64,
    /// Bytes loaded.
    pub loaded: u64,
    /// The same in percent.
    pub percent: f64,
    /// Seconds that are left, a guess.
    pub eta_s: u64,
}

/// The state of loading.
#[derive(Debug, Default)]
pub struct Loading {
    phase: AtomicU8,
    started_s: AtomicI64,
    total: AtomicU64,
    loaded: AtomicU64,
    rdb_used_mem: AtomicU64,
    keys_loaded: AtomicU64,
    keys_expired: AtomicU64,
    stop: AtomicBool,
    saved: Mutex<Option<SavedHistory>>,
}

impl Loading {
    /// Loading begins: `total` bytes (0: unknown). Commands without the flag `LOADING` are refused until [`Loading::end`].
    pub fn begin(&self, total: u64, now_s: i64) {
        self.enter(LOADING, total, now_s);
    }

    /// A replica loads its master's dataset beside the one that it goes on serving (`repl-diskless-load swapdb`).
    pub fn begin_async(&self, total: u64, now_s: i64) {
        self.enter(ASYNC, total, now_s);
    }

    fn enter(&self, phase: u8, total: u64, now_s: i64) {
        self.started_s.store(now_s, Relaxed);
        self.total.store(total, Relaxed);
        for figure in [&self.loaded, &self.rdb_used_mem, &self.keys_loaded, &self.keys_expired] {
            figure.store(0, Relaxed);
        }
        self.phase.store(phase, Relaxed);
    }

    /// Loading is over, whatever came of it.
    pub fn end(&self) {
        self.phase.store(IDLE, Relaxed);
    }

    /// Whether a dataset is being loaded that is not complete yet and takes the place of the present one.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.phase.load(Relaxed) == LOADING
    }

    /// Whether one is loaded beside the one that is served.
    #[inline]
    pub fn is_async(&self) -> bool {
        self.phase.load(Relaxed) == ASYNC
    }

    /// Whether either goes on.
    #[inline]
    pub fn is_any(&self) -> bool {
        self.phase.load(Relaxed) != IDLE
    }

    /// So many bytes have been loaded.
    pub fn progress(&self, loaded: u64) {
        self.loaded.store(loaded, Relaxed);
    }

    /// The file says how much memory its writer used.
    pub fn found_used_mem(&self, bytes: u64) {
        self.rdb_used_mem.store(bytes, Relaxed);
    }

    /// Keys were loaded, or left out since their time had passed.
    pub fn count(&self, loaded: u64, expired: u64) {
        self.keys_loaded.fetch_add(loaded, Relaxed);
        self.keys_expired.fetch_add(expired, Relaxed);
    }

    /// Keys loaded and keys left out by the last load (`rdb_last_load_keys_*`).
    pub fn keys(&self) -> (u64, u64) {
        (self.keys_loaded.load(Relaxed), self.keys_expired.load(Relaxed))
    }

    /// Asks whoever loads to give up: the process ends.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Whether to give up.
    pub fn must_stop(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Keeps what the file said of its history for [`Loading::take_history`].
    pub fn keep_history(&self, saved: SavedHistory) {
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = Some(saved);
    }

    /// What the file that was loaded at the start said of its history, once.
    pub fn take_history(&self) -> Option<SavedHistory> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// How far it is, for INFO; `None` while nothing is loaded (server.c `genRedisInfoString`).
    pub fn figures(&self, now_s: i64) -> Option<Figures> {
        if !self.is_any() {
            return None;
        }
        let (total, loaded) = (self.total.load(Relaxed), self.loaded.load(Relaxed));
        let rdb_used_mem = self.rdb_used_mem.load(Relaxed);
        let share = |of: u64| loaded as f64 / of as f64 * 100.0;
        let (percent, left) = match (total, rdb_used_mem) {
            (0, 0) => (0.0, 1),
            // An estimate of the size: it must not go beyond 100.
            (0, used) => (share(used).min(99.99), used.saturating_sub(loaded).max(1)),
            (total, _) => (share(total), total.saturating_sub(loaded)),
        };
        let started_s = self.started_s.load(Relaxed);
        let elapsed = u64::try_from(now_s.saturating_sub(started_s)).unwrap_or(0);
        let eta_s = if elapsed == 0 { 1 } else { elapsed.saturating_mul(left) / loaded.saturating_add(1) };
        Some(Figures { started_s, total, rdb_used_mem, loaded, percent, eta_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_exist_only_while_loading() {
        let loading = Loading::default();
        assert_eq!(loading.figures(10), None);
        loading.begin(1000, 10);
        assert!(loading.is_on() && loading.is_any() && !loading.is_async());
        loading.progress(250);
        let figures = loading.figures(12).expect("loading");
        assert_eq!((figures.percent, figures.eta_s), (25.0, 2 * 750 / 251));
        loading.end();
        assert!(!loading.is_any());
        assert_eq!(loading.figures(12), None);
    }

    #[test]
    fn without_a_size_the_writers_memory_is_the_measure() {
        let loading = Loading::default();
        loading.begin_async(0, 10);
        assert_eq!(loading.figures(10).map(|f| (f.percent, f.eta_s)), Some((0.0, 1)));
        loading.found_used_mem(100);
        loading.progress(200);
        assert_eq!(loading.figures(11).map(|f| f.percent), Some(99.99));
    }

    #[test]
    fn a_history_is_whole_with_all_three_parts() {
        let mut saved = SavedHistory { repl_id: Some("a".repeat(40)), offset: Some(7), stream_db: Some(-1) };
        assert!(!saved.is_whole());
        saved.stream_db = Some(0);
        assert!(saved.is_whole());
    }
}
